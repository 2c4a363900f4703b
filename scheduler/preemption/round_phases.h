// The phases of a preemption round that walk over applications, each a state machine that stops
// after any application when the budget is used up: Step returns true when the phase is over.
// Owner: PreemptionRound. Single-threaded. Values.
#ifndef WEIR_SCHEDULER_PREEMPTION_ROUND_PHASES_H_
#define WEIR_SCHEDULER_PREEMPTION_ROUND_PHASES_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/preemption/intra_queue.h"
#include "scheduler/preemption/round_state.h"

namespace weir::scheduler {

// What every leaf waits for in every partition, as far as its users' limits let it and as far as
// its history says that it counts: fills RoundState::demand.
class DemandPhase {
 public:
  bool Step(const PreemptionSource& source,
            DemandHistory& history,
            RoundState& state,
            int64_t& budget);

 private:
  void Begin(const PreemptionSource& source, const RoundState& state, int64_t& budget);

  PartitionSlot partition_{0};
  size_t leaf_ = 0;
  bool begun_ = false;
  ApplicationWalk walk_;
  std::map<UserSlot, Amounts> room_;  // of the leaf's users: limit - use
  Amounts pending_;
};

// Takes from the leaves of one partition what RoundState::ideal says.
class TakingPhase {
 public:
  TakingPhase(PartitionSlot partition, bool balance) : partition_(partition), balance_(balance) {}
  bool Step(const PreemptionSource& source,
            const ContainerWarnings& warnings,
            RoundState& state,
            int64_t& budget);

 private:
  void BeginLeaf(const PreemptionSource& source, const RoundState& state, size_t position);
  void BeginPhase(const PreemptionSource& source, QueueSlot leaf, TakePhase phase);
  // To the next phase that could still take something; false when the leaf is done.
  bool NextPhase(const PreemptionSource& source, const RoundState& state, QueueSlot leaf);

  PartitionSlot partition_;
  bool balance_;
  size_t leaf_ = 0;
  bool begun_ = false;
  TakePhase phase_ = TakePhase::kReservations;
  Take take_;
  std::vector<ApplicationSlot> least_important_first_;
  ApplicationWalk walk_;
};

// What an application asked for in one partition. Intra-queue demand counts from the second round
// on, too: `Asked` of a round is handed to the next one.
using Asked = std::map<std::pair<ApplicationSlot, PartitionSlot>, Amounts>;

// Takes within the leaves of one partition, from less important applications.
class IntraPhase {
 public:
  explicit IntraPhase(PartitionSlot partition) : partition_(partition) {}
  // `asked` gets what is asked for in this round.
  bool Step(const PreemptionSource& source,
            const ContainerWarnings& warnings,
            const Asked& asked_before,
            Asked& asked,
            RoundState& state,
            int64_t& budget);

 private:
  enum class Stage { kBegin, kGather, kTake };

  bool Concerns(const RoundState& state, size_t position) const;
  void Begin(const PreemptionSource& source, const RoundState& state, size_t position);
  void Gather(const PreemptionSource& source,
              const Asked& asked_before,
              Asked& asked,
              const RoundState& state,
              ApplicationSlot application,
              int64_t& budget);
  void Compute(const RoundState& state, size_t position);
  int64_t TakeOne(const PreemptionSource& source,
                  const ContainerWarnings& warnings,
                  RoundState& state,
                  size_t position);

  PartitionSlot partition_;
  size_t leaf_ = 0;
  Stage stage_ = Stage::kBegin;
  ApplicationWalk walk_;
  std::map<UserSlot, int> user_index_;
  std::vector<IntraUser> users_;  // used: shrinks by what is taken
  // Least important first.
  std::vector<ApplicationSlot> slots_;
  std::vector<IntraApplication> applications_;
  std::vector<IntraShare> shares_;
  size_t next_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_ROUND_PHASES_H_
