// CheckInvariants: recomputes what the records say about each other, and names the first
// difference. The cost is that of the whole state: for the simulator and debug builds.
#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

std::string Broken(const std::string& subject, const std::string& what) {
  return subject + ": " + what;
}

}  // namespace

std::string ResourceManagerCore::State::CheckContainers() const {
  for (const auto& [id, slot] : container_slots) {
    const std::string name = id.ToString();
    const auto index = static_cast<size_t>(slot.value);
    if (index >= containers.size() || !containers[index].held || containers[index].id != id) {
      return Broken(name, "its slot holds another container");
    }
    const Container& container = containers[index];
    const auto& placement = sched->placement(slot);
    if (!placement.live) return Broken(name, "its scheduler slot is free");
    if (placement.resource != container.resource) return Broken(name, "two sizes");
    if (sched->node_id(placement.node) != container.node) return Broken(name, "on two nodes");
    const Node* node = FindNode(container.node);
    if (node == nullptr || !IsActive(node->state)) return Broken(name, "held on no active node");
    if (!node->containers.contains(id)) return Broken(name, "unknown to its node");
    if (container.stopping != (IsFinal(container.state))) {
      return Broken(name, "state " + std::string(Name(container.state)) + " and stopping differ");
    }
    if (container.stopping && !node->stops.contains(id)) return Broken(name, "nobody stops it");
    if (container.state == RmContainerState::kAllocated && container.told) {
      return Broken(name, "ALLOCATED, but told");
    }
    if (!container.stopping && !container.at_node && !launch_deadlines.Has(id)) {
      return Broken(name, "not started, and without a deadline");
    }
  }
  size_t held = 0;
  for (const auto& container : containers)
    if (container.held) ++held;
  if (held != container_slots.size()) return Broken("containers", "held slots and ids differ");
  return "";
}

std::string ResourceManagerCore::State::CheckNodes() const {
  size_t held = 0;
  int32_t active = 0;
  for (const auto& [id, node] : nodes) {
    active += IsActive(node->state) ? 1 : 0;
    held += node->containers.size();
    if (node->slot.has_value() != IsActive(node->state)) {
      return Broken(id.uuid, "active in one of core and scheduler only");
    }
    if (!IsActive(node->state)) {
      if (!node->containers.empty()) return Broken(id.uuid, "not active, but holds containers");
      if (node->polls.parked) return Broken(id.uuid, "not active, but has a parked call");
      continue;
    }
    if (!node_deadlines.Has(id)) return Broken(id.uuid, "active without a deadline");
    for (const auto& container : node->containers) {
      const Container* found = FindContainer(container);
      if (found == nullptr || found->node != id) {
        return Broken(id.uuid, "holds " + container.ToString() + ", which is not here");
      }
    }
    for (const auto& [container, stop] : node->stops) {
      if (!node->containers.contains(container) && !node->strangers.contains(container)) {
        return Broken(id.uuid, "stops " + container.ToString() + ", which is not here");
      }
    }
    for (const auto& [container, told] : node->starts) {
      const Container* found = FindContainer(container);
      if (found == nullptr || found->stopping) {
        return Broken(id.uuid, "starts " + container.ToString() + ", which is over");
      }
      const auto application = applications.find(container.attempt.application);
      const auto number = static_cast<size_t>(container.attempt.number);
      if (!application->second->attempts[number - 1]->record_durable) {
        return Broken(id.uuid, "starts " + container.ToString() + " before it is stored");
      }
    }
  }
  if (held != container_slots.size()) return Broken("nodes", "their containers do not add up");
  if (active != active_nodes) return Broken("nodes", "the count of active ones is wrong");
  return "";
}

std::string ResourceManagerCore::State::CheckAttempt(const Application& application,
                                                     const ApplicationAttempt& attempt) const {
  const std::string name = attempt.id.ToString();
  const bool over = IsFinal(attempt.state);
  if (&attempt != application.current() && !over) return Broken(name, "a second live attempt");
  if (over && attempt.polls.parked) return Broken(name, "over, but has a parked call");
  if (over && !attempt.grants.empty()) return Broken(name, "over, but has grants");
  if (over && master_deadlines.Has(attempt.id)) return Broken(name, "over, but awaited");
  if (over && attempt.containers.empty() && attempt.slot) {
    return Broken(name, "over and empty, but in the scheduler");
  }
  if (!over && !attempt.slot) return Broken(name, "live, but not in the scheduler");
  if (over && attempt.slot && !sched->pending(*attempt.slot).empty()) {
    return Broken(name, "over, but asks for containers");
  }
  if (attempt.state == RmAttemptState::kRunning && !master_deadlines.Has(attempt.id)) {
    return Broken(name, "RUNNING without a deadline");
  }
  for (const auto& id : attempt.containers) {
    if (FindContainer(id) == nullptr) return Broken(name, "holds an ended " + id.ToString());
    if (id.attempt != attempt.id) return Broken(name, "holds another's " + id.ToString());
  }
  for (const auto& [id, told_in] : attempt.grants) {
    if (!attempt.containers.contains(id)) return Broken(name, "grants an ended " + id.ToString());
  }
  if (attempt.slot) {
    const auto count = static_cast<size_t>(sched->application_containers(*attempt.slot));
    if (count != attempt.containers.size()) {
      return Broken(name, "the scheduler counts other containers");
    }
  }
  return "";
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
      held += attempt->containers.size();
      for (const auto& container : attempt->containers) {
        const Container* found = FindContainer(container);
        if (found != nullptr) allocated += found->resource;
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
    if (waits && Pending(*application).first == PendingReason::kNone) {
      return Broken(name, "waits without a reason");
    }
  }
  if (live != live_applications) return Broken("applications", "the count of live ones is wrong");
  if (retired != completed.size()) return Broken("applications", "completed ones do not add up");
  return "";
}

std::string ResourceManagerCore::State::CheckCalls() const {
  size_t parked = 0;
  for (const auto& [id, node] : nodes) {
    if (!node->polls.parked) continue;
    ++parked;
    if (!waiting.contains(node->polls.parked->call)) return Broken(id.uuid, "its call is lost");
  }
  for (const auto& [id, application] : applications) {
    for (const auto& attempt : application->attempts) {
      if (!attempt->polls.parked) continue;
      ++parked;
      if (!waiting.contains(attempt->polls.parked->call)) {
        return Broken(attempt->id.ToString(), "its call is lost");
      }
    }
  }
  for (const auto& [id, calls] : watchers) {
    if (!applications.contains(id)) return Broken(id.ToString(), "watched, but gone");
    parked += calls.size();
    for (const CallId call : calls) {
      if (!waiting.contains(call)) return Broken(id.ToString(), "a watcher's call is lost");
    }
  }
  if (parked != waiting.size()) return Broken("calls", "one waits twice, or for nothing");
  for (const auto& [call, who] : waiting) {
    if (!poll_deadlines.Has(call)) return Broken("calls", "one waits without a deadline");
  }
  if (poll_deadlines.size() != waiting.size()) return Broken("calls", "deadlines do not add up");
  if (committed > appended) return Broken("records", "more are durable than were written");
  return "";
}

std::string ResourceManagerCore::State::CheckAll() const {
  if (inert) return "";
  if (std::string broken = sched->CheckInvariants(); !broken.empty()) return broken;
  if (std::string broken = CheckContainers(); !broken.empty()) return broken;
  if (std::string broken = CheckNodes(); !broken.empty()) return broken;
  if (std::string broken = CheckApplications(); !broken.empty()) return broken;
  return CheckCalls();
}

}  // namespace weir::rm
