#include "common/time.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <cstdint>
#include <ctime>
#include <string>

namespace weir {
namespace {

TEST(Time, PrintsMillisecondsInUtc) {
  const std::pair<int64_t, const char*> cases[] = {
      {0, "1970-01-01T00:00:00.000Z"},
      {1, "1970-01-01T00:00:00.001Z"},
      {-1, "1969-12-31T23:59:59.999Z"},
      {1700000000123, "2023-11-14T22:13:20.123Z"},
      {951782399999, "2000-02-28T23:59:59.999Z"},
      {951782400000, "2000-02-29T00:00:00.000Z"},
      {4102444800000, "2100-01-01T00:00:00.000Z"},
  };
  for (const auto& [ms, text] : cases) EXPECT_EQ(ToIso8601(WallFromMillis(ms)), text);
}

RC_GTEST_PROP(Time, PrintsWhatTheSystemPrints, ()) {
  const int64_t ms = *rc::gen::inRange<int64_t>(0, 4'000'000'000'000);
  const auto time = static_cast<time_t>(ms / 1000);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[40];
  const size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.", &parts);
  RC_ASSERT(ToIso8601(WallFromMillis(ms)).substr(0, length) == text);
}

RC_GTEST_PROP(Time, GoesToMillisecondsAndBack, ()) {
  const int64_t ms = *rc::gen::inRange<int64_t>(-4'000'000'000'000, 4'000'000'000'000);
  RC_ASSERT(ToMillis(WallFromMillis(ms)) == ms);
  RC_ASSERT(ToMillis(Duration(milliseconds(ms))) == ms);
}

TEST(Time, NeverIsLaterThanAnything) {
  EXPECT_LT(Instant(seconds(1'000'000'000)), kNever);
}

}  // namespace
}  // namespace weir
