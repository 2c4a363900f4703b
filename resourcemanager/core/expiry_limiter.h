// ExpiryLimiter: how many silent nodes may be given up per minute.
//
// When many nodes fall silent at once, the fault is mostly on our side of the network, and giving
// all of them up would restart the whole cluster's work for nothing. So within any minute at most a
// share of the nodes that were active before it, and one at least, is given up; the others wait.
// One that was given up and is back counts once.
// Owner: the core's state. Single-threaded; no clock.
#ifndef WEIR_RESOURCEMANAGER_CORE_EXPIRY_LIMITER_H_
#define WEIR_RESOURCEMANAGER_CORE_EXPIRY_LIMITER_H_

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>

#include "common/time.h"

namespace weir::rm {

class ExpiryLimiter {
 public:
  static constexpr Duration kWindow = seconds(60);

  // `share`: of the active nodes, from 0 to 1; 1 = no limit.
  explicit ExpiryLimiter(double share) : share_(share) {}

  // How many may be given up in a minute. `active`: nodes that are, the silent ones included.
  int64_t Allowance(int64_t active, Instant now) const {
    int64_t most = active;
    for (const Taken& one : taken_) {
      if (one.when + kWindow > now) most = std::max(most, one.active);
    }
    const auto before = static_cast<double>(most);
    if (share_ >= 1) return INT64_MAX;
    return std::max<int64_t>(1, static_cast<int64_t>(std::floor(share_ * before + kRounding)));
  }
  // Whether one may be given up now; if so it counts as given up.
  bool Take(int64_t active, Instant now) {
    Forget(now);
    if (Recent(now) >= Allowance(active, now)) return false;
    taken_.push_back({now, active});
    return true;
  }
  // When Take may say yes after it said no.
  Instant Next() const { return taken_.empty() ? Instant::min() : taken_.front().when + kWindow; }

 private:
  static constexpr double kRounding = 1e-9;  // 10 % of 30 is 3

  struct Taken {
    Instant when;
    int64_t active = 0;  // at that time, itself included
  };

  int64_t Recent(Instant now) const {
    return std::count_if(
        taken_.begin(), taken_.end(), [now](const Taken& one) { return one.when + kWindow > now; });
  }
  void Forget(Instant now) {
    while (!taken_.empty() && taken_.front().when + kWindow <= now) taken_.pop_front();
  }

  const double share_;
  std::deque<Taken> taken_;  // within the last window, oldest first
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_EXPIRY_LIMITER_H_
