// The limit queries of a tree, with its state.
#include <gtest/gtest.h>

#include <string>

#include "tests/unit/scheduler_queues/tree_builder.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kGiB = 1024;
constexpr PartitionSlot kGpu{1};
constexpr LimitMode kRespect = LimitMode::kRespectExclusivity;
constexpr LimitMode kIgnore = LimitMode::kIgnoreExclusivity;
const Amounts kTotal{100 * kGiB, 100};
const Amounts kOne{kGiB, 1};

// root.a (60 %, at most 80 %) with x and y of 50 % each, x at most half of a; root.b (40 %).
TreeBuilder Two() {
  TreeBuilder builder;
  builder.Add("root.a", Percent(60), Percent(80));
  builder.Add("root.b", Percent(40));
  builder.Add("root.a.x", Percent(50), Percent(50));
  builder.Add("root.a.y", Percent(50));
  return builder;
}

UserSlot Use(QueueTree& tree, const std::string& path, const std::string& name, int64_t count) {
  const UserSlot user = tree.AddApplication(At(tree, path), name);
  tree.Charge(user, kDefaultPartition, kOne * count, static_cast<int32_t>(count));
  return user;
}

Allowance Allowed(const QueueTree& tree, const std::string& path, const Amounts& each) {
  return tree.QueueAllowance(At(tree, path), kDefaultPartition, each, kRespect);
}

// x: 40 at most, a: 80 at most, root: 100.
TEST(QueueAllowance, TheTightestQueueOfThePathBinds) {
  QueueTree tree = Two().Build(kTotal);
  Allowance allowed = Allowed(tree, "root.a.x", kOne);
  EXPECT_EQ(allowed.count, 40);
  EXPECT_EQ(allowed.binding, PendingReason::kQueueCapacity);
  EXPECT_EQ(allowed.queue, At(tree, "root.a.x"));

  Use(tree, "root.a.y", "u", 50);  // a has 30 left
  allowed = Allowed(tree, "root.a.x", kOne);
  EXPECT_EQ(allowed.count, 30);
  EXPECT_EQ(allowed.binding, PendingReason::kParentCapacity);
  EXPECT_EQ(allowed.queue, At(tree, "root.a"));

  // root has 15 left; but it may have all, so that the nodes are the limit: 30 / 2 by a.
  Use(tree, "root.b", "u", 35);
  allowed = Allowed(tree, "root.a.x", {2 * kGiB, 1});
  EXPECT_EQ(allowed.count, 15);
  EXPECT_EQ(allowed.queue, At(tree, "root.a"));

  Use(tree, "root.a.x", "v", 30);
  allowed = Allowed(tree, "root.a.x", kOne);
  EXPECT_EQ(allowed.count, 0);
  EXPECT_EQ(allowed.binding, PendingReason::kParentCapacity);
}

TEST(QueueAllowance, AQueueOverItsMaximumInOneTypeGetsNothing) {
  QueueTree tree = Two().Build(kTotal);
  Use(tree, "root.a.x", "u", 30);
  tree.SetPartitionTotal(kDefaultPartition, {100 * kGiB, 50});  // x: at most 40 GiB and 20 vcores
  const Allowance allowed = Allowed(tree, "root.a.x", {kGiB, 0});
  EXPECT_EQ(allowed.count, 0);
  EXPECT_EQ(allowed.binding, PendingReason::kQueueCapacity);
}

// a's rest of 30.5 GiB is handed down as 30: the step is 1 GiB.
TEST(QueueAllowance, WhatIsHandedDownIsRoundedToTheMinimumAllocation) {
  QueueTree tree = Two().Build(kTotal);
  const UserSlot user = Use(tree, "root.a.y", "u", 49);
  tree.Charge(user, kDefaultPartition, {512, 0}, 1);
  EXPECT_EQ(Allowed(tree, "root.a.x", {256, 0}).count, 30 * 4);
  EXPECT_EQ(Allowed(tree, "root.a.y", {256, 0}).count, 30 * 4 + 2);  // 79.5 used and handed
}

TEST(QueueAllowance, NothingNeededIsAlwaysThere) {
  QueueTree tree = Two().Build(kTotal);
  const Allowance allowed = Allowed(tree, "root.b", {});
  EXPECT_EQ(allowed.count, INT64_MAX);
  EXPECT_EQ(allowed.binding, PendingReason::kNone);
}

TEST(QueueAllowance, ByMemoryAloneVcoresDoNotCount) {
  TreeBuilder builder = Two();
  builder.configuration().calculator = Calculator::kMemoryOnly;
  const QueueTree tree = builder.Build({100 * kGiB, 1});
  EXPECT_EQ(Allowed(tree, "root.a.x", kOne).count, 40);
}

TEST(QueueAllowance, AForeignPartitionTakesAccessOrTheIgnoringMode) {
  TreeBuilder builder = Two();
  builder.SetLabel("gpu", kGpu.value);
  builder.SetLabelCapacity("root.a", "gpu", Percent(100), Percent(50));
  builder.SetLabelCapacity("root.a.x", "gpu", Percent(100), Percent(100));
  QueueTree tree = builder.Build(kTotal);
  tree.SetPartitionTotal(kGpu, {8 * kGiB, 8});
  EXPECT_EQ(tree.QueueAllowance(At(tree, "root.a.x"), kGpu, kOne, kRespect).count, 4);
  Allowance allowed = tree.QueueAllowance(At(tree, "root.b"), kGpu, kOne, kRespect);
  EXPECT_EQ(allowed.count, 0);
  EXPECT_EQ(allowed.binding, PendingReason::kNodeLabel);
  EXPECT_EQ(allowed.queue, At(tree, "root.b"));
  EXPECT_EQ(tree.QueueAllowance(At(tree, "root.a.y"), kGpu, kOne, kRespect).binding,
            PendingReason::kNodeLabel);
  EXPECT_EQ(tree.QueueAllowance(At(tree, "root.b"), kGpu, kOne, kIgnore).count, 8);
  EXPECT_EQ(tree.QueueAllowance(At(tree, "root.a.x"), kGpu, kOne, kIgnore).count, 8);
}

// y may reach: a's 80 - 20 of x = 60, and root's 100 - 35 of b - 20 of x = 45.
TEST(CurrentLimit, IsWhatTheOthersLeave) {
  QueueTree tree = Two().Build(kTotal);
  Use(tree, "root.a.x", "u", 20);
  EXPECT_EQ(tree.CurrentLimit(At(tree, "root.a.y"), kDefaultPartition), (Amounts{60 * kGiB, 60}));
  Use(tree, "root.b", "u", 35);
  EXPECT_EQ(tree.CurrentLimit(At(tree, "root.a.y"), kDefaultPartition), (Amounts{45 * kGiB, 45}));
  EXPECT_EQ(tree.CurrentLimit(At(tree, "root.a"), kDefaultPartition), (Amounts{65 * kGiB, 65}));
  EXPECT_EQ(tree.CurrentLimit(At(tree, "root"), kDefaultPartition), kTotal);
}

// b: 40 guaranteed, MULP 50, ULF 1. Two active users with 10 and 25: consumed 35 < 40, so
// larger((35 + 1) / 2 = 18, 40 x 50 % = 20) = 20 each.
TEST(UserAllowance, CountsUntilTheUserIsOverTheLimit) {
  TreeBuilder builder = Two();
  builder["root.b"].minimum_user_limit = kWholePercent / 2;
  QueueTree tree = builder.Build(kTotal);
  const UserSlot few = Use(tree, "root.b", "few", 10);
  const UserSlot many = Use(tree, "root.b", "many", 25);
  for (const UserSlot user : {few, many}) {
    tree.Activate(user, kDefaultPartition, kOne);
    tree.SetAsking(user, true);
  }
  EXPECT_EQ(tree.UserLimit(few, kDefaultPartition, kOne, kRespect), (Amounts{20 * kGiB, 20}));
  Allowance allowed = tree.UserAllowance(few, kDefaultPartition, kOne, kRespect);
  EXPECT_EQ(allowed.count, 11);  // 10..20 used are not over 20
  EXPECT_EQ(allowed.binding, PendingReason::kUserLimit);
  EXPECT_EQ(allowed.queue, At(tree, "root.b"));
  EXPECT_EQ(tree.UserAllowance(many, kDefaultPartition, kOne, kRespect).count, 0);
  // The other one stops asking: 26 / 1 = 26 for the one that is left, 25..26 used.
  tree.SetAsking(few, false);
  EXPECT_EQ(tree.UserLimit(many, kDefaultPartition, kOne, kRespect), (Amounts{26 * kGiB, 26}));
  EXPECT_EQ(tree.UserAllowance(many, kDefaultPartition, kOne, kRespect).count, 2);
}

// The answer is kept between changes: each change of usage, weight or configuration shows at once.
TEST(UserAllowance, FollowsEveryChange) {
  TreeBuilder builder = Two();
  builder["root.b"].user_limit_factor = std::nullopt;
  QueueTree tree = builder.Build(kTotal);
  const UserSlot user = Use(tree, "root.b", "u", 45);
  tree.Activate(user, kDefaultPartition, kOne);
  tree.SetAsking(user, true);
  // consumed 45 -> current 46, and so on up to the maximum of 100: 45..100 used are not over it.
  EXPECT_EQ(tree.UserLimit(user, kDefaultPartition, kOne, kRespect), (Amounts{46 * kGiB, 46}));
  EXPECT_EQ(tree.UserAllowance(user, kDefaultPartition, kOne, kRespect).count, 56);
  tree.Charge(user, kDefaultPartition, kOne, 1);
  EXPECT_EQ(tree.UserLimit(user, kDefaultPartition, kOne, kRespect), (Amounts{47 * kGiB, 47}));
  EXPECT_EQ(tree.UserAllowance(user, kDefaultPartition, kOne, kRespect).count, 55);
  tree.SetPartitionTotal(kDefaultPartition, {40 * kGiB, 40});  // 46 used of a maximum of 40
  EXPECT_EQ(tree.UserAllowance(user, kDefaultPartition, kOne, kRespect).count, 0);
  tree.SetPartitionTotal(kDefaultPartition, kTotal);
  builder["root.b"].user_limit_factor = kWholeFactor;
  builder.Apply(tree);
  EXPECT_EQ(tree.UserAllowance(user, kDefaultPartition, kOne, kRespect).count, 0);  // 40 x 1
  builder["root.b"].user_weights["u"] = 2 * kWholeWeight;
  builder["root.b"].minimum_user_limit = kWholePercent / 2;
  builder.Apply(tree);
  // larger((46 + 1) / 2 = 23.5, 47 x 50 % = 23.5) -> 24, below 40; x 2 = 48. 46..48 used.
  EXPECT_EQ(tree.UserAllowance(user, kDefaultPartition, kOne, kRespect).count, 3);
}

// b may reach 100 while nothing else is used: 10 % = 10. With a at 70, b may reach 30: less than
// its guarantee of 40, so 4.
TEST(AmLimit, FollowsWhatTheQueueMayReachInTheDefaultPartitionOnly) {
  TreeBuilder builder = Two();
  builder.SetLabel("gpu", kGpu.value);
  builder.SetLabelCapacity("root.b", "gpu", Percent(50), Percent(100));
  builder["root.b"].partitions["gpu"].am_share = kWholeFactor / 4;
  QueueTree tree = builder.Build(kTotal);
  tree.SetPartitionTotal(kGpu, {16 * kGiB, 16});
  EXPECT_EQ(tree.AmLimit(At(tree, "root.b"), kDefaultPartition), (Amounts{10 * kGiB, 10}));
  Use(tree, "root.a.y", "u", 70);
  EXPECT_EQ(tree.AmLimit(At(tree, "root.b"), kDefaultPartition), (Amounts{4 * kGiB, 4}));
  EXPECT_EQ(tree.AmLimit(At(tree, "root.b"), kGpu), (Amounts{2 * kGiB, 2}));  // 25 % of 50 % of 16
}

// b: user limit 40 (alone, MULP 100, ULF 1), 10 used: 30. Queue: 100 - 10 = 90. Then a takes 75:
// b may reach 25, 15 more.
TEST(Headroom, FollowsUserQueueAndPartition) {
  QueueTree tree = Two().Build(kTotal);
  const UserSlot user = Use(tree, "root.b", "u", 10);
  tree.Activate(user, kDefaultPartition, kOne);
  tree.SetAsking(user, true);
  EXPECT_EQ(tree.Headroom(user, kDefaultPartition, {90 * kGiB, 90}), (Amounts{30 * kGiB, 30}));
  EXPECT_EQ(tree.Headroom(user, kDefaultPartition, {7 * kGiB, 90}), (Amounts{7 * kGiB, 30}));
  Use(tree, "root.a.y", "v", 75);
  EXPECT_EQ(tree.Headroom(user, kDefaultPartition, {15 * kGiB, 15}), (Amounts{15 * kGiB, 15}));
}

TEST(QueueOrder, TheLeastUsedOfItsGuaranteeGoesFirst) {
  QueueTree tree = Two().Build(kTotal);
  const auto a = [&] { return tree.Order(At(tree, "root.a"), kDefaultPartition); };
  const auto b = [&] { return tree.Order(At(tree, "root.b"), kDefaultPartition); };
  EXPECT_LT(a(), b());             // nothing used: the larger capacity
  Use(tree, "root.a.x", "u", 30);  // half of 60
  EXPECT_LT(b(), a());
  Use(tree, "root.b", "u", 20);  // half of 40: equal again
  EXPECT_EQ(a().used, kWholeShare / 2);
  EXPECT_EQ(a().used, b().used);
  EXPECT_LT(a(), b());
}

TEST(QueueOrder, EqualsGoByConfiguredAmountThenPosition) {
  TreeBuilder builder;
  builder.Add("root.a", Absolute({10 * kGiB, 20}));
  builder.Add("root.b", Absolute({20 * kGiB, 10}));
  builder.Add("root.c", Absolute({20 * kGiB, 10}));
  const QueueTree tree = builder.Build(kTotal);
  const auto order = [&](const char* path) { return tree.Order(At(tree, path), {}); };
  EXPECT_LT(order("root.b"), order("root.a"));
  EXPECT_LT(order("root.b"), order("root.c"));
}

TEST(QueueOrder, PriorityCountsOnlyBetweenQueuesOnTheSameSideOfTheirGuarantee) {
  TreeBuilder builder = Two();
  builder["root.b"].priority = 5;
  QueueTree plain = builder.Build(kTotal);
  builder["root"].parent_ordering = ParentOrdering::kPriorityUtilization;
  QueueTree tree = builder.Build(kTotal);
  const auto order = [&](const char* path) { return tree.Order(At(tree, path), {}); };
  Use(tree, "root.b", "u", 39);
  EXPECT_LT(order("root.b"), order("root.a"));  // both under: the priority
  Use(tree, "root.b", "u", 1);                  // at its guarantee
  EXPECT_LT(order("root.a"), order("root.b"));
  Use(tree, "root.a.x", "u", 60);  // both over
  EXPECT_LT(order("root.b"), order("root.a"));
  Use(plain, "root.b", "u", 39);
  EXPECT_LT(plain.Order(At(plain, "root.a"), {}), plain.Order(At(plain, "root.b"), {}));
}

TEST(QueueOrder, QueuesWithoutCapacityOrAccessGoLast) {
  TreeBuilder builder;
  builder.SetLabel("gpu", kGpu.value);
  builder.Add("root.none", Percent(0));
  builder.Add("root.also", Percent(0));
  builder.Add("root.all", Percent(100));
  builder.SetLabelCapacity("root.none", "gpu", Percent(0), Percent(100));
  QueueTree tree = builder.Build(kTotal);
  Use(tree, "root.all", "u", 90);
  Use(tree, "root.none", "u", 2);
  const auto order = [&](const char* path, PartitionSlot at) {
    return tree.Order(At(tree, path), at);
  };
  EXPECT_LT(order("root.all", kDefaultPartition), order("root.also", kDefaultPartition));
  EXPECT_LT(order("root.also", kDefaultPartition), order("root.none", kDefaultPartition));
  EXPECT_LT(order("root.none", kGpu), order("root.all", kGpu));
}

}  // namespace
}  // namespace weir::scheduler
