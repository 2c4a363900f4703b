// Time as values. Nothing here reads a clock: `Now` comes in from the shell (or the simulator).
//
// Instant is monotonic and local to one process: for deadlines, never stored, never sent.
// WallTime is milliseconds since 1970 UTC: for records and display, never for deadlines.
#ifndef WEIR_COMMON_TIME_H_
#define WEIR_COMMON_TIME_H_

#include <chrono>
#include <compare>
#include <cstdint>
#include <string>

namespace weir {

using Duration = std::chrono::nanoseconds;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::seconds;

// A clock without now(): only a tag that keeps the two kinds of time apart.
struct MonotonicTag {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTag>;
  static constexpr bool is_steady = true;
};
struct WallTag {
  using duration = milliseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WallTag>;
  static constexpr bool is_steady = false;
};

using Instant = MonotonicTag::time_point;
using WallTime = WallTag::time_point;

inline constexpr Instant kNever = Instant::max();

// Both times of one moment, read together.
struct Now {
  Instant monotonic;
  WallTime wall;
};

inline int64_t ToMillis(WallTime time) {
  return time.time_since_epoch().count();
}
inline WallTime WallFromMillis(int64_t ms) {
  return WallTime(milliseconds(ms));
}
inline int64_t ToMillis(Duration duration) {
  return std::chrono::duration_cast<milliseconds>(duration).count();
}

// 2026-11-21T02:09:26.123Z
std::string ToIso8601(WallTime time);

}  // namespace weir

#endif  // WEIR_COMMON_TIME_H_
