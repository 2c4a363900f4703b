// The decision: which leaf, which line, how many, on which node; and the books that go with it.
#include <algorithm>
#include <limits>
#include <utility>

#include "common/check.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

bool CapacityScheduler::State::Schedule(Now at, size_t limit, std::vector<Allocation>& out) {
  now = at;
  const size_t enough = out.size() + std::min(limit, std::numeric_limits<size_t>::max() / 2);
  RefreshTotals();
  ExpireDynamicQueues();
  BalanceManagedParents();
  if (wake_everybody) {
    wake_everybody = false;
    WakeAll();
  }
  ActivatePending();
  FireDeadlines();
  EndPlans();
  if (!FulfilReservations(enough, out)) return true;
  WakeGangs();
  // What happens in one partition (a reservation given up, say) may make somebody of another ready.
  for (bool some = true; some;) {
    some = false;
    for (size_t p = 0; p < lanes.size(); ++p) {
      const PartitionSlot partition{static_cast<int32_t>(p)};
      while (const std::optional<QueueSlot> leaf = FirstLeaf(partition)) {
        if (out.size() >= enough) return true;
        TryFirst(*leaf, partition, enough - out.size(), out);
        some = true;
      }
    }
    if (WakeGangs()) some = true;
  }
  PlanSweep();  // who has got all that it wanted asks no more
  return false;
}

std::optional<QueueSlot> CapacityScheduler::State::FirstLeaf(PartitionSlot partition) const {
  QueueSlot queue{0};
  const QueueLane* own = FindLane(queue, partition);
  if (own == nullptr || own->parked) return std::nullopt;
  while (!own->children.empty()) {
    queue = {own->children.top().item};
    own = FindLane(queue, partition);
  }
  if (own->groups.empty()) return std::nullopt;
  return queue;
}

void CapacityScheduler::State::TryFirst(QueueSlot leaf,
                                        PartitionSlot partition,
                                        size_t limit,
                                        std::vector<Allocation>& out) {
  const int32_t index = lane(leaf, partition).groups.top().item;
  if (group_at(index).solo) {
    TrySolo(index, limit, out);
  } else {
    TryPlain(index, limit, out);
  }
}

void CapacityScheduler::State::TryPlain(int32_t index, size_t limit, std::vector<Allocation>& out) {
  const PartitionSlot partition = group_at(index).partition;
  const int32_t line = group_at(index).lines.top().item;
  const Amounts& each = amounts(group_at(index).shape);
  const bool due = std::exchange(group_at(index).due, false);
  Refusal refusal;
  bool no_room = false;
  if (!shape_class(partition, group_at(index).shape).blocked) {
    if (!app(line_at(line).application).reservations.empty()) UnreserveFor(index);
    const int64_t allowed =
        Allowed(group_at(index), LimitMode::kRespectExclusivity, partition, refusal);
    const auto found = allowed > 0 ? nodes.Find(partition, each) : std::nullopt;
    if (found) {
      // The first node that fits stays the first while it has room: what fits is placed in one go.
      int64_t count = std::min(allowed, TimesFitting(each, nodes.at(found->node).free()));
      count = std::min(count, static_cast<int64_t>(limit));
      if (count > 1) count = std::min(count, BeforeSibling(group_at(index).leaf, partition, each));
      group_at(index).since.reset();
      Place(line, found->node, count, 0, out);
      return;
    }
    no_room = allowed > 0;
  }
  const bool may_borrow = MayBorrow(group_at(index));
  if (due && may_borrow && TryBorrow(index, limit, out)) return;
  // Holds while somebody is parked for it: who wakes them looks at the nodes again.
  if (no_room) shape_class(partition, group_at(index).shape).blocked = true;
  const bool may_reserve = refusal.waits == Waits::kRoom && MayReserve(group_at(index));
  if (due && may_reserve) TryReserve(index);
  Park(index, refusal);
  if (may_borrow || may_reserve) SetDeadline(index, now.monotonic + options.heartbeat);
}

int64_t CapacityScheduler::State::Allowed(const Group& group,
                                          LimitMode mode,
                                          PartitionSlot partition,
                                          Refusal& refusal) {
  const Amounts& each = amounts(group.shape);
  const Allowance by_user = tree.UserAllowance(group.user, partition, each, mode);
  if (by_user.count <= 0) {
    refusal = {.waits = Waits::kUserLimit, .reason = PendingReason::kUserLimit};
    return 0;
  }
  const Allowance by_queue = tree.QueueAllowance(group.leaf, partition, each, mode);
  if (by_queue.count <= 0) {
    refusal = {.waits = Waits::kQueueLimit,
               .reason = by_queue.binding,
               .binding = by_queue.queue.value >= 0 ? by_queue.queue : group.leaf};
    // What no node could ever take waits for such a node, not for the queue.
    if (!nodes.SomeCapacityFits(partition, each)) refusal = {.waits = Waits::kRoom};
    return 0;
  }
  return std::min(by_user.count, by_queue.count);
}

void CapacityScheduler::State::Park(int32_t index, const Refusal& refusal) {
  switch (refusal.waits) {
    case Waits::kUserLimit:
    case Waits::kGangUserLimit:
      ParkByUser(index);
      return;
    case Waits::kQueueLimit:
      if (StopsQueue(group_at(index), refusal)) {
        ParkQueue(refusal.binding, group_at(index).partition, refusal.reason);
      } else {
        ParkByQueueLimit(index, refusal.binding, refusal.reason);
      }
      return;
    case Waits::kNowhere:
    case Waits::kReady:
    case Waits::kRoom:
      break;
  }
  ParkForRoom(index, refusal.reason);
}

// A container that the queue has no room left for stops the queue, so that smaller ones do not
// overtake it for ever, as in YARN. Not so one that could never go there, or that could go where
// these limits do not count, or that lacks a type which others do not need.
bool CapacityScheduler::State::StopsQueue(const Group& group, const Refusal& refusal) const {
  if (refusal.reason == PendingReason::kNodeLabel) return true;
  const Amounts& each = amounts(group.shape);
  if (ConstraintsOf(*Head(line_at(group.lines.top().item))).gang) return false;
  if (!each.FitsIn(tree.at(refusal.binding).shares[Index(group.partition)].maximum)) return false;
  if (MayBorrow(group)) return false;
  const Amounts common{each[Amounts::kMemory], each[Amounts::kVcores]};
  return tree.QueueAllowance(group.leaf, group.partition, common, LimitMode::kRespectExclusivity)
             .count <= 0;
}

// One queue is served until another has the smaller used share, which makes the same order as one
// container at a time would.
int64_t CapacityScheduler::State::BeforeSibling(QueueSlot leaf,
                                                PartitionSlot partition,
                                                const Amounts& each) const {
  if (tree.settings(leaf).leaf_ordering == LeafOrdering::kFair) return 1;
  int64_t count = std::numeric_limits<int64_t>::max();
  const Calculator calculator = configuration().calculator;
  for (QueueSlot queue = leaf; tree.at(queue).parent.value >= 0; queue = tree.at(queue).parent) {
    const auto* second = FindLane(tree.at(queue).parent, partition)->children.second();
    if (second == nullptr) continue;
    const QueueOrder own = tree.Order(queue, partition);
    const QueueShare& share = tree.at(queue).shares[Index(partition)];
    const Amounts& of = own.zero_capacity != 0 ? tree.total(partition) : share.guaranteed;
    const Share step = ShareOf(calculator, each, of) + 1;  // at least what each adds
    Share until = second->key.used;
    // From its guarantee on it may have to stand behind those of a higher priority.
    if (own.over_guarantee < second->key.over_guarantee) until = std::min(until, kWholeShare);
    // Before each but the first it must still be first: strictly, since ties have rules of their
    // own.
    count = std::min(count, std::max<int64_t>((until - own.used - 1) / step, 0) + 1);
  }
  return count;
}

int32_t CapacityScheduler::State::Place(
    int32_t line_index, NodeSlot node, int64_t count, int32_t gang, std::vector<Allocation>& out) {
  Line& line = line_at(line_index);
  const ApplicationSlot slot = line.application;
  const Ask* head = Head(line);
  const ShapeSlot shape = head->shape;
  const Amounts each = amounts(shape);
  const bool plain = head->constraints < 0;
  const bool borrowed = nodes.at(node).partition != line.partition;
  int32_t done = 0;
  while (count > 0 && head != nullptr && head->shape == shape &&
         (done == 0 || (plain && head->constraints < 0))) {
    const int32_t index = line.asks.top().item;
    const auto now_placed = static_cast<int32_t>(std::min<int64_t>(count, head->count));
    const ContainerPlacement placement{.application = slot,
                                       .node = node,
                                       .shape = shape,
                                       .priority = head->priority,
                                       .request_id = head->request_id};
    for (int32_t i = 0; i < now_placed; ++i) {
      out.push_back({.container = containers.Add(placement, gang, borrowed),
                     .application = slot,
                     .node = node,
                     .shape = shape,
                     .priority = placement.priority,
                     .request_id = placement.request_id});
    }
    shapes.AddUses(shape, now_placed);
    ChangeCount(index, -now_placed);
    done += now_placed;
    count -= now_placed;
    if (ask_at(index).count > 0) break;
    line.asks.Remove(ask_places, index);
    line.locality_since.reset();
    app(slot).asks.erase(placement.request_id);
    Ask& over = ask_at(index);
    if (over.constraints >= 0) {
      constraints[static_cast<size_t>(over.constraints)] = {};
      unused_constraints.push_back(over.constraints);
    }
    over = {};
    unused_asks.push_back(index);
    shapes.DropUses(shape, 1);
    head = Head(line);
  }
  Charge(slot, node, each, done);
  shape_class(nodes.at(node).partition, shape).placed += done;
  SettleLine(line_index);
  UsageChanged(app(slot));
  NoteAsking(app(slot));
  if (!app(slot).reservations.empty()) TrimReservations(line_index);
  return done;
}

void CapacityScheduler::State::Charge(ApplicationSlot slot,
                                      NodeSlot node,
                                      const Amounts& each,
                                      int32_t count) {
  Application& application = app(slot);
  const PartitionSlot partition = nodes.at(node).partition;
  const Amounts total = each * count;
  lane(application.leaf, partition);
  placed[Index(partition)] += count;
  use(application, partition).used += total;
  application.containers += count;
  if (application.counts_places) {
    application.on_node[node.value] += count;
    application.on_rack[nodes.at(node).rack] += count;
  }
  nodes.Charge(node, each, count);
  tree.Charge(application.user, partition, total, count);
  OrderChanged(application.leaf, partition);
  sweep_due = true;  // AM limits depend on what is left, and need not fall with it
  // What the leaf uses has grown, and with it perhaps what one user of it may.
  WakeUsers(application.leaf, partition);
}

ContainerSlot CapacityScheduler::State::Recover(ApplicationSlot slot,
                                                NodeSlot node,
                                                const Resource& resource) {
  const Amounts each = options.types.KnownPartsOf(resource);
  const ShapeSlot shape = shapes.Use(each, options.types);
  const ContainerSlot container =
      containers.Add({.application = slot, .node = node, .shape = shape}, 0, false);
  Charge(slot, node, each, 1);
  UsageChanged(app(slot));
  return container;
}

void CapacityScheduler::State::HoldToGuarantees(bool held) {
  tree.HoldToGuarantees(held);
  wake_everybody = true;
}

void CapacityScheduler::State::Release(ContainerSlot container) {
  WEIR_CHECK(containers.IsLive(container),
             "container slot " + std::to_string(container.value) + " is in use");
  const ContainerPlacement placement = containers.at(container).placement;
  const Amounts each = amounts(placement.shape);
  const PartitionSlot partition = nodes.at(placement.node).partition;
  containers.Remove(container);
  preemption.ContainerEnded(container);
  Application& application = app(placement.application);
  use(application, partition).used -= each;
  --application.containers;
  if (application.counts_places) {
    const auto drop = [](auto& counts, const auto& key) {
      const auto found = counts.find(key);
      if (--found->second == 0) counts.erase(found);
    };
    drop(application.on_node, placement.node.value);
    drop(application.on_rack, nodes.at(placement.node).rack);
  }
  nodes.Discharge(placement.node, each, 1);
  tree.Discharge(application.user, partition, each, 1);
  shapes.DropUses(placement.shape, 1);
  UsageChanged(application);
  UsageFell(application.user, partition);
  if (application.counts_places) WakeLines(application);
  WakeForNode(placement.node);
}

}  // namespace weir::scheduler
