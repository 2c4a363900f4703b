#include "scheduler/queues/limits.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <string>
#include <vector>

namespace weir::scheduler {
namespace {

constexpr int64_t kGiB = 1024;
const Amounts kTotal{100 * kGiB, 100};
const Amounts kStep{kGiB, 1};

ShareScale ScaleOf(Calculator calculator = Calculator::kDominant) {
  return ShareScale(calculator, kTotal, 2);
}

int64_t Percentage(int64_t percent) {
  return kWholePercent / 100 * percent;
}

struct UserLimitRow {
  std::string name;
  Amounts guaranteed;
  Amounts maximum;
  Amounts used_by_active;
  std::vector<Amounts> users;  // what each user uses
  int64_t weight = kWholeWeight;
  int64_t minimum_percent = 100;
  std::optional<int64_t> factor = kWholeFactor;
  LimitMode mode = LimitMode::kRespectExclusivity;
  Calculator calculator = Calculator::kDominant;
  Amounts expected;
};

Amounts LimitOf(const UserLimitRow& row, bool all_users) {
  const ShareScale scale = ScaleOf(row.calculator);
  const AllocationStep step(kStep, 2);
  Share ratios = 0;
  for (const Amounts& user : row.users) ratios += scale.Of(user);
  const UserLimitTerms terms{.scale = scale,
                             .step = step,
                             .total = kTotal,
                             .guaranteed = row.guaranteed,
                             .maximum = row.maximum,
                             .used_by_active = row.used_by_active,
                             .usage_ratios = ratios,
                             .active_weight = all_users ? 0 : row.weight,
                             .all_weight = all_users ? row.weight : 0,
                             .minimum_user_limit = Percentage(row.minimum_percent),
                             .user_limit_factor = row.factor};
  if (all_users) return AllUsersLimit(terms, kStep, row.mode);
  const Amounts limit = ActiveUserLimit(terms, kStep, row.mode);
  const std::optional<Amounts> fixed = FixedUserLimit(terms, kStep);
  if (fixed && row.mode == LimitMode::kRespectExclusivity) {
    EXPECT_EQ(*fixed, limit) << row.name;
  }
  return limit;
}

void ExpectLimits(const std::vector<UserLimitRow>& rows) {
  for (const UserLimitRow& row : rows) EXPECT_EQ(LimitOf(row, false), row.expected) << row.name;
}

const Amounts kHalf{50 * kGiB, 50};

// In all rows the partition has 100 GiB and 100 vcores, the step is 1 GiB and 1 vcore, and so is
// `required`. Worked out below each name: capacity; consumed -> current; by users, by floor; most.
TEST(UserLimit, OfActiveUsersFollowsGuaranteeAndUsage) {
  ExpectLimits({
      // 50; 0 -> 50; (0+1)/1 = 1, 50 x 100 % = 50; 50 x 1.
      {.name = "alone", .guaranteed = kHalf, .maximum = kTotal, .expected = kHalf},
      // 50; 20 -> 50; 21/2 = 10.5, 50 x 50 % = 25; 50. -> 25
      {.name = "two active below the guarantee",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .used_by_active = {20 * kGiB, 20},
       .users = {{10 * kGiB, 10}, {10 * kGiB, 10}},
       .weight = 2 * kWholeWeight,
       .minimum_percent = 50,
       .expected = {25 * kGiB, 25}},
      // 50; 60 -> 61; 61/2 = 30.5 (vcores 31), 61 x 25 % = 15.25; 100. -> 30.5 rounded up = 31
      {.name = "two active over the guarantee",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .used_by_active = {60 * kGiB, 60},
       .users = {{30 * kGiB, 30}, {30 * kGiB, 30}},
       .weight = 2 * kWholeWeight,
       .minimum_percent = 25,
       .factor = 2 * kWholeFactor,
       .expected = {31 * kGiB, 31}},
      // 50; 80 -> 81; 81/1, 81; maximum 90. -> 81: grows by a step with each container
      {.name = "no factor",
       .guaranteed = kHalf,
       .maximum = {90 * kGiB, 90},
       .used_by_active = {80 * kGiB, 80},
       .users = {{80 * kGiB, 80}},
       .factor = std::nullopt,
       .expected = {81 * kGiB, 81}},
  });
}

TEST(UserLimit, IsBoundedByFactorMaximumOrPartition) {
  ExpectLimits({
      // 50; 90 -> 91; 91, 91; maximum 90.5 rounded down = 90. -> 90
      {.name = "no factor, at the queue's maximum",
       .guaranteed = kHalf,
       .maximum = {90 * kGiB + 512, 90},
       .used_by_active = {90 * kGiB, 90},
       .users = {{90 * kGiB, 90}},
       .factor = std::nullopt,
       .expected = {90 * kGiB, 90}},
      // 50; 0 -> 50; 1, 50; 50 x 0.5 = 25. -> 25
      {.name = "half a factor",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .factor = kWholeFactor / 2,
       .expected = {25 * kGiB, 25}},
      // 50; 80 -> 81; 81, 81; the partition, 100. -> 81, beyond 50 x 1
      {.name = "idle space of another partition",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .used_by_active = {80 * kGiB, 80},
       .users = {{80 * kGiB, 80}},
       .mode = LimitMode::kIgnoreExclusivity,
       .expected = {81 * kGiB, 81}},
      // larger(0.5 GiB / 0, 1 GiB / 1) = 1; 0 -> 1; 1, 1; 1 x 1. -> 1: one container may go
      {.name = "a guarantee below one container",
       .guaranteed = {512, 0},
       .maximum = kTotal,
       .expected = kStep},
      // larger(0, 1) = 1; 3 -> 4; (3+1)/1 = 4, 4; maximum 100 because nothing is guaranteed. -> 4
      {.name = "nothing guaranteed",
       .guaranteed = {},
       .maximum = kTotal,
       .used_by_active = {3 * kGiB, 3},
       .users = {{3 * kGiB, 3}},
       .expected = {4 * kGiB, 4}},
  });
}

TEST(UserLimit, DividesByWeightsAndComparesByTheCalculator) {
  ExpectLimits({
      // 50; 30 -> 50; 31/1.5 = 20.67 (vcores 21), 50 x 25 % = 12.5; 50. -> rounded up 21
      {.name = "weights 1 and 0.5",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .used_by_active = {30 * kGiB, 30},
       .users = {{20 * kGiB, 20}, {10 * kGiB, 10}},
       .weight = kWholeWeight * 3 / 2,
       .minimum_percent = 25,
       .expected = {21 * kGiB, 21}},
      // 40; 20 % + 30 % (each user's dominant share) = 50 -> 51; <41, 31>/2 = <20.5, 15.5 -> 16>,
      // 51 x 50 % = <25.5, 26>; 40. -> 26
      {.name = "users with different dominant types",
       .guaranteed = {40 * kGiB, 40},
       .maximum = kTotal,
       .used_by_active = {40 * kGiB, 30},
       .users = {{10 * kGiB, 20}, {30 * kGiB, 10}},
       .weight = 2 * kWholeWeight,
       .minimum_percent = 50,
       .expected = {26 * kGiB, 26}},
      // memory alone: 50; 60 -> 61 (vcores 60 % -> 61); 61/2 = 30.5, vcores (10+1)/2 = 5.5 -> 6;
      // floor 61 x 25 %; 100. By memory 30.5 is larger: its vcores go with it. -> 31 and 6
      {.name = "memory alone",
       .guaranteed = {50 * kGiB, 10},
       .maximum = kTotal,
       .used_by_active = {60 * kGiB, 10},
       .users = {{60 * kGiB, 10}},
       .weight = 2 * kWholeWeight,
       .minimum_percent = 25,
       .factor = 2 * kWholeFactor,
       .calculator = Calculator::kMemoryOnly,
       .expected = {31 * kGiB, 6}},
      // 50; 0 -> 50; nobody is active: only 50 x 20 % = 10; 50. -> 10
      {.name = "nobody active",
       .guaranteed = kHalf,
       .maximum = kTotal,
       .weight = 0,
       .minimum_percent = 20,
       .expected = {10 * kGiB, 10}},
  });
}

// current = 60 -> 61 over the guarantee, 50 below it; / 4 users.
TEST(UserLimit, OfAllUsersDividesWhatTheQueueHas) {
  UserLimitRow row{.name = "all",
                   .guaranteed = {50 * kGiB, 50},
                   .maximum = kTotal,
                   .users = {{60 * kGiB, 60}},
                   .weight = 4 * kWholeWeight,
                   .minimum_percent = 20};
  // larger(61/4 = 15.25 -> vcores 16, 61 x 20 % = 12.2) -> rounded up 16.
  EXPECT_EQ(LimitOf(row, true), (Amounts{16 * kGiB, 16}));
  row.users = {{10 * kGiB, 10}};
  // larger(50/4 = 12.5 -> vcores 13, 10) -> 13.
  EXPECT_EQ(LimitOf(row, true), (Amounts{13 * kGiB, 13}));
}

TEST(UserLimit, AWeightScalesItAndRoundsDown) {
  const AllocationStep step(kStep, 2);
  const Amounts limit{21 * kGiB, 21};
  EXPECT_EQ(WeightedUserLimit(step, limit, kWholeWeight), limit);
  // 10.5 -> 10
  EXPECT_EQ(WeightedUserLimit(step, limit, kWholeWeight / 2), (Amounts{10 * kGiB, 10}));
  EXPECT_EQ(WeightedUserLimit(step, limit, 2 * kWholeWeight), (Amounts{42 * kGiB, 42}));
  EXPECT_EQ(WeightedUserLimit(step, limit, 0), Amounts{});
}

RC_GTEST_PROP(UserLimitProperty, AFixedLimitStopsPlacementWhereTheLimitOfNowDoes, ()) {
  const auto some = [](int64_t most) {
    return Amounts{*rc::gen::inRange<int64_t>(0, most * kGiB), *rc::gen::inRange<int64_t>(0, most)};
  };
  const auto calculator = *rc::gen::element(Calculator::kDominant, Calculator::kMemoryOnly);
  const ShareScale scale = ScaleOf(calculator);
  const AllocationStep step(kStep, 2);
  const Amounts guaranteed = some(60);
  const Amounts maximum = guaranteed + some(40);
  std::vector<Amounts> users;
  Amounts used_by_active;
  Share ratios = 0;
  const auto active = *rc::gen::inRange<int64_t>(1, 4);
  const auto all = active + *rc::gen::inRange<int64_t>(0, 3);
  for (int64_t i = 0; i < all; ++i) {
    users.push_back(some(40));
    ratios += scale.Of(users.back());
    if (i < active) used_by_active += users.back();
  }
  const UserLimitTerms terms{
      .scale = scale,
      .step = step,
      .total = kTotal,
      .guaranteed = guaranteed,
      .maximum = maximum,
      .used_by_active = used_by_active,
      .usage_ratios = ratios,
      .active_weight = active * kWholeWeight,
      .all_weight = all * kWholeWeight,
      .minimum_user_limit = Percentage(*rc::gen::element<int64_t>(100, 50, 0)),
      .user_limit_factor = *rc::gen::element<std::optional<int64_t>>(
          std::nullopt, 0, kWholeFactor / 2, kWholeFactor, 3 * kWholeFactor)};
  const std::optional<Amounts> fixed = FixedPlacementLimit(terms, kStep);
  RC_ASSERT(terms.minimum_user_limit < kWholePercent || fixed.has_value());
  if (!fixed) return;
  const Amounts limit = ActiveUserLimit(terms, kStep, LimitMode::kRespectExclusivity);
  for (const Amounts& used : users) {
    RC_ASSERT((scale.Compare(used, limit) <= 0) == (scale.Compare(used, *fixed) <= 0));
  }
}

TEST(UserCount, TheLastContainerMayOvershoot) {
  const ShareScale scale = ScaleOf();
  const Amounts ten{10 * kGiB, 10};
  const auto count = [&](const Amounts& used, const Amounts& each, const Amounts& limit) {
    return CountWithOvershoot(scale, used, each, limit, kTotal);
  };
  EXPECT_EQ(count({}, {kGiB, 1}, ten), 11);     // 0..10 used are not over 10
  EXPECT_EQ(count({}, {3 * kGiB, 1}, ten), 4);  // 0, 3, 6, 9 -> 12
  EXPECT_EQ(count(ten, {kGiB, 1}, ten), 1);     // at the limit is not over it
  EXPECT_EQ(count({11 * kGiB, 1}, {kGiB, 1}, ten), 0);
  EXPECT_EQ(count({}, {0, 0}, ten), INT64_MAX);
  // Equal dominant shares: the smaller ones decide. <10, 10> is over <10, 5>, <9, 9> is not.
  EXPECT_EQ(count({}, {kGiB, 1}, {10 * kGiB, 5}), 10);
  // Memory stays at 10 %, vcores may be 0..5 before each.
  EXPECT_EQ(count({10 * kGiB, 0}, {0, 1}, {10 * kGiB, 5}), 6);
  // The limit's largest share is in memory, so vcores may go as far: 10 % of 100.
  EXPECT_EQ(count({}, {0, 2}, {10 * kGiB, 1}), 6);
}

RC_GTEST_PROP(UserCountProperty, IsWhatAddingOneByOneGives, ()) {
  const auto some = [](int64_t most) {
    return Amounts{*rc::gen::inRange<int64_t>(0, most), *rc::gen::inRange<int64_t>(0, most)};
  };
  const Amounts total = some(50);
  const Amounts limit = some(40);
  const Amounts each = some(6) + Amounts{1, 0};
  Amounts used = some(30);
  for (const Calculator calculator : {Calculator::kDominant, Calculator::kMemoryOnly}) {
    if (calculator == Calculator::kDominant && (total[0] == 0 || total[1] == 0)) continue;
    const ShareScale scale(calculator, total, 2);
    const int64_t count = CountWithOvershoot(scale, used, each, limit, total);
    int64_t added = 0;
    while (scale.Compare(used + each * added, limit) <= 0) ++added;
    RC_ASSERT(count == added);
  }
}

TEST(AmLimit, IsAShareOfWhatTheQueueMayReach) {
  const AllocationStep step(kStep, 2);
  const Amounts half{50 * kGiB, 50};
  const int64_t tenth = kWholeFactor / 10;
  const auto limit = [&](const Amounts* current, int64_t share) {
    return AmLimitOf(Calculator::kDominant, step, half, current, share);
  };
  EXPECT_EQ(limit(nullptr, tenth), (Amounts{5 * kGiB, 5}));
  EXPECT_EQ(limit(&kTotal, tenth), (Amounts{10 * kGiB, 10}));
  const Amounts less{30 * kGiB, 100};  // the guarantee does not fit: it counts
  EXPECT_EQ(limit(&less, tenth), (Amounts{5 * kGiB, 5}));
  // By memory alone 50 fits into 60, whatever the vcores.
  const Amounts flat{60 * kGiB, 10};
  EXPECT_EQ(AmLimitOf(Calculator::kMemoryOnly, step, half, &flat, tenth), (Amounts{6 * kGiB, 1}));
  EXPECT_EQ(limit(nullptr, kWholeFactor / 100), kStep);  // 512 MiB and 0.5, rounded up
  EXPECT_EQ(limit(nullptr, 0), Amounts{});
}

struct UserAmRow {
  std::string name;
  UserAmLimitTerms terms;
  Amounts expected;
};

// 50 GiB and 50 vcores guaranteed, 10 % for ApplicationMasters: 5 in all.
TEST(UserAmLimit, IsTheUsersPartOfTheQueues) {
  const int64_t tenth = kWholeFactor / 10;
  const std::vector<UserAmRow> rows = {
      // max(25 %, 1/2) = 1/2: 2.5 -> 3
      {"two active", {tenth, Percentage(25), kWholeFactor, 2, kWholeWeight}, {3 * kGiB, 3}},
      // max(25 %, 1/8) = 25 %: 1.25 -> 2
      {"eight active", {tenth, Percentage(25), kWholeFactor, 8, kWholeWeight}, {2 * kGiB, 2}},
      // exactly 1/5: 1, not a hair more
      {"five active", {tenth, Percentage(20), kWholeFactor, 5, kWholeWeight}, {kGiB, 1}},
      // min(1/2 x 3, 1) = 1: 5
      {"weight 3", {tenth, Percentage(25), kWholeFactor, 2, 3 * kWholeWeight}, {5 * kGiB, 5}},
      // 100 % x 3 = 15, capped by the queue's 5
      {"factor 3", {tenth, Percentage(100), 3 * kWholeFactor, 1, kWholeWeight}, {5 * kGiB, 5}},
      // 1/3 x 0.5 = 1/6: 0.83 -> 1
      {"factor 0.5", {tenth, Percentage(1), kWholeFactor / 2, 3, kWholeWeight}, {kGiB, 1}},
      // -1: all 5
      {"no factor", {tenth, Percentage(25), std::nullopt, 4, kWholeWeight}, {5 * kGiB, 5}},
      // nobody counts as one
      {"nobody active", {tenth, Percentage(25), kWholeFactor, 0, kWholeWeight}, {5 * kGiB, 5}},
  };
  const AllocationStep step(kStep, 2);
  for (const UserAmRow& row : rows) {
    EXPECT_EQ(UserAmLimitOf(ScaleOf(), step, {50 * kGiB, 50}, row.terms, Amounts{5 * kGiB, 5}),
              row.expected)
        << row.name;
  }
}

TEST(Headroom, IsTheSmallestOfUserQueueAndPartition) {
  const AllocationStep step(kStep, 2);
  const auto headroom = [&](const Amounts& user_limit, const Amounts& free) {
    return HeadroomOf(step, user_limit, {5 * kGiB, 5}, {40 * kGiB, 40}, {30 * kGiB, 30}, free);
  };
  // user 20 - 5 = 15, queue 40 - 30 = 10, free 100
  EXPECT_EQ(headroom({20 * kGiB, 20}, kTotal), (Amounts{10 * kGiB, 10}));
  // user 8.5 - 5 = 3.5 -> 3 of memory, 12 - 5 = 7 vcores
  EXPECT_EQ(headroom({8 * kGiB + 512, 12}, kTotal), (Amounts{3 * kGiB, 7}));
  // what is free is not rounded
  EXPECT_EQ(headroom({20 * kGiB, 20}, {1500, 4}), (Amounts{1500, 4}));
  // over the limit, and over the partition's total
  EXPECT_EQ(headroom({4 * kGiB, 9}, kTotal), (Amounts{0, 4}));
  EXPECT_EQ(headroom({20 * kGiB, 20}, {-1024, 3}), (Amounts{0, 3}));
}

TEST(MaximumApplications, AreTheQueuesPartOfTheSystems) {
  const int64_t eighth = kWholeFraction / 8;
  const std::optional<int64_t> none;
  EXPECT_EQ(MaximumApplicationsOf({7, 500, 10'000, false, eighth}), 7);
  EXPECT_EQ(MaximumApplicationsOf({none, none, 10'000, false, eighth}), 1250);
  EXPECT_EQ(MaximumApplicationsOf({none, none, 10, false, eighth}), 1);  // 1.25
  EXPECT_EQ(MaximumApplicationsOf({none, 500, 10'000, false, eighth}), 500);
  EXPECT_EQ(MaximumApplicationsOf({none, 20'000, 10'000, false, eighth}), 10'000);
  EXPECT_EQ(MaximumApplicationsOf({none, 500, 10'000, true, eighth}), 62);   // 62.5
  EXPECT_EQ(MaximumApplicationsOf({none, 0, 10'000, false, eighth}), 1250);  // 0 is unset
}

TEST(MaximumApplications, PerUserFollowMinimumLimitAndFactor) {
  EXPECT_EQ(MaximumApplicationsPerUserOf(1000, Percentage(25), kWholeFactor), 250);
  EXPECT_EQ(MaximumApplicationsPerUserOf(1000, Percentage(25), 2 * kWholeFactor), 500);
  EXPECT_EQ(MaximumApplicationsPerUserOf(1000, Percentage(100), 2 * kWholeFactor), 1000);
  EXPECT_EQ(MaximumApplicationsPerUserOf(10, Percentage(33), kWholeFactor), 3);
  EXPECT_EQ(MaximumApplicationsPerUserOf(1000, Percentage(25), std::nullopt), 1000);
}

TEST(AllocationStep, RoundsToWholeMultiplesAlsoOfOddMinimums) {
  const AllocationStep step({1000, 0}, 2);
  EXPECT_EQ(step.Up({1001, 7}), (Amounts{2000, 7}));
  EXPECT_EQ(step.Down({1999, 7}), (Amounts{1000, 7}));
  EXPECT_EQ(step.Up({2000, 0}), (Amounts{2000, 0}));
  EXPECT_EQ(step.Down({-5, 1}), (Amounts{-5, 1}));
}

TEST(Ratio, ProductsAreReducedAndLargeOnesLoseOnlyTheirLastBits) {
  const Ratio third = Ratio{}.Times(2, 6);
  EXPECT_EQ(third.numerator, 1);
  EXPECT_EQ(third.denominator, 3);
  const Ratio sixth = third.Times(3, 6);
  EXPECT_EQ(sixth.numerator * 6, sixth.denominator);
  EXPECT_EQ(third.Times(0, 7).numerator, 0);
  const int64_t large = int64_t{1} << 61;
  const Ratio near_one = Ratio{}.Times(large - 1, large).Times(large - 3, large);
  EXPECT_LT(near_one.numerator, near_one.denominator);
  EXPECT_GT(near_one.numerator, near_one.denominator - near_one.denominator / 1'000'000);
}

}  // namespace
}  // namespace weir::scheduler
