#include "nodemanager/core/retry.h"

#include <algorithm>

namespace weir::nm {

bool RetryLedger::Covers(int exit_code) const {
  if (exit_code <= 0) return false;
  switch (policy_.on) {
    case RetryOn::kNothing:
      return false;
    case RetryOn::kAnyFailure:
      return true;
    case RetryOn::kExitCodes:
      return std::ranges::find(policy_.exit_codes, exit_code) != policy_.exit_codes.end();
  }
  return false;
}

int64_t RetryLedger::Counting(Instant now) {
  if (policy_.validity <= Duration{0}) return count_;
  while (!recent_.empty() && now - recent_.front() > policy_.validity) recent_.pop_front();
  return static_cast<int64_t>(recent_.size());
}

std::optional<RetryLedger::Decision> RetryLedger::OnFailure(int exit_code,
                                                            Duration smallest,
                                                            Instant now) {
  if (closed_ || !Covers(exit_code)) return std::nullopt;
  const bool bounded = policy_.max_retries != RetryPolicy::kForEver;
  const int64_t counting = Counting(now);
  const bool full = policy_.validity > Duration{0} && recent_.size() >= kRememberedRetries;
  if (bounded && (counting >= policy_.max_retries || full)) {
    exhausted_ = true;
    return std::nullopt;
  }
  ++count_;
  if (bounded && policy_.validity > Duration{0}) recent_.push_back(now);
  std::string words = bounded ? "retry " + std::to_string(counting + 1) + " of " +
                                    std::to_string(policy_.max_retries)
                              : "retry " + std::to_string(count_);
  return Decision{std::max(policy_.interval, smallest), std::move(words)};
}

void RetryLedger::Resume(int64_t count, Instant now) {
  count_ = count;
  const bool one_by_one =
      policy_.max_retries != RetryPolicy::kForEver && policy_.validity > Duration{0};
  if (!one_by_one) return;
  recent_.assign(std::min(static_cast<size_t>(count), kRememberedRetries), now);
}

std::string RetryLedger::Summary() const {
  if (count_ == 0) return "";
  std::string text =
      "started again in its place " + std::to_string(count_) + (count_ == 1 ? " time" : " times");
  if (!exhausted_) return text;
  text += ", and no more: its retry policy allows " + std::to_string(policy_.max_retries);
  if (policy_.validity > Duration{0}) {
    text += " in " + std::to_string(ToMillis(policy_.validity) / 1000) + " s";
  }
  return text;
}

}  // namespace weir::nm
