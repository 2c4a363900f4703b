#include <map>

#include "scheduler/preemption/queue_snapshot.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {
namespace {

// Of the partition's own setting when the queue has one, else of the queue's.
int64_t AmShare(const QueueSettings& settings, const std::string& label) {
  const auto found = settings.partitions.find(label);
  if (found == settings.partitions.end()) return settings.am_share;
  return found->second.am_share.value_or(settings.am_share);
}

}  // namespace

QueueSnapshot TakeSnapshot(const QueueTree& tree,
                           const std::map<std::string, PartitionSlot>& labels,
                           const Amounts& minimum_allocation) {
  QueueSnapshot snapshot;
  const Calculator calculator = tree.configuration().calculator;
  snapshot.calculator = calculator;
  snapshot.minimum_allocation = Relevant(calculator, minimum_allocation);
  std::vector<std::string> label_of(1);
  for (const auto& [label, partition] : labels) {
    if (Index(partition) >= label_of.size()) label_of.resize(Index(partition) + 1);
    label_of[Index(partition)] = label;
  }
  for (size_t i = 0; i < label_of.size(); ++i) {
    snapshot.totals.push_back(
        Relevant(calculator, tree.total(PartitionSlot{static_cast<int32_t>(i)})));
  }
  std::map<QueueSlot, int> position_of;
  for (const QueueSlot slot : tree.All()) {
    const Queue& queue = tree.at(slot);
    const QueueSettings& settings = tree.settings(slot);
    SnapshotQueue entry;
    entry.queue = slot;
    const auto parent = position_of.find(queue.parent);
    entry.parent = parent == position_of.end() ? -1 : parent->second;
    entry.leaf = settings.leaf;
    entry.priority = settings.priority;
    entry.ordering = settings.parent_ordering;
    entry.preemption_disabled = settings.preemption_disabled;
    entry.intra_preemption_disabled = settings.intra_preemption_disabled;
    entry.minimum_user_limit = settings.minimum_user_limit;
    entry.user_limit_factor = settings.user_limit_factor;
    entry.shares.resize(label_of.size());
    for (size_t i = 0; i < label_of.size() && i < queue.shares.size(); ++i) {
      const QueueShare& share = queue.shares[i];
      SnapshotShare& copy = entry.shares[i];
      copy.guaranteed = Relevant(calculator, share.guaranteed);
      copy.maximum = Relevant(calculator, share.maximum);
      copy.used = Relevant(calculator, share.used);
      copy.reserved = Relevant(calculator, share.reserved);
      copy.pending = FloorAtZero(Relevant(calculator, share.pending - share.reserved));
      copy.am_limit = ScaleDown(copy.guaranteed, AmShare(settings, label_of[i]), kWholeFactor);
    }
    position_of.emplace(slot, static_cast<int>(snapshot.queues.size()));
    snapshot.queues.push_back(std::move(entry));
  }
  return snapshot;
}

std::vector<SnapshotUser> TakeUsers(const QueueTree& tree,
                                    QueueSlot leaf,
                                    PartitionSlot partition,
                                    const Amounts& minimum_allocation) {
  const Calculator calculator = tree.configuration().calculator;
  std::vector<SnapshotUser> users;
  for (const UserSlot slot : tree.UsersOf(leaf)) {
    const QueueUser& user = tree.user(slot);
    SnapshotUser entry;
    entry.user = slot;
    entry.weight = user.weight;
    if (Index(partition) < user.shares.size()) {
      entry.used = Relevant(calculator, user.shares[Index(partition)].used);
    }
    entry.limit = Relevant(
        calculator,
        tree.UserLimit(slot, partition, minimum_allocation, LimitMode::kRespectExclusivity));
    users.push_back(std::move(entry));
  }
  return users;
}

}  // namespace weir::scheduler
