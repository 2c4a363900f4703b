// The conversation between an ApplicationMaster and the ResourceManager, as values.
//
// An attempt registers once, then calls Allocate with (sequence) 1, 2, 3...: the same sequence gets
// the same answer, a gap means resync (register again). Allocate is a long poll: it is parked until
// there is something to say or `park` has passed; a newer call ends the parked one with kAborted.
// Asks are absolute, as in YARN: the count for (request id) replaces the earlier count. It is what
// the AM wants beyond the grants in answers that it has: grants on their way to it are deducted by
// the ResourceManager. After a resync, what was not acknowledged is told again. Immutable values.
#ifndef WEIR_COMMON_MASTER_MESSAGES_H_
#define WEIR_COMMON_MASTER_MESSAGES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/caller.h"
#include "common/container.h"
#include "common/result.h"

namespace weir {

// A container that an AM holds: granted to it, and its end not heard of.
struct HeldContainer {
  ContainerId id;
  NodeId node;
  bool operator==(const HeldContainer&) const = default;
};

struct RegisterMasterRequest {
  HostPort rpc_address;      // where clients reach the AM
  std::string tracking_url;  // may be empty
  // All that it holds, also of earlier registrations, but what it has released. A ResourceManager
  // that knows more of them than that (it was restarted) stops them; of those that it does not
  // know it tells the end.
  std::vector<HeldContainer> containers{};
  // It has heard an answer to a registration before, and so of what it inherited.
  bool again = false;
};

// How the containers of one application lie on the nodes. The bounds hold for all of its containers
// whose asks say so; a soft spread goes to the next node or rack after each container.
enum class Spread : int { kPack = 1, kNodes = 2, kRacks = 3 };

// `count` containers of one size. request_id is chosen by the AM; granted containers carry it.
struct ContainerAsk {
  int64_t request_id = 0;
  int32_t priority = 0;              // lower number first, as in YARN's requests
  int32_t count = 0;                 // still wanted; 0 withdraws the ask
  Resource resource;                 // of each
  std::vector<std::string> nodes{};  // host names it would like best
  std::vector<std::string> racks{};  // racks it would like next; those of `nodes` count too
  bool relax_locality = true;        // false: there or nowhere
  std::string label{};               // partition; "" = the application's default, then the queue's
  bool gang = false;                 // all `count` at once or none
  Spread spread = Spread::kPack;
  int32_t max_per_node = 0;  // of this application's containers; 0 = no bound
  int32_t max_per_rack = 0;
  bool operator==(const ContainerAsk&) const = default;
};

// Another size for a running container of the AM's own, its own one as well: YARN's
// UpdateContainerRequest. What may be had is what weir container -resize may have; what is refused
// is over, the AM may ask again. One that ends meanwhile is told as completed and not otherwise.
struct SizeAsk {
  ContainerId container;
  Resource resource;  // memory and vcores rounded up; named resources as they are
  bool operator==(const SizeAsk&) const = default;
};

// What became of a SizeAsk, or a size that somebody else has given to a container of the AM's.
struct SizeNotice {
  ContainerId container;
  Resource resource;               // that it has now
  bool asked = false;              // by the AM
  std::optional<Error> refusal{};  // of what the AM asked for
  bool operator==(const SizeNotice&) const = default;
};

struct AllocateRequest {
  int64_t sequence = 0;
  std::vector<ContainerAsk> asks;  // changed ones only
  std::vector<ContainerId> releases;
  std::vector<SizeAsk> sizes{};
  std::vector<std::string> blacklist_add{};  // host names
  std::vector<std::string> blacklist_remove{};
  std::vector<NodeId> nm_tokens{};  // nodes for which it wants a new NM token
  float progress = 0;
  Duration park{0};
};

// A granted container, with what the AM needs to start it.
struct ContainerGrant {
  ContainerTokenIdentifier token;  // id, node, resource, user, expiry, epoch
  int64_t request_id = 0;
  int32_t priority = 0;
  HostPort node_address;  // of the container service
  std::string node_http_address;
  NmTokenIdentifier nm_token;
  bool operator==(const ContainerGrant&) const = default;
};

struct RegisterMasterAnswer {
  Epoch epoch;
  Resource maximum_allocation;
  Resource minimum_allocation;
  std::string queue;
  // Of attempts before it, kept for it (keep_containers); what has no room here, and what nodes
  // report later, is in answers to Allocate.
  std::vector<ContainerGrant> containers{};
};

// A container that the scheduler wants back: given up by the AM in time, or stopped then.
struct PreemptionNotice {
  ContainerId container;
  Duration grace{0};  // from this answer on
  bool operator==(const PreemptionNotice&) const = default;
};

struct AllocateAnswer {
  Epoch epoch;
  int64_t sequence = 0;
  std::vector<ContainerGrant> granted;
  std::vector<ContainerStatus> completed;      // each told at least once; idempotent by id
  std::vector<PreemptionNotice> preemption{};  // all that are wanted back now
  std::vector<SizeNotice> sizes{};             // each at least once; the newest of a container
  std::vector<ContainerGrant> inherited{};     // of attempts before it, kept for it; each once
  std::vector<NmTokenIdentifier> nm_tokens{};  // of those asked for, where it has containers
  Resource headroom;
  int32_t cluster_nodes = 0;
  PendingReason pending_reason = PendingReason::kNone;  // of the first ask that waits
  std::string pending_detail;
};

struct FinishMasterRequest {
  FinalStatus final_status = FinalStatus::kSucceeded;
  std::string diagnostics;
  std::string tracking_url;
};

}  // namespace weir

#endif  // WEIR_COMMON_MASTER_MESSAGES_H_
