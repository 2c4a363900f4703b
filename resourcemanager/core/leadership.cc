#include "resourcemanager/core/leadership.h"

#include <algorithm>

namespace weir::rm {

Leadership::Leadership(const LeadershipOptions& options, Duration bridge, Instant now)
    : options_(options),
      bridge_(bridge),
      confirmed_(options.since.value_or(now)),
      next_(options.shared ? now : kNever) {}

Leadership::Round Leadership::Begin(Instant now) {
  next_ = now + options_.period;
  const bool store_is_late = stored_round_ != last_round_;
  rounds_.push_back({.number = ++last_round_, .at = now, .not_active = {}});
  if (rounds_.size() > kRoundsKept) rounds_.pop_front();
  return {last_round_, store_is_late && options_.others > 0};
}

Leadership::Asked* Leadership::Find(uint64_t round) {
  const auto found = std::find_if(
      rounds_.begin(), rounds_.end(), [round](const Asked& one) { return one.number == round; });
  return found == rounds_.end() ? nullptr : &*found;
}

void Leadership::StoreSaid(uint64_t round, bool ours) {
  const Asked* asked = Find(round);
  if (asked == nullptr || !ours) return;
  stored_round_ = std::max(stored_round_, round);
  Confirm(asked->at);
}

void Leadership::OtherSaid(uint64_t round, size_t other, bool not_active, Instant now) {
  Asked* asked = Find(round);
  if (asked == nullptr || !not_active || other >= options_.others) return;
  asked->not_active.insert(other);
  if (asked->not_active.size() < options_.others || now - confirmed_ >= bridge_) return;
  Confirm(asked->at);
}

void Leadership::Confirm(Instant as_of) {
  confirmed_ = std::max(confirmed_, as_of);
}

Duration Leadership::Unconfirmed(Instant now) const {
  return options_.shared ? std::max(now - confirmed_, Duration::zero()) : Duration::zero();
}

}  // namespace weir::rm
