#include "common/application.h"

namespace weir {

std::string_view ApplicationStateName(ApplicationState state) {
  switch (state) {
    case ApplicationState::kNew:
      return "NEW";
    case ApplicationState::kSubmitted:
      return "SUBMITTED";
    case ApplicationState::kAccepted:
      return "ACCEPTED";
    case ApplicationState::kRunning:
      return "RUNNING";
    case ApplicationState::kFinished:
      return "FINISHED";
    case ApplicationState::kFailed:
      return "FAILED";
    case ApplicationState::kKilled:
      return "KILLED";
  }
  return "UNKNOWN";
}

std::string_view FinalStatusName(FinalStatus status) {
  switch (status) {
    case FinalStatus::kUndefined:
      return "UNDEFINED";
    case FinalStatus::kSucceeded:
      return "SUCCEEDED";
    case FinalStatus::kFailed:
      return "FAILED";
    case FinalStatus::kKilled:
      return "KILLED";
  }
  return "UNKNOWN";
}

std::string_view PendingReasonName(PendingReason reason) {
  switch (reason) {
    case PendingReason::kNone:
      return "NONE";
    case PendingReason::kNoNodes:
      return "NO_NODES";
    case PendingReason::kNoFitNode:
      return "NO_FIT_NODE";
    case PendingReason::kInsufficient:
      return "INSUFFICIENT";
    case PendingReason::kFragmented:
      return "FRAGMENTED";
    case PendingReason::kPriority:
      return "PRIORITY";
    case PendingReason::kStoring:
      return "STORING";
    case PendingReason::kLaunching:
      return "LAUNCHING";
    case PendingReason::kAmNotRegistered:
      return "AM_NOT_REGISTERED";
    case PendingReason::kQueueUnknown:
      return "QUEUE_UNKNOWN";
    case PendingReason::kQueueStopped:
      return "QUEUE_STOPPED";
    case PendingReason::kQueueCapacity:
      return "QUEUE_CAPACITY";
    case PendingReason::kParentCapacity:
      return "PARENT_CAPACITY";
    case PendingReason::kMaxApplications:
      return "MAX_APPLICATIONS";
    case PendingReason::kUserLimit:
      return "USER_LIMIT";
    case PendingReason::kAmLimit:
      return "AM_LIMIT";
    case PendingReason::kUserAmLimit:
      return "USER_AM_LIMIT";
    case PendingReason::kMaxParallelApplications:
      return "MAX_PARALLEL_APPLICATIONS";
    case PendingReason::kNodeLabel:
      return "NODE_LABEL";
    case PendingReason::kLocalityWait:
      return "LOCALITY_WAIT";
    case PendingReason::kReserved:
      return "RESERVED";
    case PendingReason::kNodesUnhealthy:
      return "NODES_UNHEALTHY";
    case PendingReason::kPreemptionPending:
      return "PREEMPTION_PENDING";
    case PendingReason::kRecoveryBarrier:
      return "RECOVERY_BARRIER";
    case PendingReason::kLaunchBackoff:
      return "LAUNCH_BACKOFF";
    case PendingReason::kGangIncomplete:
      return "GANG_INCOMPLETE";
    case PendingReason::kBlacklisted:
      return "BLACKLISTED";
    case PendingReason::kSpread:
      return "SPREAD";
    case PendingReason::kHeadOfLine:
      return "HEAD_OF_LINE";
    case PendingReason::kAclDenied:
      return "ACL_DENIED";
    case PendingReason::kWorkersMissing:
      return "WORKERS_MISSING";
  }
  return "UNKNOWN";
}

std::string_view NodeStateName(NodeState state) {
  switch (state) {
    case NodeState::kNew:
      return "NEW";
    case NodeState::kRunning:
      return "RUNNING";
    case NodeState::kUnhealthy:
      return "UNHEALTHY";
    case NodeState::kLost:
      return "LOST";
    case NodeState::kShutdown:
      return "SHUTDOWN";
    case NodeState::kDecommissioning:
      return "DECOMMISSIONING";
    case NodeState::kDecommissioned:
      return "DECOMMISSIONED";
  }
  return "UNKNOWN";
}

}  // namespace weir
