// The next attempt begins when nothing of the one before runs any more: its ApplicationMaster is
// not started before its other containers have ended either, but for those that are kept.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNearSize{512, 1};
const Resource kFarSize{4096, 8};
const Resource kWorker{512, 1};

ContainerStatus Holds(const ContainerId& id) {
  ContainerStatus status = Running(id);
  status.resource = kWorker;
  return status;
}

// An ApplicationMaster on n1, which it fills, and a worker on n2.
class FormerAttempt : public ::testing::Test {
 protected:
  void Begin(bool keeps = false) {
    driver.AddNode("n1", kNearSize);
    SubmissionContext context = Context("serve");
    context.max_attempts = 3;
    context.keep_containers = keeps;
    const AttemptId attempt = driver.RunApplication(context, "1", "n1");
    id = attempt.application;
    master = driver.Report(id).am_container;
    driver.AddNode("n2", kFarSize);
    const AllocateAnswer answer = driver.Ask(attempt, {AskFor(1, 1, kWorker)});
    ASSERT_EQ(answer.granted.size(), 1U);
    worker = answer.granted[0].token.id;
  }
  void WorkerRuns() { driver.Beat("n2", {Holds(worker)}); }
  // The first ApplicationMaster ends; the next one's container is there.
  void FailMaster() {
    driver.Beat("n1", {Complete(master, 1)});
    driver.CommitAll();
    ASSERT_EQ(driver.Report(id).attempt.number, 2);
  }
  void Ends(int exit_code) {
    starts += driver.Beat("n2", {Complete(worker, exit_code)}).start.size();
  }
  void Listen() { starts += driver.Beat("n1").start.size() + driver.Beat("n2").start.size(); }
  void ExpectWaits(const std::string& words) {
    Listen();
    EXPECT_EQ(starts, 0U);
    const ApplicationReport report = driver.Report(id);
    EXPECT_EQ(report.pending_reason, PendingReason::kLaunchBackoff);
    EXPECT_THAT(report.pending_detail, HasSubstr(words));
  }
  void ExpectStarts() {
    driver.CommitAll();
    Listen();
    EXPECT_EQ(starts, 1U);
  }
  void Restart() {
    driver.Restart();
    driver.CommitAll();
  }
  void IsBack(const std::string& node, std::vector<ContainerStatus> containers) {
    const CallId call =
        driver.RegisterNodeCall(node, node == "n1" ? kNearSize : kFarSize, std::move(containers));
    ASSERT_NE(driver.Get<RegisterNodeAnswer>(call), nullptr);
    driver.CommitAll();
  }

  CoreDriver driver;
  ApplicationId id;
  ContainerId master;
  ContainerId worker;
  size_t starts = 0;  // of the second ApplicationMaster, as nodes were told
};

TEST_F(FormerAttempt, HasEndedWhenItsWorkersHave) {
  Begin();
  WorkerRuns();
  FailMaster();
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
  ExpectWaits("waits until the containers of the attempt before have ended");
  Ends(143);
  ExpectStarts();
}

TEST_F(FormerAttempt, HasEndedWhenTheNodesOfItsWorkersAreLost) {
  Begin();
  WorkerRuns();
  FailMaster();
  for (int i = 0; i < 29; ++i) {
    driver.Advance(seconds(1));
    EXPECT_TRUE(driver.Beat("n1").start.empty());
  }
  driver.Advance(seconds(2));
  ASSERT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  driver.CommitAll();
  EXPECT_EQ(driver.Beat("n1").start.size(), 1U);
}

// It may be on its way to the node: that is told to refuse it, and says so.
TEST_F(FormerAttempt, HasEndedWhenWhatItWasGrantedCannotBeStartedAnyMore) {
  Begin();
  FailMaster();
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
  ExpectWaits("waits until the containers of the attempt before have ended");
  Ends(-106);
  ExpectStarts();
}

TEST_F(FormerAttempt, IsNotWaitedForByWhoKeepsItsContainers) {
  Begin(true);
  WorkerRuns();
  FailMaster();
  ExpectStarts();
}

TEST_F(FormerAttempt, MayHaveLeftSomethingOnANodeThatHasNotReportedSinceARestart) {
  Begin();
  WorkerRuns();
  Restart();
  IsBack("n1", {Complete(master, exit_code::kPhysicalMemoryExceeded)});
  ASSERT_EQ(driver.Report(id).attempt.number, 2);
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  EXPECT_THAT(driver.Report(id).pending_detail, HasSubstr("waits for word from 1 nodes"));
  IsBack("n2", {Holds(worker)});
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
  ExpectWaits("waits until the containers of the attempt before have ended");
  Ends(143);
  ExpectStarts();
}

// Of what a node says the first part is not the whole.
TEST_F(FormerAttempt, IsJudgedByAllThatANodeReports) {
  Begin();
  WorkerRuns();
  const AllocateAnswer answer = driver.Ask({id, 1}, {AskFor(2, 1, kWorker)});
  ASSERT_EQ(answer.granted.size(), 1U);
  const ContainerId second = answer.granted[0].token.id;
  driver.Beat("n2", {Holds(second)});
  Restart();
  IsBack("n1", {Complete(master, 1)});
  IsBack("n2", {Complete(worker, 1), Holds(second)});
  ExpectWaits("waits until the containers of the attempt before have ended");
  worker = second;
  Ends(143);
  ExpectStarts();
}

TEST_F(FormerAttempt, HasLeftNothingOnANodeThatIsBackWithoutIt) {
  Begin();
  WorkerRuns();
  Restart();
  IsBack("n1", {Complete(master, 1)});
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  IsBack("n2", {});
  ExpectStarts();
}

TEST_F(FormerAttempt, IsNotWaitedForByAnApplicationThatIsKilled) {
  Begin();
  WorkerRuns();
  FailMaster();
  driver.Kill(id);
  driver.CommitAll();
  Ends(143);
  driver.CommitAll();
  Listen();
  EXPECT_EQ(starts, 0U);
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kKilled);
  EXPECT_TRUE(driver.invalid.empty());
}

}  // namespace
}  // namespace weir::rm
