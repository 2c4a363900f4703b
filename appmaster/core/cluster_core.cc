#include "appmaster/core/cluster_core.h"

#include <algorithm>
#include <utility>

#include "appmaster/core/worker_plan.h"
#include "common/check.h"

namespace weir::am {
namespace {

// Between a failed launch and the next ask; times the failures in a row.
constexpr Duration kFailurePause = milliseconds(500);

std::string CauseOf(const ContainerStatus& status, const std::string& node) {
  std::string cause =
      "its container ended on " + node + " with exit code " + std::to_string(status.exit_code);
  if (!status.diagnostics.empty()) cause += ": " + status.diagnostics;
  return cause;
}

}  // namespace

std::string_view DeploymentModeName(DeploymentMode mode) {
  switch (mode) {
    case DeploymentMode::kSession:
      return "session";
    case DeploymentMode::kPerJob:
      return "per-job";
    case DeploymentMode::kApplication:
      return "application";
  }
  return "unknown";
}

ClusterCore::ClusterCore(const ClusterOptions& options) : options_(options) {
  WEIR_CHECK(options.slots_per_worker > 0, "a worker has at least one slot");
}

std::vector<ClusterAction> ClusterCore::Step(const ClusterInput& input, Instant now) {
  now_ = now;
  actions_.clear();
  std::visit([this](const auto& event) { On(event); }, input);
  CheckWorkerDeadlines();
  CheckIdle();
  Plan();
  CheckEnd();
  return std::exchange(actions_, {});
}

Instant ClusterCore::NextDeadline() const {
  Instant next = kNever;
  for (const auto& [container, worker] : workers_) {
    next = std::min(next, worker.deadline);
    const bool may_leave = options_.mode == DeploymentMode::kSession &&
                           phase_ == ClusterPhase::kServing && engine_.slots_waiting == 0 &&
                           Count(WorkerState::kReady) > options_.workers_min;
    if (may_leave && worker.idle_since != kNever) {
      next = std::min(next, worker.idle_since + options_.idle_timeout);
    }
  }
  if (phase_ == ClusterPhase::kServing && ask_not_before_ > now_) {
    next = std::min(next, ask_not_before_);
  }
  return std::min(next, phase_deadline_);
}

// --- events

void ClusterCore::On(const ClusterRegistered& event) {
  registered_ = true;
  cannot_be_had_.clear();
  const auto normal = NormalizeRequest(
      options_.worker_resource, event.minimum_allocation, event.maximum_allocation);
  if (!normal.ok()) {
    cannot_be_had_ = "a TaskManager of " + options_.worker_resource.ToString() +
                     " cannot be had: " + normal.error().ToString();
  }
}

void ClusterCore::On(const EngineChanged& event) {
  engine_ = event.state;
  std::map<ContainerId, bool> used;
  for (const EngineWorker& worker : engine_.workers) used[worker.container] = worker.used > 0;
  for (auto& [container, worker] : workers_) {
    const auto found = used.find(container);
    const bool idle = worker.state == WorkerState::kReady && found != used.end() && !found->second;
    if (!idle) {
      worker.idle_since = kNever;
    } else if (worker.idle_since == kNever) {
      worker.idle_since = now_;
    }
  }
  GiveBackWanted();
  const bool exists_for_job = options_.mode != DeploymentMode::kSession;
  if (engine_.any_job && engine_.all_jobs_ended && exists_for_job) Apply(ClusterEvent::kJobsEnded);
}

void ClusterCore::On(const WorkerGranted& event) {
  if (workers_.contains(event.container)) return;  // told twice
  if (asked_ > 0) --asked_;                        // the RM counts it off too
  if (phase_ != ClusterPhase::kServing || WorkersMissing(PlanInput()) == 0) {
    actions_.push_back(ReleaseContainer{event.container});
    return;
  }
  Worker worker;
  worker.node = event.node;
  worker.deadline = now_ + options_.start_timeout;
  workers_.emplace(event.container, std::move(worker));
  actions_.push_back(LaunchWorker{event.container});
}

void ClusterCore::On(const WorkerLaunched& event) {
  const auto found = workers_.find(event.container);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  if (event.result.ok()) {
    Apply(worker, WorkerEvent::kLaunched);
    return;
  }
  if (Apply(worker, WorkerEvent::kLaunchFailed) != TransitionKind::kAllowed) return;
  Release(event.container, worker);
  CountLaunchFailure(event.container.ToString() + " could not be started on " + worker.node + ": " +
                     event.result.error().ToString());
}

void ClusterCore::On(const WorkerReady& event) {
  const auto found = workers_.find(event.container);
  const bool taken = found != workers_.end() &&
                     Apply(found->second, WorkerEvent::kRegistered) == TransitionKind::kAllowed;
  if (!taken) {
    // Too late, or not ours.
    actions_.push_back(TellWorkerToExit{event.container});
    return;
  }
  found->second.deadline = kNever;
  found->second.idle_since = now_;
  failures_ = 0;
}

void ClusterCore::On(const WorkerRejected& event) {
  const auto found = workers_.find(event.container);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  if (Apply(worker, WorkerEvent::kStop) == TransitionKind::kAllowed || !worker.released) {
    Release(event.container, worker);
  }
}

void ClusterCore::On(const ContainerEnded& event) {
  const ContainerId& container = event.status.id;
  const auto found = workers_.find(container);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  const WorkerState before = worker.state;
  const std::string cause = CauseOf(event.status, worker.node);
  Apply(worker, WorkerEvent::kCompleted);
  workers_.erase(found);
  actions_.push_back(TellWorkerEnded{container, cause});
  if (before == WorkerState::kLaunching || before == WorkerState::kStarting) {
    CountLaunchFailure(container.ToString() + ": " + cause);
  }
}

// While the ResourceManager can be heard, it tells the end itself; without it, this is all that
// will be known.
void ClusterCore::On(const ContainerStopped& event) {
  if (phase_ == ClusterPhase::kAbandoned) workers_.erase(event.container);
}

void ClusterCore::On(const ContainersWantedBack& event) {
  wanted_back_ = event.containers;
  GiveBackWanted();
}

void ClusterCore::On(const PendingExplained& event) {
  pending_detail_ = event.detail;
}

void ClusterCore::On(const StopRequested&) {
  Apply(ClusterEvent::kStopRequested);
}

void ClusterCore::On(const FinishAcknowledged&) {
  if (phase_ != ClusterPhase::kFinishing) return;
  told_ = true;
  Apply(ClusterEvent::kAcknowledged);
}

void ClusterCore::On(const Terminated&) {
  Apply(ClusterEvent::kTerminated);
}

void ClusterCore::On(const MasterGone&) {
  Apply(ClusterEvent::kMasterGone);
}

void ClusterCore::On(const ClusterDeadline&) {}  // every step looks at the deadlines

// --- workers

TransitionKind ClusterCore::Apply(Worker& worker, WorkerEvent event) {
  const auto transition = FindTransition(WorkerTransitions(), worker.state, event);
  if (transition.kind == TransitionKind::kAllowed) worker.state = transition.to;
  return transition.kind;
}

// A ready worker is asked to exit; one that is not is not known to the engine.
void ClusterCore::Stop(const ContainerId& container, Worker& worker) {
  const bool ready = worker.state == WorkerState::kReady;
  if (Apply(worker, WorkerEvent::kStop) != TransitionKind::kAllowed) return;
  worker.idle_since = kNever;
  worker.deadline = now_ + options_.stop_grace;
  if (ready) {
    actions_.push_back(TellWorkerToExit{container});
  } else {
    Release(container, worker);
  }
}

void ClusterCore::Release(const ContainerId& container, Worker& worker) {
  worker.released = true;
  worker.idle_since = kNever;
  worker.deadline = now_ + options_.stop_grace;
  actions_.push_back(StopContainer{container});
  actions_.push_back(ReleaseContainer{container});
}

void ClusterCore::StopAllWorkers() {
  for (auto& [container, worker] : workers_) Stop(container, worker);
}

// Nobody will tell how they end, and nobody else may stop them: both ways at once.
void ClusterCore::AbandonWorkers() {
  for (auto& [container, worker] : workers_) {
    const bool ready = worker.state == WorkerState::kReady;
    Apply(worker, WorkerEvent::kStop);
    worker.released = true;
    worker.deadline = kNever;
    if (ready) actions_.push_back(TellWorkerToExit{container});
    actions_.push_back(StopContainer{container});
  }
}

void ClusterCore::CountLaunchFailure(const std::string& cause) {
  ++failures_;
  last_failure_ = cause;
  ask_not_before_ = now_ + kFailurePause * failures_;
  if (failures_ < options_.launch_failures_max) return;
  actions_.push_back(
      FailWaiting{std::to_string(failures_) +
                  " TaskManagers in a row could not be started; the last: " + cause});
  failures_ = 0;
}

void ClusterCore::CheckWorkerDeadlines() {
  for (auto it = workers_.begin(); it != workers_.end();) {
    auto& [container, worker] = *it;
    if (worker.deadline > now_) {
      ++it;
      continue;
    }
    switch (worker.state) {
      case WorkerState::kLaunching:
      case WorkerState::kStarting: {
        const std::string cause = container.ToString() + " on " + worker.node +
                                  " did not register within " +
                                  std::to_string(ToMillis(options_.start_timeout)) + " ms";
        Apply(worker, WorkerEvent::kStop);
        Release(container, worker);
        CountLaunchFailure(cause);
        ++it;
        break;
      }
      case WorkerState::kStopping:
        if (!worker.released) {
          Release(container, worker);
          ++it;
          break;
        }
        // Released and not heard of since: the ResourceManager sees to it.
        actions_.push_back(TellWorkerEnded{container, "it was released"});
        it = workers_.erase(it);
        break;
      case WorkerState::kReady:
      case WorkerState::kGone:
        worker.deadline = kNever;
        ++it;
        break;
    }
  }
}

void ClusterCore::CheckIdle() {
  if (options_.mode != DeploymentMode::kSession || phase_ != ClusterPhase::kServing) return;
  if (engine_.slots_waiting > 0) return;
  int32_t ready = Count(WorkerState::kReady);
  // The newest first: jobs are put on the oldest.
  for (auto it = workers_.rbegin(); it != workers_.rend() && ready > options_.workers_min; ++it) {
    auto& [container, worker] = *it;
    if (worker.state != WorkerState::kReady || worker.idle_since == kNever) continue;
    if (worker.idle_since + options_.idle_timeout > now_) continue;
    Stop(container, worker);
    --ready;
  }
}

// Called when the engine's word on who is idle is fresh.
void ClusterCore::GiveBackWanted() {
  std::set<ContainerId> in_use;
  for (const ContainerId& container : wanted_back_) {
    const auto found = workers_.find(container);
    if (found == workers_.end()) continue;
    Worker& worker = found->second;
    if (worker.state == WorkerState::kReady && worker.idle_since == kNever) {
      in_use.insert(container);
    } else {
      Stop(container, worker);
    }
  }
  if (in_use == told_wanted_back_) return;
  told_wanted_back_ = in_use;
  actions_.push_back(TellWantedBack{std::move(in_use)});
}

// A worker's registration and the engine's state come one after the other, in any order: a worker
// is ready when both say so, and its slots count from then on.
WorkerPlanInput ClusterCore::PlanInput() const {
  std::map<ContainerId, int32_t> free_slots;
  for (const EngineWorker& worker : engine_.workers) {
    free_slots[worker.container] = worker.slots - worker.used;
  }
  WorkerPlanInput plan;
  plan.slots_waiting = engine_.slots_waiting;
  plan.slots_per_worker = options_.slots_per_worker;
  plan.workers_min = options_.workers_min;
  for (const auto& [container, worker] : workers_) {
    if (worker.state == WorkerState::kStopping || worker.state == WorkerState::kGone) continue;
    const auto known = free_slots.find(container);
    if (known == free_slots.end()) {
      ++plan.workers_coming;
    } else {
      ++plan.workers_ready;
      plan.slots_free += known->second;
    }
  }
  return plan;
}

void ClusterCore::Plan() {
  int32_t missing = 0;
  const WorkerPlanInput plan = PlanInput();
  if (phase_ == ClusterPhase::kServing && registered_) {
    missing = WorkersMissing(plan);
    if (missing > 0 && !cannot_be_had_.empty()) {
      if (engine_.slots_waiting > 0) actions_.push_back(FailWaiting{cannot_be_had_});
      missing = 0;
    }
  }
  wanted_ = plan.workers_ready + plan.workers_coming + missing;
  const int32_t ask = now_ < ask_not_before_ ? 0 : missing;
  if (ask != asked_) {
    asked_ = ask;
    actions_.push_back(AskWorkers{ask});
  }
  std::string detail = missing > 0 ? pending_detail_ : std::string();
  if (missing > 0 && failures_ > 0) {
    detail = "the last TaskManager failed to start: " + last_failure_;
  }
  if (told_plan_.wanted == wanted_ && told_plan_.detail == detail) return;
  told_plan_ = TellPlan{wanted_, detail};
  actions_.push_back(told_plan_);
}

// --- the cluster

void ClusterCore::Apply(ClusterEvent event) {
  const auto transition = FindTransition(ClusterTransitions(), phase_, event);
  if (transition.kind != TransitionKind::kAllowed) return;
  phase_ = transition.to;
  Enter(phase_);
}

void ClusterCore::Enter(ClusterPhase phase) {
  phase_deadline_ = kNever;
  switch (phase) {
    case ClusterPhase::kServing:
      break;
    case ClusterPhase::kDraining:
      phase_deadline_ = now_ + options_.drain_timeout;
      actions_.push_back(StopEngineJobs{});
      break;
    case ClusterPhase::kEnding:
      // Told to exit, stopped, given up; then their jobs end and are cleaned.
      phase_deadline_ = now_ + options_.stop_grace * 2 + options_.fetch_timeout;
      StopAllWorkers();
      break;
    case ClusterPhase::kFinishing: {
      const bool session = options_.mode == DeploymentMode::kSession;
      actions_.push_back(session ? TellFinalStatus{FinalStatus::kSucceeded, "stopped on request"}
                                 : TellFinalStatus{engine_.final_status, engine_.diagnostics});
      StopAllWorkers();
      break;
    }
    case ClusterPhase::kLeaving:
      phase_deadline_ = now_ + options_.fetch_timeout;
      break;
    case ClusterPhase::kAbandoned:
      phase_deadline_ = now_ + options_.stop_grace;
      AbandonWorkers();
      break;
    case ClusterPhase::kEnded:
      actions_.push_back(EndProcess{told_});
      break;
  }
}

void ClusterCore::CheckEnd() {
  const bool stopped = phase_ == ClusterPhase::kDraining || phase_ == ClusterPhase::kEnding;
  if (stopped && engine_.all_jobs_ended) return Apply(ClusterEvent::kJobsEnded);
  if (phase_ == ClusterPhase::kLeaving && engine_.all_ends_seen) {
    return Apply(ClusterEvent::kEndsSeen);
  }
  if (phase_ == ClusterPhase::kAbandoned && workers_.empty()) {
    return Apply(ClusterEvent::kWorkersGone);
  }
  if (now_ >= phase_deadline_) Apply(ClusterEvent::kTimeOver);
}

int32_t ClusterCore::Count(WorkerState state) const {
  return static_cast<int32_t>(std::count_if(
      workers_.begin(), workers_.end(), [&](const auto& w) { return w.second.state == state; }));
}

int32_t ClusterCore::workers_ready() const {
  return Count(WorkerState::kReady);
}

}  // namespace weir::am
