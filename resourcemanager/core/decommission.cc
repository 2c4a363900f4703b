// Taking nodes out of the cluster and back: drains by command, and the include and exclude files.
//
// A node that is to go gets no new containers from the moment that is stored (DECOMMISSIONING).
// What runs there may end by itself until the deadline; then it is stopped with that cause. When
// the node holds nothing any more, and knows that its containers' ends are recorded, it is
// DECOMMISSIONED: its registrations are refused until it is taken back. The deadline is stored as
// wall-clock time, so that it outlives this process.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

constexpr std::string_view kListsAtStart = "the lists of nodes at the start";
constexpr size_t kExcludedNamed = 10;  // in one message

std::string InWords(WallTime deadline) {
  return deadline == store::kNoDeadline ? "when they end" : "by " + ToIso8601(deadline);
}

std::vector<store::StoreOperation> BatchOf(const std::vector<DecommissionChange>& changes) {
  std::vector<store::StoreOperation> batch;
  for (const DecommissionChange& change : changes) {
    if (change.after) {
      batch.push_back(store::Put{*change.after});
    } else {
      batch.push_back(store::Delete{store::DecommissionKey(change.node)});
    }
  }
  return batch;
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

void ResourceManagerCore::State::Decommission(Node& node, store::DecommissionRecord record) {
  // One that is awaited after a restart is drained when it is back.
  const bool active = IsActive(node.state) || node.awaited;
  const bool stored_done = std::exchange(record.done, !active);
  decommissions.insert_or_assign(node.id(), record);
  // It came or went while its record was written.
  if (stored_done != record.done) Append({store::Put{record}});
  Emit(Noted{
      "nodes",
      node.record.address.ToString(),
      "decommissioned by " + record.by + "; its containers are stopped " + InWords(record.deadline),
      false});
  if (!active) {
    Move(node, NodeEvent::kDecommission);
  } else if (node.awaited) {
    SetDecommissionDeadline(node, record.deadline);
  } else {
    BeginDrain(node);
  }
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

// With a deadline it has the time until then to come back; without one there is nothing to wait
// for.
void ResourceManagerCore::State::FinishDrainOfGone(Node& node) {
  const auto going = decommissions.find(node.id());
  if (going == decommissions.end() || going->second.done) return;
  const WallTime deadline = going->second.deadline;
  if (deadline == store::kNoDeadline || deadline <= now.wall) OnDecommissionDeadline(node);
}

void ResourceManagerCore::State::Recommission(Node& node, const std::string& by) {
  decommissions.erase(node.id());
  decommission_deadlines.Clear(node.index);
  node.drain_enforced = false;
  Emit(Noted{"nodes", node.record.address.ToString(), "taken back by " + by, false});
  if (node.state != NodeState::kDecommissioning) return;
  Move(node, NodeEvent::kRecommission);
  if (!node.healthy) Move(node, NodeEvent::kUnhealthy);
  UseSchedulability(node);
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (!containers.IsHeld(slot)) continue;
    ApplicationAttempt* attempt =
        FindAttempt(containers.AttemptOf(containers.at(slot).application));
    if (attempt != nullptr) DropWish(*attempt, slot);
  }
}

void ResourceManagerCore::State::ChangeDeadline(Node& node, const store::DecommissionRecord& next) {
  decommissions.insert_or_assign(node.id(), next);
  Emit(Noted{"nodes",
             node.record.address.ToString(),
             "its containers are now stopped " + InWords(next.deadline) + ", says " + next.by,
             false});
  if (node.state == NodeState::kDecommissioning && !node.drain_enforced) {
    SetDecommissionDeadline(node, next.deadline);
  }
}

// --- who is to go, who may stay, who may come back: written first, then used

DecommissionChange ResourceManagerCore::State::PlanGoing(const Node& node,
                                                         store::DecommissionRecord record) const {
  const auto found = decommissions.find(node.id());
  if (found == decommissions.end()) {
    record.done = !IsActive(node.state) && !node.awaited;
    return {.node = node.id(), .after = std::move(record)};
  }
  // Who said so first still decides who may take it back.
  record.from_file = found->second.from_file;
  return {.node = node.id(), .before = found->second, .after = std::move(record)};
}

std::optional<DecommissionChange> ResourceManagerCore::State::PlanExclusion(
    const Node& node,
    const NodeLists::Exclusion& exclusion,
    const std::string& by,
    const ListChange& change) const {
  const auto found = decommissions.find(node.id());
  const bool going = found != decommissions.end();
  if (going && (found->second.done || change.kind == ListChange::Kind::kStart)) return std::nullopt;
  WallTime deadline = now.wall;
  if (change.kind == ListChange::Kind::kGraceful) {
    // One that is going already keeps its deadline unless a new one is said.
    if (going && !change.timeout) return std::nullopt;
    const auto said = change.timeout ? change.timeout : exclusion.timeout;
    deadline = DeadlineAfter(said.value_or(options.decommission_timeout));
  }
  return PlanGoing(
      node, {.node = node.id(), .deadline = deadline, .by = by, .from_file = true, .done = false});
}

std::vector<DecommissionChange> ResourceManagerCore::State::PlanLists(
    const NodeLists& next, const std::string& by, const ListChange& change) const {
  std::vector<DecommissionChange> plan;
  for (const auto& [id, node] : nodes) {
    if (const auto exclusion = next.ExclusionOf(NamesOf(*node))) {
      if (auto one = PlanExclusion(*node, *exclusion, by, change)) plan.push_back(*std::move(one));
      continue;
    }
    const auto found = decommissions.find(id);
    if (found == decommissions.end() || !found->second.from_file) continue;
    plan.push_back({.node = id, .before = found->second});
  }
  return plan;
}

std::vector<DecommissionChange> ResourceManagerCore::State::PlanDrain(
    const std::vector<const Node*>& meant, const DrainNode& event) const {
  std::vector<DecommissionChange> plan;
  const WallTime deadline = DeadlineAfter(event.timeout.value_or(options.decommission_timeout));
  for (const Node* node : meant) {
    const auto found = decommissions.find(node->id());
    const bool going = found != decommissions.end();
    if (event.undo) {
      if (going) plan.push_back({.node = node->id(), .before = found->second});
    } else if (!going || !found->second.done) {
      plan.push_back(PlanGoing(*node,
                               {.node = node->id(),
                                .deadline = deadline,
                                .by = event.by,
                                .from_file = false,
                                .done = false}));
    }
  }
  return plan;
}

void ResourceManagerCore::State::StoreDecommissions(std::optional<CallId> call,
                                                    PendingDecommissions next,
                                                    std::vector<Noted> notes) {
  std::vector<store::StoreOperation> batch = BatchOf(next.nodes);
  if (!batch.empty()) {
    return StoreThenUse(
        std::move(batch),
        {.call = call, .what = std::move(next), .notes = std::move(notes), .undo = {}});
  }
  static_cast<void>(Use(next));
  for (Noted& note : notes) Emit(std::move(note));
  if (call) Answer(*call, NoContent{}, appended);
}

Status ResourceManagerCore::State::Use(const PendingDecommissions& next) {
  if (next.lists) lists = *next.lists;
  for (const DecommissionChange& change : next.nodes) Use(change, next.by);
  if (!next.lists) return {};
  TrackGone();
  // Who came while it was written was let in by the lists before.
  PendingDecommissions late{.by = next.by,
                            .nodes = PlanLists(lists, next.by, next.change),
                            .lists = next.lists,
                            .change = next.change};
  std::erase_if(late.nodes, [](const DecommissionChange& one) { return one.before.has_value(); });
  if (!late.nodes.empty()) StoreDecommissions(std::nullopt, std::move(late), {});
  return {};
}

void ResourceManagerCore::State::Use(const DecommissionChange& change, const std::string& by) {
  Node* node = FindNode(change.node);
  if (node == nullptr) {  // forgotten meanwhile
    if (change.after) Append({store::Delete{store::DecommissionKey(change.node)}});
    return;
  }
  const auto found = decommissions.find(change.node);
  const bool going = found != decommissions.end();
  if (!change.after) {
    // Its drain has ended meanwhile: that was written after this.
    if (going && found->second != change.before) {
      Append({store::Delete{store::DecommissionKey(change.node)}});
    }
    Recommission(*node, by);
  } else if (!going) {
    Decommission(*node, *change.after);
  } else if (!found->second.done) {
    ChangeDeadline(*node, *change.after);
  }
}

// Before anything else happens, and without waiting for the store: the files say the same at the
// next start. A node that comes in between is to meet what holds.
void ResourceManagerCore::State::UseListsOfTheStart() {
  const std::string by(kListsAtStart);
  const auto plan = PlanLists(lists, by, {.kind = ListChange::Kind::kStart});
  if (!plan.empty()) Append(BatchOf(plan));
  for (const DecommissionChange& change : plan) Use(change, by);
  TrackGone();
}

void ResourceManagerCore::State::On(const RefreshNodes& event) {
  if (WaitsForChange(event)) return;
  PendingDecommissions next{
      .by = event.by,
      .nodes = {},
      .lists = event.lists,
      .change = {.kind = event.graceful ? ListChange::Kind::kGraceful : ListChange::Kind::kAtOnce,
                 .timeout = event.timeout}};
  next.nodes = PlanLists(event.lists, event.by, next.change);
  Noted note{"nodes",
             "-",
             "lists of nodes: " + std::to_string(event.lists.include.size()) + " included, " +
                 std::to_string(event.lists.exclude.size()) + " excluded, by " + event.by,
             false};
  StoreDecommissions(event.call, std::move(next), {std::move(note)});
}

Status ResourceManagerCore::State::CheckUndo(const std::vector<const Node*>& meant,
                                             const std::string& name) const {
  size_t count = 0;
  std::string which;
  std::string why;  // of the last one
  for (const Node* node : meant) {
    const auto exclusion = lists.ExclusionOf(NamesOf(*node));
    if (!exclusion) continue;
    why = exclusion->why;
    if (++count > kExcludedNamed) continue;
    which += (which.empty() ? "" : ", ") + node->record.address.ToString() + " (" + why + ")";
  }
  if (count == 0) return {};
  const std::string remedy = "change the file, then `weir rmadmin -refreshNodes`";
  if (meant.size() == 1) {
    return Error{ErrorCode::kFailedPrecondition, "node " + name + " is excluded: " + why, remedy};
  }
  if (count > kExcludedNamed) which += " and " + std::to_string(count - kExcludedNamed) + " more";
  return Error{ErrorCode::kFailedPrecondition,
               "none was taken back: " + name + " means " + std::to_string(meant.size()) +
                   " nodes, of which these are excluded: " + which,
               remedy + ", or name one of the others by host:port"};
}

void ResourceManagerCore::State::On(const DrainNode& event) {
  if (WaitsForChange(event)) return;
  std::vector<const Node*> meant;
  for (const auto& [id, node] : nodes) {
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
  if (event.undo) {
    if (Status may = CheckUndo(meant, name); !may.ok()) {
      return Answer(event.call, std::move(may).error());
    }
  }
  StoreDecommissions(event.call, {.by = event.by, .nodes = PlanDrain(meant, event)}, {});
}

void ResourceManagerCore::State::LoadDecommission(const store::DecommissionRecord& record) {
  Node* node = FindNode(record.node);
  if (node == nullptr) {
    orphans.insert(store::DecommissionKey(record.node));
    return;
  }
  decommissions.insert_or_assign(record.node, record);
  if (record.done) Move(*node, NodeEvent::kDecommission);
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
  sched->SetNodeSchedulable(*node.slot, IsOpen(node));
  place = true;
  open_nodes_differ = true;
}

}  // namespace weir::rm
