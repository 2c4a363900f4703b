// Translation of idl/application_master.thrift. See values_codec.h for the rules.
#ifndef WEIR_WIRE_MASTER_CODEC_H_
#define WEIR_WIRE_MASTER_CODEC_H_

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/master_messages.h"
#include "gen/application_master_types.h"
#include "wire/values_codec.h"

namespace weir::wire {

idl::RegisterMasterRequest ToWire(const RegisterMasterRequest& request);
Result<RegisterMasterRequest> FromWire(const idl::RegisterMasterRequest& wire);

// With the credentials of the attempt.
idl::RegisterMasterAnswer ToWire(const RegisterMasterAnswer& answer,
                                 const AttemptId& attempt,
                                 const platform::TokenKeys& keys);
Result<RegisterMasterAnswer> FromWire(const idl::RegisterMasterAnswer& wire);

// The version of the credentials that the attempt has travels beside the request, and is set by
// whoever knows it.
idl::AllocateRequest ToWire(const AllocateRequest& request);
Result<AllocateRequest> FromWire(const idl::AllocateRequest& wire);

idl::AllocateAnswer ToWire(const AllocateAnswer& answer, const platform::TokenKeys& keys);
// Gives the attempt new credentials, if those that it has are older.
void AddCredentials(const KnownKeys& known,
                    const AttemptId& attempt,
                    const platform::TokenKeys& keys,
                    idl::AllocateAnswer& wire);

// What an attempt has to prove itself with, and to know its clients by.
struct ReceivedCredentials {
  int64_t keys_version = 0;
  platform::SignedToken am_token;
  std::map<int, std::string> client_keys;  // by key id, as VerifyClient takes them
};
ReceivedCredentials FromWire(const idl::MasterCredentials& wire);

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
struct ReceivedNmToken {
  NodeId node;
  platform::SignedToken token;
};
struct ReceivedAllocation {
  Epoch epoch;
  int64_t sequence = 0;
  std::vector<ReceivedGrant> granted;
  std::vector<ContainerStatus> completed;
  std::vector<PreemptionNotice> preemption;
  std::vector<SizeNotice> sizes;
  std::vector<ReceivedGrant> inherited;
  std::optional<ReceivedCredentials> credentials;
  std::vector<ReceivedNmToken> nm_tokens;
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
