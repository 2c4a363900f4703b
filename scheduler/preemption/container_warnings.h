// ContainerWarnings: the life of a container between being chosen and being stopped.
//
//   chosen --> warned (deadline = then + warning) --still chosen at the deadline--> stopped
//                 \--no longer chosen--> cancelled --chosen again--> warned
// The note of the first warning is forgotten 2 x warning after it: a container that is chosen again
// before that is stopped at its first deadline, but never in the round that warns it again.
//
// Owner: the preemption monitor. Single-threaded. A value.
#ifndef WEIR_SCHEDULER_PREEMPTION_CONTAINER_WARNINGS_H_
#define WEIR_SCHEDULER_PREEMPTION_CONTAINER_WARNINGS_H_

#include <cstdint>
#include <map>
#include <vector>

#include "common/time.h"
#include "scheduler/amounts.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// A container that a round has chosen.
struct ChosenContainer {
  ApplicationSlot application;
  PartitionSlot partition;
  QueueSlot leaf;         // that loses it
  QueueSlot beneficiary;  // for which it is taken
  Amounts amounts;
  Duration warning{0};
};

class ContainerWarnings {
 public:
  struct Note {
    ChosenContainer chosen;  // last time
    Instant since;
    Instant deadline;
    bool standing = true;  // warned and not cancelled
  };
  enum class Verdict {
    kNothing,  // warned already, its time has not come
    kWarn,     // until `deadline`
    kStop,
  };
  struct Answer {
    Verdict verdict = Verdict::kNothing;
    Instant deadline;
  };

  // A round at `now` has chosen the container; rounds are `interval` apart.
  Answer Choose(ContainerSlot container,
                const ChosenContainer& chosen,
                Instant now,
                Duration interval);
  // A round at `now` has not. True when a standing warning is to be cancelled.
  bool PassOver(ContainerSlot container, Instant now);
  // True when there was something to forget. O(1) for a container that was never chosen.
  bool Ended(ContainerSlot container);
  // As if it had never been warned.
  void Forget(ContainerSlot container);

  bool Standing(ContainerSlot container) const { return StateOf(container) == State::kStanding; }
  // Warned, and its time is up.
  bool Due(ContainerSlot container, Instant now) const;
  bool Leaving(ContainerSlot container) const { return StateOf(container) == State::kLeaving; }
  const std::map<ContainerSlot, Note>& notes() const { return notes_; }
  // Stopped, but not ended yet.
  const std::map<ContainerSlot, ChosenContainer>& leaving() const { return leaving_; }

 private:
  enum class State : uint8_t { kNone, kCancelled, kStanding, kLeaving };

  State StateOf(ContainerSlot container) const {
    return Index(container) < states_.size() ? states_[Index(container)] : State::kNone;
  }
  void SetState(ContainerSlot container, State state);

  std::vector<State> states_;  // by container: most are asked about and have no note
  std::map<ContainerSlot, Note> notes_;
  std::map<ContainerSlot, ChosenContainer> leaving_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_CONTAINER_WARNINGS_H_
