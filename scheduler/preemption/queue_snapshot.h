// QueueSnapshot: what a preemption round needs to know of the queue tree, copied at its start, so
// that a round that takes several steps computes with one state.
//
// Terms: *entries* are queues, parents before children; an index into them is a *position*. With
// the memory-only calculator every amount here has memory alone: the rest does not count.
// Immutable value after TakeSnapshot. Used by one thread at a time.
#ifndef WEIR_SCHEDULER_PREEMPTION_QUEUE_SNAPSHOT_H_
#define WEIR_SCHEDULER_PREEMPTION_QUEUE_SNAPSHOT_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

class QueueTree;

// One queue in one partition.
struct SnapshotShare {
  Amounts guaranteed;
  Amounts maximum;
  Amounts used;      // with what is reserved
  Amounts pending;   // without what is reserved
  Amounts reserved;  // part of used
  Amounts am_limit;  // of a leaf: guaranteed x its AM share; this much of its AMs is spared always
};

struct SnapshotQueue {
  QueueSlot queue;
  int parent = -1;  // a position; -1 for root
  bool leaf = true;
  int32_t priority = 0;
  ParentOrdering ordering = ParentOrdering::kUtilization;  // of its children
  bool preemption_disabled = false;
  bool intra_preemption_disabled = false;
  int64_t minimum_user_limit = kWholePercent;               // 1e-8
  std::optional<int64_t> user_limit_factor = kWholeFactor;  // 1e-6; nothing = no limit
  std::vector<SnapshotShare> shares;                        // by partition
};

struct QueueSnapshot {
  Calculator calculator = Calculator::kDominant;
  Amounts minimum_allocation;
  std::vector<Amounts> totals;  // by partition
  std::vector<SnapshotQueue> queues;
};

// One user of a leaf in one partition.
struct SnapshotUser {
  UserSlot user;
  int64_t weight = kWholeWeight;
  Amounts used;
  Amounts limit;  // the user limit that placement goes by
};

// The amounts that the calculator looks at.
Amounts Relevant(Calculator calculator, const Amounts& amounts);

// `labels`: the partition of each label, as given to QueueTree::Configure.
QueueSnapshot TakeSnapshot(const QueueTree& tree,
                           const std::map<std::string, PartitionSlot>& labels,
                           const Amounts& minimum_allocation);
// In the order of QueueTree::UsersOf.
std::vector<SnapshotUser> TakeUsers(const QueueTree& tree,
                                    QueueSlot leaf,
                                    PartitionSlot partition,
                                    const Amounts& minimum_allocation);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_QUEUE_SNAPSHOT_H_
