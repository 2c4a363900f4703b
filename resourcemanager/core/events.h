// What can happen to a ResourceManager, as values. The shell (or the simulator) makes them; the
// core answers each with actions. A CallId names a caller that waits: the core answers every call
// exactly once with a Reply action, at once or later. Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_EVENTS_H_
#define WEIR_RESOURCEMANAGER_CORE_EVENTS_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "common/application.h"
#include "common/caller.h"
#include "common/master_messages.h"
#include "common/node_messages.h"
#include "common/result.h"
#include "resourcemanager/core/node_lists.h"
#include "state-store/records.h"

namespace weir::rm {

struct CallId {
  uint64_t value = 0;
  auto operator<=>(const CallId&) const = default;
};

// --- clients
struct SubmitApplication {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};  // of the user, the primary one first
  std::string idempotency_key;
  SubmissionContext context;
};
struct KillApplication {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};  // queue administrators may act on its applications
  bool may_administer = false;        // the caller is an administrator: may act on every one
  ApplicationId id;
  std::string diagnostics;
};
// Owners, administrators of its queue and of the cluster only; to move one into another queue, the
// right to submit there as well. Each answers with the report once the change is durable.
struct MoveApplication {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};
  bool may_administer = false;
  ApplicationId id;
  std::string queue;  // path, or the name of one leaf
};
struct UpdatePriority {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};
  bool may_administer = false;
  ApplicationId id;
  int32_t priority = 0;  // lowered to the maxima of cluster and queue
};
struct UpdateLifetime {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};
  bool may_administer = false;
  ApplicationId id;
  Duration lifetime{0};  // from now on; at most what the queue allows from the start on
};
// A long poll: answers when the report's version is above `known_version`, or `park` has passed.
struct WatchApplication {
  CallId call;
  ApplicationId id;
  int64_t known_version = -1;
  Duration park{0};
};

// --- containers; owners, administrators of the application's queue and of the cluster only. Each
// answers with a ContainerReport when the container's node has acted, with why it does not, or
// after `park` with kDeadlineExceeded: then it is still to come. kNotFound; kFailedPrecondition: it
// does not run, or has ended.
// What is not named stays as it is; rounded up as asks are. kInvalidArgument: over the queue's
// maximum; kResourceExhausted: its node, its user or a queue has no room for what it is to have
// more.
struct ResizeContainer {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};
  bool may_administer = false;
  ContainerId container;
  std::optional<int64_t> memory_mib{};
  std::optional<int64_t> vcores{};
  Duration park{0};
};
struct SignalContainer {
  CallId call;
  std::string user;
  std::vector<std::string> groups{};
  bool may_administer = false;
  ContainerId container;
  ContainerSignal signal = ContainerSignal::kGracefulShutdown;
  Duration park{0};
};

// --- queues; the shell lets administrators only do these
// One property of capacity-scheduler.xml. The order is that of the file.
using QueueProperties = std::vector<store::QueueProperty>;
// Applies a configuration, all of it or nothing. Answers with its QueueConfigurationVersion once it
// is durable. kInvalidArgument: every fault of it; kFailedPrecondition: what runs would be
// orphaned, or the version in force is not `expected_version`.
struct ReconfigureQueues {
  CallId call;
  std::string by;      // user
  std::string origin;  // "refreshQueues", "apply"
  QueueProperties properties;
  std::optional<int64_t> expected_version{};
};
// The same with the properties of an earlier version; kNotFound when it is not kept (any more).
struct RollbackQueues {
  CallId call;
  std::string by;
  int64_t version = 0;
  std::optional<int64_t> expected_version{};
};

// --- nodes and labels; the shell lets administrators only do these. Nodes are named by host,
// host:port or id. Each answers NoContent once the change is durable.
struct NodeLabel {
  std::string name;
  bool exclusive = true;
};
// kInvalidArgument: bad names, too many; kAlreadyExists: known with another exclusivity.
struct AddLabels {
  CallId call;
  std::string by;
  std::vector<NodeLabel> labels;
};
// kNotFound; kFailedPrecondition: a queue names the label. Its nodes lose it.
struct RemoveLabels {
  CallId call;
  std::string by;
  std::vector<std::string> labels;
};
// By node name, also of nodes that are yet to come; "" = no label. kNotFound: an unknown label.
struct ReplaceLabelsOnNodes {
  CallId call;
  std::string by;
  std::map<std::string, std::string> labels;
};
// What the node offers from now on, whatever its NodeManager says. Containers beyond it are
// preempted after `overcommit_timeout`; negative: they may run to their end. kNotFound;
// kInvalidArgument. Durable: it holds until it is changed or `capacity` is nothing.
struct UpdateNodeResource {
  CallId call;
  std::string by;
  std::string node;
  std::optional<Resource> capacity;  // nothing: what its NodeManager says
  Duration overcommit_timeout{-1};
};

// The lists of nodes, as the files say now. Newly excluded nodes: with `graceful` their containers
// may end until the timeout (the event's, else the list's, else the configured one), else they are
// stopped at once. No longer excluded ones are taken back.
struct RefreshNodes {
  CallId call;
  std::string by;
  NodeLists lists;
  bool graceful = false;
  std::optional<Duration> timeout{};  // negative = for ever
};
// The same by command for one node, or all those of a host; `undo` takes them back, all or none.
// kNotFound; kFailedPrecondition: to take back one that the lists exclude.
struct DrainNode {
  CallId call;
  std::string by;
  std::string node;
  std::optional<Duration> timeout{};
  bool undo = false;
};

// --- NodeManagers
struct RegisterNode {
  CallId call;
  RegisterNodeRequest request;
};
struct NodeHeartbeat {
  CallId call;
  NodeId node;
  NodeHeartbeatRequest request;
};
struct UnregisterNode {
  CallId call;
  NodeId node;
  int64_t session = 0;
};

// --- ApplicationMasters; the attempt is the connection's
struct RegisterMaster {
  CallId call;
  AttemptId attempt;
  RegisterMasterRequest request;
};
struct Allocate {
  CallId call;
  AttemptId attempt;
  AllocateRequest request;
};
struct FinishMaster {
  CallId call;
  AttemptId attempt;
  FinishMasterRequest request;
};

// --- the shell
// The peer of a parked call left: no answer is needed any more.
struct CallAbandoned {
  CallId call;
};
// Every record up to and with this sequence is durable.
struct RecordsCommitted {
  uint64_t sequence = 0;
};
// A write failed or was fenced: the core becomes inert, and says StepDown.
struct StoreFailed {
  Error error;
};
// What a ConfirmLeadership brought (see leadership.h): whether the store's epoch is still ours.
struct StoreSaid {
  uint64_t round = 0;
  bool ours = false;
};
// The same of one of the other ResourceManagers: the epoch under which it is active, {} = it is
// not, or nobody listens there; nothing: it could not be asked.
struct OtherSaid {
  uint64_t round = 0;
  size_t other = 0;  // 0, 1...: which of them
  std::optional<Epoch> active;
};
// NextDeadline() has come.
struct DeadlineReached {};

using Event = std::variant<SubmitApplication,
                           KillApplication,
                           WatchApplication,
                           MoveApplication,
                           UpdatePriority,
                           UpdateLifetime,
                           ResizeContainer,
                           SignalContainer,
                           ReconfigureQueues,
                           RollbackQueues,
                           AddLabels,
                           RemoveLabels,
                           ReplaceLabelsOnNodes,
                           UpdateNodeResource,
                           RefreshNodes,
                           DrainNode,
                           RegisterNode,
                           NodeHeartbeat,
                           UnregisterNode,
                           RegisterMaster,
                           Allocate,
                           FinishMaster,
                           CallAbandoned,
                           RecordsCommitted,
                           StoreFailed,
                           StoreSaid,
                           OtherSaid,
                           DeadlineReached>;

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_EVENTS_H_
