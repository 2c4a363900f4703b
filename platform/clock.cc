#include "platform/clock.h"

#include <time.h>

namespace weir::platform {
namespace {

Duration Read(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return seconds(time.tv_sec) + Duration(time.tv_nsec);
}

}  // namespace

Instant MonotonicNow() {
  return Instant(Read(CLOCK_MONOTONIC));
}

WallTime WallNow() {
  return WallTime(std::chrono::duration_cast<milliseconds>(Read(CLOCK_REALTIME)));
}

}  // namespace weir::platform
