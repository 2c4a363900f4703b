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
//            ENDING     workers exit, clients fetch how their jobs ended
//            FINISHING  the final status is told to the ResourceManager
//            ABANDONED  the ResourceManager is gone or refuses us: workers exit, nobody is told
//            ENDED      terminal
#ifndef WEIR_APPMASTER_CORE_CLUSTER_STATES_H_
#define WEIR_APPMASTER_CORE_CLUSTER_STATES_H_

#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::am {

enum class WorkerState { kLaunching, kStarting, kReady, kStopping, kGone };
enum class WorkerEvent { kLaunched, kLaunchFailed, kRegistered, kStop, kCompleted };

enum class ClusterPhase { kServing, kDraining, kEnding, kFinishing, kAbandoned, kEnded };
enum class ClusterEvent {
  kStopRequested,
  kJobsEnded,  // of a cluster that exists for its job, or while draining
  kWorkersGone,
  kAcknowledged,  // the final status, or time for it is over
  kMasterGone,    // the ResourceManager refuses us or is lost
};

std::string_view WorkerStateName(WorkerState state);
std::string_view WorkerEventName(WorkerEvent event);
std::span<const WorkerState> AllWorkerStates();
std::span<const WorkerEvent> AllWorkerEvents();
std::span<const TransitionRow<WorkerState, WorkerEvent>> WorkerTransitions();

std::string_view ClusterPhaseName(ClusterPhase phase);
std::string_view ClusterEventName(ClusterEvent event);
std::span<const ClusterPhase> AllClusterPhases();
std::span<const ClusterEvent> AllClusterEvents();
std::span<const TransitionRow<ClusterPhase, ClusterEvent>> ClusterTransitions();

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_CLUSTER_STATES_H_
