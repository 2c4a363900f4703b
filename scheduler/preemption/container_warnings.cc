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
    return Answer{Verdict::kWarn, note.deadline};
  }
  Note& note = found->second;
  note.chosen = chosen;
  const Instant soonest = std::max(note.since + chosen.warning, now + interval);
  if (!note.standing) {
    note.standing = true;
    note.deadline = soonest;
    return Answer{Verdict::kWarn, note.deadline};
  }
  if (now >= note.deadline) {
    leaving_.emplace(container, chosen);
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
  if (now > note.since + 2 * note.chosen.warning) notes_.erase(found);
  return cancel;
}

void ContainerWarnings::Ended(ContainerSlot container) {
  notes_.erase(container);
  leaving_.erase(container);
}

bool ContainerWarnings::Standing(ContainerSlot container) const {
  const auto found = notes_.find(container);
  return found != notes_.end() && found->second.standing;
}

}  // namespace weir::scheduler
