// Containers: from the scheduler's decision to the moment their resource is free again.
//
// A container of which nobody was told is freed at once. Otherwise its node has to report it
// COMPLETE: the stop command is repeated until then, and a node that never saw it reports it too
// (and refuses a start that is still on its way). Should the node never do so, the container is
// freed when its token can no longer start it.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

ContainerStatus Ended(const Container& container, std::string why) {
  return {.id = container.id,
          .state = ContainerState::kComplete,
          .exit_code = exit_code::kAborted,
          .diagnostics = std::move(why),
          .resource = container.resource};
}

}  // namespace

Container* ResourceManagerCore::State::FindContainer(const ContainerId& id) {
  const auto found = container_slots.find(id);
  if (found == container_slots.end()) return nullptr;
  return &containers[static_cast<size_t>(found->second.value)];
}

const Container* ResourceManagerCore::State::FindContainer(const ContainerId& id) const {
  const auto found = container_slots.find(id);
  if (found == container_slots.end()) return nullptr;
  return &containers[static_cast<size_t>(found->second.value)];
}

bool ResourceManagerCore::State::Move(Container& container, ContainerEvent event) {
  return Apply(ContainerTransitions(),
               "container",
               container.id.ToString(),
               container.state,
               event,
               "node=" + container.node.uuid);
}

void ResourceManagerCore::State::Charge(Application& application) {
  const int64_t elapsed = ToMillis(now.monotonic - application.charged_until);
  if (elapsed <= 0) return;
  application.memory_mib_ms += application.allocated.memory_mib * elapsed;
  application.vcore_ms += application.allocated.vcores * elapsed;
  application.charged_until += milliseconds(elapsed);
}

void ResourceManagerCore::State::OnAllocation(const scheduler::Allocation& allocation) {
  const AttemptId attempt_id = application_slots[static_cast<size_t>(allocation.application.value)];
  Application& application = *FindApplication(attempt_id.application);
  ApplicationAttempt& attempt = *FindAttempt(attempt_id);
  Node& node = *FindNode(sched->node_id(allocation.node));

  const auto index = static_cast<size_t>(allocation.container.value);
  if (containers.size() <= index) containers.resize(index + 1);
  Container& container = containers[index];
  container = {};
  container.id = ContainerId::Make(attempt_id, epoch.epoch, attempt.next_container++);
  container.held = true;
  container.node = node.id();
  container.resource = allocation.resource;
  container.request_id = allocation.request_id;
  container.priority = allocation.priority;
  container.started = now.wall;
  container_slots.emplace(container.id, allocation.container);
  Move(container, ContainerEvent::kStart);

  Charge(application);
  application.allocated += container.resource;
  ++application.held_containers;
  application.nodes.insert(node.id());
  attempt.containers.insert(container.id);
  node.containers.insert(container.id);
  launch_deadlines.Set(container.id, now.monotonic + options.launch_expiry);
  Touch(application);
  if (container.is_application_master()) {
    OnMasterAllocated(application, attempt, container);
    return;
  }
  attempt.grants.emplace(container.id, kUntold);
  dirty_masters.insert(attempt.id);
}

void ResourceManagerCore::State::NoteTold(Container& container) {
  if (!container.told) {
    container.told = true;
    container.token_expires =
        now.wall + std::chrono::duration_cast<milliseconds>(options.container_token_life);
    container.token_deadline = now.monotonic + options.container_token_life;
  }
  Move(container, ContainerEvent::kAcquired);
}

ContainerTokenIdentifier ResourceManagerCore::State::TokenOf(const Container& container) const {
  return {.id = container.id,
          .node = container.node,
          .resource = container.resource,
          .user = FindApplication(container.id.attempt.application)->record.user,
          .expires = container.token_expires,
          .epoch = epoch.epoch,
          .node_session = FindNode(container.node)->session};
}

void ResourceManagerCore::State::OnLaunchDeadline(const ContainerId& id) {
  Container* container = FindContainer(id);
  if (container == nullptr) return;
  if (container->stopping) {
    FreeContainer(id, Ended(*container, "Never started; its token has expired"));
    return;
  }
  StopContainer(*container, ContainerEvent::kExpire, StopReason::kKilledByResourceManager);
  if (!id.is_application_master()) return;
  ApplicationAttempt& attempt = *FindAttempt(id.attempt);
  if (IsFinal(attempt.state) || attempt.state == RmAttemptState::kFinishing) return;
  FailAttempt(*FindApplication(id.attempt.application),
              attempt,
              {.event = AttemptEvent::kContainerFinished,
               .exit_code = exit_code::kAborted,
               .diagnostics = "AM container " + id.ToString() + " was not started within " +
                              std::to_string(ToMillis(options.launch_expiry)) + " ms",
               .counted = false});
}

void ResourceManagerCore::State::StopContainer(Container& container,
                                               ContainerEvent event,
                                               StopReason reason) {
  if (!Move(container, event)) return;
  if (!container.told) {
    FreeContainer(container.id, Ended(container, "Given back before anybody was told of it"));
    return;
  }
  container.stopping = true;
  container.stop_reason = reason;
  Node& node = *FindNode(container.node);
  node.starts.erase(container.id);
  node.stops.insert_or_assign(container.id, Node::Stop{.reason = reason, .told = false});
  dirty_nodes.insert(node.id());
  if (ApplicationAttempt* attempt = FindAttempt(container.id.attempt)) {
    attempt->grants.erase(container.id);
  }
  if (!container.at_node) {
    // Clocks of nodes differ a little from ours: the node's expiry time is ample.
    launch_deadlines.Set(container.id,
                         std::max(container.token_deadline, now.monotonic) + options.node_expiry);
  } else {
    launch_deadlines.Clear(container.id);
  }
}

void ResourceManagerCore::State::FreeContainer(const ContainerId& id, ContainerStatus status) {
  const auto slot = container_slots.at(id);
  Container& entry = containers[static_cast<size_t>(slot.value)];
  const Container container = entry;
  Application& application = *FindApplication(id.attempt.application);
  ApplicationAttempt& attempt = *FindAttempt(id.attempt);
  Node& node = *FindNode(container.node);
  status.state = ContainerState::kComplete;
  status.resource = container.resource;
  status.diagnostics = CutMiddle(std::move(status.diagnostics), limits::kDiagnosticsBytes);

  ContainerReport report = MakeReport(container);
  report.state = ContainerState::kComplete;
  report.exit_code = status.exit_code;
  report.diagnostics = status.diagnostics;
  report.finished = now.wall;
  application.ended.push_back(std::move(report));
  if (application.ended.size() > kEndedContainersKept) {
    const ContainerId& oldest = application.ended.front().id;
    if (ApplicationAttempt* its = FindAttempt(oldest.attempt)) its->completed.erase(oldest);
    application.ended.pop_front();
  }

  Charge(application);
  application.allocated -= container.resource;
  --application.held_containers;
  sched->Release(slot);
  place = true;
  container_slots.erase(id);
  entry.held = false;
  attempt.containers.erase(id);
  attempt.grants.erase(id);
  node.containers.erase(id);
  node.starts.erase(id);
  node.stops.erase(id);
  launch_deadlines.Clear(id);

  if (id.is_application_master()) {
    if (!IsFinal(attempt.state)) {
      OnMasterContainerEnded(application, attempt, status);
    } else {
      Move(attempt, AttemptEvent::kContainerFinished);
    }
  } else if (container.told && attempt.state == RmAttemptState::kRunning) {
    attempt.completed.insert(id);
    attempt.completions.insert_or_assign(
        id, ApplicationAttempt::Completion{.status = std::move(status), .told_in = kUntold});
    dirty_masters.insert(attempt.id);
  }
  LeaveSchedulerIfEmpty(attempt);
  if (application.final_durable) TellNodeFinished(node, application.id());
  maybe_done.insert(application.id());
  Touch(application);
}

void ResourceManagerCore::State::AskAgain(const Container& container) {
  ApplicationAttempt& attempt = *FindAttempt(container.id.attempt);
  const Application& application = *FindApplication(container.id.attempt.application);
  if (!attempt.slot || attempt.state != RmAttemptState::kRunning ||
      application.state != RmApplicationState::kRunning) {
    return;
  }
  ContainerAsk ask{.request_id = container.request_id,
                   .priority = container.priority,
                   .count = 0,
                   .resource = container.resource};
  for (const auto& pending : sched->pending(*attempt.slot)) {
    if (pending.ask.request_id == container.request_id) ask = pending.ask;
  }
  ++ask.count;
  sched->SetAsk(*attempt.slot, ask);
  place = true;
}

void ResourceManagerCore::State::OnReported(Node& node, const ContainerStatus& status) {
  Container* container = FindContainer(status.id);
  if (container == nullptr || container->node != node.id()) {
    OnStrangerReported(node, status);
    return;
  }
  if (!container->told) {
    // Nobody could start it: the node made the id up.
    Move(*container, ContainerEvent::kLaunched);
    return;
  }
  if (status.state == ContainerState::kComplete) {
    container->reported = ContainerState::kComplete;
    Move(*container, ContainerEvent::kFinished);
    node.recorded.insert_or_assign(status.id, kUntold);
    FreeContainer(status.id, status);
    dirty_nodes.insert(node.id());
    return;
  }
  Move(*container, ContainerEvent::kLaunched);
  node.starts.erase(container->id);
  launch_deadlines.Clear(container->id);
  const bool runs_now =
      status.state == ContainerState::kRunning && container->reported != ContainerState::kRunning;
  if (runs_now) container->reported = ContainerState::kRunning;
  container->at_node = true;
  Application& application = *FindApplication(status.id.attempt.application);
  if (runs_now) Touch(application);
  if (runs_now && container->is_application_master()) {
    OnMasterRunning(application, *FindAttempt(status.id.attempt));
  }
}

void ResourceManagerCore::State::OnStrangerReported(Node& node, const ContainerStatus& status) {
  const Application* application = FindApplication(status.id.attempt.application);
  const bool over = application == nullptr || IsOver(application->state);
  dirty_nodes.insert(node.id());
  if (status.state == ContainerState::kComplete) {
    node.strangers.erase(status.id);
    node.stops.erase(status.id);
    node.recorded.insert_or_assign(status.id, kUntold);
    if (over) TellNodeFinished(node, status.id.attempt.application);
    return;
  }
  node.strangers.insert(status.id);
  const StopReason reason =
      over ? StopReason::kApplicationEnded : StopReason::kKilledByResourceManager;
  node.stops.try_emplace(status.id, Node::Stop{.reason = reason, .told = false});
}

}  // namespace weir::rm
