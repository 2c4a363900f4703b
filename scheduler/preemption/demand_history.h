// DemandHistory: how long each queue has been waiting, and what was taken for it: what keeps two
// queues whose load flips from taking the same space from each other for ever.
//
// Rules, per leaf and partition, counted in preemption rounds:
// - *Patience*: demand counts only once it has been seen in this many rounds in a row, and only
//   what of it was there in the last round too. At first kFirstPatience (2).
// - *Flip*: a queue for which something was taken, and whose use and demand within kFlipRounds of
//   that have fallen so far that it no longer needs half of what was taken. Each flip doubles the
//   patience, up to kLongestPatience; kQuietRounds without one halve it.
// - *Shelter*: what was taken for a queue in the last kShelterRounds is not taken from it again,
//   unless somebody in the partition has lacked part of its guarantee for kLastingRounds.
//
// What this bounds: a queue whose load comes and goes makes the others pay once per cycle, and only
// in cycles in which it waits longer than its patience and the warning. With rounds of 3 s and a
// warning of 15 s (5 rounds): a load that stays less than 31 + 5 rounds has at most 5 claims
// (patience 2, 4, 8, 16, 32) and then one per kQuietRounds, in an hour no more than 10; one that
// stays longer has one claim per cycle, in an hour no more than 5 + 1200 / 36 < 39. No claim takes
// more than the queue's guarantee (in balance mode: its ideal).
//
// Owner: the preemption monitor. Single-threaded. A value.
#ifndef WEIR_SCHEDULER_PREEMPTION_DEMAND_HISTORY_H_
#define WEIR_SCHEDULER_PREEMPTION_DEMAND_HISTORY_H_

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

class DemandHistory {
 public:
  static constexpr int32_t kFirstPatience = 2;
  static constexpr int32_t kLongestPatience = 32;
  static constexpr int64_t kFlipRounds = 64;
  static constexpr int64_t kQuietRounds = 256;
  static constexpr int64_t kShelterRounds = 20;
  static constexpr int32_t kLastingRounds = 10;

  // Once per round, before the observations; drops what was not observed in the round before.
  void BeginRound();
  // What the leaf uses and waits for in this round; the part of `pending` that counts.
  // Requires: once per leaf, partition and round.
  Amounts Observe(QueueSlot leaf,
                  PartitionSlot partition,
                  const Amounts& used,
                  const Amounts& pending);
  // `amounts` are on their way out for the sake of `leaf`, which uses `used` now. Counts no more
  // than the leaf waits for: containers are seldom of the right size.
  void Taken(QueueSlot leaf, PartitionSlot partition, const Amounts& used, const Amounts& amounts);

  // Whether the leaf, if nothing were sheltered, should have more than it uses. Requires: observed.
  void SetLacking(QueueSlot leaf, PartitionSlot partition, bool lacking);

  // Rounds in a row in which it was lacking, up to kLastingRounds.
  int32_t LackedFor(QueueSlot leaf, PartitionSlot partition) const;
  // Rounds in a row with demand.
  int32_t Lasted(QueueSlot leaf, PartitionSlot partition) const;
  int32_t Patience(QueueSlot leaf, PartitionSlot partition) const;
  // Where it has demand.
  std::vector<PartitionSlot> WaitingIn(QueueSlot leaf) const;
  // What was taken for it and has not been forgotten.
  Amounts TakenFor(QueueSlot leaf, PartitionSlot partition) const;
  // The part of that which nobody may take yet.
  Amounts Sheltered(QueueSlot leaf, PartitionSlot partition) const;

 private:
  struct Record {
    int64_t observed = 0;  // last round
    Amounts pending;       // then
    int32_t lasted = 0;
    int32_t lacked = 0;
    int32_t patience = kFirstPatience;
    int64_t last_change = 0;  // of patience: last flip, or halving
    Amounts taken;
    Amounts used_before;  // of the first of `taken`
    int64_t last_taken = 0;
  };
  using Key = std::pair<QueueSlot, PartitionSlot>;

  const Record* Find(QueueSlot leaf, PartitionSlot partition) const;
  void Age(Record& record, const Amounts& wanted);

  int64_t round_ = 0;
  std::map<Key, Record> records_;  // of queues with demand or a past
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_DEMAND_HISTORY_H_
