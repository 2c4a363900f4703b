// How much a queue and a user may take now, and the order of queues.
#include <algorithm>
#include <array>
#include <limits>

#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kUnlimited = int64_t{1} << 60;
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

// What is left at the last queue of a path, per type, and which queue of the path gives it.
struct Room {
  std::array<int64_t, Amounts::kMaxTypes> left;
  std::array<int32_t, Amounts::kMaxTypes> level;
};

}  // namespace

Allowance QueueTree::NoAccess(QueueSlot leaf, PartitionSlot partition) const {
  for (const QueueSlot at : details_[Index(leaf)].path) {
    if (!queues_[Index(at)].shares[Index(partition)].accessible) {
      return {0, PendingReason::kNodeLabel, at};
    }
  }
  return {0, PendingReason::kNodeLabel, leaf};
}

Allowance QueueTree::QueueAllowance(QueueSlot leaf,
                                    PartitionSlot partition,
                                    const Amounts& each,
                                    LimitMode mode) const {
  const size_t index = Index(partition);
  const std::vector<QueueSlot>& path = details_[Index(leaf)].path;
  const bool ignore = mode == LimitMode::kIgnoreExclusivity;
  if (!ignore && !queues_[Index(leaf)].shares[index].accessible) return NoAccess(leaf, partition);
  const int types = partitions_[index].scale.types();
  // A queue that may have the whole partition has no limit of its own: what is left of the nodes is
  // their matter. They tell fragmented from full, and an ask larger than the rest closes no queue.
  const size_t levels = ignore ? 1 : path.size();
  Room room;
  for (size_t level = 0; level < levels; ++level) {
    const QueueShare& share = queues_[Index(path[level])].shares[index];
    for (int i = 0; i < types; ++i) {
      const auto type = static_cast<size_t>(i);
      const int64_t most = held_to_guarantees_ && level > 0
                               ? std::min(share.maximum[i], share.guaranteed[i])
                               : share.maximum[i];
      const bool all = !ignore && most >= partitions_[index].total[i];
      const int64_t own = all ? kUnlimited : most - share.used[i];
      if (level == 0) {
        room.left[type] = own;
        room.level[type] = 0;
        continue;
      }
      const int64_t handed = HandedDown(step_, i, room.left[type], share.used[i]) - share.used[i];
      room.left[type] = std::min(own, handed);
      if (own < handed) room.level[type] = static_cast<int32_t>(level);
    }
  }
  int64_t count = kMost;
  int32_t level = 0;
  for (int i = 0; i < types; ++i) {
    const auto type = static_cast<size_t>(i);
    if (room.left[type] >= 0 && each[i] == 0) continue;
    const int64_t fits = room.left[type] < 0 ? 0 : room.left[type] / each[i];
    if (fits < count || (fits == count && room.level[type] < level)) {
      count = fits;
      level = room.level[type];
    }
  }
  if (count >= kUnlimited / Resource::kMemoryMibMax)
    return {kMost, PendingReason::kNone, QueueSlot{}};
  const QueueSlot binding = path[static_cast<size_t>(level)];
  const QueueShare& bound = queues_[Index(binding)].shares[index];
  if (held_to_guarantees_ && level > 0 && !bound.maximum.FitsIn(bound.guaranteed)) {
    return {count, PendingReason::kRecoveryBarrier, binding};
  }
  return {count,
          binding == leaf ? PendingReason::kQueueCapacity : PendingReason::kParentCapacity,
          binding};
}

Amounts QueueTree::CurrentLimit(QueueSlot queue, PartitionSlot partition) const {
  const size_t index = Index(partition);
  Amounts limit;
  Amounts room;
  for (const QueueSlot at : details_[Index(queue)].path) {
    const QueueShare& share = queues_[Index(at)].shares[index];
    for (int i = 0; i < types_; ++i) {
      limit.Set(i, share.maximum[i]);
      if (at.value != 0) {
        limit.Set(i, std::min(limit[i], HandedDown(step_, i, room[i], share.used[i])));
      }
      room.Set(i, limit[i] - share.used[i]);
    }
  }
  return FloorAtZero(step_.Down(limit));
}

UserLimitTerms QueueTree::TermsOf(QueueSlot leaf, PartitionSlot partition) const {
  const size_t index = Index(partition);
  const QueueDetails& details = details_[Index(leaf)];
  const QueueShare& share = queues_[Index(leaf)].shares[index];
  const ShareDetails& sums = details.shares[index];
  return {.scale = partitions_[index].scale,
          .step = step_,
          .total = partitions_[index].total,
          .guaranteed = share.guaranteed,
          .maximum = share.maximum,
          .used_by_active = sums.used_by_active,
          .usage_ratios = sums.usage_ratios,
          .active_weight = details.active_weight,
          .all_weight = details.all_weight,
          .minimum_user_limit = details.settings->minimum_user_limit,
          .user_limit_factor = details.settings->user_limit_factor};
}

const Amounts& QueueTree::PlacementUserLimit(QueueSlot leaf, PartitionSlot partition) const {
  const ShareDetails& details = details_[Index(leaf)].shares[Index(partition)];
  const int64_t version = queues_[Index(leaf)].version;
  if (!details.fixed_user_limit && details.user_limit_version != version) {
    details.user_limit =
        ActiveUserLimit(TermsOf(leaf, partition), step_.minimum(), LimitMode::kRespectExclusivity);
    details.user_limit_version = version;
  }
  return details.user_limit;
}

Amounts QueueTree::CommonUserLimit(QueueSlot leaf,
                                   PartitionSlot partition,
                                   const Amounts& required,
                                   LimitMode mode) const {
  return ActiveUserLimit(TermsOf(leaf, partition), required, mode);
}

Amounts QueueTree::UserLimit(UserSlot slot,
                             PartitionSlot partition,
                             const Amounts& required,
                             LimitMode mode) const {
  const QueueUser& user = LiveUser(slot);
  return WeightedUserLimit(
      step_, CommonUserLimit(user.leaf, partition, required, mode), user.weight);
}

Amounts QueueTree::UserLimitOfAll(UserSlot slot,
                                  PartitionSlot partition,
                                  const Amounts& required,
                                  LimitMode mode) const {
  const QueueUser& user = LiveUser(slot);
  return WeightedUserLimit(
      step_, AllUsersLimit(TermsOf(user.leaf, partition), required, mode), user.weight);
}

Allowance QueueTree::UserAllowance(UserSlot slot,
                                   PartitionSlot partition,
                                   const Amounts& each,
                                   LimitMode mode) const {
  const QueueUser& user = LiveUser(slot);
  const Partition& of = partitions_[Index(partition)];
  const Amounts& used = user.shares[Index(partition)].used;
  int64_t count = 0;
  if (mode == LimitMode::kRespectExclusivity && user.weight == kWholeWeight) {
    count = CountWithOvershoot(
        of.scale, used, each, PlacementUserLimit(user.leaf, partition), of.total);
  } else {
    const Amounts limit = UserLimit(slot, partition, step_.minimum(), mode);
    count = CountWithOvershoot(of.scale, used, each, limit, of.total);
  }
  if (count == kMost) return {kMost, PendingReason::kNone, QueueSlot{}};
  return {count, PendingReason::kUserLimit, user.leaf};
}

Amounts QueueTree::AmLimit(QueueSlot leaf, PartitionSlot partition) const {
  const QueueShare& share = queues_[Index(leaf)].shares[Index(partition)];
  const Calculator calculator = configuration_->calculator;
  const int64_t am_share = details_[Index(leaf)].shares[Index(partition)].am_share;
  if (partition != kDefaultPartition) {
    return AmLimitOf(calculator, step_, share.guaranteed, nullptr, am_share);
  }
  const Amounts current = CurrentLimit(leaf, partition);
  return AmLimitOf(calculator, step_, share.guaranteed, &current, am_share);
}

Amounts QueueTree::UserAmLimit(UserSlot slot, PartitionSlot partition) const {
  const QueueUser& user = LiveUser(slot);
  const QueueDetails& leaf = details_[Index(user.leaf)];
  const UserAmLimitTerms terms{.am_share = leaf.shares[Index(partition)].am_share,
                               .minimum_user_limit = leaf.settings->minimum_user_limit,
                               .user_limit_factor = leaf.settings->user_limit_factor,
                               .active_users = leaf.asking_users + leaf.waiting_users,
                               .weight = user.weight};
  return UserAmLimitOf(partitions_[Index(partition)].scale,
                       step_,
                       queues_[Index(user.leaf)].shares[Index(partition)].guaranteed,
                       terms,
                       AmLimit(user.leaf, partition));
}

Amounts QueueTree::Headroom(UserSlot slot,
                            PartitionSlot partition,
                            const Amounts& partition_free) const {
  const QueueUser& user = LiveUser(slot);
  const QueueShare& share = queues_[Index(user.leaf)].shares[Index(partition)];
  const Amounts user_limit =
      UserLimit(slot, partition, step_.minimum(), LimitMode::kRespectExclusivity);
  // YARN hands limits down in the default partition only.
  const Amounts queue_limit =
      partition == kDefaultPartition ? CurrentLimit(user.leaf, partition) : share.maximum;
  return HeadroomOf(step_,
                    user_limit,
                    user.shares[Index(partition)].used,
                    queue_limit,
                    share.used,
                    partition_free);
}

// YARN's PriorityUtilizationQueueOrderingPolicy, as a key. Queues with no capacity are compared by
// what they use of the partition.
QueueOrder QueueTree::Order(QueueSlot slot, PartitionSlot partition) const {
  const Queue& queue = queues_[Index(slot)];
  const QueueDetails& details = details_[Index(slot)];
  const QueueShare& share = queue.shares[Index(partition)];
  QueueOrder order;
  order.without_access = share.accessible ? 0 : 1;
  order.zero_capacity = share.absolute_capacity == 0 ? 1 : 0;
  order.used = order.zero_capacity != 0 ? share.absolute_used : share.used_capacity;
  if (queue.parent.value >= 0 && details_[Index(queue.parent)].settings->parent_ordering ==
                                     ParentOrdering::kPriorityUtilization) {
    order.over_guarantee = order.used >= kWholeShare ? 1 : 0;
    order.negated_priority = -details.settings->priority;
  }
  order.negated_minimum = -details.shares[Index(partition)].configured_minimum;
  order.negated_absolute = -share.absolute_capacity;
  order.position = details.position;
  return order;
}

}  // namespace weir::scheduler
