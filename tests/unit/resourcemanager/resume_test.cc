// Work that outlives a ResourceManager: what ran goes on, what ended is told, and nothing runs
// twice, in whatever order store, nodes and ApplicationMasters speak.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{4096, 8};
const Resource kMaster{512, 1};
const Resource kWorker{512, 1};

ContainerStatus Holds(const ContainerId& id) {
  ContainerStatus status = Running(id);
  status.resource = kWorker;
  return status;
}

// An application with its AM on n1, one worker on each of n1 and n2; then a restart.
class Resumed : public ::testing::Test {
 protected:
  void Begin(int32_t max_attempts = 2) {
    driver.AddNode("n1", {1024, 2});
    SubmissionContext context = Context("serve");
    context.max_attempts = max_attempts;
    attempt = driver.RunApplication(context, "1", "n1");
    master = driver.Report(attempt.application).am_container;
    near = Grant("n1");
    driver.AddNode("n2", kNodeSize);
    far = Grant("n2");
    driver.Ask(attempt);
  }
  ContainerId Grant(const std::string& node) {
    const AllocateAnswer answer = driver.Ask(attempt, {AskFor(1, 1, kWorker)});
    EXPECT_EQ(answer.granted.size(), 1U);
    if (answer.granted.empty()) return {};
    const ContainerId id = answer.granted[0].token.id;
    EXPECT_EQ(answer.granted[0].token.node.uuid, node);
    driver.Beat(node, {Holds(id)});
    return id;
  }
  void Restart() {
    driver.Restart();
    driver.CommitAll();
  }
  void NodeIsBack(const std::string& node, std::vector<ContainerStatus> containers) {
    const CallId call = driver.RegisterNodeCall(
        node, node == "n1" ? Resource{1024, 2} : kNodeSize, std::move(containers));
    EXPECT_NE(driver.Get<RegisterNodeAnswer>(call), nullptr);
  }
  void MasterIsBack(std::vector<HeldContainer> held) {
    const CallId call = driver.NewCall();
    driver.Step(RegisterMaster{
        .call = call,
        .attempt = attempt,
        .request = {.rpc_address = {}, .tracking_url = "", .containers = std::move(held)}});
    driver.CommitAll();
    EXPECT_NE(driver.Get<RegisterMasterAnswer>(call), nullptr);
    driver.master_sequences[attempt] = 0;
  }
  std::vector<HeldContainer> Both() const { return {{near, {"n1"}}, {far, {"n2"}}}; }
  ApplicationState State() { return driver.Report(attempt.application).state; }

  CoreDriver driver;
  AttemptId attempt;
  ContainerId master;
  ContainerId near;
  ContainerId far;
};

class ResumedInOrder : public Resumed, public ::testing::WithParamInterface<std::string> {};

TEST_P(ResumedInOrder, GoesOnUndisturbed) {
  Begin();
  Restart();
  EXPECT_EQ(State(), ApplicationState::kAccepted);
  for (const char who : GetParam()) {
    if (who == '1') NodeIsBack("n1", {Holds(master), Holds(near)});
    if (who == '2') NodeIsBack("n2", {Holds(far)});
    if (who == 'm') MasterIsBack(Both());
  }
  EXPECT_EQ(State(), ApplicationState::kRunning);
  EXPECT_EQ(driver.Report(attempt.application).attempt, attempt);
  EXPECT_EQ(driver.UsedOnNode("n1"), kMaster + kWorker);
  EXPECT_EQ(driver.UsedOnNode("n2"), kWorker);
  EXPECT_TRUE(driver.Beat("n1").stop.empty());
  EXPECT_TRUE(driver.Beat("n2").stop.empty());
  const AllocateAnswer answer = driver.Ask(attempt, {AskFor(2, 1, kWorker)});
  EXPECT_TRUE(answer.completed.empty());
  ASSERT_EQ(answer.granted.size(), 1U);
  EXPECT_EQ(answer.granted[0].token.id.epoch(), Epoch{2});
  // What ends from now on is told as ever, and released ones are stopped.
  driver.Beat("n2", {Complete(far, 7)});
  const AllocateAnswer ended = driver.Ask(attempt, {}, {near});
  ASSERT_EQ(ended.completed.size(), 1U);
  EXPECT_EQ(ended.completed[0].exit_code, 7);
  ASSERT_EQ(driver.Beat("n1").stop.size(), 1U);
  EXPECT_TRUE(driver.invalid.empty());
}
INSTANTIATE_TEST_SUITE_P(All,
                         ResumedInOrder,
                         ::testing::Values("12m", "1m2", "m12", "2m1", "m21", "21m"));

TEST_F(Resumed, WhatEndedMeanwhileIsToldOnceAndThenForgottenByItsNode) {
  Begin();
  Restart();
  NodeIsBack("n2", {Complete(far, 9)});
  EXPECT_TRUE(driver.Beat("n2").completions_recorded.empty());
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack(Both());
  const AllocateAnswer answer = driver.Ask(attempt);
  ASSERT_EQ(answer.completed.size(), 1U);
  EXPECT_EQ(answer.completed[0].id, far);
  EXPECT_EQ(answer.completed[0].exit_code, 9);
  EXPECT_TRUE(driver.Ask(attempt).completed.empty());
  EXPECT_EQ(driver.Beat("n2").completions_recorded, std::vector{far});
}

TEST_F(Resumed, AnEndThatNobodyHadAcknowledgedIsNotLostByTheRestart) {
  Begin();
  EXPECT_TRUE(driver.Beat("n2", {Complete(far, 9)}).completions_recorded.empty());
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U) << "told, and not acknowledged";
  EXPECT_TRUE(driver.Beat("n2").completions_recorded.empty());
  Restart();
  NodeIsBack("n2", {Complete(far, 9)});
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack(Both());
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U);
}

TEST_F(Resumed, ANodeThatDoesNotComeBackIsLostAndWithItWhatItHad) {
  Begin();
  Restart();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack(Both());
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kNew);
  for (int i = 0; i < 40; ++i) {
    driver.Advance(seconds(1));
    driver.Beat("n1");
    if (i >= 29) continue;
    EXPECT_TRUE(driver.Ask(attempt).completed.empty());
  }
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  const AllocateAnswer answer = driver.Ask(attempt);
  ASSERT_EQ(answer.completed.size(), 1U);
  EXPECT_EQ(answer.completed[0].id, far);
  EXPECT_EQ(answer.completed[0].exit_code, exit_code::kAborted);
  EXPECT_THAT(answer.completed[0].diagnostics, HasSubstr("was lost"));
  // When it comes after all, with it still running, it is stopped.
  NodeIsBack("n2", {Holds(far)});
  ASSERT_EQ(driver.Beat("n2").stop.size(), 1U);
}

TEST_F(Resumed, ANodeWithoutWhatWasExpectedSaysThatItIsOver) {
  Begin();
  Restart();
  MasterIsBack(Both());
  NodeIsBack("n2", {});
  const AllocateAnswer answer = driver.Ask(attempt);
  ASSERT_EQ(answer.completed.size(), 1U);
  EXPECT_EQ(answer.completed[0].id, far);
}

class ResumedAndReleased : public Resumed, public ::testing::WithParamInterface<bool> {};

TEST_P(ResumedAndReleased, IsStopped) {
  const bool node_first = GetParam();
  Begin();
  Restart();
  if (node_first) NodeIsBack("n2", {Holds(far)});
  MasterIsBack({{near, {"n1"}}});
  if (!node_first) NodeIsBack("n2", {Holds(far)});
  NodeIsBack("n1", {Holds(master), Holds(near)});
  const auto told = driver.Beat("n2");
  ASSERT_EQ(told.stop.size(), 1U);
  EXPECT_EQ(told.stop[0].id, far);
  EXPECT_TRUE(driver.Beat("n1").stop.empty());
}
INSTANTIATE_TEST_SUITE_P(All, ResumedAndReleased, ::testing::Bool());

TEST_F(Resumed, AReleaseOfWhatNobodyKnowsIsAnsweredWithItsEnd) {
  Begin();
  Restart();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  NodeIsBack("n2", {Holds(far)});
  MasterIsBack(Both());
  const ContainerId never_started{attempt, near.number + 50};
  const AllocateAnswer answer = driver.Ask(attempt, {}, {never_started});
  ASSERT_EQ(answer.completed.size(), 1U);
  EXPECT_EQ(answer.completed[0].id, never_started);
  // Should a node come up with it, it is stopped.
  driver.Beat("n2", {Holds(never_started)});
  const auto told = driver.Beat("n2");
  ASSERT_EQ(told.stop.size(), 1U);
  EXPECT_EQ(told.stop[0].id, never_started);
}

// The release came first: nobody knew yet which node the container is on.
TEST_F(Resumed, AnEndThatIsReportedAfterItsReleaseIsForgottenByItsNode) {
  Begin();
  Restart();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack({{near, {"n1"}}});
  ASSERT_EQ(driver.Ask(attempt, {}, {far}).completed.size(), 1U);
  NodeIsBack("n2", {Complete(far, 9)});
  EXPECT_TRUE(driver.Ask(attempt).completed.empty()) << "told before";
  EXPECT_EQ(driver.Beat("n2").completions_recorded, std::vector{far});
}

// Simulator, seed 45: its node was still expected to say so too.
TEST_F(Resumed, AnEndThatWasToldForItsReleaseIsNotToldAgainWhenItsNodeDoesNotHaveIt) {
  Begin();
  Restart();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack(Both());
  ASSERT_EQ(driver.Ask(attempt, {}, {far}).completed.size(), 1U);
  NodeIsBack("n2", {});
  EXPECT_TRUE(driver.Ask(attempt).completed.empty()) << "told before";
}

// Simulator, seed 135 of three-managers: what a master that registers again is told anew no longer
// knew the node, which kept the container for ever.
TEST_F(Resumed, AnEndThatIsReportedAfterItsReleaseIsForgottenThoughItsMasterRegistersAgain) {
  Begin();
  Restart();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  MasterIsBack({{near, {"n1"}}});
  ASSERT_EQ(driver.Ask(attempt, {}, {far}).completed.size(), 1U);
  NodeIsBack("n2", {Complete(far, 9)});
  MasterIsBack({{near, {"n1"}}});
  ASSERT_EQ(driver.Ask(attempt).completed.size(), 1U) << "told again";
  driver.Ask(attempt);
  EXPECT_EQ(driver.Beat("n2").completions_recorded, std::vector{far});
}

// Its sender gave it up, and has registered again since: what it lists is long out of date.
class LateRegistration : public Resumed {
 protected:
  // The error, nothing when it counts.
  std::optional<ErrorCode> Register(int64_t process,
                                    int64_t number,
                                    std::vector<ContainerStatus> holds) {
    const CallId call = driver.NewCall();
    driver.Step(RegisterNode{.call = call,
                             .request = {.id = {"n2"},
                                         .address = {"n2.example", 45454},
                                         .http_address = "n2.example:8042",
                                         .rack = "/default-rack",
                                         .capacity = kNodeSize,
                                         .containers = std::move(holds),
                                         .process = process,
                                         .number = number}});
    driver.CommitAll();
    const auto* answer = driver.Get<RegisterNodeAnswer>(call);
    if (answer == nullptr) return driver.Code(call);
    driver.sessions["n2"] = answer->session;
    driver.node_sequences["n2"] = 0;
    return std::nullopt;
  }
  bool Runs() { return driver.Ask(attempt).completed.empty(); }
};

TEST_F(LateRegistration, OfTheSameProcessIsRefused) {
  Begin();
  ASSERT_EQ(Register(7, 1, {Holds(far)}), std::nullopt);
  ASSERT_EQ(Register(7, 3, {Holds(far)}), std::nullopt);
  EXPECT_EQ(Register(7, 2, {}), ErrorCode::kAborted);
  EXPECT_TRUE(Runs());
  EXPECT_EQ(Register(7, 4, {}), std::nullopt);
  EXPECT_FALSE(Runs());
}

TEST_F(LateRegistration, OfAnEarlierProcessIsRefusedEvenIfItIsTheFirst) {
  Begin();
  ASSERT_EQ(Register(8, 1, {Holds(far)}), std::nullopt);
  EXPECT_EQ(Register(7, 5, {}), ErrorCode::kAborted);
  ASSERT_EQ(Register(9, 1, {Holds(far)}), std::nullopt);
  EXPECT_EQ(Register(8, 2, {}), ErrorCode::kAborted);
  EXPECT_TRUE(Runs());
}

TEST_F(LateRegistration, ThatIsTheNewestItselfIsAnsweredAsBefore) {
  Begin();
  ASSERT_EQ(Register(7, 1, {Holds(far)}), std::nullopt);
  const int64_t session = driver.sessions["n2"];
  EXPECT_EQ(Register(7, 1, {Holds(far)}), std::nullopt);
  EXPECT_EQ(driver.sessions["n2"], session);
  driver.Beat("n2");
  for (int i = 0; i < 3; ++i) {
    driver.Advance(driver.options.node_expiry / 2);
    driver.Beat("n1");
  }
  EXPECT_EQ(driver.StateOfNode("n2"), NodeState::kLost);
  EXPECT_EQ(Register(7, 1, {Holds(far)}), ErrorCode::kAborted) << "what it says is long past";
}

TEST_F(Resumed, AMasterThatEndedMeanwhileFailsItsAttempt) {
  Begin();
  Restart();
  NodeIsBack("n1", {Complete(master, 3), Holds(near)});
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
  EXPECT_THAT(driver.Report(attempt.application).diagnostics, HasSubstr("exited with code 3"));
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U) << "its worker";
  NodeIsBack("n2", {Holds(far)});
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
}

TEST_F(Resumed, AMasterThatItsNodeLostIsRepeatedWhateverTheLimit) {
  Begin(1);
  Restart();
  NodeIsBack("n1", {});
  EXPECT_EQ(State(), ApplicationState::kAccepted);
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
}

TEST_F(Resumed, AMasterWhoseNodeDoesNotComeBackIsRepeatedElsewhereOnceTheNodeIsLost) {
  Begin(1);
  Restart();
  NodeIsBack("n2", {Holds(far)});
  for (int i = 0; i < 29; ++i) {
    driver.Advance(seconds(1));
    EXPECT_TRUE(driver.Beat("n2").start.empty());
    EXPECT_EQ(driver.Report(attempt.application).attempt, attempt);
  }
  driver.Advance(seconds(2));
  driver.CommitAll();
  driver.Beat("n2");
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kLost);
  EXPECT_EQ(driver.Report(attempt.application).attempt.number, 2);
}

// Attempt 1 fell silent: given up, its container told to stop. Then the restart comes.
TEST_F(Resumed, TheNextAttemptWaitsUntilTheMasterBeforeItHasEnded) {
  Begin(3);
  driver.Advance(seconds(29));
  driver.Beat("n1");
  driver.Beat("n2", {Holds(far)});
  driver.Advance(seconds(29));
  driver.Beat("n1");
  driver.Beat("n2");
  ASSERT_EQ(driver.Report(attempt.application).attempt.number, 2);
  driver.CommitAll();
  Restart();
  NodeIsBack("n2", {Holds(far)});
  driver.CommitAll();
  EXPECT_TRUE(driver.Beat("n2").start.empty()) << "n1 may still run the one before";
  NodeIsBack("n1", {Holds(master)});
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
  EXPECT_TRUE(driver.Beat("n2").start.empty());
  driver.Beat("n1", {Complete(master, 143)});
  driver.CommitAll();
  EXPECT_TRUE(driver.Beat("n2").start.empty()) << "its worker there is being stopped";
  const size_t told = driver.Beat("n2", {Complete(far, 143)}).start.size();
  EXPECT_EQ(told + driver.Beat("n1").start.size() + driver.Beat("n2").start.size(), 1U);
}

TEST_F(Resumed, CountedFailuresCountOverRestarts) {
  Begin(2);
  driver.Beat("n1", {Complete(master, 1)});
  driver.CommitAll();
  ASSERT_EQ(driver.Report(attempt.application).attempt.number, 2);
  Restart();
  NodeIsBack("n1", {});
  NodeIsBack("n2", {});
  std::vector<ContainerId> started = driver.StartMasters("n1");
  std::string where = "n1";
  if (started.empty()) {
    where = "n2";
    started = driver.StartMasters("n2");
  }
  ASSERT_EQ(started.size(), 1U);
  driver.Beat(where, {Complete(started[0], 1)});
  driver.CommitAll();
  EXPECT_EQ(State(), ApplicationState::kFailed);
}

TEST_F(Resumed, WhatWasWaitingWaitsAgainAndIsPlaced) {
  const ApplicationId waiting = driver.SubmitStored(Context("wait"), "2");
  Restart();
  EXPECT_EQ(driver.Report(waiting).state, ApplicationState::kAccepted);
  EXPECT_EQ(driver.Report(waiting).pending_reason, PendingReason::kNoNodes);
  driver.AddNode("n1", kNodeSize);
  driver.CommitAll();
  EXPECT_EQ(driver.StartMasters("n1").size(), 1U);
}

TEST_F(Resumed, NobodyTakesOverWhatThisEpochNeverGave) {
  Begin();
  Restart();
  MasterIsBack(Both());
  const ContainerId invented = ContainerId::Make(attempt, Epoch{2}, 77);
  NodeIsBack("n1", {Holds(master), Holds(near), Holds(invented)});
  const auto told = driver.Beat("n1");
  ASSERT_EQ(told.stop.size(), 1U);
  EXPECT_EQ(told.stop[0].id, invented);
}

TEST_F(Resumed, AKilledApplicationIsStoppedWhereverItComesUp) {
  Begin();
  Restart();
  driver.Kill(attempt.application);
  driver.CommitAll();
  NodeIsBack("n1", {Holds(master), Holds(near)});
  NodeIsBack("n2", {Holds(far)});
  EXPECT_EQ(driver.Beat("n1").stop.size(), 2U);
  EXPECT_EQ(driver.Beat("n2").stop.size(), 1U);
  const auto last = driver.Beat("n2", {Complete(far, 143)});
  EXPECT_EQ(last.completions_recorded, std::vector{far});
  EXPECT_EQ(last.applications_finished, std::vector{attempt.application});
}

// Seed 548 with two ResourceManagers: its node came back when the application was retired already.
TEST_F(Resumed, AMasterThatFinishedWhileItWasKilledIsStoppedWhenItComesUp) {
  Begin();
  Restart();
  driver.Kill(attempt.application);
  driver.Step(RegisterMaster{.call = driver.NewCall(),
                             .attempt = attempt,
                             .request = {.rpc_address = {}, .tracking_url = "", .containers = {}}});
  driver.Finish(attempt);
  driver.CommitAll();
  EXPECT_EQ(State(), ApplicationState::kKilled);
  NodeIsBack("n1", {Holds(master)});
  EXPECT_EQ(State(), ApplicationState::kKilled);
  const auto told = driver.Beat("n1");
  ASSERT_EQ(told.stop.size(), 1U);
  EXPECT_EQ(told.stop[0].id, master);
  EXPECT_EQ(driver.Beat("n1", {Complete(master, 143)}).completions_recorded, std::vector{master});
  driver.Advance(seconds(120));
  EXPECT_EQ(driver.core->Summary().containers_allocated, 0);
}

}  // namespace
}  // namespace weir::rm
