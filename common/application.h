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
  std::string label{};     // of asks that name none; "" = the queue's default
  std::string am_label{};  // of the AM's container; "" = as `label`
  Duration lifetime{0};    // killed after that; 0 = the queue's default
  // Failures of attempts longer ago do not count against max_attempts; 0 = all do.
  Duration attempt_failures_validity{0};
  // When an attempt fails and another one follows, its running containers are that one's.
  bool keep_containers = false;
  bool operator==(const SubmissionContext&) const = default;
};

// Why something waits: a stable code; its sentence with numbers is made when somebody asks.
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
  kQueueStopped = 10,             // the queue or an ancestor is not RUNNING
  kQueueCapacity = 11,            // the leaf queue is at its maximum
  kParentCapacity = 12,           // an ancestor is at its maximum
  kMaxApplications = 13,          // the queue or the user has as many applications as may be
  kUserLimit = 14,                // the user has as much of the queue as one user may
  kAmLimit = 15,                  // ApplicationMasters use all that they may of the queue
  kUserAmLimit = 16,              // those of the user do
  kMaxParallelApplications = 17,  // as many applications run as may at once
  kNodeLabel = 18,                // no node with the label, or the queue may not use it
  kLocalityWait = 19,             // waits for one of its nodes or racks
  kReserved = 20,                 // a node is held back for it
  kNodesUnhealthy = 21,           // would fit, but on nodes that may not get containers
  kPreemptionPending = 22,        // containers of others are being taken back for it
  kRecoveryBarrier = 23,          // after a restart, until nodes have reported
  kLaunchBackoff = 24,            // the last attempt failed; waits before the next
  kGangIncomplete = 25,           // fewer than all of a gang fit
  kBlacklisted = 26,              // fits only on nodes that the application does not want
  kSpread = 27,                   // fits only where the application has as many as it allows
  kHeadOfLine = 28,               // an earlier ask of the same application goes first
  kAclDenied = 29,
  kWorkersMissing = 30,  // the AM runs, its workers do not yet
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
  std::string label{};         // of asks that name none; "" = the queue's default
  WallTime expires{};          // killed then; 1970 = never
  int64_t preempted_containers = 0;
  int32_t max_attempts = 0;      // what counts: the submission's, within the cluster's
  int32_t counted_failures = 0;  // of attempts, against max_attempts
  Duration attempt_failures_validity{0};
  std::vector<std::string> avoided_nodes{};  // host:port: an ApplicationMaster of it failed there
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
  std::string detail{};  // what it is doing now; see ContainerStatus
};

enum class NodeState : int {
  kNew = 1,
  kRunning = 2,
  kUnhealthy = 3,
  kLost = 4,
  kShutdown = 5,
  kDecommissioning = 6,  // gets no new containers, and ends when the last one has
  kDecommissioned = 7,
};
std::string_view NodeStateName(NodeState state);

// What is really used, as last measured; zero where nothing is known.
struct NodeUtilization {
  int64_t node_memory_mib = 0;  // by everything on the machine
  int64_t node_milli_vcores = 0;
  int64_t containers_memory_mib = 0;  // by the processes of containers
  int64_t containers_virtual_mib = 0;
  int64_t containers_milli_vcores = 0;
  bool operator==(const NodeUtilization&) const = default;
};

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
  std::string label{};  // "" = the default partition
  NodeUtilization utilization{};
  WallTime decommission_by{};  // its containers are stopped then; 1970 = not being decommissioned
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
  int64_t nodes_decommissioning = 0;
  int64_t nodes_decommissioned = 0;
  int64_t nodes_silent = 0;  // active ones that would be LOST but for the limit on that
  Duration unconfirmed{0};   // for how long it has not been known whether another RM leads
};

}  // namespace weir

#endif  // WEIR_COMMON_APPLICATION_H_
