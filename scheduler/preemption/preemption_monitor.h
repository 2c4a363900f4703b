// PreemptionMonitor: takes containers back from queues that use more than their share for queues
// that wait for their own, and within a queue from the less important: after a warning, a bounded
// part per round, and without ping-pong. The model is YARN's ProportionalCapacityPreemptionPolicy.
//
// Every `interval` a round chooses containers (preemption_round.h; the arithmetic is in
// ideal_assignment.h and intra_queue.h, the order of victims in victim_selection.h). A chosen
// container is warned; if it is still chosen when its time is up it is stopped; if not, its warning
// is cancelled (container_warnings.h). Reservations are given up at once.
//
// Hysteresis (demand_history.h, with the bound that it gives): demand counts from the second round
// in a row on; a queue that lets go of what was taken for it has to wait longer the next time; what
// was taken for a queue is sheltered for a while. Warnings stay where they are while they can.
//
// With lazy preemption a container whose time is up is killable: it stays, and is stopped in the
// round in which something of those that it is taken for would fit where it is.
//
// With observe_only everything is computed and counted, nothing is warned or stopped.
//
// Owner: the scheduler. Single-threaded. A value: a copy goes on the same.
#ifndef WEIR_SCHEDULER_PREEMPTION_PREEMPTION_MONITOR_H_
#define WEIR_SCHEDULER_PREEMPTION_PREEMPTION_MONITOR_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "common/time.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/preemption/container_warnings.h"
#include "scheduler/preemption/demand_history.h"
#include "scheduler/preemption/preemption_round.h"
#include "scheduler/preemption/preemption_source.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// What the owner is to do.
struct PreemptionOrder {
  enum class Kind {
    kWarn,       // tell the ApplicationMaster: `container` is wanted back by `deadline`
    kCancel,     // no longer
    kPreempt,    // stop `container`; ContainerEnded is called when it has gone
    kUnreserve,  // `application` gives up its reservation of `node`
  };
  Kind kind = Kind::kWarn;
  ApplicationSlot application;
  ContainerSlot container;
  NodeSlot node;
  Instant deadline;
  // Of kWarn and kPreempt: who loses it, and for whom. The same leaf: within the queue.
  QueueSlot leaf;
  QueueSlot beneficiary;
  bool operator==(const PreemptionOrder&) const = default;
};

// What one leaf waits for others to give back in one partition.
struct PreemptionClaim {
  PartitionSlot partition;
  Amounts lacks;    // of its ideal, in the last round
  Amounts warned;   // being taken for it: warned, time not up
  Amounts leaving;  // stopped for it, not gone yet
  Amounts taken;    // stopped for it lately, in all
  int64_t warned_containers = 0;
  std::optional<Instant> first_deadline;
  int32_t waited_rounds = 0;  // in a row, and how many of them it takes before demand counts
  int32_t patience_rounds = 0;
};

// What is being taken from one leaf.
struct PreemptionLoss {
  PartitionSlot partition;
  Amounts warned;
  Amounts leaving;
  int64_t warned_containers = 0;
  std::optional<Instant> first_deadline;
};

struct PreemptionCounts {
  int64_t rounds = 0;
  int64_t warned = 0;
  int64_t cancelled = 0;
  int64_t preempted = 0;
  int64_t unreserved = 0;
  int64_t spared = 0;    // lazily, as nobody could use their room; per round
  int64_t observed = 0;  // containers chosen, with observe_only; per round
  int64_t observed_last_round = 0;
};

class PreemptionMonitor {
 public:
  // Enough work for a step of less than 2 ms.
  static constexpr int64_t kStepBudget = 5'000;

  explicit PreemptionMonitor(const PreemptionSettings& settings) : settings_(settings) {}

  // New settings; a round that is under way is dropped. When they say that nothing is to be
  // preempted any more, standing warnings are cancelled.
  void Configure(const PreemptionSettings& settings);

  // One bounded step, if a round is due: looks at about `budget` containers. True when more is due.
  bool Step(const PreemptionSource& source, Now now, int64_t budget = kStepBudget);
  // In the order decided; empties the list.
  std::vector<PreemptionOrder> TakeOrders();
  // When Step has something to do; nothing while preemption is off.
  std::optional<Instant> NextDeadline() const;

  // The container is gone, whoever ended it. Its slot may be used again.
  void ContainerEnded(ContainerSlot container);

  // What is being taken for the leaf, and from it; by partition, only where there is something.
  std::vector<PreemptionClaim> ClaimsOf(QueueSlot leaf) const;
  std::vector<PreemptionLoss> LossesOf(QueueSlot leaf) const;
  // Until when the container may stay; nothing when it has not been warned.
  std::optional<Instant> WarnedUntil(ContainerSlot container) const;
  const PreemptionCounts& counts() const { return counts_; }

 private:
  enum class Publishing { kNo, kChosen, kPassedOver };

  void BeginRound(const PreemptionSource& source, Now now);
  void PublishReservations();
  // Each goes on where it stopped; true at the end.
  bool PublishChosen(const PreemptionSource& source, int64_t& budget);
  bool PublishPassedOver(int64_t& budget);
  void Publish(const PreemptionSource& source,
               ContainerSlot container,
               const ChosenContainer& chosen);
  void EndRound();
  void CancelAll();

  PreemptionSettings settings_;
  ContainerWarnings warnings_;
  DemandHistory history_;
  Asked asked_;
  std::vector<UnderServed> under_served_;
  std::optional<PreemptionRound> round_;
  Instant started_;  // of the round under way
  Instant next_;     // round
  Publishing publishing_ = Publishing::kNo;
  size_t published_chosen_ = 0;  // entries that have been dealt with
  ContainerSlot published_;      // the last note that has been
  std::vector<PreemptionOrder> orders_;
  PreemptionCounts counts_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_PREEMPTION_MONITOR_H_
