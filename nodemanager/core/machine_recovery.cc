#include <algorithm>
#include <utility>

#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

ContainerStatus StatusIn(const ContainerRecord& record) {
  return {.id = record.token.id,
          .state = ContainerState::kComplete,
          .exit_code = record.exit_code,
          .diagnostics = record.diagnostics,
          .resource = record.token.resource};
}

bool IsOver(const ContainerRecord& record) {
  return record.phase == RecordedPhase::kComplete || record.phase == RecordedPhase::kForgotten;
}

}  // namespace

void NodeManagerCore::Machine::Recover(const Recovery& recovery, Now now) {
  bool lives = false;
  for (const RecoveredContainer& one : recovery.containers) lives = lives || !IsOver(one.record);
  if (recovery.conversation) {
    conversation = *recovery.conversation;
    // Without a container of that epoch here, an RM that begins anew is as good as any.
    rm.Resume(conversation.first_session, lives ? conversation.epoch : Epoch{});
    lease.SetLength(conversation.lease);
    lease.Heard(Instant(conversation.heard));
  }
  applications.insert(recovery.applications.begin(), recovery.applications.end());
  for (const ContainerStatus& status : recovery.ended) {
    RecoverEnded(
        status, now.wall + std::chrono::duration_cast<milliseconds>(options.remember_stops), now);
  }
  for (const RecoveredContainer& one : recovery.containers) RecoverOne(one, now);
  // What it holds may be more than its configuration offers by now.
  RaiseMost(used());
}

void NodeManagerCore::Machine::RecoverEnded(const ContainerStatus& status,
                                            WallTime expires,
                                            Now now) {
  Container& container = containers[status.id];
  container.token.id = status.id;
  container.token.node = options.id;
  container.token.resource = status.resource;
  container.token.expires = expires;
  container.state = State::kDone;
  container.status = status;
  container.status.state = ContainerState::kComplete;
  container.finished = now.wall;
  Record(container);
}

void NodeManagerCore::Machine::RecoverOne(const RecoveredContainer& one, Now now) {
  const ContainerRecord& record = one.record;
  const ContainerId& id = record.token.id;
  // What was wanted of it came to nothing.
  if (one.resize && IsOver(record)) Drop(ResizeKey(id));
  if (record.phase == RecordedPhase::kForgotten) {
    remembered[id] = {record.token.expires, StatusIn(record)};
    return;
  }
  Container& container = Add(record.token, now);
  container.started = record.started;
  if (one.launch) container.retry = RetryLedger(one.launch->retry);
  container.retry.Resume(one.found.retry.value_or(record.retries), now.monotonic);
  container.on_lease_end = record.on_lease_end;
  container.indices = one.indices;
  container.launched =
      record.phase == RecordedPhase::kLaunched || one.found.found != Found::kNothing;
  if (record.phase == RecordedPhase::kComplete) {
    container.state = State::kDone;
    container.status = StatusIn(record);
    container.finished = record.finished;
    return;
  }
  applications.insert(id.attempt.application);
  const bool started = container.launched;
  if (started && Fire(container, Trigger::kReacquire)) {
    container.has_process = true;
    container.status.state = ContainerState::kRunning;
    LaunchContext launch = one.launch.value_or(LaunchContext{});
    if (launch.command.empty()) launch.command = {"its command"};  // for messages
    actions.push_back(
        Reacquire{record.token, std::move(launch), one.found.found == Found::kRunning});
  } else if (!record.stop && !StartAnew(container, one, now)) {
    return;
  }
  if (record.stop) RecoverStop(container, *record.stop, now);
  if (one.resize) container.resizing = Resizing{one.resize->number, one.resize->resource};
  if (one.found.found == Found::kRunning) return ResumeResize(container);
  if (!started) return;
  // It has ended while nobody looked; or nothing is known of it although it was started.
  if (one.found.failure) {
    return OnLaunchFailed({id, *one.found.failure, one.found.of_node}, now);
  }
  OnExited(id, one.found.outcome.value_or(ExitOutcome{.kind = ExitKind::kLost}));
  OnDrained(id, now);
  ResumeResize(container);
}

// One that was never launched. False when that is its end.
bool NodeManagerCore::Machine::StartAnew(Container& container,
                                         const RecoveredContainer& one,
                                         Now now) {
  if (!Fire(container, Trigger::kStart)) return false;
  const auto fail = [&](ErrorCode code, const char* cause, bool of_node) {
    OnLocalizationFailed({container.token.id, {code, cause, ""}, of_node}, now);
    return false;
  };
  if (lease.heard() == Instant::min()) {
    return fail(ErrorCode::kAborted, "the machine was started again before it was launched", false);
  }
  if (!one.launch) {
    return fail(ErrorCode::kCorruption, "the record of its launch context is damaged", true);
  }
  if (LacksIndices(container)) {
    return fail(ErrorCode::kCorruption, "there is no record of its indices", true);
  }
  container.launch = one.launch;
  return true;
}

void NodeManagerCore::Machine::RecoverStop(Container& container,
                                           const RecordedStop& stop,
                                           Now now) {
  // For how long it has been asked to end: the wall clock is all that is known of the past.
  const auto ago = std::max<milliseconds>(now.wall - stop.asked, milliseconds(0));
  const Instant asked = now.monotonic - ago;
  if (stop.cause == StopCause::kGracefulShutdown) {
    AskToEnd(container, {stop.words, asked, stop.asked}, now);
  } else {
    StopOne(container, stop.cause, now, stop.words);
  }
  if (container.signal_waits) SendEnd(container, now);  // it is written down
  if (!container.stop) return;
  container.stop->asked = asked;
  container.stop->asked_wall = stop.asked;
  // It is on the disk: whoever comes next would end it in the same way.
  if (ending.erase(container.end_record) > 0) TellEnd(container.token.id);
}

// Whether the earlier NodeManager came to change its limits is not known: they are changed again.
void NodeManagerCore::Machine::ResumeResize(const Container& container) {
  if (!container.resizing) return;
  actions.push_back(Resize{container.token.id,
                           container.resizing->number,
                           container.resizing->resource,
                           container.has_process});
}

}  // namespace weir::nm
