// What a client says to submit an application, and what it is told about it. Immutable values.
#ifndef WEIR_COMMON_APPLICATION_H_
#define WEIR_COMMON_APPLICATION_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/container.h"
#include "common/hostport.h"
#include "common/ids.h"
#include "common/resource.h"
#include "common/time.h"

namespace weir {

// YARN's public states.
enum class ApplicationState : int {
  kNew = 1,
  kSubmitted = 2,
  kAccepted = 3,
  kRunning = 4,
  kFinished = 5,
  kFailed = 6,
  kKilled = 7,
};
std::string_view ApplicationStateName(ApplicationState state);
inline bool IsTerminal(ApplicationState state) {
  return state == ApplicationState::kFinished || state == ApplicationState::kFailed ||
         state == ApplicationState::kKilled;
}

enum class FinalStatus : int { kUndefined = 1, kSucceeded = 2, kFailed = 3, kKilled = 4 };
std::string_view FinalStatusName(FinalStatus status);

struct SubmissionContext {
  std::string name;
  std::string type;      // "WEIR_STREAM", "WEIR_COMMAND" or the submitter's own word
  std::string queue;     // "" = default
  int32_t priority = 0;  // higher goes first
  Resource am_resource;
  LaunchContext am_launch;
  int32_t max_attempts = 1;
  Duration queue_timeout{0};  // fails when the AM has no container by then; 0 = waits for ever
  std::vector<std::string> tags;
  bool operator==(const SubmissionContext&) const = default;
};

// Why something waits: a stable code and its sentence (the codes of the capacity scheduler issue
// join here).
enum class PendingReason : int {
  kNone = 0,
  kNoNodes = 1,          // no node is registered
  kNoFitNode = 2,        // larger than every node
  kInsufficient = 3,     // fits in no node now, but will when something ends
  kFragmented = 4,       // fits in the sum of what is free, on no single node
  kPriority = 5,         // others go first
  kStoring = 6,          // waits for the state store
  kLaunching = 7,        // the AM's container is being localised and started
  kAmNotRegistered = 8,  // the AM runs but has not registered
  kQueueUnknown = 9,
};
std::string_view PendingReasonName(PendingReason reason);

struct ApplicationReport {
  ApplicationId id;
  std::string name;
  std::string type;
  std::string user;
  std::string queue;
  int32_t priority = 0;
  ApplicationState state = ApplicationState::kNew;
  FinalStatus final_status = FinalStatus::kUndefined;
  float progress = 0;  // from 0 to 1
  std::string tracking_url;
  HostPort am_address;  // RPC of the AM; empty until it has registered
  std::string diagnostics;
  WallTime started;
  WallTime launched;         // 1970 until then
  WallTime finished;         // 1970 until then
  AttemptId attempt;         // the current one; number 0 when there is none
  ContainerId am_container;  // number 0 when there is none
  NodeId am_node;
  std::string am_node_http_address;
  Resource allocated;
  int32_t running_containers = 0;
  int64_t memory_seconds = 0;  // MiB x s
  int64_t vcore_seconds = 0;
  PendingReason pending_reason = PendingReason::kNone;
  std::string pending_detail;  // the sentence with its numbers
  int64_t version = 0;         // grows with every change; for long polls
};

struct ContainerReport {
  ContainerId id;
  NodeId node;
  std::string node_http_address;
  std::string node_name;  // host:port
  Resource resource;
  ContainerState state = ContainerState::kNew;
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;
  WallTime started;
  WallTime finished;
};

enum class NodeState : int {
  kNew = 1,
  kRunning = 2,
  kUnhealthy = 3,
  kLost = 4,
  kShutdown = 5,
};
std::string_view NodeStateName(NodeState state);

struct NodeReport {
  NodeId id;
  std::string name;  // host:port of the container service
  std::string rack;
  std::string http_address;
  NodeState state = NodeState::kNew;
  Resource capacity;
  Resource used;
  int32_t containers = 0;
  std::string health_report;
  WallTime last_heartbeat;
};

struct ClusterSummary {
  WallTime started;
  Epoch epoch;
  int64_t applications_submitted = 0;
  int64_t applications_pending = 0;
  int64_t applications_running = 0;
  int64_t applications_completed = 0;
  int64_t applications_failed = 0;
  int64_t applications_killed = 0;
  int64_t containers_allocated = 0;
  int64_t containers_pending = 0;
  Resource total;
  Resource allocated;
  Resource pending;
  int64_t nodes_total = 0;
  int64_t nodes_active = 0;
  int64_t nodes_lost = 0;
  int64_t nodes_unhealthy = 0;
  int64_t nodes_shutdown = 0;
};

}  // namespace weir

#endif  // WEIR_COMMON_APPLICATION_H_
