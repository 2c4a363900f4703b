// RoundState: what the phases of one preemption round share: the queues as they were when it began,
// what has been computed per partition, and what has been chosen so far.
//
// Terms: *position* as in QueueSnapshot. Vectors "by partition and position" have one entry per
// partition, in each one per queue.
// Owner: PreemptionRound. Single-threaded. A value.
#ifndef WEIR_SCHEDULER_PREEMPTION_ROUND_STATE_H_
#define WEIR_SCHEDULER_PREEMPTION_ROUND_STATE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "scheduler/config/queue_configuration.h"
#include "scheduler/preemption/container_warnings.h"
#include "scheduler/preemption/demand_history.h"
#include "scheduler/preemption/ideal_assignment.h"
#include "scheduler/preemption/preemption_source.h"
#include "scheduler/preemption/queue_snapshot.h"
#include "scheduler/preemption/victim_selection.h"

namespace weir::scheduler {

// A leaf that waits for space that others hold beyond their share.
struct UnderServed {
  QueueSlot leaf;
  PartitionSlot partition;
  Amounts lacks;
};

// The applications of one leaf, being walked over several steps.
struct ApplicationWalk {
  std::vector<ApplicationSlot> applications;
  size_t next = 0;

  // The next one that still belongs to `leaf`; value -1 at the end.
  ApplicationSlot Next(const PreemptionSource& source, QueueSlot leaf);
};

// Hands out what is taken to those who lack, each in proportion to what it lacks.
class Beneficiaries {
 public:
  void Add(QueueSlot leaf, Share lacks);
  // Who gets the next container of this share; `otherwise` when nobody lacks.
  QueueSlot Next(Share share, QueueSlot otherwise);

 private:
  struct Entry {
    Share progress = 0;  // what it got, as a share of what it lacks
    QueueSlot leaf;
    Share lacks = 0;  // of the partition
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> heap_;
};

// What a round has chosen, in the order chosen. An entry whose container has ended stays, with the
// slot -1.
class ChosenList {
 public:
  struct Entry {
    ContainerSlot container;
    ChosenContainer chosen;
  };
  void Add(ContainerSlot container, const ChosenContainer& chosen);
  void Remove(ContainerSlot container);
  bool Contains(ContainerSlot container) const {
    return Index(container) < entry_of_.size() && entry_of_[Index(container)] >= 0;
  }
  size_t size() const { return static_cast<size_t>(size_); }
  const Entry& at(size_t index) const { return blocks_[index / kBlock][index % kBlock]; }

 private:
  static constexpr size_t kBlock = 256;

  std::vector<std::vector<Entry>> blocks_;  // a list that never moves: it may grow in a short step
  int32_t size_ = 0;
  std::vector<int32_t> entry_of_;  // by container; -1 = none
};

struct RoundState {
  RoundState(const PreemptionSettings& settings,
             QueueSnapshot queues,
             const ContainerWarnings& warnings,
             Instant began);

  size_t partitions() const { return snapshot.totals.size(); }
  const SnapshotQueue& queue(size_t position) const { return snapshot.queues[position]; }
  const SnapshotShare& share(PartitionSlot partition, size_t position) const {
    return snapshot.queues[position].shares[Index(partition)];
  }
  // What a computation of ideals is for.
  enum class Purpose {
    kGuarantees,
    kBalance,   // preemption-to-balance-queue-after-satisfied
    kReserved,  // ReservedPhase: what is reserved counts as wanted
  };
  // Computes `ideal` and `beneficiaries` of the partition.
  void ComputePartition(PartitionSlot partition, Purpose purpose, DemandHistory& history);
  // Notes what has been taken from the leaf at `position` for `beneficiary`; nothing: for those who
  // lack most.
  void Choose(const Victims& victims,
              size_t position,
              Duration warning,
              std::optional<QueueSlot> beneficiary);

  PreemptionSettings settings;
  Instant started;
  QueueSnapshot snapshot;
  std::vector<size_t> leaves;  // positions
  std::map<QueueSlot, size_t> position_of;

  // By partition and position.
  std::vector<std::vector<Amounts>> demand;    // of leaves: what counts
  std::vector<std::vector<Amounts>> leaving;   // of leaves: stopped, or chosen in this round
  std::vector<std::vector<IdealShare>> ideal;  // empty where nobody waits
  // By partition.
  std::vector<RoundAllowance> allowances;
  std::vector<Beneficiaries> beneficiaries;
  std::vector<UnderServed> under_served;

  ChosenList chosen;
  std::vector<VictimReservation> reservations;
  std::set<std::pair<ApplicationSlot, NodeSlot>> given_up;
  // Of each application: stopped, or chosen in this round.
  std::map<std::pair<ApplicationSlot, PartitionSlot>, Amounts> leaving_of;
};

// What is chosen or leaving is taken; what was warned goes first.
class RoundMarks : public ContainerMarks {
 public:
  RoundMarks(const RoundState& state, const ContainerWarnings& warnings)
      : state_(state), warnings_(warnings) {}
  ContainerMark Of(ContainerSlot container) const override;
  bool GivenUp(ApplicationSlot application, NodeSlot node) const override;

 private:
  const RoundState& state_;
  const ContainerWarnings& warnings_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_ROUND_STATE_H_
