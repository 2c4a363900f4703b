// The one place that reads clocks. Thread-safe.
#ifndef WEIR_PLATFORM_CLOCK_H_
#define WEIR_PLATFORM_CLOCK_H_

#include "common/time.h"

namespace weir::platform {

Instant MonotonicNow();  // CLOCK_MONOTONIC
WallTime WallNow();
inline Now ReadClock() {
  return {MonotonicNow(), WallNow()};
}

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_CLOCK_H_
