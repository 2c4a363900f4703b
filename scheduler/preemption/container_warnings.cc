#include "scheduler/preemption/container_warnings.h"

#include <algorithm>

namespace weir::scheduler {

ContainerWarnings::Answer ContainerWarnings::Choose(ContainerSlot container,
                                                    const ChosenContainer& chosen,
                                                    Instant now,
                                                    Duration interval) {
  const auto found = notes_.find(container);
  if (found == notes_.end()) {
    const Note note{chosen, now, now + chosen.warning, true};
    notes_.emplace(container, note);
    SetState(container, State::kStanding);
    return Answer{Verdict::kWarn, note.deadline};
  }
  Note& note = found->second;
  note.chosen = chosen;
  const Instant soonest = std::max(note.since + chosen.warning, now + interval);
  if (!note.standing) {
    note.standing = true;
    SetState(container, State::kStanding);
    note.deadline = soonest;
    return Answer{Verdict::kWarn, note.deadline};
  }
  if (now >= note.deadline) {
    leaving_.emplace(container, chosen);
    SetState(container, State::kLeaving);
    notes_.erase(found);
    return Answer{Verdict::kStop, now};
  }
  // Warned for balance at first, and now needed for a guarantee: its time comes sooner.
  if (soonest < note.deadline) {
    note.deadline = soonest;
    return Answer{Verdict::kWarn, note.deadline};
  }
  return Answer{Verdict::kNothing, note.deadline};
}

bool ContainerWarnings::PassOver(ContainerSlot container, Instant now) {
  const auto found = notes_.find(container);
  if (found == notes_.end()) return false;
  Note& note = found->second;
  const bool cancel = note.standing;
  note.standing = false;
  SetState(container, State::kCancelled);
  if (now > note.since + 2 * note.chosen.warning) Forget(container);
  return cancel;
}

bool ContainerWarnings::Due(ContainerSlot container, Instant now) const {
  if (!Standing(container)) return false;
  const auto found = notes_.find(container);
  return found != notes_.end() && now >= found->second.deadline;
}

bool ContainerWarnings::Ended(ContainerSlot container) {
  if (StateOf(container) == State::kNone) return false;
  Forget(container);
  leaving_.erase(container);
  SetState(container, State::kNone);
  return true;
}

void ContainerWarnings::Forget(ContainerSlot container) {
  if (notes_.erase(container) > 0) SetState(container, State::kNone);
}

void ContainerWarnings::SetState(ContainerSlot container, State state) {
  if (Index(container) >= states_.size()) states_.resize(Index(container) + 1, State::kNone);
  states_[Index(container)] = state;
}

}  // namespace weir::scheduler
