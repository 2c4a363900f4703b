// LogLimit: lets a few lines of one kind through in each window of time, and counts the others, for
// what peers can cause as often as they like.
//
// Single-threaded: owned by whoever logs. Pure: the time is given.
#ifndef WEIR_PLATFORM_LOG_LIMIT_H_
#define WEIR_PLATFORM_LOG_LIMIT_H_

#include <cstdint>

#include "common/time.h"

namespace weir::platform {

class LogLimit {
 public:
  LogLimit(int64_t lines, Duration window) : lines_(lines), window_(window) {}

  // Whether this line may be written.
  bool Admit(Instant now) {
    if (now >= window_end_) {
      window_end_ = now + window_;
      admitted_ = 0;
    }
    if (admitted_ < lines_) {
      ++admitted_;
      return true;
    }
    ++suppressed_;
    return false;
  }
  // Lines held back that nobody was told of, once their window is over; else 0.
  int64_t TakeSuppressed(Instant now) {
    if (now < window_end_) return 0;
    const int64_t suppressed = suppressed_;
    suppressed_ = 0;
    return suppressed;
  }

 private:
  const int64_t lines_;
  const Duration window_;
  Instant window_end_{};
  int64_t admitted_ = 0;
  int64_t suppressed_ = 0;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_LOG_LIMIT_H_
