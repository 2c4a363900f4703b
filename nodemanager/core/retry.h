// RetryLedger: whether a failed container is started again in its place, and when.
//
// Started again is only what failed by itself: a program that ran and ended with a status other
// than 0, or by a signal that nobody here sent; for RetryOn::kExitCodes, when the policy names its
// exit code. Not started again: what succeeded; what anybody stopped, for whatever reason (its
// users, its ApplicationMaster, the ResourceManager, a memory check); what the node answers for
// (negative codes: memory limits, disks); what could not be prepared or started at all, which would
// fail the same way.
//
// Invariants: never more retries than max_retries, counting those of the last `validity` only (all,
// when that is 0); from an end to the next start at least the policy's interval and `smallest`.
// Retries are remembered one by one only when they can leave the count again, at most
// kRememberedRetries: beyond that the oldest is taken for one that still counts. Pure value;
// single-threaded.
#ifndef WEIR_NODEMANAGER_CORE_RETRY_H_
#define WEIR_NODEMANAGER_CORE_RETRY_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>

#include "common/container.h"
#include "common/time.h"

namespace weir::nm {

inline constexpr size_t kRememberedRetries = 1024;

class RetryLedger {
 public:
  RetryLedger() = default;
  explicit RetryLedger(RetryPolicy policy) : policy_(std::move(policy)) {}

  struct Decision {
    Duration wait{0};
    std::string words;  // "retry 2 of 5"
  };
  // Nothing: its failure with that code is final. Otherwise it counts as retried.
  std::optional<Decision> OnFailure(int exit_code, Duration smallest, Instant now);
  // A stop was asked for: whatever its failure is, it is final.
  void Close() { closed_ = true; }

  // An earlier NodeManager has started it again so often. When is not known: all count from `now`.
  void Resume(int64_t count, Instant now);

  int64_t count() const { return count_; }
  // For the final diagnostics: "started again 5 times, which is the most that ...", "" when it
  // never was.
  std::string Summary() const;

 private:
  bool Covers(int exit_code) const;
  int64_t Counting(Instant now);

  RetryPolicy policy_;
  int64_t count_ = 0;
  std::deque<Instant> recent_;  // only with a validity and a bound; the oldest first
  bool closed_ = false;
  bool exhausted_ = false;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_RETRY_H_
