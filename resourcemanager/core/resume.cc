// Work that outlives a ResourceManager: applications whose ApplicationMasters and containers went
// on running while nobody led them.
//
// Three sources say what there is. The store says which applications live, where each attempt's AM
// was to run, and which nodes there are. A node says, when it registers, what it holds: that is
// taken over as it is. An AM says, when it registers again, what it holds: what nobody else knows
// of is over, what it does not hold any more is stopped. Until its node has spoken, something is
// *expected* there: a node that does not come within its expiry is LOST, and with it what was
// expected. A container that was once told as over is never taken over afterwards.
//
// No worker container was ever written; the order in which the three speak does not matter.
#include <algorithm>
#include <set>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"

namespace weir::rm {

void ResourceManagerCore::State::Resume(Application& application) {
  const store::ApplicationRecord& record = application.record;
  for (const auto& attempt : application.attempts) {
    ExpectMaster(*attempt);
    if (attempt.get() != application.current()) attempt->state = RmAttemptState::kFailed;
  }
  if (auto rounded = MasterResource(record.context, QueueOf(application)); rounded.ok()) {
    application.am_resource = *std::move(rounded);
  }
  if (record.lifetime > Duration(0)) {
    const auto lived = std::chrono::duration_cast<Duration>(now.wall - record.submitted);
    lifetime_deadlines.Set(application.id(),
                           now.monotonic + std::max(Duration(0), record.lifetime - lived));
  }
  if (!Move(application, ApplicationEvent::kAccepted)) return;
  ApplicationAttempt* last = application.current();
  if (last != nullptr && !IsFinal(last->state)) {
    ResumeAttempt(application, *last);
  } else {
    StartAttempt(application);
  }
}

void ResourceManagerCore::State::ResumeAttempt(Application& application,
                                               ApplicationAttempt& attempt) {
  scheduler::ApplicationSpec spec = SpecOf(application, attempt.id);
  spec.runs = true;
  attempt.slot = sched->AddApplication(spec, now);
  containers.SetAttempt(*attempt.slot, attempt.id);
  attempt.next_container = 2;  // 1 is the AM's, in every epoch
  place = true;
  Move(attempt, AttemptEvent::kRecover);
  // Its node says how far it is, or is LOST long before this.
  master_deadlines.Set(attempt.slot->value, now.monotonic + options.launch_expiry);
  if (attempt.master_unaccounted) return;
  OnMissing(attempt.am_container, -1, "The node of its ApplicationMaster is not in the cluster");
}

void ResourceManagerCore::State::ExpectMaster(ApplicationAttempt& attempt) {
  Node* node = FindNode(attempt.am_node);
  if (node == nullptr && attempt.am_container.number != 0) missed_nodes.insert(attempt.am_node);
  const bool awaited_there = attempt.am_container.number != 0 && node != nullptr && node->awaited;
  attempt.master_unaccounted = awaited_there;
  if (awaited_there) node->expected.insert(attempt.am_container);
}

bool ResourceManagerCore::State::MayAdopt(const Node& node, const ContainerStatus& status) const {
  const ContainerId& id = status.id;
  // What this epoch gave is known; of what was told as over nothing may come back.
  if (id.epoch() >= epoch.epoch || ended.contains(id)) return false;
  const Application* application = FindApplication(id.attempt.application);
  if (application == nullptr || application->current() == nullptr) return false;
  const ApplicationAttempt& attempt = *application->current();
  if (!IsOf(id, attempt) || !attempt.slot || IsFinal(attempt.state)) return false;
  if (application->state == RmApplicationState::kKilling || application->retired) return false;
  const bool runs = status.state != ContainerState::kComplete;
  if (runs && (status.resource.memory_mib <= 0 || status.resource.vcores < 0)) return false;
  if (id.is_application_master()) {
    return id == attempt.am_container && node.id() == attempt.am_node;
  }
  // It was kept for whichever attempt is the last one.
  if (id.attempt != attempt.id) return attempt.state != RmAttemptState::kFinishing;
  if (attempt.state == RmAttemptState::kLaunched) return true;
  // An AM that has registered has said what it holds.
  return attempt.state == RmAttemptState::kRunning && node.expected.contains(id);
}

bool ResourceManagerCore::State::Adopt(Node& node, const ContainerStatus& status) {
  const ContainerId& id = status.id;
  ApplicationAttempt* known = HeirOf(id);
  const bool complete = status.state == ContainerState::kComplete;
  const bool told = complete && known != nullptr && known->completions.contains(id);
  if (!told && !MayAdopt(node, status)) return false;
  if (complete) {
    node.strangers.erase(id);
    node.stops.erase(id);
    node.unacknowledged.insert(id);
    if (!told) {
      AdoptEnd(node, status);
    } else {  // the answer to a release, given before anybody knew where it is
      known->completions.at(id).node = node.index;
      if (const auto kept = ended.find(id); kept != ended.end()) kept->second.node = node.index;
    }
    return true;
  }
  Application& application = *FindApplication(id.attempt.application);
  ApplicationAttempt& attempt = *known;
  const ContainerSlot slot = sched->Recover(*attempt.slot, *node.slot, status.resource);
  Container& container = containers.Add(slot, *attempt.slot, id);
  container.node = node.index;
  container.told = true;
  container.at_node = true;
  Move(slot, ContainerEvent::kRecover);
  // Before the grants of this ResourceManager: those are acknowledged in their order.
  Hold(application, attempt, node, slot, Where::kFirst);
  if (id.is_application_master()) {
    attempt.master_unaccounted = false;
    sched->SetMaster(slot);
  } else if (id.attempt != attempt.id) {
    Inherit(attempt, id, node.expected.contains(id));
  }
  OnReported(node, status);
  return true;
}

// It ended while nobody listened.
void ResourceManagerCore::State::AdoptEnd(Node& node, const ContainerStatus& status) {
  const ContainerId& id = status.id;
  Application& application = *FindApplication(id.attempt.application);
  ApplicationAttempt& attempt = *HeirOf(id);
  application.nodes.Insert(node.index);
  if (id.is_application_master()) {
    attempt.master_unaccounted = false;
    RecordEnd(id, node.index);
    return OnMasterContainerEnded(application, attempt, status, true);
  }
  TellEnd(attempt, status, node.index);
}

void ResourceManagerCore::State::SettleExpected(Node& node, const std::string& why) {
  for (const ContainerId& id : std::exchange(node.expected, {})) {
    if (node.strangers.contains(id)) continue;  // it is there, and being stopped
    if (!id.is_application_master() && ended.contains(id)) continue;  // told as over already
    OnMissing(id, node.index, why);
  }
  LaunchAllFree();
}

// Nobody has it, and nobody will.
void ResourceManagerCore::State::OnMissing(const ContainerId& id,
                                           int32_t node,
                                           const std::string& why) {
  if (containers.Find(id)) return;
  ApplicationAttempt* attempt = HeirOf(id);
  if (attempt == nullptr) return;
  const ContainerStatus status{.id = id,
                               .state = ContainerState::kComplete,
                               .exit_code = exit_code::kAborted,
                               .diagnostics = why};
  if (id.is_application_master()) {
    if (IsFinal(attempt->state) || id != attempt->am_container) return NoteMasterGone(id);
    attempt->master_unaccounted = false;
    return OnMasterContainerEnded(
        *FindApplication(id.attempt.application), *attempt, status, false);
  }
  TellEnd(*attempt, status, node);
}

void ResourceManagerCore::State::NoteMasterGone(const ContainerId& id) {
  ApplicationAttempt* attempt = FindAttempt(id.attempt);
  if (attempt == nullptr || attempt->am_container != id) return;
  attempt->master_unaccounted = false;
  LaunchIfFree(id.attempt.application);
}

void ResourceManagerCore::State::CompareHeld(ApplicationAttempt& attempt,
                                             const std::vector<HeldContainer>& held) {
  std::set<ContainerId> holds;
  for (const HeldContainer& each : held) {
    const ContainerId& id = each.id;
    if (!IsOf(id, attempt) || id.is_application_master()) continue;
    holds.insert(id);
    if (containers.Find(id) || attempt.completions.contains(id)) continue;
    Node* node = FindNode(each.node);
    if (node != nullptr && node->awaited) {
      node->expected.insert(id);
    } else {
      OnMissing(id,
                node == nullptr ? -1 : node->index,
                "Its node does not have it, says the ResourceManager after a restart");
    }
  }
  for (const ContainerSlot slot : containers.Listed(attempt.containers, &Container::of_attempt)) {
    if (!containers.IsHeld(slot)) continue;
    const ContainerId id = containers.IdOf(slot);
    // What it has inherited it may not have heard of.
    const bool adopted =
        id.epoch() < epoch.epoch && !id.is_application_master() && id.attempt == attempt.id;
    if (!adopted || holds.contains(id)) continue;
    StopContainer(slot, ContainerEvent::kRelease, StopReason::kReleasedByApplicationMaster);
  }
  CompareInherited(attempt, holds);
}

void ResourceManagerCore::State::TellEnd(ApplicationAttempt& attempt,
                                         ContainerStatus status,
                                         int32_t node) {
  // One that has yet to register, again or for containers that were kept for it, hears of it then.
  const bool waits = attempt.state == RmAttemptState::kLaunched ||
                     (Keeps(*FindApplication(attempt.id.application)) && !IsFinal(attempt.state) &&
                      attempt.state != RmAttemptState::kFinishing);
  if (attempt.state != RmAttemptState::kRunning && !waits) return;
  const ContainerId id = status.id;
  status.state = ContainerState::kComplete;
  if (const auto kept = ended.find(id); kept != ended.end()) {
    kept->second.for_master = true;
    status.exit_code = kept->second.exit_code;
    status.diagnostics = kept->second.diagnostics;
    status.resource = kept->second.resource;
  } else {
    KeepEnded(*FindApplication(id.attempt.application),
              {.node = node,
               .exit_code = status.exit_code,
               .for_master = true,
               .resource = status.resource,
               .started = now.wall,
               .finished = now.wall,
               .diagnostics = CutMiddle(status.diagnostics, limits::kDiagnosticsBytes)},
              id);
  }
  const auto known = attempt.completions.find(id);
  const bool is_untold = known != attempt.completions.end() && known->second.told_in == kUntold;
  if (!is_untold) ++attempt.untold_completions;
  attempt.completions.insert_or_assign(
      id,
      ApplicationAttempt::Completion{
          .status = std::move(status), .told_in = kUntold, .node = node});
  MarkDirty(attempt);
}

void ResourceManagerCore::State::RecordEnd(const ContainerId& id, int32_t node) {
  if (node < 0) return;
  Node& its = NodeAt(node);
  if (its.unacknowledged.erase(id) == 0) return;
  its.recorded.insert_or_assign(id, kUntold);
  MarkDirty(its);
}

}  // namespace weir::rm
