// PollSession: the numbering of one peer's long polls (a NodeManager's heartbeats, an AM's
// allocates), so that each request is applied once and each lost answer can be had again.
//
// Terms: sequences are 1, 2, 3...; the *last* is the highest applied; one call at most is *parked*,
// and it has the last sequence. A peer may send n + 1 while n is parked (n then ends with kAborted)
// or while the answer to n is on its way to it: so the answers of the last two sequences are kept.
// Owner: a node or an attempt. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_POLL_SESSION_H_
#define WEIR_RESOURCEMANAGER_CORE_POLL_SESSION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

#include "common/time.h"
#include "resourcemanager/core/events.h"

namespace weir::rm {

struct ParkedCall {
  CallId call;
  Instant until;
};

enum class PollKind {
  kNext,       // apply it
  kAnswered,   // a repetition: the kept answer goes out again
  kRepeated,   // a repetition whose answer is still to come: park this call instead
  kOvertaken,  // older than what was applied: kAborted
  kGap,        // something is missing: kResync
};

template <typename Answer>
class PollSession {
 public:
  PollKind Classify(int64_t sequence) const {
    if (sequence <= 0 || sequence > last_ + 1) return PollKind::kGap;
    if (sequence == last_ + 1) return PollKind::kNext;
    if (Kept(sequence) != nullptr) return PollKind::kAnswered;
    return sequence == last_ ? PollKind::kRepeated : PollKind::kOvertaken;
  }
  void Advance() { ++last_; }
  void Reset() {
    last_ = 0;
    kept_ = {};
  }
  // The answer to the last one; takes the place of the one before the one before.
  void Keep(Answer answer) { kept_[static_cast<size_t>(last_ & 1)] = {last_, std::move(answer)}; }

  // Requires: kAnswered.
  const Answer& AnswerTo(int64_t sequence) const { return *Kept(sequence); }
  int64_t last() const { return last_; }

  std::optional<ParkedCall> parked;

 private:
  struct KeptAnswer {
    int64_t sequence = 0;
    Answer answer;
  };
  const Answer* Kept(int64_t sequence) const {
    const KeptAnswer& kept = kept_[static_cast<size_t>(sequence & 1)];
    return kept.sequence == sequence && sequence >= last_ - 1 ? &kept.answer : nullptr;
  }

  int64_t last_ = 0;
  std::array<KeptAnswer, 2> kept_{};
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_POLL_SESSION_H_
