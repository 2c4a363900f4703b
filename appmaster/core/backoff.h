// Backoff: how long to wait before the next try of something that failed, doubling up to a bound.
// Single-threaded value.
#ifndef WEIR_APPMASTER_CORE_BACKOFF_H_
#define WEIR_APPMASTER_CORE_BACKOFF_H_

#include <algorithm>

#include "common/time.h"

namespace weir::am {

class Backoff {
 public:
  Backoff(Duration first, Duration most) : first_(first), most_(most), next_(first) {}

  // The delay before the next try.
  Duration Fail() { return Fail(most_); }
  // As above, for a failure after which no try is to wait longer than `most`.
  Duration Fail(Duration most) {
    const Duration delay = std::min(next_, most);
    next_ = std::min(delay * 2, most_);
    return delay;
  }
  void Reset() { next_ = first_; }

 private:
  Duration first_;
  Duration most_;
  Duration next_;
};

}  // namespace weir::am

#endif  // WEIR_APPMASTER_CORE_BACKOFF_H_
