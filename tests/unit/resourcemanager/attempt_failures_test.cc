// Failures of attempts: which count, how long the next attempt waits, which nodes it avoids.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{8192, 16};
constexpr int kMostAttempts = 100;  // of one application, whatever counts

// Nobody is silent for too long, however long a test lets the time go on.
CoreOptions PatientOptions() {
  CoreOptions options = SmallOptions();
  options.node_expiry = std::chrono::hours(100);
  options.master_expiry = std::chrono::hours(100);
  options.max_attempts = 10;
  return options;
}

class AttemptFailures : public ::testing::Test {
 protected:
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  ApplicationReport Report() const { return driver.Report(id); }
  // Of the AM that runs.
  std::string Where() const { return Report().am_node.uuid; }
  void Run(const SubmissionContext& context, const std::string& node = "n1") {
    id = driver.RunApplication(context, "1", node).application;
  }
  void Fail(int exit_code) {
    driver.Beat(Where(), {Complete(Report().am_container, exit_code)});
    driver.CommitAll();
  }
  // The AM of the next attempt is there, and has registered.
  void RunNext(const std::string& node) {
    driver.CommitAll();
    const std::vector<ContainerId> started = driver.StartMasters(node);
    ASSERT_EQ(started.size(), 1U);
    driver.RegisterMasterCall(started[0].attempt);
    ASSERT_EQ(Report().state, ApplicationState::kRunning);
  }
  void RestartWith(const std::vector<std::string>& nodes) {
    driver.Restart();
    for (const std::string& node : nodes) driver.AddNode(node, kNodeSize);
    driver.CommitAll();
  }

  CoreDriver driver{PatientOptions()};
  ApplicationId id;
};

SubmissionContext Attempts(int32_t most) {
  SubmissionContext context = Context("serve");
  context.max_attempts = most;
  return context;
}

struct IntervalCase {
  const char* name;
  Duration validity;
  Duration between;  // the first failure and the second
  bool restart;      // of the ResourceManager between them
  bool another;      // attempt follows the second failure
};

class ValidityInterval : public AttemptFailures,
                         public ::testing::WithParamInterface<IntervalCase> {};

TEST_P(ValidityInterval, BoundsWhichFailuresCount) {
  const IntervalCase& c = GetParam();
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Attempts(2);
  context.attempt_failures_validity = c.validity;
  Run(context);
  Fail(1);
  EXPECT_EQ(Report().counted_failures, 1);
  driver.Advance(c.between);
  if (c.restart) RestartWith({"n1"});
  RunNext("n1");
  EXPECT_EQ(Report().counted_failures, c.another ? 0 : 1);
  Fail(2);
  EXPECT_EQ(Report().state, c.another ? ApplicationState::kAccepted : ApplicationState::kFailed);
  EXPECT_EQ(Report().counted_failures, c.another ? 1 : 2);
  if (c.another) RunNext("n1");
  EXPECT_EQ(Report().attempt.number, c.another ? 3 : 2);
}

const IntervalCase kIntervalCases[] = {
    {"WithoutOneAllCount", Duration(0), std::chrono::hours(24), false, false},
    {"Within", seconds(600), seconds(599), false, false},
    {"AtItsEnd", seconds(600), seconds(600), false, true},
    {"After", seconds(600), seconds(1200), false, true},
    {"WithinOverARestart", seconds(600), seconds(300), true, false},
    {"AfterOverARestart", seconds(600), seconds(601), true, true},
};
INSTANTIATE_TEST_SUITE_P(All,
                         ValidityInterval,
                         ::testing::ValuesIn(kIntervalCases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(AttemptFailures, ALoopEndsThoughNoFailureCountsAnyMore) {
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Attempts(2);
  context.attempt_failures_validity = milliseconds(10);
  Run(context);
  for (int i = 1; i < kMostAttempts; ++i) {
    Fail(1);
    driver.Advance(milliseconds(20));
    RunNext("n1");
  }
  Fail(1);
  EXPECT_EQ(Report().state, ApplicationState::kFailed);
  EXPECT_THAT(Report().diagnostics, HasSubstr("nobody gets"));
}

}  // namespace
}  // namespace weir::rm
