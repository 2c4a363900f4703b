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
  options.launch_expiry = std::chrono::hours(100);
  options.attempt_pause = seconds(0);
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

// --- pauses

CoreOptions PausingOptions() {
  CoreOptions options = PatientOptions();
  options.attempt_pause = seconds(1);
  options.longest_attempt_pause = seconds(8);
  options.attempt_pause_reset = seconds(60);
  return options;
}

class Pauses : public AttemptFailures {
 protected:
  Pauses() { driver = CoreDriver(PausingOptions()); }
  void Begin() {
    driver.AddNode("n1", kNodeSize);
    Run(Attempts(10));
  }
  // One failure after the other, each as soon as may be.
  void FailInARow(int failures) {
    for (int i = 1; i <= failures; ++i) {
      Fail(1);
      if (i == failures) return;
      driver.Advance(seconds(8));
      RunNext("n1");
    }
  }
  void ExpectAPauseOf(Duration pause) {
    if (pause > Duration(0)) {
      EXPECT_EQ(Report().pending_reason, PendingReason::kLaunchBackoff);
      driver.Advance(pause - milliseconds(1));
      driver.CommitAll();
      EXPECT_TRUE(driver.Beat("n1").start.empty()) << "too early";
      EXPECT_EQ(Report().pending_reason, PendingReason::kLaunchBackoff);
      driver.Advance(milliseconds(1));
    }
    RunNext("n1");
  }
};

struct Life {
  Duration lived;
  int exit_code;
};
struct PauseCase {
  const char* name;
  std::vector<Life> lives;
  Duration pause;
};
class PauseAfter : public Pauses, public ::testing::WithParamInterface<PauseCase> {};

TEST_P(PauseAfter, IsAsLongAsTheRowSays) {
  Begin();
  const auto& lives = GetParam().lives;
  for (size_t i = 0; i < lives.size(); ++i) {
    driver.Advance(lives[i].lived);
    Fail(lives[i].exit_code);
    if (i + 1 == lives.size()) break;
    driver.Advance(seconds(8));
    RunNext("n1");
  }
  ExpectAPauseOf(GetParam().pause);
}

const PauseCase kPauseCases[] = {
    {"One", {{seconds(0), 1}}, seconds(1)},
    {"Three", {{seconds(0), 1}, {seconds(0), 2}, {seconds(0), 3}}, seconds(4)},
    {"ManyAreBounded",
     {{seconds(0), 1}, {seconds(0), 1}, {seconds(0), 1}, {seconds(0), 1}, {seconds(0), 1}},
     seconds(8)},
    {"ALongLifeBeginsAnew", {{seconds(0), 1}, {seconds(0), 1}, {seconds(60), 1}}, seconds(1)},
    // It begins with its container, 6 s before it runs: its pause was 2 s of the 8.
    {"ALifeNotQuiteSoLongDoesNot",
     {{seconds(0), 1}, {seconds(0), 1}, {seconds(53), 1}},
     seconds(4)},
    {"WhatDoesNotCountIsRepeatedAtOnce",
     {{seconds(0), 1}, {seconds(0), exit_code::kPreempted}},
     seconds(0)},
    {"AndDoesNotEndTheRow",
     {{seconds(0), 1}, {seconds(0), exit_code::kPreempted}, {seconds(0), 1}},
     seconds(2)},
};
INSTANTIATE_TEST_SUITE_P(All, PauseAfter, ::testing::ValuesIn(kPauseCases), [](const auto& each) {
  return std::string(each.param.name);
});

TEST_F(Pauses, AreTold) {
  Begin();
  FailInARow(3);
  const ApplicationReport report = Report();
  EXPECT_EQ(report.state, ApplicationState::kAccepted);
  EXPECT_EQ(report.attempt.number, 4);
  EXPECT_TRUE(report.am_address.empty());
  EXPECT_THAT(report.diagnostics, HasSubstr("exited with code 1"));
  EXPECT_THAT(report.pending_detail, HasSubstr("4 s after the last failure"));
  EXPECT_THAT(report.pending_detail, HasSubstr("3 failures in a row"));
  EXPECT_THAT(report.pending_detail, HasSubstr(ToIso8601(driver.now.wall + seconds(4))));
}

struct RestartCase {
  const char* name;
  Duration before;  // the restart, of a pause of 4 s
  Duration jump;    // of the clock on the wall
  Duration left;
};
class PauseOverARestart : public Pauses, public ::testing::WithParamInterface<RestartCase> {};

TEST_P(PauseOverARestart, IsNeitherLostNorDoubled) {
  Begin();
  FailInARow(3);
  driver.Advance(GetParam().before);
  driver.now.wall += std::chrono::duration_cast<milliseconds>(GetParam().jump);
  RestartWith({"n1"});
  ExpectAPauseOf(GetParam().left);
  EXPECT_EQ(Report().attempt.number, 4);
}

const RestartCase kRestartCases[] = {
    {"Within", seconds(1), seconds(0), seconds(3)},
    {"AClockThatJumpsBackPausesOnceMoreAtMost", seconds(1), -seconds(3600), seconds(4)},
    {"AClockThatJumpsOnEndsIt", seconds(1), seconds(3600), seconds(0)},
};
INSTANTIATE_TEST_SUITE_P(All,
                         PauseOverARestart,
                         ::testing::ValuesIn(kRestartCases),
                         [](const auto& each) { return std::string(each.param.name); });

TEST_F(Pauses, EndWithTheApplication) {
  Begin();
  FailInARow(1);
  const CallId kill = driver.Kill(id);
  driver.Advance(seconds(8));
  driver.CommitAll();
  EXPECT_NE(driver.Get<ApplicationReport>(kill), nullptr);
  driver.Advance(seconds(8));
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  EXPECT_EQ(Report().state, ApplicationState::kKilled);
  const QueueReport queue = driver.core->Queues(driver.now).back();
  EXPECT_EQ(queue.pending_applications + queue.active_applications, 0);
}

TEST_F(Pauses, EndWithARefusalIfTheQueueHoldsNoSuchMasterAnyMore) {
  Begin();
  FailInARow(1);
  QueueProperties properties = driver.options.local_queues;
  properties.push_back({"yarn.scheduler.capacity.root.default.maximum-allocation-mb", "256"});
  driver.Step(ReconfigureQueues{.call = driver.NewCall(),
                                .by = "root",
                                .origin = "apply",
                                .properties = properties,
                                .expected_version = std::nullopt});
  driver.CommitAll();
  driver.Advance(seconds(1));
  driver.CommitAll();
  EXPECT_EQ(Report().state, ApplicationState::kFailed);
  EXPECT_THAT(Report().diagnostics, HasSubstr("rejected by its queue"));
}

// --- nodes to avoid

class Avoided : public AttemptFailures {
 protected:
  // Fails on n1, which has all the room that there is; n2 has none.
  void FailOn(const std::string& node, int exit_code) {
    driver.AddNode(node, kNodeSize);
    Run(Attempts(0), node);
    driver.AddNode("n2", kTooSmall);
    Fail(exit_code);
  }
  bool Waits() {
    driver.CommitAll();
    return Report().pending_reason == PendingReason::kBlacklisted;
  }
  const Resource kTooSmall{256, 1};
};

struct CauseCase {
  const char* name;
  int exit_code;
  bool avoided;
};
class AvoidedAfter : public Avoided, public ::testing::WithParamInterface<CauseCase> {};

TEST_P(AvoidedAfter, WhatTheNodeMayHaveCaused) {
  FailOn("n1", GetParam().exit_code);
  EXPECT_EQ(Waits(), GetParam().avoided);
  EXPECT_EQ(Report().avoided_nodes.size(), GetParam().avoided ? 1U : 0U);
  if (!GetParam().avoided) RunNext("n1");
}

const CauseCase kCauseCases[] = {
    {"ACrash", 1, true},
    {"AKillFromOutside", 137, true},
    {"ALaunchThatFailed", exit_code::kLaunchFailed, true},
    {"FilesThatCouldNotBeHad", exit_code::kLocalizationFailed, true},
    {"AnEndThatNobodySaw", exit_code::kLost, true},
    {"FailedDisks", exit_code::kDisksFailed, true},
    {"NotAnEndWithoutAWord", exit_code::kSuccess, false},
    {"NotPreemption", exit_code::kPreempted, false},
    {"NotItsOwnMemory", exit_code::kPhysicalMemoryExceeded, false},
    {"NotItsOwnLogs", exit_code::kExcessLogs, false},
    {"NotAStop", exit_code::kKilledByResourceManager, false},
};
INSTANTIATE_TEST_SUITE_P(All, AvoidedAfter, ::testing::ValuesIn(kCauseCases), [](const auto& each) {
  return std::string(each.param.name);
});

TEST_F(Avoided, IsToldWhereItWaits) {
  FailOn("n1", 1);
  ASSERT_TRUE(Waits());
  EXPECT_THAT(Report().pending_detail, HasSubstr("not n1.example:45454"));
  const auto explained = driver.core->Explain(id, driver.now);
  ASSERT_TRUE(explained.ok());
  EXPECT_EQ(explained->reason, PendingReason::kBlacklisted);
  EXPECT_THAT(explained->detail, HasSubstr("not n1.example:45454"));
}

TEST_F(Avoided, IsTakenAfterAMinuteIfNoOtherHasTheRoom) {
  FailOn("n1", 1);
  ASSERT_TRUE(Waits());
  for (int i = 0; i < 14; ++i) {
    driver.Advance(seconds(4));
    driver.Beat("n1");
    driver.Beat("n2");
  }
  ASSERT_TRUE(Waits()) << "56 s";
  driver.Advance(seconds(4));
  RunNext("n1");
}

TEST_F(Avoided, IsLeftForANodeThatComes) {
  FailOn("n1", 1);
  ASSERT_TRUE(Waits());
  driver.AddNode("n3", kNodeSize);
  RunNext("n3");
  // Its workers may go where its first master failed.
  driver.AddNode("n4", kTooSmall);
  EXPECT_EQ(driver.Ask(Report().attempt, {AskFor(1, 30, {512, 1})}).granted.size(), 30U);
}

TEST_F(Avoided, IsTakenWhenNoOtherIsLeft) {
  FailOn("n1", 1);
  ASSERT_TRUE(Waits());
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
  RunNext("n1");
}

TEST_F(Avoided, IsTakenWhenItIsAmongTooMany) {
  FailOn("n1", 1);
  driver.AddNode("n3", kNodeSize);
  RunNext("n3");
  // Two of three are less than the threshold, two of two are not.
  Fail(1);
  ASSERT_TRUE(Waits());
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
  driver.CommitAll();
  EXPECT_EQ(driver.Beat("n1").start.size() + driver.Beat("n3").start.size(), 1U);
}

TEST_F(Avoided, IsAvoidedOverARestart) {
  FailOn("n1", 1);
  driver.Restart();
  driver.AddNode("n1", kNodeSize);
  driver.AddNode("n2", kTooSmall);
  EXPECT_TRUE(Waits());
  driver.AddNode("n3", kNodeSize);
  RunNext("n3");
}

TEST_F(Avoided, NowhereIfTheClusterSaysSo) {
  CoreOptions options = PatientOptions();
  options.avoided_nodes_share = 0;
  driver = CoreDriver(options);
  FailOn("n1", 1);
  RunNext("n1");
}

TEST_F(Avoided, WhereOneHungToo) {
  CoreOptions options = PatientOptions();
  options.master_expiry = seconds(30);
  driver = CoreDriver(options);
  driver.AddNode("n1", kNodeSize);
  Run(Attempts(0));
  const ContainerId hung = Report().am_container;
  driver.AddNode("n2", kNodeSize);
  driver.Advance(seconds(30));
  driver.CommitAll();
  driver.Beat("n1", {Complete(hung, exit_code::kKilledByResourceManager)});
  EXPECT_EQ(driver.StartMasters("n2").size(), 1U);
}

}  // namespace
}  // namespace weir::rm
