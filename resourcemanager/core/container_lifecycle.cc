// Containers: from the scheduler's decision to the moment their resource is free again.
//
// A container of which nobody was told is freed at once. Otherwise its node has to report it
// COMPLETE: the stop command is repeated until then, and a node that never saw it reports it too
// (and refuses a start that is still on its way). Should the node never do so, the container is
// freed when its token can no longer start it.
#include <algorithm>
#include <limits>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kLaunchDeadlinesPerStep = 1000;

}  // namespace

const Resource& ResourceManagerCore::State::ResourceOf(ContainerSlot slot) const {
  return sched->resource(sched->placement(slot).shape);
}

ContainerStatus ResourceManagerCore::State::EndedStatus(ContainerSlot slot, std::string why) const {
  return {.id = containers.IdOf(slot),
          .state = ContainerState::kComplete,
          .exit_code = exit_code::kAborted,
          .diagnostics = std::move(why),
          .resource = ResourceOf(slot)};
}

bool ResourceManagerCore::State::Move(ContainerSlot slot, ContainerEvent event) {
  Container& container = containers.at(slot);
  const auto about = [&] {
    return std::pair{Subject(containers.IdOf(slot)), NodeAt(container.node).words};
  };
  return Apply(container_transitions, "container", container.state, event, about);
}

void ResourceManagerCore::State::OnAllocation(const scheduler::Allocation& allocation) {
  const AttemptId attempt_id = containers.AttemptOf(allocation.application);
  Application& application = *FindApplication(attempt_id.application);
  ApplicationAttempt& attempt = *FindAttempt(attempt_id);
  Node& node = NodeAt(node_slots[static_cast<size_t>(allocation.node.value)]);
  const ContainerSlot slot = allocation.container;

  const ContainerId id = ContainerId::Make(attempt_id, epoch.epoch, attempt.next_container++);
  Container& container = containers.Add(slot, allocation.application, id);
  container.node = node.index;
  container.awaited = true;
  Move(slot, ContainerEvent::kStart);
  Hold(application, attempt, node, slot, Where::kLast);
  containers.Append(awaited, &Container::of_awaited, slot);
  if (container.is_application_master()) {
    OnMasterAllocated(application, attempt, slot);
    return;
  }
  if (attempt.first_grant < 0) attempt.first_grant = slot.value;
  if (attempt.first_untold < 0) attempt.first_untold = slot.value;
  MarkDirty(attempt);
}

void ResourceManagerCore::State::Hold(Application& application,
                                      ApplicationAttempt& attempt,
                                      Node& node,
                                      ContainerSlot slot,
                                      Where in_attempt) {
  Container& container = containers.at(slot);
  container.granted = now.monotonic;
  container.started = now.wall;
  Charge(application);
  application.allocated += ResourceOf(slot);
  ++application.held_containers;
  application.nodes.Insert(node.index);
  if (in_attempt == Where::kLast) {
    containers.Append(attempt.containers, &Container::of_attempt, slot);
  } else {
    containers.Prepend(attempt.containers, &Container::of_attempt, slot);
  }
  containers.Append(node.containers, &Container::of_node, slot);
  if (usage_deadline == kNever) usage_deadline = now.monotonic + options.usage_interval;
  Touch(application);
}

void ResourceManagerCore::State::NoteTold(ContainerSlot slot) {
  Container& container = containers.at(slot);
  if (!container.told) {
    container.told = true;
    container.token_expires =
        now.wall + std::chrono::duration_cast<milliseconds>(options.container_token_life);
    // Rounded up, so that the deadline is never early.
    const int64_t after =
        std::chrono::ceil<milliseconds>(now.monotonic - container.granted).count();
    container.told_after_ms =
        static_cast<uint32_t>(std::clamp<int64_t>(after, 0, std::numeric_limits<uint32_t>::max()));
  }
  Move(slot, ContainerEvent::kAcquired);
}

Instant ResourceManagerCore::State::TokenDeadline(const Container& container) const {
  return container.granted + milliseconds(container.told_after_ms) + options.container_token_life;
}

ContainerTokenIdentifier ResourceManagerCore::State::TokenOf(ContainerSlot slot) const {
  const Container& container = containers.at(slot);
  const ContainerId id = containers.IdOf(slot);
  const Node& node = NodeAt(container.node);
  return {.id = id,
          .node = node.id(),
          .resource = ResourceOf(slot),
          .user = FindApplication(id.attempt.application)->record.user,
          .expires = container.token_expires,
          .epoch = epoch.epoch,
          .node_session = node.session};
}

Instant ResourceManagerCore::State::NextLaunchDeadline() const {
  if (awaited.empty()) return kNever;
  return containers.at({awaited.first}).granted + options.launch_expiry;
}

void ResourceManagerCore::State::OnLaunchDeadlines() {
  for (size_t i = 0; i < kLaunchDeadlinesPerStep && NextLaunchDeadline() <= now.monotonic; ++i) {
    OnLaunchDeadline({awaited.first});
  }
  for (const ContainerSlot slot : stop_deadlines.TakeDue(now.monotonic, kLaunchDeadlinesPerStep)) {
    FreeContainer(slot, EndedStatus(slot, "Never started; its token has expired"));
  }
}

void ResourceManagerCore::State::OnLaunchDeadline(ContainerSlot slot) {
  const ContainerId id = containers.IdOf(slot);
  // Its master did not hear of it, so it has not given up what it asked for.
  if (!containers.at(slot).told && !id.is_application_master()) AskAgain(slot);
  StopContainer(slot, ContainerEvent::kExpire, StopReason::kKilledByResourceManager);
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

void ResourceManagerCore::State::StopAwaiting(ContainerSlot slot) {
  Container& container = containers.at(slot);
  if (!container.awaited) return;
  container.awaited = false;
  containers.Unlink(awaited, &Container::of_awaited, slot);
}

void ResourceManagerCore::State::StopContainer(ContainerSlot slot,
                                               ContainerEvent event,
                                               StopReason reason) {
  if (!Move(slot, event)) return;
  StopAwaiting(slot);
  Container& container = containers.at(slot);
  if (!container.told) {
    FreeContainer(slot, EndedStatus(slot, "Given back before anybody was told of it"));
    return;
  }
  container.stopping = true;
  container.set_stop_reason(reason);
  const ContainerId id = containers.IdOf(slot);
  Node& node = NodeAt(container.node);
  node.starts.erase(id);
  node.stops.insert_or_assign(id, Node::Stop{.reason = reason, .told = false});
  MarkDirty(node);
  if (!container.at_node) {
    // Clocks of nodes differ a little from ours: the node's expiry time is ample.
    stop_deadlines.Set(slot,
                       std::max(TokenDeadline(container), now.monotonic) + options.node_expiry);
  }
}

void ResourceManagerCore::State::DropGrant(ApplicationAttempt& attempt, ContainerSlot slot) {
  const int32_t next = containers.at(slot).of_attempt.next;
  if (attempt.first_grant == slot.value) attempt.first_grant = next;
  if (attempt.first_untold == slot.value) attempt.first_untold = next;
}

void ResourceManagerCore::State::KeepEnded(Application& application,
                                           EndedContainer end,
                                           const ContainerId& id) {
  if (ended.insert_or_assign(id, std::move(end)).second) ++application.ended;
  ended_order.push_back(id);
  if (application.ended > kEndedContainersKept) {
    ForgetEnded(ContainerId(ended.lower_bound(ContainerId{{application.id(), 0}, 0})->first));
  }
  while (ended_order.size() > kEndedContainersKeptAll) {
    const ContainerId oldest = ended_order.front();
    ended_order.pop_front();
    ForgetEnded(oldest);
  }
}

void ResourceManagerCore::State::ForgetEnded(const ContainerId& id) {
  if (ended.erase(id) > 0) --FindApplication(id.attempt.application)->ended;
}

void ResourceManagerCore::State::FreeContainer(ContainerSlot slot, ContainerStatus status) {
  const ContainerId id = containers.IdOf(slot);
  Application& application = *FindApplication(id.attempt.application);
  // Whose it was, and of an AM whose attempt it was; they differ for what was taken over.
  ApplicationAttempt& owner = *FindAttempt(containers.AttemptOf(containers.at(slot).application));
  ApplicationAttempt& attempt = *FindAttempt(id.attempt);
  Node& node = NodeAt(containers.at(slot).node);
  const bool was_told = containers.at(slot).told;
  status.state = ContainerState::kComplete;
  status.resource = SizeOf(slot);
  DropCommands(slot, status.diagnostics);
  const bool was_preempted =
      containers.at(slot).stopping && containers.at(slot).stop_reason() == StopReason::kPreempted;
  if (was_preempted && status.exit_code == exit_code::kAborted) {
    status.exit_code = exit_code::kPreempted;
  }
  const bool of_application = containers.at(slot).stop_reason() != StopReason::kNodeDecommissioned;
  status.diagnostics = CutMiddle(std::move(status.diagnostics), limits::kDiagnosticsBytes);
  KeepEnded(application,
            {.node = node.index,
             .exit_code = status.exit_code,
             .for_master = false,
             .resource = status.resource,
             .started = containers.at(slot).started,
             .finished = now.wall,
             .diagnostics = status.diagnostics},
            id);

  Charge(application);
  application.allocated -= ResourceOf(slot);
  --application.held_containers;
  DropGrant(owner, slot);
  DropWish(owner, slot);
  ForgetSize(owner, id);
  ForgetInherited(owner, id);
  StopAwaiting(slot);
  stop_deadlines.Clear(slot);
  containers.Unlink(owner.containers, &Container::of_attempt, slot);
  containers.Unlink(node.containers, &Container::of_node, slot);
  doing.erase(slot);
  containers.Remove(slot);
  sched->Release(slot);
  place = true;
  node.starts.erase(id);
  node.stops.erase(id);

  if (id.is_application_master()) {
    if (!IsFinal(attempt.state)) {
      OnMasterContainerEnded(application, attempt, status, of_application);
    } else {
      Move(attempt, AttemptEvent::kContainerFinished);
    }
  } else if (was_told) {
    TellEnd(owner, std::move(status), node.index);
  }
  LaunchIfFree(application.id());
  LeaveSchedulerIfEmpty(owner);
  if (application.final_durable) TellNodeFinished(node, application.id());
  MarkMaybeDone(application);
  Touch(application);
}

void ResourceManagerCore::State::AskAgain(ContainerSlot slot) {
  const auto& placement = sched->placement(slot);
  const AttemptId id = containers.AttemptOf(placement.application);
  ApplicationAttempt& attempt = *FindAttempt(id);
  const Application& application = *FindApplication(id.application);
  if (!attempt.slot || attempt.state != RmAttemptState::kRunning ||
      application.state != RmApplicationState::kRunning) {
    return;
  }
  ContainerAsk ask{.request_id = placement.request_id,
                   .priority = placement.priority,
                   .resource = ResourceOf(slot)};
  const int32_t wanted = sched->Wanted(*attempt.slot, ask.request_id);
  if (const auto asked = attempt.asked.find(ask.request_id); asked != attempt.asked.end()) {
    // Of a gang that is there already, each lost member is asked for by itself.
    if (wanted == 0) asked->second.gang = false;
    ask = asked->second;
  }
  ask.count = wanted + 1;
  sched->SetAsk(*attempt.slot, ask, now);
  place = true;
}

void ResourceManagerCore::State::OnReported(Node& node, const ContainerStatus& status) {
  const auto slot = containers.Find(status.id);
  if (!slot || containers.at(*slot).node != node.index) {
    OnStrangerReported(node, status);
    return;
  }
  Container& container = containers.at(*slot);
  if (!container.told) {
    // Nobody could start it: the node made the id up.
    Move(*slot, ContainerEvent::kLaunched);
    return;
  }
  if (status.state == ContainerState::kComplete) return OnCompleted(node, *slot, status);
  AdoptSize(*slot, status.resource);
  Move(*slot, ContainerEvent::kLaunched);
  if (status.detail.empty()) {
    doing.erase(*slot);
  } else {
    doing[*slot] = status.detail;
  }
  const bool runs_now =
      status.state == ContainerState::kRunning && container.reported() != ContainerState::kRunning;
  if (!container.at_node) {
    container.at_node = true;
    if (!node.starts.empty()) node.starts.erase(status.id);
    StopAwaiting(*slot);
    stop_deadlines.Clear(*slot);
  }
  if (!runs_now) return;
  container.set_reported(ContainerState::kRunning);
  Application& application = *FindApplication(status.id.attempt.application);
  Touch(application);
  if (container.is_application_master()) {
    OnMasterRunning(application, *FindAttempt(status.id.attempt));
  }
}

void ResourceManagerCore::State::OnCompleted(Node& node,
                                             ContainerSlot slot,
                                             const ContainerStatus& status) {
  containers.at(slot).set_reported(ContainerState::kComplete);
  Move(slot, ContainerEvent::kFinished);
  const ApplicationAttempt& owner =
      *FindAttempt(containers.AttemptOf(containers.at(slot).application));
  node.unacknowledged.insert(status.id);
  FreeContainer(slot, status);
  if (!owner.completions.contains(status.id)) RecordEnd(status.id, node.index);
}

void ResourceManagerCore::State::OnStrangerReported(Node& node, const ContainerStatus& status) {
  if (Adopt(node, status)) return;
  const Application* application = FindApplication(status.id.attempt.application);
  const bool over = application == nullptr || IsOver(application->state);
  MarkDirty(node);
  if (status.state == ContainerState::kComplete) {
    node.strangers.erase(status.id);
    node.stops.erase(status.id);
    node.recorded.insert_or_assign(status.id, kUntold);
    NoteMasterGone(status.id);
    LaunchIfFree(status.id.attempt.application);
    if (over) TellNodeFinished(node, status.id.attempt.application);
    return;
  }
  node.strangers.insert(status.id);
  const StopReason reason =
      over ? StopReason::kApplicationEnded : StopReason::kKilledByResourceManager;
  node.stops.try_emplace(status.id, Node::Stop{.reason = reason, .told = false});
}

}  // namespace weir::rm
