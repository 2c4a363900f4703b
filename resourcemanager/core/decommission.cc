// Taking nodes out of the cluster and back: drains by command, and the include and exclude files.
//
// A node that is to go gets no new containers from the moment it was said (DECOMMISSIONING). What
// runs there may end by itself until the deadline; then it is stopped with that cause. When the
// node holds nothing any more, and knows that its containers' ends are recorded, it is
// DECOMMISSIONED: its registrations are refused until it is taken back. All of this is stored, the
// deadline as wall-clock time, so that it outlives this process.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

std::string InWords(WallTime deadline) {
  return deadline == store::kNoDeadline ? "when they end" : "by " + ToIso8601(deadline);
}

}  // namespace

std::optional<std::string> ResourceManagerCore::State::RefusalOf(
    const NodeId& id, const std::vector<std::string>& names) const {
  const auto found = decommissions.find(id);
  const bool is_out = found != decommissions.end() && found->second.done;
  if (is_out && !found->second.from_file) {
    return "was decommissioned by " + found->second.by + " (back with `weir node -drain " +
           names.at(1) + " -undo`)";
  }
  const auto exclusion = lists.ExclusionOf(names);
  // One that is still draining by the file may come back until its deadline.
  if (!exclusion || (found != decommissions.end() && !is_out)) return std::nullopt;
  return "is excluded: " + exclusion->why + " (back with `weir rmadmin -refreshNodes` after that)";
}

WallTime ResourceManagerCore::State::DeadlineAfter(Duration timeout) const {
  if (timeout < Duration(0)) return store::kNoDeadline;
  return now.wall + std::chrono::duration_cast<milliseconds>(timeout);
}

void ResourceManagerCore::State::SetDecommissionDeadline(const Node& node, WallTime deadline) {
  if (deadline == store::kNoDeadline) return decommission_deadlines.Clear(node.index);
  const auto left = std::max(milliseconds(0), deadline - now.wall);
  decommission_deadlines.Set(node.index, now.monotonic + left);
}

uint64_t ResourceManagerCore::State::Decommission(Node& node,
                                                  WallTime deadline,
                                                  const std::string& by,
                                                  bool from_file) {
  // One that is awaited after a restart is drained when it is back.
  const bool active = IsActive(node.state) || node.awaited;
  store::DecommissionRecord& record = decommissions[node.id()];
  record = {
      .node = node.id(), .deadline = deadline, .by = by, .from_file = from_file, .done = !active};
  const uint64_t sequence = Append({store::Put{record}});
  Emit(Noted{"nodes",
             node.record.address.ToString(),
             "decommissioned by " + by + "; its containers are stopped " + InWords(deadline),
             false},
       sequence);
  if (!active) {
    Move(node, NodeEvent::kDecommission);
  } else if (node.awaited) {
    SetDecommissionDeadline(node, deadline);
  } else {
    BeginDrain(node);
  }
  return sequence;
}

void ResourceManagerCore::State::BeginDrain(Node& node) {
  const store::DecommissionRecord& record = decommissions.at(node.id());
  Move(node, NodeEvent::kGracefulDecommission);
  sched->SetNodeSchedulable(*node.slot, false);
  place = true;
  SetDecommissionDeadline(node, record.deadline);
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (!containers.IsHeld(slot) || containers.at(slot).stopping) continue;
    if (!containers.at(slot).told) {
      StopForDrain(slot);
    } else if (record.deadline != store::kNoDeadline &&
               !containers.at(slot).is_application_master()) {
      WantBack(slot, decommission_deadlines.At(node.index));
    }
  }
  FinishDrainIfEmpty(node);
}

// What nobody has heard of is asked for again elsewhere; an AM's attempt is repeated at no cost.
void ResourceManagerCore::State::StopForDrain(ContainerSlot slot) {
  const Container& container = containers.at(slot);
  if (container.stopping) return;
  if (container.told) {
    return StopContainer(slot, ContainerEvent::kKill, StopReason::kNodeDecommissioned);
  }
  if (!container.is_application_master()) AskAgain(slot);
  containers.at(slot).set_stop_reason(StopReason::kNodeDecommissioned);
  Move(slot, ContainerEvent::kKill);
  FreeContainer(slot,
                EndedStatus(slot, "Its node is being decommissioned; it was not started yet"));
}

void ResourceManagerCore::State::OnDecommissionDeadline(Node& node) {
  // It may run containers until it is here, or LOST.
  if (node.awaited) return;
  if (!IsActive(node.state)) {
    // It went away while it was draining; now it may not come back.
    store::DecommissionRecord& record = decommissions.at(node.id());
    record.done = true;
    Append({store::Put{record}});
    node_deadlines.Clear(node.index);
    if (Move(node, NodeEvent::kDecommission)) SettleExpected(node, "Its node was decommissioned");
    return;
  }
  if (node.state != NodeState::kDecommissioning) return;
  if (node.drain_enforced) {
    // It was given the time to report, and did not.
    Emit(Noted{"nodes",
               node.record.address.ToString(),
               "did not report the end of its containers; taken out all the same",
               true});
    return FinishDrain(node);
  }
  node.drain_enforced = true;
  decommission_deadlines.Set(node.index, now.monotonic + options.node_expiry);
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (containers.IsHeld(slot)) StopForDrain(slot);
  }
  FinishDrainIfEmpty(node);
}

void ResourceManagerCore::State::FinishDrainIfEmpty(Node& node) {
  if (node.state != NodeState::kDecommissioning) return;
  const bool empty = node.containers.empty() && node.stops.empty() && node.recorded.empty() &&
                     node.unacknowledged.empty() && node.finished_applications.empty();
  if (empty) FinishDrain(node);
}

void ResourceManagerCore::State::FinishDrain(Node& node) {
  store::DecommissionRecord& record = decommissions.at(node.id());
  record.done = true;
  decommission_deadlines.Clear(node.index);
  Append({store::Put{record}});
  if (!Move(node, NodeEvent::kDecommission)) return;
  EvacuateNode(node, "Node " + node.record.address.ToString() + " was decommissioned");
}

uint64_t ResourceManagerCore::State::Recommission(Node& node, const std::string& by) {
  decommissions.erase(node.id());
  decommission_deadlines.Clear(node.index);
  node.drain_enforced = false;
  const uint64_t sequence = Append({store::Delete{store::DecommissionKey(node.id())}});
  Emit(Noted{"nodes", node.record.address.ToString(), "taken back by " + by, false}, sequence);
  if (node.state != NodeState::kDecommissioning) return sequence;
  Move(node, NodeEvent::kRecommission);
  if (!node.healthy) Move(node, NodeEvent::kUnhealthy);
  UseSchedulability(node);
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (!containers.IsHeld(slot)) continue;
    ApplicationAttempt* attempt =
        FindAttempt(containers.AttemptOf(containers.at(slot).application));
    if (attempt != nullptr) DropWish(*attempt, slot);
  }
  return sequence;
}

// Node by node: who is to go, who may stay, who may come back. The sequence of the last change.
uint64_t ResourceManagerCore::State::UseLists(const std::string& by,
                                              ListChange change,
                                              std::optional<Duration> timeout) {
  uint64_t sequence = 0;
  for (auto& [id, owned] : nodes) {
    Node& node = *owned;
    const auto exclusion = lists.ExclusionOf(NamesOf(node));
    const auto found = decommissions.find(id);
    const bool going = found != decommissions.end();
    if (!exclusion) {
      if (going && found->second.from_file) sequence = Recommission(node, by);
      continue;
    }
    if (going && (found->second.done || change == ListChange::kStart)) continue;
    WallTime deadline = now.wall;
    if (change == ListChange::kGraceful) {
      // One that is going already keeps its deadline unless a new one is said.
      if (going && !timeout) continue;
      const auto said = timeout ? timeout : exclusion->timeout;
      deadline = DeadlineAfter(said.value_or(options.decommission_timeout));
    }
    if (!going) {
      sequence = Decommission(node, deadline, by, true);
      continue;
    }
    sequence = ChangeDeadline(node, deadline, by);
  }
  return sequence;
}

uint64_t ResourceManagerCore::State::ChangeDeadline(Node& node,
                                                    WallTime deadline,
                                                    const std::string& by) {
  store::DecommissionRecord& record = decommissions.at(node.id());
  record.deadline = deadline;
  record.by = by;
  const uint64_t sequence = Append({store::Put{record}});
  Emit(Noted{"nodes",
             node.record.address.ToString(),
             "its containers are now stopped " + InWords(deadline) + ", says " + by,
             false},
       sequence);
  if (node.state == NodeState::kDecommissioning && !node.drain_enforced) {
    SetDecommissionDeadline(node, deadline);
  }
  return sequence;
}

void ResourceManagerCore::State::On(const RefreshNodes& event) {
  lists = event.lists;
  const uint64_t sequence = UseLists(
      event.by, event.graceful ? ListChange::kGraceful : ListChange::kAtOnce, event.timeout);
  Emit(Noted{"nodes",
             "-",
             "lists of nodes: " + std::to_string(lists.include.size()) + " included, " +
                 std::to_string(lists.exclude.size()) + " excluded, by " + event.by,
             false},
       sequence);
  Answer(event.call, NoContent{}, sequence);
}

void ResourceManagerCore::State::On(const DrainNode& event) {
  std::vector<Node*> meant;
  for (auto& [id, node] : nodes) {
    const auto names = NamesOf(*node);
    if (std::find(names.begin(), names.end(), event.node) != names.end()) {
      meant.push_back(node.get());
    }
  }
  const std::string name = event.node.substr(0, limits::kNameBytes);
  if (meant.empty()) {
    return Answer(
        event.call,
        Error{ErrorCode::kNotFound, "no node " + name + " is known", "see `weir node -list -all`"});
  }
  uint64_t sequence = 0;
  for (Node* node : meant) {
    const auto found = decommissions.find(node->id());
    const bool going = found != decommissions.end();
    if (event.undo) {
      if (const auto exclusion = lists.ExclusionOf(NamesOf(*node))) {
        return Answer(event.call,
                      Error{ErrorCode::kFailedPrecondition,
                            "node " + name + " is excluded: " + exclusion->why,
                            "change the file, then `weir rmadmin -refreshNodes`"},
                      sequence);
      }
      if (going) sequence = Recommission(*node, event.by);
      continue;
    }
    const WallTime deadline = DeadlineAfter(event.timeout.value_or(options.decommission_timeout));
    if (!going) {
      sequence = Decommission(*node, deadline, event.by, false);
    } else if (!found->second.done) {
      sequence = ChangeDeadline(*node, deadline, event.by);
    }
  }
  Answer(event.call, NoContent{}, sequence);
}

void ResourceManagerCore::State::LoadDecommission(const store::DecommissionRecord& record) {
  Node* node = FindNode(record.node);
  if (node == nullptr) {
    orphans.push_back(store::Delete{store::DecommissionKey(record.node)});
    return;
  }
  decommissions.insert_or_assign(record.node, record);
  if (record.done) {
    node_deadlines.Clear(node->index);
    Move(*node, NodeEvent::kDecommission);
  } else {
    SetDecommissionDeadline(*node, record.deadline);
  }
}

// --- mass silence

void ResourceManagerCore::State::OnSilent(Node& node) {
  node.silent_since = now.wall - std::chrono::duration_cast<milliseconds>(options.node_expiry);
  silent.emplace(now.monotonic, node.index);
  node.silent_at = now.monotonic;
}

void ResourceManagerCore::State::EndSilence(Node& node) {
  if (node.silent_at == kNever) return;
  silent.erase({node.silent_at, node.index});
  node.silent_at = kNever;
  UseSchedulability(node);
}

void ResourceManagerCore::State::ExpireSilent() {
  while (!silent.empty()) {
    if (!expiry_limiter.Take(active_nodes + awaited_nodes, now.monotonic)) break;
    OnNodeExpired(NodeAt(silent.begin()->second));
  }
  // Those that wait get nothing new meanwhile.
  size_t held_back = 0;
  for (const auto& [when, index] : silent) {
    if (when != now.monotonic) continue;
    UseSchedulability(NodeAt(index));
    ++held_back;
  }
  if (held_back == 0) return;
  Emit(Noted{"nodes",
             "-",
             std::to_string(held_back) + " more nodes are silent, " +
                 std::to_string(silent.size()) +
                 " in all; they are not given up yet: " + ExpiryLimitWords(),
             true});
}

std::string ResourceManagerCore::State::ExpiryLimitWords() const {
  const int32_t alive = active_nodes + awaited_nodes;
  const int64_t allowance = expiry_limiter.Allowance(alive, now.monotonic);
  return "at most " + std::to_string(allowance) + " of " + std::to_string(alive) +
         " nodes per minute";
}

// Whether it may get containers, told to the scheduler.
void ResourceManagerCore::State::UseSchedulability(Node& node) {
  if (!node.slot) return;
  sched->SetNodeSchedulable(*node.slot,
                            node.state == NodeState::kRunning && node.silent_at == kNever);
  place = true;
}

}  // namespace weir::rm
