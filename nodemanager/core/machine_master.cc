#include <algorithm>
#include <utility>

#include "common/cut_to_fit.h"
#include "common/limits.h"
#include "nodemanager/core/machine.h"

namespace weir::nm {

void NodeManagerCore::Machine::Note(std::string what) {
  if (!what.empty()) actions.push_back(ConversationChanged{std::move(what)});
}

void NodeManagerCore::Machine::OnRegistered(const Registered& event, Now now) {
  const int64_t before = rm.session();
  Note(rm.OnRegistered(event.answer, now));
  if (rm.session() == before) return;
  lease.SetLength(event.answer.lease > Duration{0} ? event.answer.lease : event.answer.expiry);
  UpdateLease();
  for (auto& [number, outcome] : outcomes) outcome.told_in = 0;
  for (auto& [id, container] : containers) Prepare(container, now);
}

void NodeManagerCore::Machine::OnAnswered(const HeartbeatAnswered& event, Now now) {
  if (!rm.OnAnswer(event.session, event.sequence, event.answer, now)) return;
  UpdateLease();
  ForgetOutcomes(event.sequence);
  if (event.answer.capacity) RaiseMost(*event.answer.capacity);
  for (const StopContainerCommand& command : event.answer.stop) OnStopCommand(command, now);
  for (const ResizeContainerCommand& command : event.answer.resize) OnResizeCommand(command);
  for (const SignalContainerCommand& command : event.answer.signal) OnSignalCommand(command, now);
  for (const StartContainerCommand& command : event.answer.start) OnStartCommand(command, now);
  for (const ContainerId& id : event.answer.completions_recorded) OnRecorded(id, now);
  for (const ApplicationId& id : event.answer.applications_finished) finishing.insert(id);
  FinishApplications();
}

void NodeManagerCore::Machine::RaiseMost(const Resource& capacity) {
  most = LargerParts(most, capacity);
}

void NodeManagerCore::Machine::OnStartCommand(const StartContainerCommand& command, Now now) {
  // A repeated command; or one that was overtaken by the end of its container.
  if (remembered.contains(command.token.id)) return;
  if (const auto known = containers.find(command.token.id); known != containers.end()) {
    Fire(known->second, Trigger::kStart);
    return;
  }
  const Status status = MayStart(command.token, command.launch, now);
  if (status.ok()) {
    Begin(command.token, command.launch, now);
    return;
  }
  Container& container = Add(command.token, now);
  if (Fire(container, Trigger::kRefuse, status.error().ToString())) {
    Complete(container, DescribeRefusal(status.error()), now);
  }
}

void NodeManagerCore::Machine::OnStopCommand(const StopContainerCommand& command, Now now) {
  const StopCause cause = CauseOf(command.reason);
  if (const auto it = containers.find(command.id); it != containers.end()) {
    StopOne(it->second, cause, now);
    return;
  }
  if (const auto it = remembered.find(command.id); it != remembered.end()) {
    // The RM asks although it once recorded the end: it is told again.
    Container& container = containers[command.id];
    container.token.id = command.id;
    container.token.node = options.id;
    container.token.resource = it->second.status.resource;
    container.token.expires = it->second.until;
    container.state = State::kDone;
    container.status = std::move(it->second.status);
    container.finished = now.wall;
    remembered.erase(it);
    return;
  }
  // Never started here. Its token must not start it later, and the RM waits for its end.
  ContainerTokenIdentifier token;
  token.id = command.id;
  token.node = options.id;
  token.expires = rm.RmWall(now) + std::chrono::duration_cast<milliseconds>(options.remember_stops);
  StopOne(Add(token, now), cause, now);
}

void NodeManagerCore::Machine::OnRecorded(const ContainerId& id, Now now) {
  const auto it = containers.find(id);
  if (it == containers.end() || !it->second.complete()) return;
  it->second.recorded = true;
  ForgetIfSettled(id, now);
}

// All, for a registration; or those whose public state changed since they were last told.
std::vector<ContainerStatus> NodeManagerCore::Machine::Statuses(bool only_changed) {
  std::vector<ContainerStatus> statuses;
  for (auto& [id, container] : containers) {
    if (container.recorded) continue;
    ContainerStatus shown = container.Shown();
    const bool known = container.told == shown.state && container.told_detail == shown.detail &&
                       container.told_resource == shown.resource;
    if (only_changed && known) continue;
    container.told = shown.state;
    container.told_detail = shown.detail;
    container.told_resource = shown.resource;
    statuses.push_back(std::move(shown));
  }
  // Whatever has ended while no ResourceManager listened is told in one message.
  std::vector<std::string*> words;
  for (ContainerStatus& status : statuses) words.push_back(&status.diagnostics);
  CutToFit(words, limits::kFrameBytes / 4);
  return statuses;
}

// That a container was accepted is no news: it goes along with the next heartbeat.
bool NodeManagerCore::Machine::HasNews() const {
  if (!health_told || HasUntoldOutcome()) return true;
  for (const auto& [id, container] : containers) {
    if (container.recorded || container.end_record != 0) continue;
    const bool state =
        container.told != container.status.state && container.status.state != ContainerState::kNew;
    // Words that are no longer true go along with the state that has come after them.
    const bool detail =
        !container.status.detail.empty() && container.told_detail != container.status.detail;
    if (state || detail) return true;
  }
  return false;
}

void NodeManagerCore::Machine::OnShutDown(bool keep_containers, Now now) {
  if (shutdown) return;
  shutdown = ShuttingDown{.containers_deadline = now.monotonic + options.shutdown_wait};
  if (keep_containers) {
    shutdown->unregistering = true;
    rm.Close();
    actions.push_back(Stopped{});
    return;
  }
  for (auto& [id, container] : containers) {
    StopOne(container, StopCause::kNodeManagerStopping, now);
  }
}

void NodeManagerCore::Machine::PumpShutdown(Now now) {
  if (!shutdown) return;
  if (shutdown->unregistering) return;
  bool ended = true;
  for (const auto& [id, container] : containers) {
    ended = ended && container.state == State::kDone;
  }
  if (shutdown->recording_deadline == kNever) {
    if (!ended && now.monotonic < shutdown->containers_deadline) return;
    shutdown->containers_deadline = kNever;
    shutdown->recording_deadline = now.monotonic + options.recording_wait;
  }
  const bool in_time = now.monotonic < shutdown->recording_deadline;
  // A registration under way may have reached the RM: then leave is to be taken.
  if (rm.registering() && in_time) return;
  // Ended and recorded ones are gone.
  if (!containers.empty() && rm.registered() && in_time) return;
  shutdown->unregistering = true;
  if (rm.registered()) {
    actions.push_back(SendUnregister{rm.session()});
  } else {
    actions.push_back(Stopped{});
  }
  rm.Close();
}

}  // namespace weir::nm
