// Translation of idl/application_master.thrift. See values_codec.h for the rules.
#ifndef WEIR_WIRE_MASTER_CODEC_H_
#define WEIR_WIRE_MASTER_CODEC_H_

#include "common/master_messages.h"
#include "gen/application_master_types.h"
#include "wire/values_codec.h"

namespace weir::wire {

idl::RegisterMasterRequest ToWire(const RegisterMasterRequest& request);
Result<RegisterMasterRequest> FromWire(const idl::RegisterMasterRequest& wire);

// The client key travels beside the answer (see TokenKeys::ClientKey).
idl::RegisterMasterAnswer ToWire(const RegisterMasterAnswer& answer,
                                 const std::string& client_key,
                                 const platform::TokenKeys& keys);
Result<RegisterMasterAnswer> FromWire(const idl::RegisterMasterAnswer& wire);

idl::AllocateRequest ToWire(const AllocateRequest& request);
Result<AllocateRequest> FromWire(const idl::AllocateRequest& wire);

idl::AllocateAnswer ToWire(const AllocateAnswer& answer, const platform::TokenKeys& keys);

// A grant as the AM sees it: the tokens are opaque to it.
struct ReceivedGrant {
  ContainerId id;
  NodeId node;
  Resource resource;
  int64_t request_id = 0;
  int32_t priority = 0;
  HostPort node_address;
  std::string node_http_address;
  platform::SignedToken container_token;
  platform::SignedToken nm_token;
};
struct ReceivedAllocation {
  Epoch epoch;
  int64_t sequence = 0;
  std::vector<ReceivedGrant> granted;
  std::vector<ContainerStatus> completed;
  std::vector<PreemptionNotice> preemption;
  std::vector<SizeNotice> sizes;
  std::vector<ReceivedGrant> inherited;
  Resource headroom;
  int32_t cluster_nodes = 0;
  PendingReason pending_reason = PendingReason::kNone;
  std::string pending_detail;
};
Result<ReceivedAllocation> FromWire(const idl::AllocateAnswer& wire);
Result<std::vector<ReceivedGrant>> InheritedFromWire(const idl::RegisterMasterAnswer& wire);

idl::FinishMasterRequest ToWire(const FinishMasterRequest& request);
Result<FinishMasterRequest> FromWire(const idl::FinishMasterRequest& wire);

}  // namespace weir::wire

#endif  // WEIR_WIRE_MASTER_CODEC_H_
