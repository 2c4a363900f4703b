// Two lives as tables: that of a worker (a TaskManager's container) as its ApplicationMaster sees
// it, and that of the whole stream cluster.
//
//   worker   LAUNCHING  granted; the start call is under way
//            STARTING   its NodeManager has taken it; it has not registered with the engine
//            READY      registered
//            STOPPING   told to exit, or released
//            GONE       its container is complete; terminal
//   cluster  SERVING    takes and runs jobs
//            DRAINING   stop was asked for: live jobs are being cancelled
//            ENDING     jobs did not end when cancelled: their workers are stopped
//            FINISHING  the outcome is decided; the ResourceManager is told, workers are told to
//            exit LEAVING    told: clients fetch how their jobs ended ABANDONED  the
//            ResourceManager is gone or refuses us: workers exit, nobody is told ENDED terminal
#ifndef WEIR_APPMASTER_CORE_CLUSTER_STATES_H_
#define WEIR_APPMASTER_CORE_CLUSTER_STATES_H_

#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::am {

enum class WorkerState { kLaunching, kStarting, kReady, kStopping, kGone };
enum class WorkerEvent { kLaunched, kLaunchFailed, kRegistered, kStop, kCompleted };

enum class ClusterPhase { kServing, kDraining, kEnding, kFinishing, kLeaving, kAbandoned, kEnded };
enum class ClusterEvent {
  kStopRequested,
  kJobsEnded,     // of a cluster that exists for its job, or of one that was stopped
  kTimeOver,      // of the phase
  kAcknowledged,  // the final status
  kEndsSeen,      // by clients
  kWorkersGone,
  kTerminated,  // the process is to end
  kMasterGone,  // the ResourceManager refuses us or is lost
};

constexpr std::string_view WorkerStateName(WorkerState state) {
  switch (state) {
    case WorkerState::kLaunching:
      return "LAUNCHING";
    case WorkerState::kStarting:
      return "STARTING";
    case WorkerState::kReady:
      return "READY";
    case WorkerState::kStopping:
      return "STOPPING";
    case WorkerState::kGone:
      return "GONE";
  }
  return kNoName;
}

constexpr std::string_view WorkerEventName(WorkerEvent event) {
  switch (event) {
    case WorkerEvent::kLaunched:
      return "LAUNCHED";
    case WorkerEvent::kLaunchFailed:
      return "LAUNCH_FAILED";
    case WorkerEvent::kRegistered:
      return "REGISTERED";
    case WorkerEvent::kStop:
      return "STOP";
    case WorkerEvent::kCompleted:
      return "COMPLETED";
  }
  return kNoName;
}

std::span<const WorkerState> AllWorkerStates();
std::span<const WorkerEvent> AllWorkerEvents();
std::span<const TransitionRow<WorkerState, WorkerEvent>> WorkerTransitions();

constexpr std::string_view ClusterPhaseName(ClusterPhase phase) {
  switch (phase) {
    case ClusterPhase::kServing:
      return "SERVING";
    case ClusterPhase::kDraining:
      return "DRAINING";
    case ClusterPhase::kEnding:
      return "ENDING";
    case ClusterPhase::kFinishing:
      return "FINISHING";
    case ClusterPhase::kLeaving:
      return "LEAVING";
    case ClusterPhase::kAbandoned:
      return "ABANDONED";
    case ClusterPhase::kEnded:
      return "ENDED";
  }
  return kNoName;
}

constexpr std::string_view ClusterEventName(ClusterEvent event) {
  switch (event) {
    case ClusterEvent::kStopRequested:
      return "STOP_REQUESTED";
    case ClusterEvent::kJobsEnded:
      return "JOBS_ENDED";
    case ClusterEvent::kTimeOver:
      return "TIME_OVER";
    case ClusterEvent::kAcknowledged:
      return "ACKNOWLEDGED";
    case ClusterEvent::kEndsSeen:
      return "ENDS_SEEN";
    case ClusterEvent::kWorkersGone:
      return "WORKERS_GONE";
    case ClusterEvent::kTerminated:
      return "TERMINATED";
    case ClusterEvent::kMasterGone:
      return "MASTER_GONE";
  }
  return kNoName;
}

std::span<const ClusterPhase> AllClusterPhases();
std::span<const ClusterEvent> AllClusterEvents();
std::span<const TransitionRow<ClusterPhase, ClusterEvent>> ClusterTransitions();

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_CLUSTER_STATES_H_
