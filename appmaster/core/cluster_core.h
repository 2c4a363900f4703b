// ClusterCore: decides about the containers of one stream cluster: how many workers, when they are
// given back, when the cluster ends and how that is told.
//
// Preemption: workers that the scheduler wants back and that nobody uses, or that have not come
// yet, are given back at once; those in use are kept, as their jobs would be lost with them either
// way, and given back should they fall idle in time. The users of their jobs are told.
//
// Modes: a session serves until it is stopped and gives idle workers back; a per-job or application
// cluster exists for its job and ends with it. It knows slots and workers only; jobs are the
// engine's.
//
// Invariants: asks are absolute; a granted container is launched or released in the same step. The
// final status is decided, and told, in the step in which the last job is known to have ended with
// its outputs clean; it waits for no worker and no client, and nothing changes it afterwards. From
// then on the ResourceManager stops what workers are left. Bounded: launch failures in a row, every
// wait. Single-threaded: owned by the event loop. Pure.
#ifndef WEIR_APPMASTER_CORE_CLUSTER_CORE_H_
#define WEIR_APPMASTER_CORE_CLUSTER_CORE_H_

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "appmaster/core/cluster_states.h"
#include "appmaster/core/engine_state.h"
#include "appmaster/core/worker_plan.h"
#include "common/container.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::am {

enum class DeploymentMode { kSession, kPerJob, kApplication };
std::string_view DeploymentModeName(DeploymentMode mode);  // "session", "per-job", "application"

struct ClusterOptions {
  DeploymentMode mode = DeploymentMode::kSession;
  Resource worker_resource;
  int32_t slots_per_worker = 1;
  int32_t workers_min = 0;  // of a session: kept warm
  Duration idle_timeout = seconds(30);
  Duration start_timeout = seconds(60);  // from the grant to the registration with the engine
  int32_t launch_failures_max = 3;       // in a row; then waiting jobs fail
  Duration stop_grace = seconds(5);      // from shut-down to release, and from there to giving up
  Duration drain_timeout = seconds(40);  // for cancelled jobs to end
  Duration fetch_timeout = seconds(5);   // for clients to fetch the end of their job
};

// --- events
struct ClusterRegistered {
  Resource minimum_allocation;
  Resource maximum_allocation;
};
struct EngineChanged {
  EngineState state;
};
struct WorkerGranted {
  ContainerId container;
  std::string node;  // its name, for causes
};
struct WorkerLaunched {
  ContainerId container;
  Status result;
};
struct WorkerReady {
  ContainerId container;
};
// The engine does not want it any more: it is not heard or does not obey.
struct WorkerRejected {
  ContainerId container;
  std::string cause;
};
struct ContainerEnded {
  ContainerStatus status;
};
// Its NodeManager has taken on to stop it.
struct ContainerStopped {
  ContainerId container;
};
// All that the scheduler wants back now.
struct ContainersWantedBack {
  std::set<ContainerId> containers;
};
struct PendingExplained {
  std::string detail;  // the RM's words for why asks wait; "" = they do not
};
struct StopRequested {};
struct FinishAcknowledged {};
// Whoever runs this process wants it to end.
struct Terminated {};
struct MasterGone {
  std::string cause;
};
struct ClusterDeadline {};
using ClusterInput = std::variant<ClusterRegistered,
                                  EngineChanged,
                                  WorkerGranted,
                                  WorkerLaunched,
                                  WorkerReady,
                                  WorkerRejected,
                                  ContainerEnded,
                                  ContainerStopped,
                                  ContainersWantedBack,
                                  PendingExplained,
                                  StopRequested,
                                  FinishAcknowledged,
                                  Terminated,
                                  MasterGone,
                                  ClusterDeadline>;

// --- actions
struct AskWorkers {
  int32_t count = 0;  // absolute: still to be granted
};
struct LaunchWorker {
  ContainerId container;
};
// Give it back to the ResourceManager, whatever state it is in.
struct ReleaseContainer {
  ContainerId container;
};
// Stop it at its NodeManager.
struct StopContainer {
  ContainerId container;
};
// The engine tells the worker to exit.
struct TellWorkerToExit {
  ContainerId container;
};
// The engine learns that a worker's container is complete.
struct TellWorkerEnded {
  ContainerId container;
  std::string cause;
};
struct FailWaiting {
  std::string cause;
};
struct TellPlan {
  int32_t wanted = 0;
  std::string detail;
};
// The scheduler wants these back, and jobs use them: all of them, whenever the set changes.
struct TellWantedBack {
  std::set<ContainerId> containers;
};
struct StopEngineJobs {};
struct TellFinalStatus {
  FinalStatus status = FinalStatus::kUndefined;
  std::string diagnostics;
};
struct EndProcess {
  bool told = false;  // the ResourceManager knows the final status
};
using ClusterAction = std::variant<AskWorkers,
                                   LaunchWorker,
                                   ReleaseContainer,
                                   StopContainer,
                                   TellWorkerToExit,
                                   TellWorkerEnded,
                                   FailWaiting,
                                   TellPlan,
                                   TellWantedBack,
                                   StopEngineJobs,
                                   TellFinalStatus,
                                   EndProcess>;

class ClusterCore {
 public:
  explicit ClusterCore(const ClusterOptions& options);

  std::vector<ClusterAction> Step(const ClusterInput& input, Instant now);
  Instant NextDeadline() const;

  ClusterPhase phase() const { return phase_; }
  int32_t workers_ready() const;
  // Ready, coming and asked for.
  int32_t workers_wanted() const { return wanted_; }

 private:
  struct Worker {
    WorkerState state = WorkerState::kLaunching;
    std::string node;
    Instant deadline = kNever;    // of its registration, or of its leaving
    Instant idle_since = kNever;  // kNever: in use
    bool released = false;
  };

  void On(const ClusterRegistered& event);
  void On(const EngineChanged& event);
  void On(const WorkerGranted& event);
  void On(const WorkerLaunched& event);
  void On(const WorkerReady& event);
  void On(const WorkerRejected& event);
  void On(const ContainerEnded& event);
  void On(const ContainerStopped& event);
  void On(const ContainersWantedBack& event);
  void On(const PendingExplained& event);
  void On(const StopRequested& event);
  void On(const FinishAcknowledged& event);
  void On(const Terminated& event);
  void On(const MasterGone& event);
  void On(const ClusterDeadline& event);

  TransitionKind Apply(Worker& worker, WorkerEvent event);
  void Apply(ClusterEvent event);
  void Enter(ClusterPhase phase);
  void Stop(const ContainerId& container, Worker& worker);
  void Release(const ContainerId& container, Worker& worker);
  void StopAllWorkers();
  void AbandonWorkers();
  void CountLaunchFailure(const std::string& cause);
  void CheckWorkerDeadlines();
  void CheckIdle();
  void GiveBackWanted();
  WorkerPlanInput PlanInput() const;
  void Plan();
  void CheckEnd();
  int32_t Count(WorkerState state) const;

  ClusterOptions options_;
  ClusterPhase phase_ = ClusterPhase::kServing;
  bool registered_ = false;
  std::string cannot_be_had_;  // why no worker of the wanted size can exist; "" = it can
  EngineState engine_;
  std::map<ContainerId, Worker> workers_;  // GONE ones are forgotten
  int32_t asked_ = 0;
  int32_t wanted_ = 0;
  std::string pending_detail_;
  std::set<ContainerId> wanted_back_;
  std::set<ContainerId> told_wanted_back_;
  TellPlan told_plan_;
  int32_t failures_ = 0;  // in a row
  std::string last_failure_;
  Instant ask_not_before_;
  Instant phase_deadline_ = kNever;
  bool told_ = false;

  // Of the step in progress.
  Instant now_;
  std::vector<ClusterAction> actions_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_CLUSTER_CORE_H_
