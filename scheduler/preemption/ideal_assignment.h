// What every queue should have of one partition, and how much is to be taken from which leaf in one
// round to get nearer to that: the arithmetic of YARN's ProportionalCapacityPreemptionPolicy
// (AbstractPreemptableResourceCalculator), as a pure function.
//
// 1. Bottom-up: what a queue uses over its guarantee is its *extra*; the *untouchable* part of it
//    stays: that of leaves whose preemption is disabled, and what is sheltered.
// 2. Top-down: a parent's ideal is shared out among its children (the root's is the partition).
//    First everyone keeps what it uses within its guarantee, and its untouchable extra. What is
//    left is offered to the most under-served (smallest ideal / guarantee; with
//    priority-utilization first by under or over guarantee, then by priority) in proportion to the
//    guarantees of all that still want more, over and over. Queues without guarantee get what
//    then remains, in equal shares. Out of balance mode a leaf accepts no more than its guarantee
//    or what it uses already.
// 3. A leaf's *excess* is what it uses over its ideal and over the guarantee that it needs. All
//    excess is scaled down to what one round may take, and to what others lack: nothing is taken
//    that nobody waits for (YARN takes it).
// 4. A leaf whose use is within the dead zone is left alone; of the others, the part of the excess
//    that natural termination leaves is taken.
// Unlike YARN, the scale is one for all leaves of the partition, not one per parent: a deep tree
// takes no more per round than a flat one.
//
// Integers throughout: offers are rounded up to whole units. O(queues x log) in practice: an offer
// is at least 1/1024 of what there was to share out, which bounds the number of offers.
#ifndef WEIR_SCHEDULER_PREEMPTION_IDEAL_ASSIGNMENT_H_
#define WEIR_SCHEDULER_PREEMPTION_IDEAL_ASSIGNMENT_H_

#include <cstdint>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// One queue, parents before children.
struct IdealQueue {
  int parent = -1;  // position; -1 for the root
  bool leaf = true;
  int32_t priority = 0;
  ParentOrdering ordering = ParentOrdering::kUtilization;  // of its children
  bool preemption_disabled = false;                        // of a leaf
  Amounts guaranteed;
  Amounts maximum;
  Amounts used;
  Amounts demand;     // of a leaf: what it waits for, as far as it counts
  Amounts leaving;    // of a leaf: part of `used` that has been taken from it already
  Amounts sheltered;  // of a leaf: part of `used` that is not to be taken
};

struct IdealSettings {
  Calculator calculator = Calculator::kDominant;
  Amounts total;                     // of the partition
  int64_t per_round = kWholeFactor;  // of the total, 1e-6
  int64_t dead_zone = 0;             // of the guarantee, 1e-6
  int64_t natural_termination = kWholeFactor;
  bool balance = false;  // share on even when every guarantee is met
};

struct IdealShare {
  Amounts untouchable;
  Amounts ideal;
  Amounts lacks;    // of a leaf: ideal - used, where positive
  Amounts excess;   // of a leaf: step 3, before scaling
  Amounts to_take;  // of a leaf: in this round, after step 4
};

// By position. Requires: parents before children, exactly one root, at position 0.
std::vector<IdealShare> ComputeIdeal(const IdealSettings& settings,
                                     const std::vector<IdealQueue>& queues);

// A part is above zero.
bool AnyPositive(const Amounts& amounts);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_IDEAL_ASSIGNMENT_H_
