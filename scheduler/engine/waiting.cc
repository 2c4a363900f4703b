// Who waits where: groups of lines, the heaps of ready ones, and what wakes those set aside.
#include <algorithm>
#include <limits>
#include <utility>

#include "common/check.h"
#include "scheduler/engine/fair_measure.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

// A share of the user limit may be rounded differently from the limit itself: waking a little too
// often is harmless.
constexpr Share kShareSlack = 8;
// Shares are compared this much coarser: the largest one (2^50) times kWholeWeight stays below
// 2^63.
constexpr Share kShareGrain = 128;

}  // namespace

QueueLane& CapacityScheduler::State::lane(QueueSlot queue, PartitionSlot partition) {
  if (lanes.size() <= Index(partition)) {
    lanes.resize(Index(partition) + 1);
    queue_places.resize(Index(partition) + 1);
    classes.resize(Index(partition) + 1);
    parked_shapes.resize(Index(partition) + 1);
    placed.resize(Index(partition) + 1, 0);
  }
  std::vector<QueueLane>& of_partition = lanes[Index(partition)];
  if (of_partition.size() <= Index(queue)) of_partition.resize(Index(queue) + 1);
  return of_partition[Index(queue)];
}

const QueueLane* CapacityScheduler::State::FindLane(QueueSlot queue,
                                                    PartitionSlot partition) const {
  if (Index(partition) >= lanes.size()) return nullptr;
  const std::vector<QueueLane>& of_partition = lanes[Index(partition)];
  return Index(queue) < of_partition.size() ? &of_partition[Index(queue)] : nullptr;
}

ShapeClass& CapacityScheduler::State::shape_class(PartitionSlot partition, ShapeSlot shape) {
  std::vector<ShapeClass>& of_partition = classes[Index(partition)];
  if (of_partition.size() <= Index(shape)) of_partition.resize(Index(shape) + 1);
  return of_partition[Index(shape)];
}

LineKey CapacityScheduler::State::KeyOf(int32_t index) const {
  const Application& application = app(line_at(index).application);
  const QueueSettings& settings = tree.settings(application.leaf);
  if (settings.leaf_ordering == LeafOrdering::kFifo) {
    return {.first = -int64_t{application.priority}, .order = application.order, .line = index};
  }
  return {.first = FairMeasure(application, lines, settings.size_based_weight),
          .order = application.order,
          .line = index};
}

int32_t CapacityScheduler::State::GroupFor(const Line& line, const Ask& head, bool solo) {
  const UserSlot user = app(line.application).user;
  if (user_groups.size() <= Index(user)) user_groups.resize(Index(user) + 1);
  std::vector<int32_t>& own = user_groups[Index(user)];
  const auto key = [this](int32_t g) {
    return std::pair(group_at(g).partition.value, group_at(g).shape.value);
  };
  const std::pair<int32_t, int32_t> wanted_key(line.partition.value, head.shape.value);
  const auto place = std::lower_bound(
      own.begin(), own.end(), wanted_key, [&](int32_t g, const auto& k) { return key(g) < k; });
  if (!solo && place != own.end() && key(*place) == wanted_key) return *place;
  const auto offset = place - own.begin();
  if (unused_groups.empty()) {
    unused_groups.push_back(static_cast<int32_t>(groups.size()));
    groups.emplace_back();
  }
  const int32_t index = unused_groups.back();
  unused_groups.pop_back();
  Group& group = group_at(index);
  group.leaf = app(line.application).leaf;
  group.user = user;
  group.partition = line.partition;
  group.shape = head.shape;
  group.live = true;
  group.solo = solo;
  group.due = false;
  group.waits = Waits::kNowhere;
  group.reason = PendingReason::kNone;
  group.missing = 0;
  group.since.reset();
  shapes.AddUses(head.shape, 1);
  if (!solo) own.insert(own.begin() + offset, index);
  return index;
}

void CapacityScheduler::State::FreeGroup(int32_t index) {
  Unpark(index);
  if (deadline_places.Contains(index)) deadlines.Remove(deadline_places, index);
  Group& group = group_at(index);
  group.live = false;
  if (!group.solo) {
    std::vector<int32_t>& own = user_groups[Index(group.user)];
    own.erase(std::find(own.begin(), own.end(), index));
  }
  shapes.DropUses(group.shape, 1);
  unused_groups.push_back(index);
}

void CapacityScheduler::State::LeaveGroup(int32_t index) {
  const int32_t group = line_at(index).group;
  if (group < 0) return;
  line_at(index).group = -1;
  IndexedHeap<LineKey>& own_lines = group_at(group).lines;
  const bool first = own_lines.top().item == index;
  own_lines.Remove(line_places, index);
  if (own_lines.empty()) {
    FreeGroup(group);
  } else if (first) {
    GroupKeyChanged(group);
  }
}

void CapacityScheduler::State::SettleLine(int32_t index) {
  Line& line = line_at(index);
  const Ask* head = Head(line);
  const Application& application = app(line.application);
  if (head == nullptr || !application.activated) {
    LeaveGroup(index);
    return;
  }
  const bool solo = IsSolo(application, *head);
  if (line.group >= 0) {
    const Group& group = group_at(line.group);
    const bool same = group.shape == head->shape && group.solo == solo &&
                      group.leaf == application.leaf && group.user == application.user;
    if (same) {
      // Another head may go where the last one could not.
      if (solo && group.waits != Waits::kReady) Rouse(line.group);
      KeyChanged(index);
      return;
    }
    LeaveGroup(index);
  }
  const int32_t group = GroupFor(line, *head, solo);
  line.group = group;
  IndexedHeap<LineKey>& own_lines = group_at(group).lines;
  own_lines.Push(line_places, KeyOf(index), index);
  if (group_at(group).waits == Waits::kNowhere) {
    MakeReady(group);
  } else if (own_lines.top().item == index) {
    GroupKeyChanged(group);
  }
}

void CapacityScheduler::State::KeyChanged(int32_t index) {
  const int32_t group = line_at(index).group;
  if (group < 0) return;
  IndexedHeap<LineKey>& own_lines = group_at(group).lines;
  const bool was_first = own_lines.top().item == index;
  own_lines.Change(line_places, KeyOf(index), index);
  if (was_first || own_lines.top().item == index) GroupKeyChanged(group);
}

void CapacityScheduler::State::UsageChanged(const Application& application) {
  if (tree.settings(application.leaf).leaf_ordering == LeafOrdering::kFifo) return;
  for (const int32_t line : application.lines) KeyChanged(line);
}

void CapacityScheduler::State::GroupKeyChanged(int32_t index) {
  const Group& group = group_at(index);
  if (group.waits != Waits::kReady) return;
  lane(group.leaf, group.partition).groups.Change(group_places, group.lines.top().key, index);
  ResumeAbove(group.leaf, group.partition);
}

void CapacityScheduler::State::MakeReady(int32_t index) {
  Group& group = group_at(index);
  group.waits = Waits::kReady;
  group.reason = PendingReason::kNone;
  lane(group.leaf, group.partition).groups.Push(group_places, group.lines.top().key, index);
  EnterTree(group.leaf, group.partition);
  ResumeAbove(group.leaf, group.partition);
}

void CapacityScheduler::State::Rouse(int32_t index) {
  Unpark(index);
  MakeReady(index);
}

void CapacityScheduler::State::WakeLines(const Application& application) {
  for (const int32_t line : application.lines) {
    const int32_t group = line_at(line).group;
    if (group >= 0 && group_at(group).waits == Waits::kRoom) Rouse(group);
  }
}

void CapacityScheduler::State::Unpark(int32_t index) {
  Group& group = group_at(index);
  const auto take_from = [&](std::vector<int32_t>& list) {
    const auto place = static_cast<size_t>(group.parked_at);
    list[place] = list.back();
    group_at(list[place]).parked_at = group.parked_at;
    list.pop_back();
    group.parked_at = -1;
  };
  switch (group.waits) {
    case Waits::kNowhere:
      break;
    case Waits::kReady: {
      QueueLane& own = lane(group.leaf, group.partition);
      own.groups.Remove(group_places, index);
      if (own.groups.empty()) LeaveTree(group.leaf, group.partition);
      ResumeAbove(group.leaf, group.partition);
      break;
    }
    case Waits::kUserLimit:
      lane(group.leaf, group.partition).over_limit.Remove(group_places, index);
      take_from(over_limit_of_user[Index(group.user)]);
      break;
    case Waits::kGangUserLimit:
      take_from(lane(group.leaf, group.partition).gangs_over_limit);
      break;
    case Waits::kRoom: {
      ShapeClass& own = shape_class(group.partition, group.shape);
      take_from(own.parked);
      group.missing = 0;
      if (own.parked.empty()) {
        parked_shapes[Index(group.partition)].erase(
            {amounts(group.shape)[Amounts::kMemory], group.shape.value});
        own.blocked = false;
      }
      break;
    }
    case Waits::kQueueLimit:
      take_from(lane(group.binding, group.partition).alone);
      break;
  }
  group.waits = Waits::kNowhere;
}

void CapacityScheduler::State::ParkByUser(int32_t index) {
  Unpark(index);
  Group& group = group_at(index);
  group.reason = PendingReason::kUserLimit;
  QueueLane& leaf = lane(group.leaf, group.partition);
  // The limit depends on how much is required at once: a gang's is its own.
  if (ConstraintsOf(*Head(line_at(group.lines.top().item))).gang) {
    group.waits = Waits::kGangUserLimit;
    group.parked_at = static_cast<int32_t>(leaf.gangs_over_limit.size());
    leaf.gangs_over_limit.push_back(index);
    return;
  }
  group.waits = Waits::kUserLimit;
  if (over_limit_of_user.size() <= Index(group.user)) {
    over_limit_of_user.resize(Index(group.user) + 1);
  }
  std::vector<int32_t>& of_user = over_limit_of_user[Index(group.user)];
  group.parked_at = static_cast<int32_t>(of_user.size());
  of_user.push_back(index);
  leaf.over_limit.Push(group_places, WeighedShare(group.user, group.partition), index);
}

Share CapacityScheduler::State::WeighedShare(UserSlot slot, PartitionSlot partition) const {
  const QueueUser& user = tree.user(slot);
  const Share share = ShareOf(
      configuration().calculator, user.shares[Index(partition)].used, tree.total(partition));
  return share / kShareGrain * kWholeWeight / std::max<int64_t>(user.weight, 1);
}

void CapacityScheduler::State::WakeUsers(QueueSlot leaf, PartitionSlot partition) {
  const QueueLane* known = FindLane(leaf, partition);
  if (known == nullptr) return;
  if (!known->gangs_over_limit.empty() && !known->gangs_due) {
    lane(leaf, partition).gangs_due = true;
    gangs_due.emplace_back(leaf, partition);
  }
  if (known->over_limit.empty()) return;
  QueueLane& own = lane(leaf, partition);
  const Amounts limit =
      tree.CommonUserLimit(leaf, partition, minimum, LimitMode::kRespectExclusivity);
  const Share reachable =
      ShareOf(configuration().calculator, limit, tree.total(partition)) / kShareGrain + kShareSlack;
  while (!own.over_limit.empty() && own.over_limit.top().key <= reachable) {
    Rouse(own.over_limit.top().item);
  }
}

// Not at every change of a limit but when there is nothing else to do, and before all else: there
// may be many of them.
bool CapacityScheduler::State::WakeGangs() {
  bool some = false;
  for (const auto& [leaf, partition] : std::exchange(gangs_due, {})) {
    QueueLane& own = lane(leaf, partition);
    own.gangs_due = false;
    for (size_t i = own.gangs_over_limit.size(); i > 0; --i) {
      const int32_t index = own.gangs_over_limit[i - 1];
      const Group& group = group_at(index);
      const Ask& ask = *Head(line_at(group.lines.top().item));
      if (GangLimits(group, ask).waits == Waits::kGangUserLimit) continue;
      Rouse(index);
      some = true;
    }
  }
  return some;
}

void CapacityScheduler::State::ParkForRoom(int32_t index, PendingReason reason) {
  Unpark(index);
  Group& group = group_at(index);
  ShapeClass& own = shape_class(group.partition, group.shape);
  if (own.parked.empty()) {
    parked_shapes[Index(group.partition)].insert(
        {amounts(group.shape)[Amounts::kMemory], group.shape.value});
  }
  group.parked_at = static_cast<int32_t>(own.parked.size());
  own.parked.push_back(index);
  group.waits = Waits::kRoom;
  group.reason = reason;
  Since(index);
}

// When the group found no room first; now, if it has not waited yet.
Instant CapacityScheduler::State::Since(int32_t index) {
  Group& group = group_at(index);
  if (group.since) return *group.since;
  group.since = now.monotonic;
  group.others_placed =
      placed[Index(group.partition)] - shape_class(group.partition, group.shape).placed;
  return now.monotonic;
}

void CapacityScheduler::State::ParkByQueueLimit(int32_t index,
                                                QueueSlot binding,
                                                PendingReason reason) {
  Unpark(index);
  Group& group = group_at(index);
  std::vector<int32_t>& list = lane(binding, group.partition).alone;
  group.parked_at = static_cast<int32_t>(list.size());
  list.push_back(index);
  group.binding = binding;
  group.waits = Waits::kQueueLimit;
  group.reason = reason;
}

void CapacityScheduler::State::ParkQueue(QueueSlot queue,
                                         PartitionSlot partition,
                                         PendingReason reason) {
  QueueLane& own = lane(queue, partition);
  if (own.parked) return;
  LeaveTree(queue, partition);
  own.parked = true;
  own.reason = reason;
  ++parked_queues;
}

void CapacityScheduler::State::Resume(QueueSlot queue, PartitionSlot partition) {
  QueueLane& own = lane(queue, partition);
  if (!own.parked) return;
  own.parked = false;
  own.reason = PendingReason::kNone;
  --parked_queues;
  EnterTree(queue, partition);
}

void CapacityScheduler::State::ResumeAbove(QueueSlot leaf, PartitionSlot partition) {
  if (parked_queues == 0) return;
  for (QueueSlot queue = leaf; queue.value >= 0; queue = tree.at(queue).parent) {
    const QueueLane* own = FindLane(queue, partition);
    if (own != nullptr && own->parked) Resume(queue, partition);
  }
}

void CapacityScheduler::State::UnparkQueue(QueueSlot queue, PartitionSlot partition) {
  Resume(queue, partition);
  // Of what it may have all of the partition, it has no limit of its own.
  const QueueShare& share = tree.at(queue).shares[Index(partition)];
  const Amounts& total = tree.total(partition);
  Amounts room = share.maximum - share.used;
  for (int i = 0; i < options.types.count(); ++i) {
    if (share.maximum[i] >= total[i]) room.Set(i, std::numeric_limits<int64_t>::max());
  }
  // From the back: who goes leaves its place to the last one.
  std::vector<int32_t>& alone = lane(queue, partition).alone;
  for (size_t i = alone.size(); i > 0; --i) {
    const int32_t group = alone[i - 1];
    const Ask* head = Head(line_at(group_at(group).lines.top().item));
    const int64_t at_once = ConstraintsOf(*head).gang ? head->count : 1;
    if ((amounts(group_at(group).shape) * at_once).FitsIn(room)) Rouse(group);
  }
}

void CapacityScheduler::State::EnterTree(QueueSlot queue, PartitionSlot partition) {
  while (tree.at(queue).parent.value >= 0) {
    const QueueSlot parent = tree.at(queue).parent;
    lane(parent, partition);  // the reference below must not move
    QueueLane& own = lane(queue, partition);
    if (own.in_parent || own.parked || !own.has_ready()) return;
    own.in_parent = true;
    lane(parent, partition)
        .children.Push(queue_places[Index(partition)], tree.Order(queue, partition), queue.value);
    queue = parent;
  }
}

void CapacityScheduler::State::LeaveTree(QueueSlot queue, PartitionSlot partition) {
  while (tree.at(queue).parent.value >= 0) {
    QueueLane& own = lane(queue, partition);
    if (!own.in_parent) return;
    own.in_parent = false;
    const QueueSlot parent = tree.at(queue).parent;
    QueueLane& above = lane(parent, partition);
    above.children.Remove(queue_places[Index(partition)], queue.value);
    if (above.has_ready()) return;
    queue = parent;
  }
}

void CapacityScheduler::State::OrderChanged(QueueSlot leaf, PartitionSlot partition) {
  for (QueueSlot queue = leaf; tree.at(queue).parent.value >= 0; queue = tree.at(queue).parent) {
    const QueueLane* own = FindLane(queue, partition);
    if (own == nullptr || !own->in_parent) continue;
    lane(tree.at(queue).parent, partition)
        .children.Change(queue_places[Index(partition)], tree.Order(queue, partition), queue.value);
  }
}

void CapacityScheduler::State::UsageFell(UserSlot user, PartitionSlot partition) {
  const QueueSlot leaf = tree.user(user).leaf;
  sweep_due = true;
  OrderChanged(leaf, partition);
  for (QueueSlot queue = leaf; queue.value >= 0; queue = tree.at(queue).parent) {
    const QueueLane* own = FindLane(queue, partition);
    if (own != nullptr && (own->parked || !own->alone.empty())) UnparkQueue(queue, partition);
  }
  // His places among those over the limit were made from more usage.
  if (Index(user) < over_limit_of_user.size() && !over_limit_of_user[Index(user)].empty()) {
    const Share share = WeighedShare(user, partition);
    for (const int32_t group : over_limit_of_user[Index(user)]) {
      if (group_at(group).partition != partition) continue;
      lane(leaf, partition).over_limit.Change(group_places, share, group);
    }
  }
  WakeUsers(leaf, partition);
}

void CapacityScheduler::State::WakeClass(PartitionSlot partition,
                                         ShapeSlot shape,
                                         const Amounts& free) {
  ShapeClass& own = shape_class(partition, shape);
  own.blocked = false;
  const int64_t fitting = TimesFitting(amounts(shape), free);
  // From the back: waking takes a group out of the list and puts the last one in its place.
  for (size_t i = own.parked.size(); i > 0; --i) {
    const int32_t index = own.parked[i - 1];
    Group& group = group_at(index);
    if (group.missing > fitting) {
      group.missing -= fitting;
      continue;
    }
    group.missing = 0;
    Rouse(index);
  }
}

void CapacityScheduler::State::WakeForNode(NodeSlot slot) {
  const Node& node = nodes.at(slot);
  if (!node.live || !node.schedulable) return;
  if (node.reserved) {
    const Reservation& held = reservations.at(slot);
    if (held.gang) {
      const int32_t group = line_at(held.line).group;
      if (group >= 0 && group_at(group).waits == Waits::kRoom) Rouse(group);
    } else if (amounts(held.shape).FitsIn(node.free())) {
      fulfil.push_back(slot);
    }
    return;
  }
  const Amounts free = node.free();
  const auto wake_in = [&](PartitionSlot partition) {
    if (Index(partition) >= parked_shapes.size()) return;
    // A woken class leaves the set: the next one is looked up anew.
    std::pair<int64_t, int32_t> at{std::numeric_limits<int64_t>::min(), -1};
    const auto& parked = parked_shapes[Index(partition)];
    for (auto it = parked.lower_bound(at); it != parked.end(); it = parked.upper_bound(at)) {
      at = *it;
      if (at.first > free[Amounts::kMemory]) return;
      const ShapeSlot shape{at.second};
      if (amounts(shape).FitsIn(free)) WakeClass(partition, shape, free);
    }
  };
  wake_in(node.partition);
  // Idle space of a non-exclusive partition may help those of the default one.
  if (node.partition != kDefaultPartition) {
    const auto exclusive = configuration().labels.find(nodes.label(node.partition));
    if (exclusive != configuration().labels.end() && !exclusive->second) {
      wake_in(kDefaultPartition);
    }
  }
}

void CapacityScheduler::State::WakeAll() {
  for (size_t p = 0; p < lanes.size(); ++p) WakeAll({static_cast<int32_t>(p)});
}

void CapacityScheduler::State::WakeAll(PartitionSlot partition) {
  for (size_t i = 0; i < groups.size(); ++i) {
    const auto index = static_cast<int32_t>(i);
    Group& group = group_at(index);
    if (!group.live || group.partition != partition || group.waits == Waits::kReady) continue;
    group.missing = 0;
    Rouse(index);
  }
  for (ShapeClass& each : classes[Index(partition)]) each.blocked = false;
  for (const QueueSlot queue : tree.All()) {
    const QueueLane* own = FindLane(queue, partition);
    if (own != nullptr && own->parked) UnparkQueue(queue, partition);
    if (own != nullptr && own->in_parent) {
      lane(tree.at(queue).parent, partition)
          .children.Change(
              queue_places[Index(partition)], tree.Order(queue, partition), queue.value);
    }
  }
}

// An earlier one stays: it is set again when it has passed.
void CapacityScheduler::State::SetDeadline(int32_t group, Instant at) {
  if (!deadline_places.Contains(group)) {
    deadlines.Push(deadline_places, at, group);
  } else if (at < deadlines.entries()[static_cast<size_t>(deadline_places.at(group))].key) {
    deadlines.Change(deadline_places, at, group);
  }
}

void CapacityScheduler::State::FireDeadlines() {
  while (!deadlines.empty() && deadlines.top().key <= now.monotonic) {
    const int32_t index = deadlines.top().item;
    deadlines.Remove(deadline_places, index);
    Group& group = group_at(index);
    group.due = true;
    if (group.waits != Waits::kReady) Rouse(index);
  }
}

}  // namespace weir::scheduler
