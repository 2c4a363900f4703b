#include "common/random.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <cstdint>

namespace weir {
namespace {

TEST(Random, GivesTheNumbersOfThePublishedAlgorithm) {
  // Of SplitMix64 with seed 1234567, as its authors' program prints them.
  Random random(1234567);
  for (const uint64_t expected : {6457827717110365317ULL,
                                  3203168211198807973ULL,
                                  9817491932198370423ULL,
                                  4593380528125082431ULL,
                                  16408922859458223821ULL}) {
    EXPECT_EQ(random.Next(), expected);
  }
}

RC_GTEST_PROP(Random, RepeatsItselfFromTheSameSeed, (uint64_t seed)) {
  Random a(seed);
  Random b(seed);
  for (int i = 0; i < 100; ++i) RC_ASSERT(a.Next() == b.Next());
}

RC_GTEST_PROP(Random, StaysWithinItsRange, (uint64_t seed)) {
  Random random(seed);
  const int64_t low = *rc::gen::inRange<int64_t>(-1000, 1000);
  const int64_t high = low + *rc::gen::inRange<int64_t>(0, 1000);
  for (int i = 0; i < 100; ++i) {
    const int64_t value = random.Between(low, high);
    RC_ASSERT(value >= low && value <= high);
    RC_ASSERT(random.Below(7) < 7u);
  }
}

TEST(Random, ReachesEveryMemberOfASmallRange) {
  Random random(1);
  std::array<int, 6> counts{};
  for (int i = 0; i < 6000; ++i) ++counts[static_cast<size_t>(random.Between(0, 5))];
  for (const int count : counts) {
    EXPECT_GT(count, 800);
    EXPECT_LT(count, 1200);
  }
}

TEST(Random, IsCertainAtTheEndsOfChance) {
  Random random(1);
  for (int i = 0; i < 100; ++i) {
    EXPECT_FALSE(random.Chance(0, 10));
    EXPECT_TRUE(random.Chance(10, 10));
  }
}

TEST(RandomDeathTest, HasNoMemberOfAnEmptyRange) {
  EXPECT_DEATH(Random(1).Below(0), "empty range");
}

}  // namespace
}  // namespace weir
