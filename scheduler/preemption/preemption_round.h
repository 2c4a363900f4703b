// PreemptionRound: one round of choosing what to take, as a state machine that can stop after any
// application and go on later. It chooses; PreemptionMonitor (preemption_monitor.h) warns and
// stops.
//
// In this order: demand of all leaves; then per partition the ideal assignment and taking; the same
// again in balance mode when that is on; and last within the leaves (round_phases.h).
// A round computes with the queues as they were when it began; applications and containers are read
// when their turn comes.
//
// Owner: the monitor. Single-threaded. A value. Deterministic: the same source, history and
// warnings, the same choice, however it is sliced.
#ifndef WEIR_SCHEDULER_PREEMPTION_PREEMPTION_ROUND_H_
#define WEIR_SCHEDULER_PREEMPTION_PREEMPTION_ROUND_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "scheduler/preemption/reserved_phase.h"
#include "scheduler/preemption/round_phases.h"
#include "scheduler/preemption/round_state.h"

namespace weir::scheduler {

class PreemptionRound {
 public:
  PreemptionRound(const PreemptionSettings& settings,
                  QueueSnapshot snapshot,
                  Asked asked_before,
                  const ContainerWarnings& warnings,
                  Instant started);

  // Goes on until the round is over (true) or about `budget` containers, applications and queues
  // have been looked at; `budget` is what is left of it.
  // Requires: the same `history` and `warnings` in all steps of a round.
  bool Step(const PreemptionSource& source,
            const ContainerWarnings& warnings,
            DemandHistory& history,
            int64_t& budget);
  // The container has ended: it is not chosen any more.
  void Ended(ContainerSlot container) { state_.chosen.Remove(container); }

  const ChosenList& chosen() const { return state_.chosen; }
  const std::vector<VictimReservation>& reservations() const { return state_.reservations; }
  const std::vector<UnderServed>& under_served() const { return state_.under_served; }
  // What the leaf used when the round began.
  Amounts UsedBy(QueueSlot leaf, PartitionSlot partition) const;
  Asked TakeAsked() { return std::move(asked_); }

 private:
  enum class Phase {
    kDemand,
    kReservedIdeal,
    kReserved,
    kIdeal,
    kTake,
    kBalanceIdeal,
    kBalanceTake,
    kIntra,
    kOver
  };

  // Of a partition.
  Phase FirstPhase() const;

  // To `next` for the following partition, or to `after` for the first when this was the last.
  void Advance(Phase next, Phase after);

  RoundState state_;
  Asked asked_before_;
  Asked asked_;
  Phase phase_ = Phase::kDemand;
  PartitionSlot partition_{0};
  DemandPhase demand_;
  ReservedPhase reserved_{PartitionSlot{0}};
  TakingPhase taking_{PartitionSlot{0}, false};
  IntraPhase intra_{PartitionSlot{0}};
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_PREEMPTION_ROUND_H_
