#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

// What is remembered of diagnostics: the rest is with the RM.
constexpr size_t kRememberedDiagnostics = 256;

// For the log: the exit code and the first line of the cause.
std::string EndDetail(const ContainerStatus& status) {
  const std::string code = "exit code " + std::to_string(status.exit_code);
  if (status.diagnostics.empty()) return code;
  return code + ": " + status.diagnostics.substr(0, status.diagnostics.find('\n'));
}

// First: what follows may be cut.
std::string WithRetries(std::string diagnostics, const RetryLedger& retry) {
  std::string summary = retry.Summary();
  if (summary.empty()) return diagnostics;
  if (diagnostics.empty()) return summary;
  return CutMiddle(std::move(summary) + "; " + diagnostics, limits::kDiagnosticsBytes);
}

}  // namespace

bool NodeManagerCore::Machine::Fire(Container& container, Trigger trigger, std::string detail) {
  const auto transition = FindTransition(kContainerTable, container.state, trigger);
  switch (transition.kind) {
    case TransitionKind::kAllowed:
      actions.push_back(Transitioned{container.token.id,
                                     StateName(container.state),
                                     TriggerName(trigger),
                                     StateName(transition.to),
                                     std::move(detail)});
      if (container.state != transition.to) container.status.detail.clear();
      container.state = transition.to;
      return true;
    case TransitionKind::kIgnored:
      ignored.insert({StateName(container.state), TriggerName(trigger)});
      return false;
    case TransitionKind::kInvalid:
      actions.push_back(
          InvalidEvent{container.token.id, StateName(container.state), TriggerName(trigger)});
      return false;
  }
  return false;
}

Container* NodeManagerCore::Machine::FindOrReport(const ContainerId& id, Trigger trigger) {
  const auto it = containers.find(id);
  if (it != containers.end()) return &it->second;
  actions.push_back(InvalidEvent{id, "UNKNOWN", TriggerName(trigger)});
  return nullptr;
}

Container& NodeManagerCore::Machine::Add(const ContainerTokenIdentifier& token, Now now) {
  Container& container = containers[token.id];
  container.token = token;
  container.status.id = token.id;
  container.status.resource = token.resource;
  container.started = now.wall;
  return container;
}

void NodeManagerCore::Machine::Begin(const ContainerTokenIdentifier& token,
                                     const LaunchContext& launch,
                                     Now now) {
  ContainerIndices indices = FreeIndices(token.resource).value();
  Container& container = Add(token, now);
  if (!Fire(container, Trigger::kStart)) return;
  container.retry = RetryLedger(launch.retry);
  applications.insert(token.id.attempt.application);
  container.launch = launch;
  container.on_lease_end = launch.on_lease_end;
  container.accept_kept = false;
  container.indices = std::move(indices);
  if (!container.indices.empty()) Keep(IndicesRecord{token.id, container.indices});
  Keep(LaunchRecord{token.id, launch});
  accepting[Record(container)] = token.id;
}

void NodeManagerCore::Machine::Prepare(Container& container, Now now) {
  // The keys and the address that files are fetched with come with the registration.
  if (!container.launch || !container.accept_kept) return;
  if (container.state == State::kLocalizing && rm.session() != 0) {
    actions.push_back(Localize{container.token, *std::exchange(container.launch, std::nullopt)});
  } else if (container.state == State::kKilling) {
    OnLocalizationFailed({container.token.id, {ErrorCode::kAborted, "stopped before", ""}}, now);
  }
}

void NodeManagerCore::Machine::StopOne(Container& container,
                                       StopCause cause,
                                       Now now,
                                       std::string words) {
  const State before = container.state;
  container.retry.Close();
  if (!Fire(container, Trigger::kStop)) return;
  container.stop = Stop{cause, std::move(words), now.monotonic, now.wall};
  if (before == State::kNew) return CompleteStopped(container, now);
  container.end_asked = Record(container);
  if (before == State::kLocalizing) {
    if (container.launch) return Prepare(container, now);
    actions.push_back(CallOffLocalization{container.token.id});
  }
  if (before == State::kRunning) EndWhenKept(container, now);
  if (before == State::kRelaunching) {
    container.retry_at = kNever;
    Complete(container, DescribeStopBetweenRetries(cause), now);
    actions.push_back(CleanUp{container.token.id});
  }
}

void NodeManagerCore::Machine::EndWhenKept(Container& container, Now now) {
  if (container.end_asked <= kept_sequence) return SendEnd(container, now);
  container.signal_waits = true;
  container.signal_deadline = now.monotonic + options.record_patience;
  ends_to_send.emplace(container.end_asked, container.token.id);
}

void NodeManagerCore::Machine::SendEnd(Container& container, Now now) {
  container.signal_waits = false;
  container.signal_deadline = kNever;
  if (container.stop) return Terminate(container, now);
  actions.push_back(Signal{container.token.id, SignalKind::kAskToEnd});
}

void NodeManagerCore::Machine::SendKeptEnds(Now now) {
  while (!ends_to_send.empty() && ends_to_send.begin()->first <= kept_sequence) {
    const auto it = containers.find(ends_to_send.extract(ends_to_send.begin()).mapped());
    if (it == containers.end() || !it->second.signal_waits) continue;
    // Somebody else may have wanted it to end since: then that is written down first.
    if (it->second.end_asked <= kept_sequence) SendEnd(it->second, now);
  }
}

void NodeManagerCore::Machine::ForgetProcess(Container& container) {
  container.has_process = false;
  container.signal_deadline = kNever;
  container.signal_waits = false;
}

void NodeManagerCore::Machine::Terminate(Container& container, Now now) {
  if (container.stop->cause == StopCause::kForcefulShutdown) {
    actions.push_back(Signal{container.token.id, SignalKind::kKill});
    container.signal_deadline = now.monotonic + options.sigkill_repeat;
    return;
  }
  actions.push_back(Signal{container.token.id, SignalKind::kTerminate});
  container.signal_deadline = now.monotonic + options.sigkill_delay;
}

void NodeManagerCore::Machine::OnLocalized(const ContainerId& id, Now now) {
  Container* container = FindOrReport(id, Trigger::kLocalized);
  if (container == nullptr || !Fire(*container, Trigger::kLocalized)) return;
  if (container->state == State::kScheduled) {
    actions.push_back(Launch{id, container->indices});
    return;
  }
  CompleteStopped(*container, now);
  actions.push_back(CleanUp{id});
}

void NodeManagerCore::Machine::OnLocalizationFailed(const LocalizationFailed& event, Now now) {
  const auto& [id, error, of_node] = event;
  Container* container = FindOrReport(id, Trigger::kLocalizationFailed);
  if (container == nullptr || !Fire(*container, Trigger::kLocalizationFailed, error.ToString())) {
    return;
  }
  if (container->stop) {
    CompleteStopped(*container, now);
  } else {
    if (of_node) health.OnLaunchFailed(error.ToString(), now);
    Complete(
        *container, of_node ? DescribeNodeFault(error) : DescribeLocalizationFailure(error), now);
  }
  actions.push_back(CleanUp{id});
}

// No change of state: a report that was overtaken by one is of no interest any more.
void NodeManagerCore::Machine::OnLocalizationProgress(const LocalizationProgress& event) {
  const auto it = containers.find(event.id);
  if (it == containers.end() || it->second.state != State::kLocalizing) return;
  it->second.status.detail = event.detail;
}

void NodeManagerCore::Machine::OnLaunched(const ContainerId& id, Now now) {
  Container* container = FindOrReport(id, Trigger::kLaunched);
  if (container == nullptr || !Fire(*container, Trigger::kLaunched)) return;
  container->has_process = true;
  health.OnLaunched();
  container->launched = true;
  Record(*container);
  if (container->state == State::kKilling) return EndWhenKept(*container, now);
  container->status.state = ContainerState::kRunning;
  AnswerWatchers(id);
}

void NodeManagerCore::Machine::OnLaunchFailed(const LaunchFailed& event, Now now) {
  const auto& [id, error, of_node] = event;
  Container* container = FindOrReport(id, Trigger::kLaunchFailed);
  if (container == nullptr || !Fire(*container, Trigger::kLaunchFailed, error.ToString())) return;
  ForgetProcess(*container);
  if (container->stop) {
    CompleteStopped(*container, now);
  } else {
    if (of_node) health.OnLaunchFailed(error.ToString(), now);
    Complete(*container, of_node ? DescribeNodeFault(error) : DescribeLaunchFailure(error), now);
  }
  actions.push_back(CleanUp{id});
}

void NodeManagerCore::Machine::OnExited(const ContainerId& id, const ExitOutcome& outcome) {
  const bool success = outcome.kind == ExitKind::kExited && outcome.value == 0;
  const Trigger trigger = success ? Trigger::kExitSuccess : Trigger::kExitFailure;
  Container* container = FindOrReport(id, trigger);
  if (container == nullptr || !Fire(*container, trigger)) return;
  container->outcome = outcome;
}

void NodeManagerCore::Machine::OnDrained(const ContainerId& id, Now now) {
  Container* container = FindOrReport(id, Trigger::kDrained);
  if (container == nullptr) return;
  const ExitOutcome lost{.kind = ExitKind::kLost};
  ExitCause cause = DescribeExit(container->outcome.value_or(lost), container->token.resource);
  if (Retry(*container, cause, now) || !Fire(*container, Trigger::kDrained)) return;
  ForgetProcess(*container);
  if (container->stop) {
    CompleteStopped(*container, now);
  } else {
    // What it had no memory left for has not ended because somebody asked it to.
    const bool obeyed = container->asked && cause.exit_code != exit_code::kPhysicalMemoryExceeded;
    if (obeyed) cause = EndAsAsked(*container, now);
    Complete(*container, std::move(cause), now);
  }
  actions.push_back(CleanUp{id});
}

ExitCause NodeManagerCore::Machine::EndAsAsked(const Container& container, Now now) const {
  return DescribeStop(StopCause::kGracefulShutdown,
                      container.asked->words,
                      container.outcome.value_or(ExitOutcome{.kind = ExitKind::kLost}),
                      now.monotonic - container.asked->asked,
                      options.sigkill_delay);
}

void NodeManagerCore::Machine::OnCleanedUp(const ContainerId& id, Now now) {
  Container* container = FindOrReport(id, Trigger::kCleanedUp);
  if (container == nullptr) return;
  if (!Fire(*container, Trigger::kCleanedUp, EndDetail(container->status))) return;
  ForgetIfSettled(id, now);
  FinishApplications();
}

// Told by a thread of its own: the container may have ended meanwhile.
void NodeManagerCore::Machine::OnExcessLogs(const ExcessLogs& event, Now now) {
  const auto it = containers.find(event.id);
  if (it == containers.end() || it->second.complete()) return;
  StopOne(it->second, StopCause::kExcessLogs, now, event.words);
}

void NodeManagerCore::Machine::CompleteStopped(Container& container, Now now) {
  Complete(container,
           DescribeStop(container.stop->cause,
                        container.stop->words,
                        container.outcome,
                        now.monotonic - container.stop->asked,
                        options.sigkill_delay),
           now);
}

void NodeManagerCore::Machine::Complete(Container& container, ExitCause cause, Now now) {
  container.status.state = ContainerState::kComplete;
  container.status.exit_code = cause.exit_code;
  container.status.diagnostics = WithRetries(std::move(cause.diagnostics), container.retry);
  container.finished = now.wall;
  container.launch.reset();
  RefuseResizeOfEnded(container);
  const int64_t record = Record(container);
  // What was never launched has left nothing else on the disk: without this record the next
  // NodeManager would launch it, although its end was told.
  if (!container.launched && record > kept_sequence) {
    container.end_record = record;
    ending.emplace(record, container.token.id);
  } else {
    AnswerWatchers(container.token.id);
  }
}

// A container whose end is recorded and whose directories are gone is only remembered, so that its
// token cannot start it a second time.
void NodeManagerCore::Machine::ForgetIfSettled(const ContainerId& id, Now now) {
  const auto it = containers.find(id);
  if (it == containers.end() || it->second.state != State::kDone || !it->second.recorded) return;
  PruneRemembered(now);
  // Its notes go once that is on the disk: without them, and with an older record, the next
  // NodeManager would launch it again.
  forgetting.emplace(Record(it->second), id);
  Drop(LaunchKey(id));
  if (!options.indexed.empty() || !it->second.indices.empty()) Drop(IndicesKey(id));
  Remembered memory{it->second.token.expires, std::move(it->second.status)};
  if (memory.status.diagnostics.size() > kRememberedDiagnostics) {
    memory.status.diagnostics.resize(kRememberedDiagnostics);
  }
  containers.erase(it);
  remembered[id] = std::move(memory);
}

void NodeManagerCore::Machine::PruneRemembered(Now now) {
  std::erase_if(remembered, [&](const auto& entry) {
    if (entry.second.until >= rm.RmWall(now)) return false;
    Drop(ContainerKey(entry.first));
    return true;
  });
}

void NodeManagerCore::Machine::FinishApplications() {
  if (finishing.empty()) return;
  std::set<ApplicationId> present;
  for (const auto& [id, container] : containers) {
    if (container.state != State::kDone) present.insert(id.attempt.application);
  }
  for (auto it = finishing.begin(); it != finishing.end();) {
    if (present.contains(*it)) {
      ++it;
      continue;
    }
    applications.erase(*it);
    actions.push_back(CleanUpApplication{*it});
    it = finishing.erase(it);
  }
}

}  // namespace weir::nm
