// What rounds of faults are made of.
#include "tests/integration/fault_plan.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace weir::testing {
namespace {

constexpr uint64_t kSeeds = 2000;

TEST(FaultPlan, TheSameSeedGivesTheSameFaultsAndOthersGiveOthers) {
  std::set<std::string> seen;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const PlannedFaults plan = DrawFaults(seed, {});
    EXPECT_EQ(plan.faults, DrawFaults(seed, {}).faults);
    std::string text;
    for (const Fault& fault : plan.faults) text += fault.ToString() + " ";
    seen.insert(text);
  }
  EXPECT_GT(seen.size(), kSeeds / 2);
}

TEST(FaultPlan, EveryKindComesOftenAloneAndWithAnother) {
  std::map<FaultKind, int> alone;
  std::map<FaultKind, int> together;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const PlannedFaults plan = DrawFaults(seed, {});
    for (const Fault& fault : plan.faults)
      ++(plan.faults.size() == 1 ? alone : together)[fault.kind];
  }
  EXPECT_EQ(alone.size(), 8u);
  EXPECT_EQ(together.size(), 8u);
  for (const auto& counts : {alone, together}) {
    for (const auto& [kind, count] : counts) EXPECT_GT(count, 50) << FaultKindName(kind);
  }
}

TEST(FaultPlan, NodesAreUnpluggedOnlyWhereTheyCanBe) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    for (const Fault& fault : DrawFaults(seed, {.can_unplug = false}).faults) {
      EXPECT_NE(fault.kind, FaultKind::kUnplugNode);
    }
  }
}

TEST(FaultPlan, EachKindHasARoundOfItsOwn) {
  for (const bool can_unplug : {true, false}) {
    std::set<FaultKind> seen;
    for (const PlannedFaults& plan : EachFault({.can_unplug = can_unplug})) {
      ASSERT_EQ(plan.faults.size(), 1u);
      EXPECT_TRUE(seen.insert(plan.faults[0].kind).second) << plan.faults[0].ToString();
    }
    EXPECT_EQ(seen.size(), can_unplug ? 8u : 7u);
    EXPECT_EQ(seen.contains(FaultKind::kUnplugNode), can_unplug);
  }
}

TEST(FaultPlan, WhatTakesLongIsAlone) {
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const PlannedFaults plan = DrawFaults(seed, {});
    for (const Fault& fault : plan.faults) {
      if (fault.length < seconds(10)) continue;
      EXPECT_EQ(plan.faults.size(), 1u) << fault.ToString();
    }
  }
}

}  // namespace
}  // namespace weir::testing
