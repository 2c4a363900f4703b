#include "common/time.h"

#include <cstdio>

namespace weir {

std::string ToIso8601(WallTime time) {
  const auto days = std::chrono::floor<std::chrono::days>(time.time_since_epoch());
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::duration_cast<std::chrono::days>(days)}};
  const std::chrono::hh_mm_ss clock{time.time_since_epoch() - days};
  char text[48];
  std::snprintf(text,
                sizeof text,
                "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ",
                static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()),
                static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()),
                static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  return text;
}

}  // namespace weir
