// ReservedPhase: takes containers on nodes that are held back for a large one, so that what is
// taken makes room for it there: YARN's selectors by reservation and by queue priority.
//
// A held node is dealt with when all that its container lacks can be got there, from containers
//   - of leaves above their ideal and the dead zone, where what is reserved counts both as used and
//     as wanted, as in YARN (select_based_on_reserved_containers), once the node has been held for
//     a round's interval; or
//   - of less important queues, also under their guarantee, while the one it is held for is not
//     over its own (priority-utilization with underutilized-preemption), once it has been held for
//     reserved-container-delay-ms. Less important: where the two paths part, a parent orders by
//     priority, and the child on the way to the loser has the lower one.
// Those warned before go first, then the newest. ApplicationMasters and gangs are left alone.
//
// Invariant: on a node all that is lacking is taken, or nothing.
// Owner: PreemptionRound. Single-threaded. A value.
#ifndef WEIR_SCHEDULER_PREEMPTION_RESERVED_PHASE_H_
#define WEIR_SCHEDULER_PREEMPTION_RESERVED_PHASE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "scheduler/preemption/round_state.h"

namespace weir::scheduler {

class ReservedPhase {
 public:
  explicit ReservedPhase(PartitionSlot partition) : partition_(partition) {}
  // One partition, in steps that stop after any node; true at the end. Requires: ideals of the
  // partition that count what is reserved.
  bool Step(const PreemptionSource& source,
            const ContainerWarnings& warnings,
            RoundState& state,
            int64_t& budget);

 private:
  struct Candidate {
    NodeContainer container;
    size_t position = 0;  // of the leaf that loses it
    Amounts amounts;
    bool by_excess = false;
    bool warned = false;
  };

  int64_t TakeOn(const PreemptionSource& source,
                 const ContainerWarnings& warnings,
                 const HeldNode& held,
                 RoundState& state);
  bool IsLessImportant(const RoundState& state, size_t loser, size_t winner) const;

  PartitionSlot partition_;
  bool begun_ = false;
  std::vector<HeldNode> held_;
  size_t next_ = 0;
  std::map<size_t, Amounts> excess_;  // by position, beyond the dead zone: what is left of it
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_RESERVED_PHASE_H_
