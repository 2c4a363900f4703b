// Attempts: the AM's container from the ask to its end, and what follows a failure.
#include <algorithm>
#include <limits>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr int64_t kMasterRequest = 0;  // the AM's own ask; gone before the AM makes any
constexpr int32_t kMasterPriority = 0;

// As YARN: an end that is not the application's own fault is not counted against it.
bool IsCounted(int exit_code) {
  return exit_code != exit_code::kPreempted && exit_code != exit_code::kAborted &&
         exit_code != exit_code::kDisksFailed && exit_code != exit_code::kKilledByResourceManager;
}

// Not what was decided, nor what the AM itself did. Of a crash nobody knows, so it may be.
bool MayBeOfNode(int exit_code) {
  switch (exit_code) {
    case exit_code::kSuccess:
    case exit_code::kPreempted:
    case exit_code::kVirtualMemoryExceeded:
    case exit_code::kPhysicalMemoryExceeded:
    case exit_code::kExcessLogs:
    case exit_code::kKilledByApplicationMaster:
    case exit_code::kKilledByResourceManager:
    case exit_code::kKilledAfterApplicationEnd:
      return false;
    default:
      return true;
  }
}

}  // namespace

ApplicationAttempt* ResourceManagerCore::State::FindAttempt(const AttemptId& id) {
  Application* application = FindApplication(id.application);
  if (application == nullptr || id.number < 1 ||
      static_cast<size_t>(id.number) > application->attempts.size()) {
    return nullptr;
  }
  return application->attempts[static_cast<size_t>(id.number) - 1].get();
}

bool ResourceManagerCore::State::Move(ApplicationAttempt& attempt, AttemptEvent event) {
  const auto about = [&] {
    const bool names_container = event == AttemptEvent::kAllocated;
    return std::pair{Subject(attempt.id),
                     names_container ? SharedText("container=" + attempt.am_container.ToString())
                                     : SharedText()};
  };
  return Apply(attempt_table, "attempt", attempt.state, event, about);
}

void ResourceManagerCore::State::MarkDirty(ApplicationAttempt& attempt) {
  if (!std::exchange(attempt.dirty, true)) dirty_masters.push_back(attempt.id);
}

store::AttemptRecord ResourceManagerCore::State::RecordOf(const ApplicationAttempt& attempt) const {
  return {.id = attempt.id,
          .am_container = attempt.am_container,
          .am_node = attempt.am_node,
          .started = attempt.started,
          .finished = IsFinal(attempt.state) || attempt.state == RmAttemptState::kFinishing,
          .exit_code = attempt.exit_code,
          .diagnostics = attempt.diagnostics,
          .counted = attempt.counted,
          .ended = attempt.ended,
          .node_at_fault = attempt.node_at_fault};
}

scheduler::ApplicationSpec ResourceManagerCore::State::SpecOf(const Application& application,
                                                              const AttemptId& id) const {
  const auto& record = application.record;
  const SubmissionContext& context = record.context;
  return {.id = id,
          .queue = QueueOf(application),
          .user = record.user,
          .priority = record.priority,
          .order = application.order,
          .am_resource = application.am_resource,
          .am_label = context.am_label.empty() ? context.label : context.am_label,
          .default_label = context.label};
}

void ResourceManagerCore::State::StartAttempt(Application& application) {
  const AttemptId id{application.id(), static_cast<int32_t>(application.attempts.size()) + 1};
  ApplicationAttempt* before = application.current();
  const WallTime failed = before == nullptr ? WallTime() : before->ended;
  auto owned = std::make_unique<ApplicationAttempt>();
  ApplicationAttempt& attempt = *owned;
  attempt.id = id;
  if (before != nullptr && Keeps(application)) TakeOver(attempt, *before);
  if (!attempt.slot) {
    // It has its place in the queue also while it waits.
    scheduler::ApplicationSpec spec = SpecOf(application, id);
    // Awaited nodes may have containers that were kept for it.
    spec.runs = before != nullptr && Keeps(application) && awaited_nodes > 0;
    attempt.slot = sched->AddApplication(spec, now);
    containers.SetAttempt(*attempt.slot, id);
  }
  application.attempts.push_back(std::move(owned));
  if (!PauseBefore(application, failed)) AskForMaster(application, attempt);
}

ContainerAsk ResourceManagerCore::State::MasterAsk(const Application& application) const {
  const SubmissionContext& context = application.record.context;
  return {.request_id = kMasterRequest,
          .priority = kMasterPriority,
          .count = 1,
          .resource = application.am_resource,
          .label = context.am_label.empty() ? context.label : context.am_label};
}

void ResourceManagerCore::State::AskForMaster(Application& application,
                                              ApplicationAttempt& attempt) {
  const auto ask = sched->Validate(*attempt.slot, MasterAsk(application));
  if (!ask.ok()) {
    Move(attempt, AttemptEvent::kRejected);
    attempt.diagnostics = ask.error().message;
    CloseAttempt(attempt, StopReason::kApplicationEnded, "the application was rejected");
    return Reject(application, ask.error());
  }
  attempt.am_label = ask->label;
  BeginAvoiding(application, attempt);
  sched->SetAsk(*attempt.slot, *ask, now);
  place = true;
  const Duration timeout = application.record.context.queue_timeout;
  if (timeout > Duration(0)) queue_deadlines.Set(application.id(), now.monotonic + timeout);
  Move(attempt, AttemptEvent::kStart);
  Touch(application);
}

void ResourceManagerCore::State::OnMasterAllocated(Application& application,
                                                   ApplicationAttempt& attempt,
                                                   ContainerSlot container) {
  queue_deadlines.Clear(application.id());
  EndAvoiding(attempt);
  attempt.am_container = containers.IdOf(container);
  attempt.am_node = NodeAt(containers.at(container).node).id();
  attempt.started = now.wall;
  sched->SetMaster(container);
  Move(attempt, AttemptEvent::kAllocated);
  WhenStored(Append({store::Put{RecordOf(attempt)}}), AttemptStored{attempt.id});
  Touch(application);
}

ResourceManagerCore::State::Former ResourceManagerCore::State::FormerLeft(
    const Application& application, const ApplicationAttempt& attempt) const {
  bool holds = false;
  bool of_earlier_epoch = false;
  for (const auto& one : application.attempts) {
    if (one->id.number >= attempt.id.number) break;
    if (one->master_unaccounted || containers.Find(one->am_container)) return Former::kMaster;
    holds |= !one->containers.empty();
    of_earlier_epoch |= one->am_container.number != 0 && one->am_container.epoch() < epoch.epoch;
  }
  if (attempt.id.number == 1 || Keeps(application)) return Former::kNothing;
  if (holds || HasStrayOfFormer(attempt)) return Former::kContainers;
  // Of workers that an earlier ResourceManager gave only their nodes know.
  return of_earlier_epoch && awaited_nodes > 0 ? Former::kUnknown : Former::kNothing;
}

bool ResourceManagerCore::State::HasStrayOfFormer(const ApplicationAttempt& attempt) const {
  const ContainerId first{{attempt.id.application, 0}, 0};
  return std::any_of(nodes_by_index.begin(), nodes_by_index.end(), [&](const Node* node) {
    if (node == nullptr || node->strangers.empty()) return false;
    const auto stray = node->strangers.lower_bound(first);
    return stray != node->strangers.end() && stray->attempt.application == attempt.id.application &&
           stray->attempt.number < attempt.id.number;
  });
}

std::string ResourceManagerCore::State::WordsOf(Former left) const {
  switch (left) {
    case Former::kNothing:
      return "";
    case Former::kMaster:
      return "waits until the ApplicationMaster before it has ended, or its node is lost";
    case Former::kContainers:
      return "waits until the containers of the attempt before have ended, or their nodes are lost";
    case Former::kUnknown:
      return "waits for word from " + std::to_string(awaited_nodes) +
             " nodes, which may have containers of the attempt before, or until they are lost";
  }
  return "";
}

void ResourceManagerCore::State::OnAttemptStored(Application& application,
                                                 ApplicationAttempt& attempt) {
  attempt.record_durable = true;
  // A kill may have come in between; then the AM is not started at all.
  if (attempt.state != RmAttemptState::kAllocated ||
      application.state != RmApplicationState::kAccepted) {
    return;
  }
  // Two attempts of one application never run at once: what the one before had has ended, or its
  // node is LOST, which is after its lease (node_lease.h). LaunchIfFree comes back here then.
  waits_for_former.erase(application.id());
  if (FormerLeft(application, attempt) != Former::kNothing) {
    waits_for_former.insert(application.id());
    return Touch(application);
  }
  const auto slot = containers.Find(attempt.am_container);
  if (!slot || containers.at(*slot).stopping) return;
  Node& node = NodeAt(containers.at(*slot).node);
  node.starts.emplace(attempt.am_container, kUntold);
  MarkDirty(node);
  Touch(application);
}

void ResourceManagerCore::State::LaunchIfFree(const ApplicationId& id) {
  if (taking_report || !waits_for_former.contains(id)) return;
  Application* application = FindApplication(id);
  if (application != nullptr) OnAttemptStored(*application, *application->current());
}

void ResourceManagerCore::State::LaunchAllFree() {
  const std::set<ApplicationId> waits = waits_for_former;
  for (const ApplicationId& id : waits) LaunchIfFree(id);
}

void ResourceManagerCore::State::OnMasterStartTold(const ContainerId& id) {
  ApplicationAttempt& attempt = *FindAttempt(id.attempt);
  if (!Move(attempt, AttemptEvent::kLaunched)) return;
  // Bounds the localisation; from the moment it runs, the time to register counts.
  master_deadlines.Set(attempt.slot->value, now.monotonic + options.launch_expiry);
  Touch(*FindApplication(id.attempt.application));
}

void ResourceManagerCore::State::OnMasterRunning(Application& application,
                                                 ApplicationAttempt& attempt) {
  application.launched = now.wall;
  if (attempt.state == RmAttemptState::kLaunched) {
    master_deadlines.Set(attempt.slot->value, now.monotonic + options.master_expiry);
  }
  Touch(application);
}

void ResourceManagerCore::State::OnMasterContainerEnded(Application& application,
                                                        ApplicationAttempt& attempt,
                                                        const ContainerStatus& status,
                                                        bool of_application) {
  if (attempt.state == RmAttemptState::kFinishing) {
    Move(attempt, AttemptEvent::kContainerFinished);
    attempt.exit_code = status.exit_code;
    attempt.ended = now.wall;
    Append({store::Put{RecordOf(attempt)}});
    CloseAttempt(attempt, StopReason::kApplicationEnded, "the application has finished");
    Move(application, ApplicationEvent::kAttemptFinished, application.final_sequence);
    return;
  }
  const std::string diagnostics =
      "AM container " + status.id.ToString() + " exited with code " +
      std::to_string(status.exit_code) +
      (status.diagnostics.empty() ? std::string() : ": " + status.diagnostics);
  FailAttempt(application,
              attempt,
              {.event = AttemptEvent::kContainerFinished,
               .exit_code = status.exit_code,
               .diagnostics = diagnostics,
               .counted = of_application && IsCounted(status.exit_code),
               .of_application = of_application && status.exit_code != exit_code::kPreempted &&
                                 status.exit_code != exit_code::kDisksFailed,
               .node_at_fault = of_application && MayBeOfNode(status.exit_code)});
}

void ResourceManagerCore::State::OnMasterExpired(const AttemptId& id) {
  ApplicationAttempt* attempt = FindAttempt(id);
  Application* application = FindApplication(id.application);
  if (attempt == nullptr) return;
  if (attempt->state == RmAttemptState::kFinishing) {
    Move(*attempt, AttemptEvent::kExpired);
    if (const auto slot = containers.Find(attempt->am_container)) {
      StopContainer(*slot, ContainerEvent::kKill, StopReason::kApplicationEnded);
    }
    return;
  }
  const auto slot = containers.Find(attempt->am_container);
  const bool running = slot && containers.at(*slot).reported() == ContainerState::kRunning;
  const std::string silence = std::to_string(ToMillis(options.master_expiry)) + " ms";
  std::string why = "The ApplicationMaster did not register within " + silence + " of its start";
  if (attempt->state == RmAttemptState::kRunning) {
    why = "The ApplicationMaster was silent for " + silence;
  } else if (!running) {
    why = "AM container " + attempt->am_container.ToString() + " did not run within " +
          std::to_string(ToMillis(options.launch_expiry)) + " ms of the command to start it";
  }
  FailAttempt(*application,
              *attempt,
              {.event = AttemptEvent::kExpired,
               .exit_code = exit_code::kNotYet,
               .diagnostics = std::move(why),
               .counted = true});
}

void ResourceManagerCore::State::FailAttempt(Application& application,
                                             ApplicationAttempt& attempt,
                                             const AttemptFailure& failure) {
  if (!Move(attempt, failure.event)) return;
  attempt.exit_code = failure.exit_code;
  attempt.diagnostics = CutMiddle(failure.diagnostics, limits::kDiagnosticsBytes);
  attempt.counted = failure.counted;
  attempt.node_at_fault = failure.node_at_fault;
  attempt.ended = now.wall;
  const int32_t limit = AttemptLimit(application);
  const size_t attempts = application.attempts.size();
  // As YARN: with a limit of one, any failure ends it. What the cluster did to it is none: it was
  // preempted, its node could not start it, or its node goes.
  const bool may_repeat = limit > 1 || !failure.of_application;
  const bool again =
      may_repeat && CountedFailures(application, now) < limit && attempts < kAttemptsMax;
  const bool keep =
      again && Keeps(application) && application.state != RmApplicationState::kKilling;
  CloseAttempt(attempt,
               StopReason::kKilledByResourceManager,
               "the attempt has failed",
               keep ? Workers::kKept : Workers::kStopped);
  std::vector<store::StoreOperation> record = {store::Put{RecordOf(attempt)}};
  if (application.state == RmApplicationState::kKilling) {
    Append(std::move(record));
    Move(application, ApplicationEvent::kLastAttemptFailed);
    return;
  }
  if (again) {
    Append(std::move(record));
    if (Move(application, ApplicationEvent::kAttemptFailed)) StartAttempt(application);
    return;
  }
  const uint64_t sequence = StoreOutcome(
      application,
      {ApplicationState::kFailed, FinalStatus::kFailed, LastFailureWords(application), ""},
      std::move(record));
  Move(application, ApplicationEvent::kLastAttemptFailed, sequence);
}

void ResourceManagerCore::State::KillAttempt(Application& application,
                                             ApplicationAttempt& attempt) {
  const bool killed = Move(attempt, AttemptEvent::kKill);
  if (killed) {
    attempt.exit_code = exit_code::kKilledByResourceManager;
    attempt.ended = now.wall;
    attempt.diagnostics = application.record.diagnostics;
    if (attempt.am_container.number != 0) Append({store::Put{RecordOf(attempt)}});
  }
  CloseAttempt(attempt, StopReason::kApplicationEnded, "the application was killed");
}

void ResourceManagerCore::State::CloseAttempt(ApplicationAttempt& attempt,
                                              StopReason reason,
                                              std::string_view why,
                                              Workers workers) {
  if (attempt.slot) master_deadlines.Clear(attempt.slot->value);
  waits_for_former.erase(attempt.id.application);
  pause_deadlines.Clear(attempt.id.application);
  EndAvoiding(attempt);
  EndParked(attempt.polls,
            ErrorCode::kFailedPrecondition,
            attempt.id.ToString() + " is over: " + std::string(why));
  WithdrawAsks(attempt);
  // With its containers, the next attempt gets what this one has not acknowledged of their ends.
  if (workers == Workers::kStopped) {
    for (const auto& [id, completion] : std::exchange(attempt.completions, {})) {
      RecordEnd(id, completion.node);
    }
    attempt.untold_completions = 0;
  }
  attempt.inherited.clear();
  attempt.untold_inherited = 0;
  attempt.sizes.clear();
  attempt.untold_sizes = 0;
  attempt.last_request = {};
  attempt.asked.clear();
  attempt.wanted_back.clear();
  attempt.untold_preemption = false;
  StopWorkers(attempt, reason, workers);
  if (const auto slot = containers.Find(attempt.am_container)) {
    StopContainer(*slot, ContainerEvent::kKill, reason);
  }
  attempt.first_grant = -1;
  attempt.first_untold = -1;
  LeaveSchedulerIfEmpty(attempt);
}

void ResourceManagerCore::State::WithdrawAsks(ApplicationAttempt& attempt) {
  if (!attempt.slot) return;
  constexpr size_t kAll = std::numeric_limits<size_t>::max();
  for (const auto& pending : sched->pending(*attempt.slot, kAll)) {
    ContainerAsk ask = pending.ask;
    ask.count = 0;
    sched->SetAsk(*attempt.slot, ask, now);
  }
  place = true;  // others may be next
}

// Of kept ones the node has said that they are there: others the next AM could not make use of.
void ResourceManagerCore::State::StopWorkers(ApplicationAttempt& attempt,
                                             StopReason reason,
                                             Workers reported) {
  for (const ContainerSlot slot : containers.Listed(attempt.containers, &Container::of_attempt)) {
    if (!containers.IsHeld(slot) || containers.at(slot).is_application_master()) continue;
    if (reported == Workers::kKept && containers.at(slot).at_node) continue;
    StopContainer(slot, ContainerEvent::kKill, reason);
  }
}

void ResourceManagerCore::State::LeaveSchedulerIfEmpty(ApplicationAttempt& attempt) {
  if (!attempt.slot || !attempt.containers.empty() || !IsFinal(attempt.state)) return;
  master_deadlines.Clear(attempt.slot->value);
  master_polls.Clear(attempt.slot->value);
  sched->RemoveApplication(*attempt.slot);
  attempt.slot.reset();
}

}  // namespace weir::rm
