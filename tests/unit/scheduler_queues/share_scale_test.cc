#include "scheduler/queues/share_scale.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace weir::scheduler {
namespace {

constexpr int64_t kLarge = int64_t{1} << 44;

Amounts Some(int types, int64_t least, int64_t most) {
  Amounts amounts;
  for (int i = 0; i < types; ++i) amounts.Set(i, *rc::gen::inRange<int64_t>(least, most));
  return amounts;
}

RC_GTEST_PROP(ShareScaleProperty, SharesAreThoseOfADivision, ()) {
  const int types = *rc::gen::inRange(2, 6);
  const Amounts total = Some(types, 0, *rc::gen::element<int64_t>(3, 1000, kLarge));
  const Amounts amounts = Some(types, -5, *rc::gen::element<int64_t>(3, 2000, kLarge));
  for (const Calculator calculator : {Calculator::kDominant, Calculator::kMemoryOnly}) {
    const ShareScale scale(calculator, total, types);
    RC_ASSERT(scale.Of(amounts) == ShareOf(calculator, amounts, total));
  }
}

RC_GTEST_PROP(ShareScaleProperty, TheOrderIsTheCalculators, ()) {
  const int types = *rc::gen::inRange(2, 5);
  const Amounts total = Some(types, 0, 50);
  const Amounts a = Some(types, 0, 20);
  const Amounts b = Some(types, 0, 20);
  for (const Calculator calculator : {Calculator::kDominant, Calculator::kMemoryOnly}) {
    const ShareScale scale(calculator, total, types);
    RC_ASSERT(scale.Compare(a, b) == Compare(calculator, a, b, total));
  }
}

// Whole is reached exactly, not almost: the order of queues asks whether a queue is over it.
RC_GTEST_PROP(ShareScaleProperty, AQueueAtItsGuaranteeUsesExactlyAllOfIt, ()) {
  const int types = *rc::gen::inRange(2, 5);
  const Amounts total = Some(types, 1, kLarge);
  const Amounts whole = Some(types, 1, 1 << 20);
  const ShareScale scale = ShareScale::RelativeTo(Calculator::kDominant, whole, total, types);
  RC_ASSERT(scale.Of(whole) == kWholeShare);
  RC_ASSERT(scale.Of(whole * 3) == kWholeShare * 3);
  RC_ASSERT(scale.Of(Amounts{}) == 0);
}

// Of a total of <100, 10>, <30, 1> is 30 % by memory. <15, 1> is 15 %, half of that; <0, 6> is
// 60 %, twice.
TEST(ShareScale, ARelativeShareIsDominantOverDominant) {
  const ShareScale scale = ShareScale::RelativeTo(Calculator::kDominant, {30, 1}, {100, 10}, 2);
  EXPECT_EQ(scale.Of({15, 1}), kWholeShare / 2);
  EXPECT_EQ(scale.Of({0, 6}), kWholeShare * 2);
}

TEST(ShareScale, SharesOfNothingAreZeroAndHugeOnesAreBounded) {
  EXPECT_EQ(ShareScale().Of({5, 5}), 0);
  EXPECT_EQ(ShareScale(Calculator::kDominant, {0, 0}, 2).Of({5, 5}), 0);
  EXPECT_EQ(ShareScale(Calculator::kDominant, {1, 1}, 2).Of({kLarge, 1}), ShareScale::kMaximum);
}

}  // namespace
}  // namespace weir::scheduler
