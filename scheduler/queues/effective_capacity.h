// Effective capacities: how much of one partition each queue is guaranteed and may use at most, in
// amounts, from what the configuration says and what the partition has.
//
// Terms: a *portion* is a share of one resource type, floor(base x fraction); the fractions of
// nested percentages and weights are multiplied before rounding, so that nothing is lost level by
// level (as in YARN, where the absolute capacity is applied to the partition's total).
//
// Sources: Hadoop's AbstractParentQueue.calculateEffectiveResourcesAndCapacity (legacy mode) and
// CapacitySchedulerQueueCapacityHandler (mixed vectors). Both are one rule here, per resource type:
//   1. absolute children get their amount; when the sum is over what the parent is guaranteed,
//      each gets floor(amount x parent / sum);
//   2. percentages are of what remains after 1;
//   3. weights share what remains after 1 and 2: weight / sum of weights.
// In legacy mode all children of a parent have one kind, so that 2 is a percentage of the parent
// and 3 a share of it.
// Maximum: a percentage of the parent's maximum, or min(amount, the parent's maximum).
// The guarantee is not more than the maximum.
// Thread rule: pure functions of their arguments, and immutable values.
#ifndef WEIR_SCHEDULER_QUEUES_EFFECTIVE_CAPACITY_H_
#define WEIR_SCHEDULER_QUEUES_EFFECTIVE_CAPACITY_H_

#include <array>
#include <cstdint>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/queues/limits.h"

namespace weir::scheduler {

struct Portion {
  int64_t base = 0;
  int64_t fraction = 0;  // of the base, in 1 / kWholeFraction, rounded up
  int64_t Value() const;
};

// What one queue has of one partition. All fractions in 1 / kWholeFraction, of the type with the
// largest one; an amount of a partition that has nothing counts as all of it.
struct EffectiveCapacity {
  std::array<Portion, Amounts::kMaxTypes> guaranteed{};
  std::array<Portion, Amounts::kMaxTypes> maximum{};
  int64_t capacity = 0;          // of the parent: the largest over the types
  int64_t maximum_capacity = 0;  // of the parent's maximum
  int64_t absolute = 0;          // of the partition
  int64_t absolute_maximum = 0;
  bool in_amounts = false;  // a part of the guarantee is configured as an amount

  Amounts Guaranteed(int types) const;
  Amounts Maximum(int types) const;
};

// Root's: everything.
EffectiveCapacity WholeCapacity(const Amounts& total, int types);

// The capacities of the children of one parent, in their order. nullptr: a child that may not use
// the partition; it gets nothing.
std::vector<EffectiveCapacity> DivideCapacity(const EffectiveCapacity& parent,
                                              const std::vector<const PartitionCapacity*>& children,
                                              const Amounts& total,
                                              int types,
                                              Calculator calculator);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_QUEUES_EFFECTIVE_CAPACITY_H_
