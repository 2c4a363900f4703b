// What is tried for an ask only after it has waited: idle space of non-exclusive partitions, and
// holding a node back until a large container fits on it.
#include <algorithm>

#include "scheduler/engine/state.h"

namespace weir::scheduler {

std::optional<ApplicationSlot> CapacityScheduler::reserved_for(NodeSlot node) const {
  const auto found = state_->reservations.find(node);
  if (found == state_->reservations.end()) return std::nullopt;
  return found->second.application;
}

std::optional<uint64_t> CapacityScheduler::reservation_number(NodeSlot node) const {
  const auto found = state_->reservations.find(node);
  if (found == state_->reservations.end()) return std::nullopt;
  return found->second.number;
}

// Asks of the default partition may use idle nodes of a non-exclusive one after a heartbeat's time
// without room (YARN: after as many missed offers as there are nodes). ApplicationMasters may not.
bool CapacityScheduler::State::MayBorrow(const Group& group) const {
  if (group.partition != kDefaultPartition || tree.held_to_guarantees()) return false;
  for (const auto& [label, exclusive] : configuration().labels) {
    if (exclusive) continue;
    const std::optional<PartitionSlot> partition = nodes.FindPartition(label);
    if (partition && nodes.schedulable_nodes(*partition) > 0) return true;
  }
  return false;
}

bool CapacityScheduler::State::TryBorrow(int32_t index,
                                         size_t limit,
                                         std::vector<Allocation>& out) {
  // The first line of an application that has its ApplicationMaster: the first container is that.
  const auto& entries = group_at(index).lines.entries();
  const auto* first = &entries.front();
  if (app(line_at(first->item).application).containers == 0) {
    first = nullptr;
    for (const auto& entry : entries) {
      if (app(line_at(entry.item).application).containers == 0) continue;
      if (first == nullptr || entry.key < first->key) first = &entry;
    }
    if (first == nullptr) return false;
  }
  const int32_t line_index = first->item;
  const Line& line = line_at(line_index);
  const Application& application = app(line.application);
  const Ask& ask = *Head(line);
  const Constraints& extra = ConstraintsOf(ask);
  if (extra.has_places() && !extra.relax) return false;  // there, or nowhere
  for (const auto& [label, exclusive] : configuration().labels) {
    const std::optional<PartitionSlot> partition = nodes.FindPartition(label);
    if (exclusive || !partition || nodes.schedulable_nodes(*partition) == 0) continue;
    lane(group_at(index).leaf, *partition);
    const std::optional<Target> target = SearchAnywhere(application, ask, *partition);
    if (!target) continue;
    const Allowance by_user = tree.UserAllowance(
        group_at(index).user, *partition, amounts(ask.shape), LimitMode::kIgnoreExclusivity);
    if (by_user.count <= 0) continue;
    const int64_t count = std::min({by_user.count, target->room, static_cast<int64_t>(limit)});
    group_at(index).due = true;  // the next of it need not wait again
    Place(line_index, target->node, count, 0, out);
    return true;
  }
  return false;
}

// A node is held back only for an ask that others of another size have overtaken since it found no
// room: without smaller asks around, waiting for the next free place serves it as well.
bool CapacityScheduler::State::MayReserve(const Group& group) const {
  return nodes.SomeCapacityFits(group.partition, amounts(group.shape));
}

void CapacityScheduler::State::TryReserve(int32_t index) {
  const Group& group = group_at(index);
  ShapeClass& own = shape_class(group.partition, group.shape);
  const bool tried =
      own.reservation_try && now.monotonic - *own.reservation_try < options.heartbeat;
  const int64_t others_placed = placed[Index(group.partition)] - own.placed;
  if (tried || !group.since || others_placed == group.others_placed) return;
  const int32_t line_index = group.lines.top().item;
  const Line& line = line_at(line_index);
  const Amounts& each = amounts(group.shape);
  own.reservation_try = now.monotonic;

  // One more reservation per heartbeat's time while it starves, never more than it wants.
  int64_t held = 0;
  for (const NodeSlot node : app(line.application).reservations) {
    if (reservations.at(node).line == line_index) ++held;
  }
  if (held >= line.containers) return;
  const LimitMode mode = LimitMode::kRespectExclusivity;
  if (tree.UserAllowance(group.user, group.partition, each, mode).count <= 0 ||
      tree.QueueAllowance(group.leaf, group.partition, each, mode).count <= 0) {
    return;
  }
  // The node that lacks least, by dominant share of its capacity.
  std::optional<NodeSlot> best;
  Share least = 0;
  for (const NodeSlot slot : nodes.All()) {
    const Node& node = nodes.at(slot);
    if (!node.open() || node.partition != group.partition || !each.FitsIn(node.capacity) ||
        !MayGoTo(app(line.application), *Head(line), node)) {
      continue;
    }
    const Share lacks =
        ShareOf(Calculator::kDominant, FloorAtZero(each - node.free()), node.capacity);
    if (best && lacks >= least) continue;
    best = slot;
    least = lacks;
  }
  if (!best) return;
  nodes.SetReserved(*best, true);
  reservations[*best] = {.node = *best,
                         .application = line.application,
                         .line = line_index,
                         .shape = group.shape,
                         .gang = false,
                         .since = now.monotonic,
                         .number = ++last_reservation};
  shapes.AddUses(group.shape, 1);
  Application& application = app(line.application);
  application.reservations.push_back(*best);
  use(application, group.partition).reserved += each;
  tree.Reserve(group.user, group.partition, each);
  OrderChanged(group.leaf, group.partition);
  sweep_due = true;
  WakeUsers(group.leaf, group.partition);
}

void CapacityScheduler::State::UnreserveFor(int32_t index) {
  if (!configuration().continue_look) return;
  const Group& group = group_at(index);
  const int32_t line_index = group.lines.top().item;
  Refusal refusal;
  if (!nodes.Find(group.partition, amounts(group.shape)) ||
      Allowed(group, LimitMode::kRespectExclusivity, group.partition, refusal) > 0) {
    return;
  }
  for (const NodeSlot node : app(line_at(line_index).application).reservations) {
    const Reservation& held = reservations.at(node);
    if (held.gang || held.line != line_index || held.shape != group.shape) continue;
    DropReservation(node);
    return;
  }
}

void CapacityScheduler::State::DropReservation(NodeSlot node) {
  const auto found = reservations.find(node);
  if (found == reservations.end()) return;
  const Reservation held = found->second;
  if (held.gang) {
    DropPlan(app(held.application).leaf);
    return;
  }
  reservations.erase(found);
  Application& application = app(held.application);
  std::erase(application.reservations, node);
  const PartitionSlot partition = nodes.at(node).partition;
  const Amounts each = amounts(held.shape);
  use(application, partition).reserved -= each;
  tree.Unreserve(application.user, partition, each);
  shapes.DropUses(held.shape, 1);
  nodes.SetReserved(node, false);
  UsageFell(application.user, partition);
  WakeForNode(node);
}

void CapacityScheduler::State::DropReservations(ApplicationSlot slot) {
  while (!app(slot).reservations.empty()) DropReservation(app(slot).reservations.back());
}

void CapacityScheduler::State::TrimReservations(int32_t line_index) {
  const Line& line = line_at(line_index);
  int64_t held = 0;
  std::vector<NodeSlot> surplus;
  for (const NodeSlot node : app(line.application).reservations) {
    const Reservation& each = reservations.at(node);
    if (each.line != line_index) continue;
    const Ask* head = Head(line);
    const bool useful = head != nullptr && head->shape == each.shape && held < line.containers &&
                        ConstraintsOf(*head).gang == each.gang &&
                        MayGoTo(app(line.application), *head, nodes.at(node));
    if (useful) {
      ++held;
    } else {
      surplus.push_back(node);
    }
  }
  for (const NodeSlot node : surplus) DropReservation(node);
}

bool CapacityScheduler::State::FulfilReservations(size_t enough, std::vector<Allocation>& out) {
  while (!fulfil.empty()) {
    const NodeSlot node = fulfil.back();
    const auto found = reservations.find(node);
    if (found == reservations.end() || found->second.gang) {
      fulfil.pop_back();
      continue;
    }
    const Reservation held = found->second;
    const Ask* head = Head(line_at(held.line));
    const bool fits = amounts(held.shape).FitsIn(nodes.at(node).free());
    const bool wanted_still = head != nullptr && head->shape == held.shape;
    if (fits && wanted_still && out.size() >= enough) return false;
    fulfil.pop_back();
    if (!fits && wanted_still) continue;
    // It is taken before anybody else is tried: what this wakes comes only afterwards. The limits
    // have been charged since it was reserved.
    DropReservation(node);
    if (!wanted_still || RoomOn(app(held.application), *head, node) == 0) continue;
    if (const int32_t group = line_at(held.line).group; group >= 0) {
      // It starves no longer: another node is held back only after it has waited anew.
      group_at(group).since.reset();
      group_at(group).due = false;
    }
    Place(held.line, node, 1, 0, out);
  }
  return true;
}

}  // namespace weir::scheduler
