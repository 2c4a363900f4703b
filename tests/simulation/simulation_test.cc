#include "tests/simulation/simulation.h"

#include <gtest/gtest.h>

#include <cstdio>

namespace weir::simulation {
namespace {

constexpr uint64_t kSeeds = 200;
constexpr size_t kPairsHit = 130;  // state-event pairs of all tables that occur in these seeds

std::string Told(const SimulationOutcome& outcome) {
  std::string text = outcome.failure + "\n";
  for (const std::string& line : outcome.last_lines) text += "  " + line + "\n";
  return text;
}

void Print(const Coverage& coverage, const FaultCounts& faults) {
  std::printf("%s\n", faults.ToString().c_str());
  for (const Coverage::Pair& pair : coverage.Pairs()) {
    if (pair.hits == 0) std::printf("never occurred: %s\n", pair.ToString().c_str());
  }
}

TEST(Simulation, EveryInvariantHoldsWhateverGoesWrong) {
  Coverage coverage;
  FaultCounts faults;
  std::map<std::string, int> ends;
  for (uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const SimulationOutcome outcome = RunSimulation({.seed = seed});
    ASSERT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
    ASSERT_GE(outcome.faults.crashes(), 1) << "seed " << seed;
    ASSERT_GE(outcome.faults.lost + outcome.faults.duplicated, 10) << "seed " << seed;
    coverage.Merge(outcome.coverage);
    faults += outcome.faults;
    for (const auto& [state, count] : outcome.ends) ends[state] += count;
  }
  Print(coverage, faults);
  // The runs mean something: every kind of fault and of end is among them.
  EXPECT_GT(faults.rm_crashes, 50);
  EXPECT_GT(faults.nm_crashes, 50);
  EXPECT_GT(faults.am_crashes, 50);
  EXPECT_GT(faults.store_failures, 10);
  EXPECT_GT(faults.isolations, 10);
  EXPECT_GT(faults.lease_ends, 10);
  EXPECT_GT(faults.slow, 100);
  EXPECT_GT(ends["FINISHED"], 100);
  EXPECT_GT(ends["FAILED"], 100);
  EXPECT_GT(ends["KILLED"], 50);
  EXPECT_EQ(ends["NOT OVER"], 0);
  size_t hit = 0;
  for (const Coverage::Pair& pair : coverage.Pairs()) hit += pair.hits > 0 ? 1 : 0;
  EXPECT_GE(hit, kPairsHit) << "of " << coverage.Pairs().size();
}

// 997: a late copy of a finished master's registration. 1225: a refused start whose report was
// itself refused. 1271: a newer poll acknowledged an answer with completions that was lost. 1254: a
// cluster's only node was suspected for longer than the run. 967: a container whose end was told
// and not recorded was launched by the NodeManager that came next.
TEST(Simulation, SeedsThatOnceFailedHold) {
  for (const uint64_t seed : {uint64_t{89},
                              uint64_t{276},
                              uint64_t{997},
                              uint64_t{1225},
                              uint64_t{1254},
                              uint64_t{1271}}) {
    const SimulationOutcome outcome = RunSimulation({.seed = seed});
    EXPECT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
  }
}

TEST(Simulation, TheSameSeedGivesTheSameTrace) {
  for (const uint64_t seed : {uint64_t{3}, uint64_t{17}, uint64_t{90}}) {
    const SimulationOutcome first = RunSimulation({.seed = seed});
    const SimulationOutcome second = RunSimulation({.seed = seed});
    EXPECT_EQ(first.hash, second.hash);
    EXPECT_EQ(first.steps, second.steps);
    EXPECT_NE(first.hash, RunSimulation({.seed = seed + 1}).hash);
    const SimulationOptions several{.seed = seed, .resource_managers = 3};
    EXPECT_EQ(RunSimulation(several).hash, RunSimulation(several).hash);
  }
}

TEST(Simulation, WithoutFaultsEverythingEndsAsPlanned) {
  int finished = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    const SimulationOutcome outcome =
        RunSimulation({.seed = seed, .faultiness = Faultiness::kNone});
    ASSERT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
    EXPECT_EQ(outcome.faults.crashes(), 0);
    EXPECT_EQ(outcome.faults.lost, 0);
    if (const auto found = outcome.ends.find("FINISHED"); found != outcome.ends.end()) {
      finished += found->second;
    }
  }
  EXPECT_GT(finished, 60);
}

TEST(Simulation, QueuesThatAreGoneHoldTheirApplicationsUntilTheyAreBack) {
  FaultCounts faults;
  int finished = 0;
  for (uint64_t seed = 1; seed <= 120; ++seed) {
    const SimulationOutcome outcome = RunSimulation({.seed = seed, .loses_queues = true});
    ASSERT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
    faults += outcome.faults;
    if (const auto found = outcome.ends.find("FINISHED"); found != outcome.ends.end()) {
      finished += found->second;
    }
  }
  std::printf("%s\n", faults.ToString().c_str());
  EXPECT_GT(faults.lost_queues, 25);
  EXPECT_GT(finished, 50);
}

// Two or three of them, and a ZooKeeper: processes are stopped and go on, connections break with
// and without effect, hosts are cut off from each other, one way and both, clocks jump.
TEST(Simulation, EveryInvariantHoldsWithSeveralResourceManagers) {
  constexpr uint64_t kSeveralSeeds = 600;
  FaultCounts faults;
  std::map<std::string, int> ends;
  for (uint64_t seed = 1; seed <= kSeveralSeeds; ++seed) {
    const SimulationOutcome outcome =
        RunSimulation({.seed = seed, .resource_managers = 2 + seed % 2});
    ASSERT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
    faults += outcome.faults;
    for (const auto& [state, count] : outcome.ends) ends[state] += count;
  }
  std::printf("%s\n", faults.ToString().c_str());
  EXPECT_GT(faults.takeovers, 1'200);
  EXPECT_GT(faults.rm_crashes, 500);
  EXPECT_GT(faults.rm_stops, 200);
  EXPECT_GT(faults.zk_cuts, 500);
  EXPECT_GT(faults.zk_outages, 200);
  EXPECT_GT(faults.cuts, 200);
  EXPECT_GT(faults.clock_jumps, 200);
  EXPECT_GT(faults.lease_ends, 500);
  EXPECT_GT(ends["FINISHED"], 300);
  EXPECT_EQ(ends["NOT OVER"], 0);
}

TEST(Simulation, RestartsOfTheResourceManagerDisturbNobody) {
  FaultCounts faults;
  int finished = 0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    const SimulationOutcome outcome =
        RunSimulation({.seed = seed, .faultiness = Faultiness::kRestarts});
    ASSERT_EQ(outcome.failure, "") << "seed " << seed << ": " << Told(outcome);
    EXPECT_EQ(outcome.faults.nm_crashes + outcome.faults.am_crashes, 0);
    faults += outcome.faults;
    if (const auto found = outcome.ends.find("FINISHED"); found != outcome.ends.end()) {
      finished += found->second;
    }
  }
  std::printf("%s\n", faults.ToString().c_str());
  EXPECT_GT(faults.rm_crashes, 300);
  EXPECT_GT(finished, 150);
}

}  // namespace
}  // namespace weir::simulation
