// Scenario files and the command line: what is taken, and how what is wrong is named.
#include "tests/simulation/scenario.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/simulation/simulation.h"
#include "tests/simulation/simulator_arguments.h"

namespace weir::simulation {
namespace {

using ::testing::HasSubstr;

TEST(Scenario, SaysWhatItSaysAndLeavesTheRest) {
  const auto scenario = ParseScenario("x",
                                      "# a remark\n\n"
                                      "nodes = 3-10   # and another\n"
                                      "rm-crashes=0\r\n"
                                      "  torn-writes = 1000000");
  ASSERT_TRUE(scenario.ok()) << scenario.error().ToString();
  EXPECT_EQ((*scenario)[Quantity::kNodes], (NumberRange{3, 10}));
  EXPECT_EQ((*scenario)[Quantity::kApplications], std::nullopt);
  EXPECT_EQ(scenario->faults[static_cast<size_t>(Fault::kRmCrash)], (NumberRange{0, 0}));
  EXPECT_EQ(scenario->faults[static_cast<size_t>(Fault::kTornWrite)],
            (NumberRange{1'000'000, 1'000'000}));
  EXPECT_EQ(scenario->faults[static_cast<size_t>(Fault::kNmCrash)], std::nullopt);
}

TEST(Scenario, WhatIsWrongIsNamedWithItsLineAndARemedy) {
  struct Row {
    const char* text;
    const char* said;
  };
  for (const Row& row : {
           Row{"nodes = 3\nnode = 4\n", "f:2: there is no key \"node\" (did you mean \"nodes\"?)"},
           Row{"weather = 4", "f:1: there is no key \"weather\" (weir-sim --help lists all)"},
           Row{"takeovers = 4", "f:1: there is no key \"takeovers\" (weir-sim --help lists all)"},
           Row{"nodes 3", "f:1: \"nodes 3\" has no '=' (write key = NUMBER)"},
           Row{"nodes =", "f:1: \"\" is neither a number nor a range (write 7, or 3-10 with the"},
           Row{"nodes = ten", "f:1: \"ten\" is neither a number nor a range"},
           Row{"nodes = 10-3", "f:1: \"10-3\" is neither a number nor a range"},
           Row{"nodes = -3", "f:1: \"-3\" is neither a number nor a range"},
           Row{"nodes = 1-2-3", "f:1: \"1-2-3\" is neither a number nor a range"},
           Row{"\n\nnodes = 3-51",
               "f:3: \"3-51\" is out of bounds for nodes (give numbers from 1 to 50)"},
           Row{"resource-managers = 0", "f:1: \"0\" is out of bounds for resource-managers"},
           Row{"nm-crashes = 1000001", "f:1: \"1000001\" is out of bounds for nm-crashes"},
           Row{"nodes = 99999999999999999999", "f:1: \"99999999999999999999\" is neither"},
           Row{"nodes = 3\nnodes = 4", "f:2: \"nodes\" is there a second time (leave one of"},
       }) {
    const auto scenario = ParseScenario("f", row.text);
    ASSERT_FALSE(scenario.ok()) << row.text;
    EXPECT_THAT(scenario.error().ToString(), HasSubstr(row.said));
  }
}

TEST(Scenario, IsDrawnAnewForEachSeedWithinItsBounds) {
  const auto scenario = ParseScenario("x", "nodes = 3-5\nnm-crashes = 7");
  ASSERT_TRUE(scenario.ok());
  std::set<uint64_t> drawn;
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const Setting setting = DrawSetting(*scenario, seed);
    drawn.insert(setting[Quantity::kNodes].value());
    EXPECT_EQ(setting[Fault::kNmCrash], 7U);
    EXPECT_EQ(setting[Fault::kRmCrash], std::nullopt);
  }
  EXPECT_EQ(drawn, (std::set<uint64_t>{3, 4, 5}));
}

TEST(Scenario, DecidesHowManyThereAreAndWhatGoesWrong) {
  const auto scenario = ParseScenario("x",
                                      "nodes = 50\nresource-managers = 2\napplications = 3\n"
                                      "seconds = 10\nrm-crashes = 0\nnm-crashes = 0\n"
                                      "am-crashes = 0\nlost-messages = 0\n"
                                      "stopped-nms = 100000");
  ASSERT_TRUE(scenario.ok()) << scenario.error().ToString();
  const SimulationOutcome outcome = RunSimulation({.seed = 1, .scenario = *scenario});
  EXPECT_EQ(outcome.failure, "");
  EXPECT_EQ(outcome.faults.crashes(), 0);
  EXPECT_EQ(outcome.faults[Fault::kLostMessage], 0);
  EXPECT_GT(outcome.faults[Fault::kNmStop], 10);
  int applications = 0;
  for (const auto& [state, count] : outcome.ends) applications += count;
  EXPECT_EQ(applications, 3);
  EXPECT_EQ(outcome.hash, RunSimulation({.seed = 1, .scenario = *scenario}).hash);
}

TEST(Scenario, WithoutOneEverySeedIsTheRunThatItWas) {
  EXPECT_EQ(RunSimulation({.seed = 5}).hash, RunSimulation({.seed = 5, .scenario = {}}).hash);
  const Setting setting = DrawSetting({}, 5);
  for (const auto& quantity : setting.quantities) EXPECT_EQ(quantity, std::nullopt);
  for (const auto& fault : setting.faults) EXPECT_EQ(fault, std::nullopt);
}

TEST(SimulatorArguments, AreTaken) {
  const auto arguments = ParseArguments({"--seeds",
                                         "3-9",
                                         "--scenario",
                                         "f",
                                         "--nodes",
                                         "50",
                                         "--resource-managers",
                                         "2-3",
                                         "--trace",
                                         "--hits",
                                         "h"});
  ASSERT_TRUE(arguments.ok()) << arguments.error().ToString();
  EXPECT_EQ(arguments->seeds, (NumberRange{3, 9}));
  EXPECT_EQ(arguments->scenario_file, "f");
  EXPECT_EQ(arguments->nodes, (NumberRange{50, 50}));
  EXPECT_EQ(arguments->resource_managers, (NumberRange{2, 3}));
  EXPECT_EQ(arguments->output, Trace::Output::kStandardOutput);
  EXPECT_EQ(arguments->hits_file, "h");
  const auto required = ParseArguments({"--require-hits", "a", "b"});
  ASSERT_TRUE(required.ok());
  EXPECT_EQ(required->required_files, (std::vector<std::string>{"a", "b"}));
}

TEST(SimulatorArguments, WhatIsWrongIsNamed) {
  struct Row {
    std::vector<std::string> words;
    const char* said;
  };
  const std::vector<Row> rows = {
      {{}, "--seeds is missing (name the seeds"},
      {{"--seed", "4"}, "there is no option \"--seed\" (did you mean --seeds?)"},
      {{"--seeds"}, "--seeds needs a value"},
      {{"--seeds", "9-3"}, "--seeds: \"9-3\" is neither a number nor a range"},
      {{"--seeds", "1", "--nodes", "51"}, "--nodes: \"51\" is out of bounds for nodes"},
      {{"--seeds", "1", "--resource-managers", "6"}, "out of bounds for resource-managers"},
      {{"--seeds", "1", "--sweep", "0"}, "--sweep: \"0\" is not a number of runs"},
      {{"--seeds", "1", "--sweep", "9", "--hits", "f"}, "--sweep does no harm but its own"},
      {{"--seeds", "1", "--sweep", "9", "--no-faults"}, "--sweep does no harm but its own"},
      {{"--seeds", "1", "--require-hits", "f"}, "--require-hits runs nothing (give it alone)"},
  };
  for (const Row& row : rows) {
    const auto arguments = ParseArguments(row.words);
    ASSERT_FALSE(arguments.ok()) << row.said;
    EXPECT_THAT(arguments.error().ToString(), HasSubstr(row.said));
  }
}

TEST(SimulatorArguments, TheHelpHasEveryKey) {
  const std::string help = SimulatorHelp();
  for (const FaultKind& kind : FaultKinds()) {
    if (kind.per.empty()) continue;
    EXPECT_THAT(help, HasSubstr("\n  " + std::string(kind.name) + " "));
  }
  EXPECT_THAT(help, HasSubstr("\n  nodes                 1 to 50: "));
}

}  // namespace
}  // namespace weir::simulation
