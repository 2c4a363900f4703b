// One death: a run without other faults, again and again, in which one process dies before or after
// one of its actions, another one each time, and comes back.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>

#include "tests/simulation/simulation.h"

namespace weir::simulation {
namespace {

class CrashSweep : public ::testing::TestWithParam<uint64_t> {
 protected:
  static void Sweep(size_t resource_managers, uint64_t runs_most) {
    SimulationOptions options{.seed = GetParam(),
                              .faultiness = Faultiness::kOneDeath,
                              .resource_managers = resource_managers};
    const SimulationOutcome whole = RunSimulation(options);
    ASSERT_EQ(whole.failure, "");
    ASSERT_GT(whole.places, 400U);
    const uint64_t runs = std::min(whole.places, runs_most);
    FaultCounts faults;
    for (uint64_t run = 1; run <= runs; ++run) {
      options.dies_at = run * whole.places / runs;
      const SimulationOutcome outcome = RunSimulation(options);
      ASSERT_EQ(outcome.failure, "") << "place " << options.dies_at << " of " << whole.places;
      ASSERT_EQ(outcome.faults.crashes(), 1);
      faults += outcome.faults;
    }
    std::printf("%s\n", faults.ToString().c_str());
    EXPECT_GT(faults.rm_crashes, 0);
    EXPECT_GT(faults.nm_crashes, 0);
    EXPECT_GT(faults.am_crashes, 0);
  }
};

TEST_P(CrashSweep, OfOneIsSurvivedAtEveryPlace) {
  Sweep(1, 300);
}

TEST_P(CrashSweep, OfOneOfTwoResourceManagersAsWell) {
  Sweep(2, 100);
}

// Each is a workload of its own: what clients, owners and an administrator do, which masters crash
// or linger, which nodes leave.
INSTANTIATE_TEST_SUITE_P(Seeds, CrashSweep, ::testing::Range(uint64_t{2}, uint64_t{12}));

}  // namespace
}  // namespace weir::simulation
