#include "scheduler/preemption/preemption_round.h"

namespace weir::scheduler {

PreemptionRound::PreemptionRound(const PreemptionSettings& settings,
                                 QueueSnapshot snapshot,
                                 Asked asked_before,
                                 const ContainerWarnings& warnings,
                                 Instant started)
    : state_(settings, std::move(snapshot), warnings, started),
      asked_before_(std::move(asked_before)) {
  if (state_.partitions() == 0 || state_.leaves.empty()) phase_ = Phase::kOver;
}

bool PreemptionRound::Step(const PreemptionSource& source,
                           const ContainerWarnings& warnings,
                           DemandHistory& history,
                           int64_t& budget) {
  while (phase_ != Phase::kOver && budget > 0) {
    switch (phase_) {
      case Phase::kDemand:
        if (demand_.Step(source, history, state_, budget)) phase_ = FirstPhase();
        break;
      case Phase::kReservedIdeal:
        state_.ComputePartition(partition_, RoundState::Purpose::kReserved, history);
        budget -= 10 * static_cast<int64_t>(state_.snapshot.queues.size());
        reserved_ = ReservedPhase(partition_);
        phase_ = Phase::kReserved;
        break;
      case Phase::kReserved:
        if (reserved_.Step(source, warnings, state_, budget)) phase_ = Phase::kIdeal;
        break;
      case Phase::kIdeal:
      case Phase::kBalanceIdeal: {
        const bool balance = phase_ == Phase::kBalanceIdeal;
        state_.ComputePartition(
            partition_,
            balance ? RoundState::Purpose::kBalance : RoundState::Purpose::kGuarantees,
            history);
        // A queue costs about as much as ten containers.
        budget -= 10 * static_cast<int64_t>(state_.snapshot.queues.size());
        taking_ = TakingPhase(partition_, balance);
        phase_ = balance ? Phase::kBalanceTake : Phase::kTake;
        break;
      }
      case Phase::kTake:
        if (!taking_.Step(source, warnings, state_, budget)) break;
        Advance(FirstPhase(),
                state_.settings.balance_after_satisfied ? Phase::kBalanceIdeal : Phase::kIntra);
        break;
      case Phase::kBalanceTake:
        if (!taking_.Step(source, warnings, state_, budget)) break;
        Advance(Phase::kBalanceIdeal, Phase::kIntra);
        break;
      case Phase::kIntra:
        if (state_.settings.intra_queue &&
            !intra_.Step(source, warnings, asked_before_, asked_, state_, budget)) {
          break;
        }
        Advance(Phase::kIntra, Phase::kOver);
        break;
      case Phase::kOver:
        break;
    }
  }
  return phase_ == Phase::kOver;
}

PreemptionRound::Phase PreemptionRound::FirstPhase() const {
  const bool by_nodes = state_.settings.by_reservation || state_.settings.underutilized;
  return by_nodes ? Phase::kReservedIdeal : Phase::kIdeal;
}

void PreemptionRound::Advance(Phase next, Phase after) {
  ++partition_.value;
  phase_ = next;
  if (Index(partition_) >= state_.partitions()) {
    partition_ = PartitionSlot{0};
    phase_ = after;
  }
  intra_ = IntraPhase(partition_);
}

Amounts PreemptionRound::UsedBy(QueueSlot leaf, PartitionSlot partition) const {
  const auto found = state_.position_of.find(leaf);
  if (found == state_.position_of.end()) return Amounts();
  return state_.share(partition, found->second).used;
}

}  // namespace weir::scheduler
