// CheckInvariants: recomputes what the records say about each other, and names the first
// difference. The cost is that of the whole state: for the simulator and debug builds.
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

std::string Broken(const std::string& subject, const std::string& what) {
  return subject + ": " + what;
}

}  // namespace

std::string ResourceManagerCore::State::CheckContainers() const {
  int32_t awaited_ones = 0;
  size_t in_lists = 0;
  for (const auto& [id, node] : nodes) {
    in_lists += static_cast<size_t>(node->containers.size);
    for (const auto slot : containers.Listed(node->containers, &Container::of_node)) {
      if (!containers.IsHeld(slot) || containers.at(slot).node != node->index) {
        return Broken(id.uuid, "lists a container of another node");
      }
    }
  }
  if (in_lists != containers.size()) return Broken("containers", "lists of nodes do not add up");
  for (const ContainerSlot slot : containers.All()) {
    const Container& container = containers.at(slot);
    const ContainerId id = containers.IdOf(slot);
    const std::string name = id.ToString();
    const auto found = containers.Find(id);
    if (!found || *found != slot) return Broken(name, "its id leads elsewhere");
    if (!sched->IsLive(slot)) return Broken(name, "its scheduler slot is free");
    const auto& placement = sched->placement(slot);
    if (placement.application != container.application) return Broken(name, "of two masters");
    const Node& node = NodeAt(container.node);
    if (sched->node_id(placement.node) != node.id()) return Broken(name, "on two nodes");
    if (!IsActive(node.state)) return Broken(name, "held on no active node");
    if (container.stopping != (IsFinal(container.state))) {
      return Broken(name, "state " + std::string(Name(container.state)) + " and stopping differ");
    }
    if (container.stopping && !node.stops.contains(id)) return Broken(name, "nobody stops it");
    if (container.state == RmContainerState::kAllocated && container.told) {
      return Broken(name, "ALLOCATED, but told");
    }
    awaited_ones += container.awaited ? 1 : 0;
    const bool must_wait = !container.stopping && !container.at_node;
    if (must_wait != container.awaited) return Broken(name, "awaited wrongly");
    const bool must_end = container.stopping && !container.at_node;
    if (must_end != stop_deadlines.Has(slot)) return Broken(name, "its last deadline is wrong");
  }
  if (awaited_ones != awaited.size) return Broken("containers", "awaited ones do not add up");
  return "";
}

std::string ResourceManagerCore::State::CheckCommands() const {
  size_t resizes = 0;
  for (const auto& [number, command] : commands) {
    const std::string name = "command " + std::to_string(number);
    if (!containers.IsHeld(command.slot)) return Broken(name, "is for an ended container");
    if (!NodeAt(containers.at(command.slot).node).commands.contains(number)) {
      return Broken(name, "is for another node");
    }
    if (!command.size) continue;
    ++resizes;
    const auto own = resizing.find(command.slot);
    if (own == resizing.end() || own->second != number)
      return Broken(name, "resizes what does not");
    if (ResourceOf(command.slot) != LargerParts(command.before, *command.size)) {
      return Broken(name, "is not charged with both sizes");
    }
  }
  if (resizes != resizing.size()) return Broken("commands", "more is resized than was wanted");
  size_t of_nodes = 0;
  for (const auto& [id, node] : nodes) of_nodes += node->commands.size();
  if (of_nodes != commands.size()) return Broken("commands", "those of nodes do not add up");
  return "";
}

std::string ResourceManagerCore::State::CheckNodes() const {
  size_t held = 0;
  int32_t active = 0;
  for (const auto& [id, node] : nodes) {
    active += IsActive(node->state) ? 1 : 0;
    if (nodes_by_index[static_cast<size_t>(node->index)] != node.get()) {
      return Broken(id.uuid, "not where its number says");
    }
    const bool is_gone = !IsActive(node->state) && node->state != NodeState::kNew;
    if (is_gone != gone.contains({node->gone_at, node->index})) {
      return Broken(id.uuid, "gone in one place only");
    }
    held += static_cast<size_t>(node->containers.size);
    if (node->slot.has_value() != IsActive(node->state)) {
      return Broken(id.uuid, "active in one of core and scheduler only");
    }
    if (!IsActive(node->state)) {
      if (!node->containers.empty()) return Broken(id.uuid, "not active, but holds containers");
      if (node->polls.parked) return Broken(id.uuid, "not active, but has a parked call");
      continue;
    }
    const bool waits = node->silent_at != kNever;
    if (node_deadlines.Has(node->index) == waits) {
      return Broken(id.uuid, "neither awaited nor silent, or both");
    }
    if (waits != silent.contains({node->silent_at, node->index})) {
      return Broken(id.uuid, "silent in one place only");
    }
    if (node->state == NodeState::kDecommissioning && !decommissions.contains(id)) {
      return Broken(id.uuid, "goes without a record of it");
    }
    const auto holds = [&, at = node->index](const ContainerId& container) {
      const auto slot = containers.Find(container);
      return slot && containers.at(*slot).node == at;
    };
    for (const auto& [container, stop] : node->stops) {
      if (!holds(container) && !node->strangers.contains(container)) {
        return Broken(id.uuid, "stops " + container.ToString() + ", which is not here");
      }
    }
    for (const auto& [container, told] : node->starts) {
      const auto slot = containers.Find(container);
      if (!slot || containers.at(*slot).stopping) {
        return Broken(id.uuid, "starts " + container.ToString() + ", which is over");
      }
      const auto application = applications.find(container.attempt.application);
      const auto number = static_cast<size_t>(container.attempt.number);
      if (!application->second->attempts[number - 1]->record_durable) {
        return Broken(id.uuid, "starts " + container.ToString() + " before it is stored");
      }
    }
  }
  if (held != containers.size()) return Broken("nodes", "their containers do not add up");
  if (nodes.size() + free_indices.size() != nodes_by_index.size()) {
    return Broken("nodes", "their numbers do not add up");
  }
  if (active != active_nodes) return Broken("nodes", "the count of active ones is wrong");
  return "";
}

std::string ResourceManagerCore::State::CheckAttempt(const Application& application,
                                                     const ApplicationAttempt& attempt) const {
  const std::string name = attempt.id.ToString();
  const bool over = IsFinal(attempt.state);
  if (&attempt != application.current() && !over) return Broken(name, "a second live attempt");
  if (over && attempt.polls.parked) return Broken(name, "over, but has a parked call");
  if (over && attempt.first_grant >= 0) return Broken(name, "over, but has grants");
  if (over && attempt.slot && master_deadlines.Has(attempt.slot->value)) {
    return Broken(name, "over, but awaited");
  }
  if (over && attempt.containers.empty() && attempt.slot) {
    return Broken(name, "over and empty, but in the scheduler");
  }
  if (!over && !attempt.slot) return Broken(name, "live, but not in the scheduler");
  if (over && attempt.slot && !sched->pending(*attempt.slot, 1).empty()) {
    return Broken(name, "over, but asks for containers");
  }
  const bool pauses = &attempt == application.current() && !over &&
                      attempt.state == RmAttemptState::kNew &&
                      application.state == RmApplicationState::kAccepted;
  if (pauses && !pause_deadlines.Has(attempt.id.application)) {
    return Broken(name, "waits for ever before it asks");
  }
  const bool avoids = avoiding.contains(attempt.id);
  if (avoids && attempt.state != RmAttemptState::kScheduled) {
    return Broken(name, "keeps away from nodes though it asks for no ApplicationMaster");
  }
  if (!avoids && !attempt.avoided.empty()) return Broken(name, "keeps away from nodes for ever");
  if (attempt.state == RmAttemptState::kRunning && !master_deadlines.Has(attempt.slot->value)) {
    return Broken(name, "RUNNING without a deadline");
  }
  bool first_grant = attempt.first_grant < 0;
  bool first_untold = attempt.first_untold < 0;
  int64_t before = 0;
  for (const auto slot : containers.Listed(attempt.containers, &Container::of_attempt)) {
    if (!containers.IsHeld(slot)) return Broken(name, "holds an ended container");
    const ContainerId id = containers.IdOf(slot);
    if (id.attempt != attempt.id && !Keeps(application)) {
      return Broken(name, "holds another's " + id.ToString());
    }
    const bool is_kept =
        id.attempt != attempt.id && !id.is_application_master() && !containers.at(slot).stopping;
    if (is_kept && !attempt.inherited.contains(id)) {
      return Broken(name, "is never told of " + id.ToString() + ", which was kept for it");
    }
    // Those of earlier epochs are in the order in which they were found.
    const bool own = id.attempt == attempt.id && id.epoch() == epoch.epoch;
    if (own && std::exchange(before, id.number) >= id.number) {
      return Broken(name, "out of order");
    }
    first_grant |= slot.value == attempt.first_grant;
    first_untold |= slot.value == attempt.first_untold;
    if (first_untold && attempt.first_untold >= 0 && !first_grant) {
      return Broken(name, "grants an untold container after a told one");
    }
  }
  for (const auto& [slot, deadline] : attempt.wanted_back) {
    if (!containers.IsHeld({slot}) || containers.at({slot}).application != attempt.slot) {
      return Broken(name, "an ended container is wanted back");
    }
  }
  if (!first_grant || !first_untold) return Broken(name, "grants an ended container");
  size_t untold = 0;
  for (const auto& [id, completion] : attempt.completions) {
    untold += completion.told_in == kUntold ? 1 : 0;
  }
  if (untold != attempt.untold_completions) return Broken(name, "untold ends do not add up");
  if (over && !attempt.inherited.empty()) return Broken(name, "over, but has inherited something");
  size_t unheard = 0;
  for (const auto& [id, told] : attempt.inherited) {
    const auto slot = containers.Find(id);
    if (!slot || containers.at(*slot).application != attempt.slot) {
      return Broken(name, "has inherited " + id.ToString() + ", which is another's or gone");
    }
    unheard += told ? 0 : 1;
  }
  if (unheard != attempt.untold_inherited) return Broken(name, "untold ones do not add up");
  if (std::string broken = CheckSizes(attempt); !broken.empty()) return broken;
  if (attempt.slot) {
    if (sched->application_containers(*attempt.slot) != attempt.containers.size) {
      return Broken(name, "the scheduler counts other containers");
    }
  }
  return "";
}

std::string ResourceManagerCore::State::CheckSizes(const ApplicationAttempt& attempt) const {
  size_t untold = 0;
  for (const auto& [id, size] : attempt.sizes) {
    untold += size.told_in == kUntold ? 1 : 0;
    const std::string name = "the size of " + id.ToString();
    if (size.changed && !containers.Find(id)) return Broken(name, "is that of an ended container");
    if (size.told_in == kAcknowledged && !size.changed) return Broken(name, "is kept in vain");
    if (!size.asked && size.refusal) return Broken(name, "was refused though it was not asked for");
  }
  if (untold == attempt.untold_sizes) return "";
  return Broken(attempt.id.ToString(), "untold sizes do not add up");
}

std::string ResourceManagerCore::State::CheckApplications() const {
  size_t live = 0;
  size_t retired = 0;
  for (const auto& [id, application] : applications) {
    const std::string name = id.ToString();
    if (!IsOver(application->state)) ++live;
    if (application->retired) ++retired;
    Resource allocated;
    size_t held = 0;
    int32_t number = 0;
    for (const auto& attempt : application->attempts) {
      if (attempt->id != AttemptId{id, ++number}) return Broken(name, "attempts are misnumbered");
      held += static_cast<size_t>(attempt->containers.size);
      for (const auto slot : containers.Listed(attempt->containers, &Container::of_attempt)) {
        allocated += ResourceOf(slot);
      }
      if (std::string broken = CheckAttempt(*application, *attempt); !broken.empty()) return broken;
    }
    if (held != application->held_containers || allocated != application->allocated) {
      return Broken(name, "its containers do not add up");
    }
    if (IsTerminal(application->visible) && !application->final_durable) {
      return Broken(name, "shows an end that is not durable");
    }
    if (application->retired &&
        (held > 0 || !completed.contains({application->record.finished, id}))) {
      return Broken(name, "retired too early, or not listed as completed");
    }
    const auto key = idempotency_keys.find(application->record.idempotency_key);
    if (key == idempotency_keys.end()) return Broken(name, "its idempotency key is lost");
    const bool waits = application->state == RmApplicationState::kNew ||
                       application->state == RmApplicationState::kAccepted;
    if (waits && Pending(*application, Words::kNone).first == PendingReason::kNone) {
      return Broken(name, "waits without a reason");
    }
  }
  if (live != live_applications) return Broken("applications", "the count of live ones is wrong");
  if (retired != completed.size()) return Broken("applications", "completed ones do not add up");
  return "";
}

std::string ResourceManagerCore::State::CheckCalls() const {
  size_t parked = 0;
  const auto waits = [this](CallId call) { return waiting.Find(call.value + 1) != nullptr; };
  for (const auto& [id, node] : nodes) {
    if (node->dirty) return Broken(id.uuid, "still to be looked at after the step");
    if (!node->polls.parked) continue;
    ++parked;
    if (!waits(node->polls.parked->call)) return Broken(id.uuid, "its call is lost");
    if (!node_polls.Has(node->index)) return Broken(id.uuid, "its call waits without a deadline");
  }
  for (const auto& [id, application] : applications) {
    if (application->dirty || application->maybe_done) {
      return Broken(id.ToString(), "still to be looked at after the step");
    }
    for (const auto& attempt : application->attempts) {
      if (!attempt->polls.parked) continue;
      ++parked;
      const std::string name = attempt->id.ToString();
      if (!waits(attempt->polls.parked->call)) return Broken(name, "its call is lost");
      if (!master_polls.Has(attempt->slot->value)) {
        return Broken(name, "its call waits without a deadline");
      }
    }
    if (application->watchers.empty() == watched.contains(id)) {
      return Broken(id.ToString(), "watched and listed as such differ");
    }
    parked += application->watchers.size();
    for (const CallId call : application->watchers) {
      if (!waits(call)) return Broken(id.ToString(), "a watcher's call is lost");
      if (!watcher_polls.Has(call)) return Broken(id.ToString(), "watched without a deadline");
    }
  }
  for (const auto& [number, command] : commands) {
    parked += command.calls.size();
    for (const CallId call : command.calls) {
      if (!waits(call)) return Broken("command " + std::to_string(number), "its call is lost");
      if (!command_polls.Has(call)) {
        return Broken("command " + std::to_string(number), "its call waits without a deadline");
      }
    }
  }
  if (parked != waiting.size()) return Broken("calls", "one waits twice, or for nothing");
  if (committed > appended) return Broken("records", "more are durable than were written");
  return "";
}

std::string ResourceManagerCore::State::CheckAll() const {
  if (inert) return "";
  if (std::string broken = sched->CheckInvariants(); !broken.empty()) return broken;
  if (std::string broken = CheckContainers(); !broken.empty()) return broken;
  if (std::string broken = CheckCommands(); !broken.empty()) return broken;
  if (std::string broken = CheckNodes(); !broken.empty()) return broken;
  if (std::string broken = CheckApplications(); !broken.empty()) return broken;
  return CheckCalls();
}

}  // namespace weir::rm
