#include "scheduler/queues/effective_capacity.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/scheduler_queues/tree_builder.h"

namespace weir::scheduler {
namespace {

const Amounts kTotal{100 * 1024, 100};

const QueueShare& ShareAt(const QueueTree& tree, const std::string& path, int32_t partition = 0) {
  return tree.at(At(tree, path)).shares[static_cast<size_t>(partition)];
}

// a: 12.5 % of 102400 = 12800, of 100 = 12.5 -> 12. a.x: 50 % of 12.5 % = 6400 and 6.25 -> 6.
// Maximum: a 80 %, a.x 50 % of that = 40 %.
TEST(EffectiveCapacity, PercentagesMultiplyBeforeTheyAreRounded) {
  TreeBuilder builder;
  builder.Add("root.a", Percent(12.5), Percent(80));
  builder.Add("root.b", Percent(87.5));
  builder.Add("root.a.x", Percent(50), Percent(50));
  builder.Add("root.a.y", Percent(50));
  const QueueTree tree = builder.Build(kTotal);
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, (Amounts{12800, 12}));
  EXPECT_EQ(ShareAt(tree, "root.a").maximum, (Amounts{81920, 80}));
  EXPECT_EQ(ShareAt(tree, "root.a.x").guaranteed, (Amounts{6400, 6}));
  EXPECT_EQ(ShareAt(tree, "root.a.x").maximum, (Amounts{40960, 40}));
  EXPECT_EQ(ShareAt(tree, "root.a.y").maximum, (Amounts{81920, 80}));
  EXPECT_EQ(ShareAt(tree, "root.a.x").absolute_fraction, kWholeFraction / 16);
  EXPECT_EQ(ShareAt(tree, "root.a.x").capacity_fraction, kWholeFraction / 2);
  EXPECT_EQ(ShareAt(tree, "root.a.x").absolute_capacity, kWholeShare / 16);
}

// 3w and 1w: 75 % and 25 %. Three of 1w: a third of 102399 is 34133 exactly, of 99 33.
TEST(EffectiveCapacity, WeightsAreSharesOfTheirSum) {
  TreeBuilder builder;
  builder.Add("root.a", Weight(3));
  builder.Add("root.b", Weight(1));
  for (const char* name : {"x", "y", "z"}) builder.Add(std::string("root.a.") + name, Weight(1));
  QueueTree tree = builder.Build({4 * 34133, 4 * 33});
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, (Amounts{3 * 34133, 3 * 33}));
  EXPECT_EQ(ShareAt(tree, "root.b").guaranteed, (Amounts{34133, 33}));
  for (const char* name : {"x", "y", "z"}) {
    EXPECT_EQ(ShareAt(tree, std::string("root.a.") + name).guaranteed, (Amounts{34133, 33}));
  }
}

TEST(EffectiveCapacity, AmountsAreTakenAsTheyAreWhileTheyFit) {
  TreeBuilder builder;
  builder.Add("root.a", Absolute({10240, 12}), Absolute({20480, 200}));
  builder.Add("root.b", Absolute({30720, 30}));
  builder.Add("root.a.x", Percent(50), Percent(50));
  builder.Add("root.a.y", Percent(50));
  const QueueTree tree = builder.Build(kTotal);
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, (Amounts{10240, 12}));
  // 200 vcores are more than root's 100.
  EXPECT_EQ(ShareAt(tree, "root.a").maximum, (Amounts{20480, 100}));
  EXPECT_EQ(ShareAt(tree, "root.b").maximum, kTotal);
  // Percentages below amounts are of the parent's amounts.
  EXPECT_EQ(ShareAt(tree, "root.a.x").guaranteed, (Amounts{5120, 6}));
  EXPECT_EQ(ShareAt(tree, "root.a.x").maximum, (Amounts{10240, 50}));
  // The dominant part: 12 of 100 vcores.
  EXPECT_EQ(ShareAt(tree, "root.a").absolute_fraction, kWholeFraction / 100 * 12);
  EXPECT_TRUE(ShareAt(tree, "root.a").in_amounts);
  EXPECT_FALSE(ShareAt(tree, "root.a.x").in_amounts);
}

// 8192 + 24576 = 32768 are wanted of 16384: each gets half, 4096 and 12288. Of vcores 4 + 6 = 10
// fit into 10. One level down 4096 are left for 6144 + 2048: 3072 and 1024.
TEST(EffectiveCapacity, AmountsShrinkInProportionWhenTheClusterIsTooSmall) {
  TreeBuilder builder;
  builder.Add("root.a", Absolute({8192, 4}));
  builder.Add("root.b", Absolute({24576, 6}));
  builder.Add("root.a.x", Absolute({6144, 2}));
  builder.Add("root.a.y", Absolute({2048, 2}));
  QueueTree tree = builder.Build({16384, 10});
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, (Amounts{4096, 4}));
  EXPECT_EQ(ShareAt(tree, "root.b").guaranteed, (Amounts{12288, 6}));
  EXPECT_EQ(ShareAt(tree, "root.a.x").guaranteed, (Amounts{3072, 2}));
  EXPECT_EQ(ShareAt(tree, "root.a.y").guaranteed, (Amounts{1024, 2}));
  tree.SetPartitionTotal(kDefaultPartition, {65536, 20});
  EXPECT_EQ(ShareAt(tree, "root.a.x").guaranteed, (Amounts{6144, 2}));
}

// Memory of 102400: p takes 22400; of the remaining 80000 q gets 50 % = 40000; r, the only weight,
// the other 40000. Vcores of 100: p 20 % = 20; q and r share 80 as 3 : 1.
TEST(EffectiveCapacity, MixedVectorsGiveAmountsThenPercentagesThenWeights) {
  const auto mixed = [](CapacityPart memory, CapacityPart vcores) {
    CapacityVector vector;
    vector.parts[0] = memory;
    vector.parts[1] = vcores;
    return vector;
  };
  TreeBuilder builder;
  builder.configuration().legacy_mode = false;
  builder.Add("root.p",
              mixed({CapacityKind::kAbsolute, 22400}, {CapacityKind::kPercent, kWholePercent / 5}));
  builder.Add("root.q",
              mixed({CapacityKind::kPercent, kWholePercent / 2},
                    {CapacityKind::kWeight, 3 * kWholeWeight}));
  builder.Add(
      "root.r",
      mixed({CapacityKind::kWeight, 2 * kWholeWeight}, {CapacityKind::kWeight, kWholeWeight}));
  const QueueTree tree = builder.Build(kTotal);
  EXPECT_EQ(ShareAt(tree, "root.p").guaranteed, (Amounts{22400, 20}));
  EXPECT_EQ(ShareAt(tree, "root.q").guaranteed, (Amounts{40000, 60}));
  EXPECT_EQ(ShareAt(tree, "root.r").guaranteed, (Amounts{40000, 20}));
}

TEST(EffectiveCapacity, AmountsOverWhatThereIsLeaveNothingForPercentagesAndWeights) {
  TreeBuilder builder;
  builder.configuration().legacy_mode = false;
  builder.Add("root.p", Absolute({200 * 1024, 200}));
  builder.Add("root.q", Percent(50));
  builder.Add("root.r", Weight(1));
  const QueueTree tree = builder.Build(kTotal);
  EXPECT_EQ(ShareAt(tree, "root.p").guaranteed, kTotal);
  EXPECT_EQ(ShareAt(tree, "root.q").guaranteed, Amounts{});
  EXPECT_EQ(ShareAt(tree, "root.r").guaranteed, Amounts{});
}

TEST(EffectiveCapacity, APartitionHasCapacitiesOfItsOwn) {
  TreeBuilder builder;
  builder.SetLabel("gpu", 1);
  builder.Add("root.a", Percent(50));
  builder.Add("root.b", Percent(50));
  builder.Add("root.a.x", Percent(100));
  builder.SetLabelCapacity("root.a", "gpu", Percent(100), Percent(60));
  QueueTree tree = builder.Build(kTotal);
  tree.SetPartitionTotal(PartitionSlot{1}, {8192, 8});
  EXPECT_EQ(ShareAt(tree, "root", 1).guaranteed, (Amounts{8192, 8}));
  EXPECT_EQ(ShareAt(tree, "root.a", 1).guaranteed, (Amounts{4915, 4}));  // at most 60 %
  EXPECT_EQ(ShareAt(tree, "root.a", 1).maximum, (Amounts{4915, 4}));
  EXPECT_TRUE(ShareAt(tree, "root.a", 1).accessible);
  EXPECT_FALSE(ShareAt(tree, "root.b", 1).accessible);
  EXPECT_EQ(ShareAt(tree, "root.b", 1).guaranteed, Amounts{});
  EXPECT_FALSE(ShareAt(tree, "root.a.x", 1).accessible);  // says nothing about the label
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, (Amounts{51200, 50}));
}

// Before the first node the fractions that count applications are known already.
TEST(EffectiveCapacity, AnEmptyClusterHasNoAmountsButFractions) {
  TreeBuilder builder;
  builder.Add("root.a", Percent(25));
  builder.Add("root.b", Percent(75));
  const QueueTree tree = builder.Build({});
  EXPECT_EQ(ShareAt(tree, "root.a").guaranteed, Amounts{});
  EXPECT_EQ(ShareAt(tree, "root.a").absolute_fraction, kWholeFraction / 4);
  EXPECT_EQ(tree.MaximumApplications(At(tree, "root.a")), 2500);
}

}  // namespace
}  // namespace weir::scheduler
