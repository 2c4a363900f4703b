// Which containers of a leaf are taken to get a given amount from it, one application at a time:
// the order of YARN's FifoCandidatesSelector.
//
// Per leaf and partition the phases follow each other, each over all applications:
//   kReservations  reserved nodes are given up, at no cost to anybody's work
//   kBorrowed      containers on a non-exclusive partition of another label, newest application
//                  first (OrderOf)
//   kContainers    the others, least important application first
//   kLargeGangs    gangs that are more than what is needed, only if that is still open
//   kMasters       ApplicationMasters, only while those spared exceed the leaf's AM limit
// Within an application those warned before go first (so that a warning is not moved from one
// container to another), then the least important ask (highest number), then the newest.
//
// Terms: a *unit* is one container, or what lives of one gang: taken wholly or not at all.
// Invariants: a unit is taken only while something is needed and the round's allowance is not used
// up, only if it has of what is needed, and only if the owner (leaf or user) keeps its floor: in
// some type at least its amount. So the allowance is exceeded by less than one unit.
#ifndef WEIR_SCHEDULER_PREEMPTION_VICTIM_SELECTION_H_
#define WEIR_SCHEDULER_PREEMPTION_VICTIM_SELECTION_H_

#include <cstdint>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/preemption/preemption_source.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

enum class TakePhase { kReservations, kBorrowed, kContainers, kLargeGangs, kMasters };

// What one round may take of one partition, over all leaves.
struct RoundAllowance {
  Calculator calculator = Calculator::kDominant;
  Amounts total;
  Share allowed = 0;  // of the total
  Amounts taken;

  bool Left() const { return ShareOf(calculator, taken, total) < allowed; }
};

// What is to be got from one owner in one partition, and how far that has come.
struct Take {
  PartitionSlot partition;
  Amounts asked;              // at first
  Amounts open;               // asked - taken; parts may be negative
  Amounts excess;             // what could be taken without harm, at least `asked`; shrinks with it
  Amounts held;               // what the owner would still have
  Amounts floor;              // what the owner keeps
  bool conservative = false;  // stop when the first of the asked types is got (conservative-drf)
  Amounts am_limit;
  Amounts spared_masters;  // met and passed over
  bool passed_large_gang = false;

  // Something is still needed.
  bool Open() const;
};

enum class ContainerMark {
  kNone,
  kWarned,  // told already
  kTaken,   // selected in this round, or on its way out
};

class ContainerMarks {
 public:
  virtual ~ContainerMarks() = default;
  virtual ContainerMark Of(ContainerSlot container) const = 0;
  // The reservation has been selected in this round.
  virtual bool GivenUp(ApplicationSlot application, NodeSlot node) const = 0;
};

struct VictimContainer {
  ContainerSlot container;
  ApplicationSlot application;
  PartitionSlot partition;
  Amounts amounts;
};
struct VictimReservation {
  NodeSlot node;
  ApplicationSlot application;
  PartitionSlot partition;
  Amounts amounts;
};
struct Victims {
  std::vector<VictimContainer> containers;
  std::vector<VictimReservation> reservations;
};

// Takes from one application in one phase what `take` and `allowance` let through; appends to
// `victims` in the order decided. How many containers and reservations were looked at.
int64_t TakeFrom(const PreemptionSource& source,
                 const ContainerMarks& marks,
                 ApplicationSlot application,
                 TakePhase phase,
                 Take& take,
                 RoundAllowance& allowance,
                 Victims& victims);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_VICTIM_SELECTION_H_
