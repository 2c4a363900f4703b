// Nodes: registration, numbered heartbeats, health, loss, return, containers nobody knows.
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "common/limits.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

const Resource kNodeSize{4096, 8};
const Resource kWorker{512, 1};

class NodeTest : public ::testing::Test {
 protected:
  CallId Beat(const std::string& uuid, int64_t sequence, Duration park = Duration(0)) {
    return driver.Heartbeat(uuid,
                            {.session = driver.sessions[uuid], .sequence = sequence, .park = park});
  }
  CoreDriver driver;
};

TEST_F(NodeTest, RegistrationIsAnsweredWhenItsRecordIsDurable) {
  const CallId call = driver.NewCall();
  driver.Step(RegisterNode{.call = call,
                           .request = {.id = {"n1"},
                                       .address = {"n1.example", 1},
                                       .http_address = "",
                                       .rack = "",
                                       .capacity = kNodeSize,
                                       .containers = {}}});
  EXPECT_FALSE(driver.Answered(call));
  driver.CommitAll();
  const auto* answer = driver.Get<RegisterNodeAnswer>(call);
  ASSERT_NE(answer, nullptr);
  EXPECT_EQ(answer->epoch, driver.core->epoch());
  EXPECT_EQ(answer->expiry, seconds(30));
  EXPECT_TRUE(driver.Stored(store::NodeKey({"n1"})));
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
}

TEST_F(NodeTest, BadRegistrationIsRefused) {
  EXPECT_EQ(driver.Code(driver.RegisterNodeCall("", kNodeSize)), ErrorCode::kInvalidArgument);
  EXPECT_EQ(driver.Code(driver.RegisterNodeCall("n1", {0, 1})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(driver.Code(driver.RegisterNodeCall("n1", {1, -1})), ErrorCode::kInvalidArgument);
  EXPECT_EQ(driver.Code(driver.RegisterNodeCall("n1", {std::numeric_limits<int64_t>::max(), 1})),
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(driver.core->Nodes().empty());
}

TEST_F(NodeTest, HeartbeatsAreNumbered) {
  EXPECT_EQ(driver.Code(Beat("n1", 1)), ErrorCode::kResync) << "not registered";
  driver.AddNode("n1", kNodeSize);
  EXPECT_EQ(driver.Code(Beat("n1", 0)), ErrorCode::kResync);
  EXPECT_EQ(driver.Code(Beat("n1", 2)), ErrorCode::kResync);
  const CallId first = Beat("n1", 1);
  const CallId again = Beat("n1", 1);
  EXPECT_EQ(driver.Get<NodeHeartbeatAnswer>(first)->sequence, 1);
  EXPECT_EQ(driver.Get<NodeHeartbeatAnswer>(again)->sequence, 1);
  const CallId parked = Beat("n1", 2, seconds(10));
  const CallId newer = Beat("n1", 3, seconds(10));
  EXPECT_EQ(driver.Code(parked), ErrorCode::kAborted);
  EXPECT_FALSE(driver.Answered(newer));
  EXPECT_EQ(driver.Code(Beat("n1", 2)), ErrorCode::kAborted) << "overtaken";
  const CallId copy = Beat("n1", 3, seconds(10));
  EXPECT_EQ(driver.Code(newer), ErrorCode::kUnavailable) << "its answer is still to come";
  driver.RegisterNodeCall("n1", kNodeSize);
  EXPECT_EQ(driver.Code(copy), ErrorCode::kAborted);
  --driver.sessions["n1"];
  EXPECT_EQ(driver.Code(Beat("n1", 1)), ErrorCode::kResync) << "an older session";
}

TEST_F(NodeTest, ParkedHeartbeatEndsWellBeforeTheNodeWouldCountAsLost) {
  driver.AddNode("n1", kNodeSize);
  const CallId parked = Beat("n1", 1, std::chrono::hours(1));
  driver.Advance(seconds(15));
  EXPECT_TRUE(driver.Answered(parked));
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
}

TEST_F(NodeTest, UnhealthyKeepsItsContainersAndGetsNoNewOnes) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Heartbeat("n1",
                   {.session = driver.sessions["n1"],
                    .sequence = ++driver.node_sequences["n1"],
                    .healthy = false,
                    .health_report = "disk full"});
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kUnhealthy);
  EXPECT_EQ(driver.core->Nodes().at(0).health_report, "disk full");
  EXPECT_TRUE(driver.Ask(attempt, {AskFor(1, 1, kWorker)}).granted.empty());
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kRunning);
  driver.Beat("n1");
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_EQ(driver.Ask(attempt).granted.size(), 1U);
}

TEST_F(NodeTest, LostNodesContainersAreToldAsAborted) {
  driver.AddNode("n1", {512, 1});
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.AddNode("n2", kNodeSize);
  const auto granted = driver.Ask(attempt, {AskFor(1, 2, kWorker)}).granted;
  ASSERT_EQ(granted.size(), 2U);
  driver.Beat("n2", {Running(granted[0].token.id)});
  for (int i = 0; i < 3; ++i) {
    driver.Advance(seconds(10));
    driver.Beat("n1");
    if (i < 2) {
      EXPECT_TRUE(driver.Ask(attempt).completed.empty());
    }
  }
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  const auto completed = driver.Ask(attempt).completed;
  ASSERT_EQ(completed.size(), 2U);
  for (const auto& status : completed) {
    EXPECT_EQ(status.exit_code, exit_code::kAborted);
    EXPECT_EQ(status.resource, kWorker);
    EXPECT_NE(status.diagnostics.find("lost"), std::string::npos);
  }
  EXPECT_EQ(driver.core->Summary().total, (Resource{512, 1}));
  // It comes back with what it still runs: told as over, so it is stopped.
  driver.RegisterNodeCall("n2", kNodeSize, {Running(granted[0].token.id)});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kRunning);
  const auto answer = driver.Beat("n2");
  ASSERT_EQ(answer.stop.size(), 1U);
  EXPECT_EQ(answer.stop[0].id, granted[0].token.id);
  driver.Beat("n2", {Complete(granted[0].token.id, 143)});
  EXPECT_TRUE(driver.Ask(attempt).completed.empty()) << "its end was told already";
  EXPECT_EQ(driver.Beat("n2").completions_recorded, std::vector{granted[0].token.id});
}

TEST_F(NodeTest, GrantsThatNoAmHasHeardOfAreAskedForAgainWhenTheirNodeIsLost) {
  driver.AddNode("n1", {512, 1});
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Ask(attempt, {AskFor(1, 2, kWorker)});
  driver.AddNode("n2", kNodeSize);
  EXPECT_EQ(driver.UsedOnNode("n2"), (Resource{1024, 2}));
  driver.Step(
      UnregisterNode{.call = driver.NewCall(), .node = {"n2"}, .session = driver.sessions["n2"]});
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kShutdown);
  EXPECT_EQ(driver.core->Summary().containers_pending, 2);
  driver.AddNode("n3", kNodeSize);
  const AllocateAnswer answer = driver.Ask(attempt);
  EXPECT_EQ(answer.granted.size(), 2U);
  EXPECT_TRUE(answer.completed.empty());
}

TEST_F(NodeTest, NobodyIsBlamedForAPauseOfTheResourceManagerItself) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.now.monotonic += seconds(600);
  driver.Step(DeadlineReached{});
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kRunning);
  // Then they have their time, and no more.
  driver.Advance(seconds(60));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kLost);
  EXPECT_NE(driver.Report(attempt.application).state, ApplicationState::kRunning);
}

TEST_F(NodeTest, LossOfTheMastersNodeFailsItsAttempt) {
  driver.AddNode("n1", kNodeSize);
  SubmissionContext context = Context("count");
  context.max_attempts = 2;
  const AttemptId attempt = driver.RunApplication(context, "1", "n1");
  driver.Advance(seconds(30));
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kLost);
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
  EXPECT_EQ(driver.Report(attempt.application).pending_reason, PendingReason::kNoNodes);
}

TEST_F(NodeTest, RegisteringAgainKeepsWhatStillRuns) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const ContainerId am = driver.Report(attempt.application).am_container;
  const auto granted = driver.Ask(attempt, {AskFor(1, 4, kWorker)}).granted;
  ASSERT_EQ(granted.size(), 4U);
  const ContainerId runs = granted[0].token.id;
  const ContainerId ended = granted[1].token.id;
  const ContainerId vanished = granted[2].token.id;  // the fourth is still to be started
  driver.Beat("n1", {Running(runs), Running(ended), Running(vanished)});
  const int64_t session = driver.sessions["n1"];
  driver.RegisterNodeCall("n1", {8192, 16}, {Running(am), Running(runs), Complete(ended, 5)});
  EXPECT_GT(driver.sessions["n1"], session);
  const auto answer = driver.Beat("n1");
  EXPECT_TRUE(answer.stop.empty());
  EXPECT_TRUE(answer.start.empty());
  EXPECT_TRUE(answer.completions_recorded.empty()) << "its AM has yet to hear of it";
  const auto completed = driver.Ask(attempt).completed;
  ASSERT_EQ(completed.size(), 2U);
  EXPECT_EQ(completed[0].id, ended);
  EXPECT_EQ(completed[0].exit_code, 5);
  EXPECT_EQ(completed[1].id, vanished);
  EXPECT_EQ(completed[1].exit_code, exit_code::kAborted);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{1536, 3}));
  EXPECT_EQ(driver.core->Summary().total, (Resource{8192, 16}));
}

TEST_F(NodeTest, ThatLostTheMasterItWasToldToStartFailsTheAttempt) {
  driver.AddNode("n1", kNodeSize);
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  ASSERT_EQ(driver.Beat("n1").start.size(), 1U);
  driver.Beat("n1");  // acknowledges the start command
  driver.RegisterNodeCall("n1", kNodeSize);
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kFailed);
}

TEST_F(NodeTest, ContainersNobodyKnowsAreStoppedByIdThenForgotten) {
  const ContainerId stranger = ContainerId::Make({{1'600'000'000'000, 7}, 1}, Epoch{1}, 3);
  driver.RegisterNodeCall("n1", kNodeSize, {Running(stranger)});
  auto answer = driver.Beat("n1");
  ASSERT_EQ(answer.stop.size(), 1U);
  EXPECT_EQ(answer.stop[0].id, stranger);
  EXPECT_EQ(answer.stop[0].reason, StopReason::kApplicationEnded);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{0, 0}));
  answer = driver.Beat("n1", {Complete(stranger, 143)});
  EXPECT_TRUE(answer.stop.empty());
  EXPECT_EQ(answer.completions_recorded, std::vector{stranger});
  EXPECT_EQ(answer.applications_finished, std::vector{stranger.attempt.application});
  answer = driver.Beat("n1");
  EXPECT_TRUE(answer.completions_recorded.empty());
  EXPECT_TRUE(answer.applications_finished.empty());
  EXPECT_EQ(driver.Beat("n1", {Complete(stranger, 143)}).completions_recorded.size(), 1U)
      << "told again when reported again";
}

TEST_F(NodeTest, MadeUpContainerOfALiveApplicationIsReportedAsAFault) {
  driver.AddNode("n1", {512, 1});
  driver.AddNode("n2", kNodeSize);
  driver.SubmitStored(Context("count"), "1");
  const ContainerId am =
      driver.Report(driver.core->List({}, driver.now).applications.at(0).id).am_container;
  const std::string home = driver.core->Containers(am.attempt.application)->at(0).node.uuid;
  driver.Beat(home, {Running(am)});  // before it was told to start it; the answer tells it
  EXPECT_EQ(driver.invalid.size(), 1U);
}

TEST_F(NodeTest, LeavesAndComesBack) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId wrong = driver.NewCall();
  driver.Step(UnregisterNode{.call = wrong, .node = {"n1"}, .session = 1});
  EXPECT_EQ(driver.Code(wrong), ErrorCode::kResync);
  for (int i = 0; i < 2; ++i) {  // the answer may be lost
    const CallId call = driver.NewCall();
    driver.Step(UnregisterNode{.call = call, .node = {"n1"}, .session = driver.sessions["n1"]});
    EXPECT_NE(driver.Get<NoContent>(call), nullptr);
  }
  driver.CommitAll();
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kShutdown);
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kFailed);
  driver.AddNode("n1", kNodeSize);
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_TRUE(driver.invalid.empty());
}

TEST_F(NodeTest, HearsOfFinishedApplicationsWhenItIsBack) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Advance(seconds(30));
  driver.CommitAll();
  EXPECT_EQ(driver.Report(attempt.application).state, ApplicationState::kFailed);
  driver.RegisterNodeCall("n1", kNodeSize);
  EXPECT_EQ(driver.Beat("n1").applications_finished, std::vector{attempt.application});
}

TEST_F(NodeTest, HearsAtItsRegistrationWhichOfItsApplicationsAreOver) {
  driver.AddNode("n1", kNodeSize);
  const AttemptId running = driver.RunApplication(Context("count"), "1", "n1");
  const ApplicationId unknown{.cluster_timestamp = 1, .sequence = 7};
  const CallId call = driver.NewCall();
  driver.Step(RegisterNode{.call = call,
                           .request = {.id = {"n2"},
                                       .address = {"n2.example", 45454},
                                       .http_address = "n2.example:8042",
                                       .rack = "/default-rack",
                                       .capacity = kNodeSize,
                                       .containers = {},
                                       .applications = {unknown, running.application}}});
  driver.CommitAll();
  ASSERT_NE(driver.Get<RegisterNodeAnswer>(call), nullptr);
  driver.sessions["n2"] = driver.Get<RegisterNodeAnswer>(call)->session;
  EXPECT_EQ(driver.Beat("n2").applications_finished, std::vector{unknown});
  driver.Kill(running.application);
  driver.CommitAll();
  EXPECT_EQ(driver.Beat("n2").applications_finished, std::vector{running.application});
}

TEST_F(NodeTest, SaysWhatItsContainersAreDoingUntilTheySayNothing) {
  driver.AddNode("n1", {4096, 4});
  const AttemptId am = driver.RunApplication(Context("count"), "1", "n1");
  const auto detail = [&] { return driver.core->Containers(am.application)->at(0).detail; };
  EXPECT_EQ(detail(), "");
  ContainerStatus status = Running(driver.core->Containers(am.application)->at(0).id);
  status.detail = "retry 1 of 5 in 3 s";
  driver.Beat("n1", {status});
  EXPECT_EQ(detail(), "retry 1 of 5 in 3 s");
  status.detail.clear();
  driver.Beat("n1", {status});
  EXPECT_EQ(detail(), "");
}

}  // namespace
}  // namespace weir::rm
