// What the scheduler wants done besides allocations: preemption, and news of queues. Nodes that
// offer less than they hold are treated alike.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {

void ResourceManagerCore::State::OnNotices() {
  for (const scheduler::Notice& notice : sched->TakeNotices()) OnNotice(notice);
}

void ResourceManagerCore::State::OnNotice(const scheduler::Notice& notice) {
  using Kind = scheduler::Notice::Kind;
  // An earlier notice may have ended it.
  const bool held = containers.IsHeld(notice.container);
  switch (notice.kind) {
    case Kind::kPreemptionWarning:
      if (held) WantBack(notice.container, notice.deadline);
      return;
    case Kind::kPreemptionCancelled:
      if (!held) return;
      if (ApplicationAttempt* attempt =
              FindAttempt(containers.AttemptOf(containers.at(notice.container).application))) {
        DropWish(*attempt, notice.container);
      }
      return;
    case Kind::kPreempt:
      if (held) Preempt(notice.container);
      return;
    case Kind::kActivated:
      if (Application* application =
              FindApplication(containers.AttemptOf(notice.application).application)) {
        Touch(*application);
      }
      return;
    case Kind::kQueueStopped:
      return Emit(Noted{"queues", notice.queue, "stopped: its last application has ended", false});
    case Kind::kQueueCreated:
      return Emit(Noted{"queues", notice.queue, "created for an application", false});
    case Kind::kQueueRemoved:
      return Emit(Noted{"queues", notice.queue, "removed: it was not used any more", false});
  }
}

void ResourceManagerCore::State::WantBack(ContainerSlot slot, Instant deadline) {
  const Container& container = containers.at(slot);
  if (container.stopping) return;
  ApplicationAttempt* attempt = FindAttempt(containers.AttemptOf(container.application));
  if (attempt == nullptr || attempt->state != RmAttemptState::kRunning) return;
  // Its AM cannot give up what it has not heard of.
  if (!container.told) return;
  attempt->wanted_back.insert_or_assign(slot.value, deadline);
  attempt->untold_preemption = true;
  MarkDirty(*attempt);
}

void ResourceManagerCore::State::DropWish(ApplicationAttempt& attempt, ContainerSlot slot) {
  attempt.wanted_back.erase(slot.value);
  if (attempt.wanted_back.empty()) attempt.untold_preemption = false;
}

void ResourceManagerCore::State::Preempt(ContainerSlot slot) {
  const Container& container = containers.at(slot);
  if (container.stopping) return;
  const ApplicationId id = containers.AttemptOf(container.application).application;
  Application& application = *FindApplication(id);
  ++application.preempted_containers;
  // Of one that nobody was told of, only the ask is there again.
  if (!container.told && !container.is_application_master()) AskAgain(slot);
  if (ApplicationAttempt* attempt = FindAttempt(containers.AttemptOf(container.application))) {
    DropWish(*attempt, slot);
  }
  const bool unheard_master = !container.told && container.is_application_master();
  if (!unheard_master) return StopContainer(slot, ContainerEvent::kKill, StopReason::kPreempted);
  Move(slot, ContainerEvent::kKill);
  ContainerStatus status = EndedStatus(slot, "Preempted before it was started");
  status.exit_code = exit_code::kPreempted;
  FreeContainer(slot, std::move(status));
}

// The newest go first, ApplicationMasters last.
std::vector<scheduler::ContainerSlot> ResourceManagerCore::State::Surplus(const Node& node) const {
  std::vector<ContainerSlot> surplus;
  if (!node.slot) return surplus;
  const Resource capacity = sched->node_capacity(*node.slot);
  Resource used = sched->node_used(*node.slot);
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (containers.at(slot).stopping) used -= ResourceOf(slot);
  }
  for (const bool masters : {false, true}) {
    for (int32_t i = node.containers.last; i >= 0 && !used.FitsIn(capacity);
         i = containers.at({i}).of_node.previous) {
      const Container& container = containers.at({i});
      if (container.stopping || container.is_application_master() != masters) continue;
      used -= ResourceOf({i});
      surplus.push_back({i});
    }
  }
  return surplus;
}

void ResourceManagerCore::State::OnOvercommitEnd(Node& node) {
  for (const ContainerSlot slot : Surplus(node)) {
    if (containers.IsHeld(slot)) Preempt(slot);
  }
}

}  // namespace weir::rm
