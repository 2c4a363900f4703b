#include "common/resource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>

namespace weir {
namespace {

using ::testing::HasSubstr;

Resource AnyResource() {
  return {*rc::gen::inRange<int64_t>(-Resource::kMemoryMibMax, Resource::kMemoryMibMax),
          *rc::gen::inRange<int64_t>(-Resource::kVcoresMax, Resource::kVcoresMax)};
}

TEST(Resource, PrintsAsYarnDoes) {
  EXPECT_EQ((Resource{1024, 1}).ToString(), "<memory:1024, vCores:1>");
}

TEST(Resource, FitsOnlyWithEveryPart) {
  EXPECT_TRUE((Resource{1, 1}).FitsIn({1, 1}));
  EXPECT_FALSE((Resource{2, 1}).FitsIn({1, 9}));
  EXPECT_FALSE((Resource{1, 2}).FitsIn({9, 1}));
}

RC_GTEST_PROP(Resource, AddsAndSubtractsPartByPart, ()) {
  const Resource a = AnyResource();
  const Resource b = AnyResource();
  RC_ASSERT(a + b == b + a);
  RC_ASSERT((a + b) - b == a);
  RC_ASSERT(a - a == Resource{});
  RC_ASSERT((a - a).IsZero());
  Resource sum = a;
  sum += b;
  RC_ASSERT(sum == a + b);
  sum -= b;
  RC_ASSERT(sum == a);
  RC_ASSERT(a * 3 == a + a + a);
}

RC_GTEST_PROP(Resource, FitsWhereTheRestIsNotNegative, ()) {
  const Resource a = AnyResource();
  const Resource b = AnyResource();
  RC_ASSERT(a.FitsIn(b) == (b - a).IsNonNegative());
}

TEST(NormalizeRequest, RoundsUpToWholeMultiplesOfTheMinimum) {
  struct Case {
    Resource asked;
    Resource granted;
  };
  const Case cases[] = {
      {{1, 1}, {1024, 1}},
      {{1024, 1}, {1024, 1}},
      {{1025, 3}, {2048, 4}},
      {{8192, 4}, {8192, 4}},
  };
  for (const Case& expected : cases) {
    const auto granted =
        NormalizeRequest(expected.asked, {1024, expected.asked.vcores == 3 ? 2 : 1}, {8192, 4});
    ASSERT_TRUE(granted.ok()) << granted.error().ToString();
    EXPECT_EQ(*granted, expected.granted);
  }
}

TEST(NormalizeRequest, NamesThePartAndItsLimit) {
  struct Case {
    Resource asked;
    const char* text;
  };
  const Case cases[] = {
      {{0, 1}, "memory (MiB) 0"},
      {{-5, 1}, "memory (MiB) -5"},
      {{1, 0}, "vcores 0"},
      {{8193, 1},
       "over the maximum of 8192 (ask for less, or raise "
       "yarn.scheduler.maximum-allocation-mb"},
      {{1, 5},
       "over the maximum of 4 (ask for less, or raise "
       "yarn.scheduler.maximum-allocation-vcores"},
      {{std::numeric_limits<int64_t>::max(), 1}, "cannot be asked for"},
      {{1, std::numeric_limits<int64_t>::max()}, "cannot be asked for"},
      {{std::numeric_limits<int64_t>::min(), 1}, "cannot be asked for"},
  };
  for (const Case& expected : cases) {
    const auto granted = NormalizeRequest(expected.asked, {1024, 1}, {8192, 4});
    ASSERT_FALSE(granted.ok());
    EXPECT_EQ(granted.error().code, ErrorCode::kInvalidArgument);
    EXPECT_THAT(granted.error().ToString(), HasSubstr(expected.text));
  }
}

RC_GTEST_PROP(NormalizeRequest, GrantsTheLeastMultipleThatIsEnough, ()) {
  const Resource asked{*rc::gen::inRange<int64_t>(1, 100'000), *rc::gen::inRange<int64_t>(1, 100)};
  const Resource minimum{*rc::gen::inRange<int64_t>(0, 5'000), *rc::gen::inRange<int64_t>(0, 10)};
  const Resource maximum{*rc::gen::inRange<int64_t>(1, 100'000),
                         *rc::gen::inRange<int64_t>(1, 100)};
  const auto granted = NormalizeRequest(asked, minimum, maximum);
  const Resource step{std::max<int64_t>(minimum.memory_mib, 1),
                      std::max<int64_t>(minimum.vcores, 1)};
  if (granted.ok()) {
    RC_ASSERT(asked.FitsIn(*granted));
    RC_ASSERT(granted->FitsIn(maximum));
    RC_ASSERT(granted->memory_mib % step.memory_mib == 0);
    RC_ASSERT(granted->vcores % step.vcores == 0);
    RC_ASSERT(granted->memory_mib - asked.memory_mib < step.memory_mib);
    RC_ASSERT(granted->vcores - asked.vcores < step.vcores);
    RC_ASSERT(NormalizeRequest(*granted, minimum, maximum).value() == *granted);
  } else {
    const Resource padded = asked + step - Resource{1, 1};
    RC_ASSERT(!padded.FitsIn(maximum));
  }
}

}  // namespace
}  // namespace weir
