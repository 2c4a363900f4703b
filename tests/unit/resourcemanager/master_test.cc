// ApplicationMasters: launch, registration, allocate, release, finish, failure.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

const Resource kNodeSize{8192, 16};
const Resource kWorker{512, 1};

class Master : public ::testing::Test {
 protected:
  void SetUp() override { driver.AddNode("n1", kNodeSize); }
  void TearDown() override {
    for (const auto& fault : driver.invalid) {
      ADD_FAILURE() << fault.subject.ToString() << ": " << fault.event << " in " << fault.state;
    }
  }
  CallId Poll(const AttemptId& attempt, int64_t sequence, Duration park = seconds(10)) {
    return driver.AllocateCall(attempt, {.sequence = sequence, .park = park});
  }
  std::vector<ContainerGrant> Grants(const AttemptId& attempt, int32_t count) {
    return driver.Ask(attempt, {AskFor(1, count, kWorker)}).granted;
  }
  ApplicationState StateOf(const AttemptId& attempt) {
    return driver.Report(attempt.application).state;
  }

  CoreDriver driver;
};

TEST_F(Master, IsStartedOnlyWhenItsAttemptIsDurable) {
  const CallId submit = driver.Submit(Context("count"), "1");
  const CallId beat = driver.Heartbeat(
      "n1", {.session = driver.sessions["n1"], .sequence = 1, .park = seconds(10)});
  driver.node_sequences["n1"] = 1;
  // The submission alone is durable: an attempt is made, its record is under way.
  driver.Step(RecordsCommitted{driver.uncommitted.at(0).sequence});
  EXPECT_EQ(driver.uncommitted.size(), 2U);
  EXPECT_FALSE(driver.Answered(beat));
  driver.CommitAll();
  const auto* answer = driver.Get<NodeHeartbeatAnswer>(beat);
  ASSERT_NE(answer, nullptr) << "the parked heartbeat is answered at once";
  ASSERT_EQ(answer->start.size(), 1U);
  const auto& start = answer->start[0];
  EXPECT_TRUE(start.token.id.is_application_master());
  EXPECT_EQ(start.token.id.epoch(), driver.core->epoch());
  EXPECT_EQ(start.token.user, "ann");
  EXPECT_EQ(start.launch.command, Context("count").am_launch.command);
  EXPECT_TRUE(driver.Stored(store::AttemptKey(start.token.id.attempt)));
  EXPECT_TRUE(driver.Answered(submit));
}

TEST_F(Master, OfAKilledApplicationIsNeverStarted) {
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  driver.Kill(id);
  driver.CommitAll();
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{0, 0})) << "nobody was told: freed at once";
}

TEST_F(Master, StartIsToldAgainUntilAcknowledged) {
  driver.SubmitStored(Context("count"), "1");
  EXPECT_EQ(driver.Beat("n1").start.size(), 1U);
  driver.RegisterNodeCall("n1", kNodeSize);
  EXPECT_EQ(driver.Beat("n1").start.size(), 1U) << "the answer may have been lost";
  EXPECT_TRUE(driver.Beat("n1").start.empty());
}

TEST_F(Master, MustRegisterBeforeItAsks) {
  driver.SubmitStored(Context("count"), "1");
  const AttemptId attempt = driver.StartMasters("n1").at(0).attempt;
  EXPECT_EQ(driver.Code(Poll(attempt, 1)), ErrorCode::kResync);
  EXPECT_EQ(driver.Code(driver.Finish(attempt)), ErrorCode::kResync);
  EXPECT_EQ(driver.Code(driver.RegisterMasterCall({{1, 1}, 1})), ErrorCode::kNotFound);
}

// It has been deposed and does not know it: to be told so would end an ApplicationMaster that is
// the right one.
TEST_F(Master, OfALaterResourceManagerIsSentToTheActiveOne) {
  driver.SubmitStored(Context("count"), "1");
  const AttemptId attempt = driver.StartMasters("n1").at(0).attempt;
  const AttemptId next{attempt.application, 2};
  EXPECT_EQ(driver.Code(driver.RegisterMasterCall(next)), ErrorCode::kNotActive);
  EXPECT_EQ(driver.Code(Poll(next, 1)), ErrorCode::kNotActive);
  EXPECT_EQ(driver.Code(driver.Finish(next)), ErrorCode::kNotActive);
  CoreDriver empty;
  const AttemptId waiting{empty.SubmitStored(Context("waits"), "2"), 1};
  EXPECT_EQ(empty.Code(empty.RegisterMasterCall(waiting)), ErrorCode::kNotActive);
  EXPECT_TRUE(empty.invalid.empty());
}

TEST_F(Master, GetsWhatItAsksForInTheSameAnswer) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const AllocateAnswer answer = driver.Ask(attempt, {AskFor(7, 3, {500, 1})});
  ASSERT_EQ(answer.granted.size(), 3U);
  EXPECT_EQ(answer.granted[0].request_id, 7);
  EXPECT_EQ(answer.granted[0].token.resource, kWorker) << "rounded up";
  EXPECT_EQ(answer.granted[0].node_address.ToString(), "n1.example:45454");
  EXPECT_EQ(answer.granted[0].nm_token.attempt, attempt);
  EXPECT_EQ(answer.granted[0].token.id.sequence(), 2) << "the AM has 1";
  EXPECT_EQ(answer.cluster_nodes, 1);
  EXPECT_TRUE(driver.Ask(attempt).granted.empty()) << "each is granted once";
}

TEST(MasterGrants, OneThatExpiresBeforeItIsToldIsAskedForAgain) {
  CoreOptions options = SmallOptions();
  options.launch_expiry = options.master_expiry / 2;
  CoreDriver driver(options);
  driver.AddNode("n1", {1024, 4});
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  EXPECT_TRUE(driver.Ask(attempt, {AskFor(1, 1, {1024, 1})}).granted.empty());
  driver.AddNode("n2", {1024, 1});
  driver.Beat("n2");
  ASSERT_EQ(driver.UsedOnNode("n2").memory_mib, 1024) << "granted, and nobody hears of it";
  driver.Advance(options.launch_expiry + seconds(1));
  driver.Beat("n2");
  const AllocateAnswer answer = driver.Ask(attempt);
  ASSERT_EQ(answer.granted.size(), 1U);
  EXPECT_EQ(answer.granted[0].request_id, 1);
}

TEST_F(Master, ParkedPollIsAnsweredWhenSpaceAppears) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId poll = driver.AllocateCall(
      attempt, {.sequence = 1, .asks = {AskFor(1, 16, kWorker)}, .park = seconds(10)});
  const auto* first = driver.Get<AllocateAnswer>(poll);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(first->granted.size(), 15U);
  EXPECT_NE(first->pending_reason, PendingReason::kNone);
  const CallId parked = Poll(attempt, 2);
  EXPECT_FALSE(driver.Answered(parked));
  driver.AddNode("n2", {512, 1});
  const auto* second = driver.Get<AllocateAnswer>(parked);
  ASSERT_NE(second, nullptr);
  ASSERT_EQ(second->granted.size(), 1U);
  EXPECT_EQ(second->granted[0].token.node.uuid, "n2");
  EXPECT_EQ(second->pending_reason, PendingReason::kNone);
}

TEST_F(Master, ParkedPollEndsAtItsDeadline) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId poll = Poll(attempt, 1, seconds(5));
  driver.Advance(milliseconds(4999));
  EXPECT_FALSE(driver.Answered(poll));
  driver.Advance(milliseconds(1));
  ASSERT_NE(driver.Get<AllocateAnswer>(poll), nullptr);
  EXPECT_EQ(driver.Get<AllocateAnswer>(poll)->sequence, 1);
}

TEST_F(Master, PollsAreNumbered) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  EXPECT_EQ(driver.Code(Poll(attempt, 0)), ErrorCode::kResync);
  EXPECT_EQ(driver.Code(Poll(attempt, 2)), ErrorCode::kResync);
  AllocateRequest request{.sequence = 1, .asks = {AskFor(1, 1, kWorker)}};
  const CallId first = driver.AllocateCall(attempt, request);
  const CallId again = driver.AllocateCall(attempt, request);
  ASSERT_NE(driver.Get<AllocateAnswer>(again), nullptr);
  EXPECT_EQ(driver.Get<AllocateAnswer>(first)->granted, driver.Get<AllocateAnswer>(again)->granted);
  EXPECT_EQ(driver.Report(attempt.application).running_containers, 2) << "asked for once";
  EXPECT_EQ(driver.Code(Poll(attempt, 1)), ErrorCode::kResync) << "other content, same number";
  const CallId parked = Poll(attempt, 2);
  const CallId newer = Poll(attempt, 3);
  EXPECT_EQ(driver.Code(parked), ErrorCode::kAborted);
  EXPECT_FALSE(driver.Answered(newer));
  EXPECT_EQ(driver.Code(Poll(attempt, 2)), ErrorCode::kAborted) << "overtaken";
  const CallId repeated = Poll(attempt, 3);
  EXPECT_EQ(driver.Code(newer), ErrorCode::kUnavailable) << "its answer is still to come";
  EXPECT_FALSE(driver.Answered(repeated));
}

TEST_F(Master, LostAnswerCanBeHadAfterANewerRequest) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const AllocateRequest request{.sequence = 1, .asks = {AskFor(1, 1, kWorker)}};
  driver.AllocateCall(attempt, request);
  Poll(attempt, 2);
  const CallId again = driver.AllocateCall(attempt, request);
  ASSERT_NE(driver.Get<AllocateAnswer>(again), nullptr);
  EXPECT_EQ(driver.Get<AllocateAnswer>(again)->granted.size(), 1U);
}

// For the nodes where it has containers, its own one too, and for no others.
TEST_F(Master, GetsTokensAnewForNodesWhereItHasContainers) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.AddNode("n2", kNodeSize);
  driver.AddNode("n3", kNodeSize);
  const AllocateAnswer granted = driver.Ask(attempt, {AskFor(1, 1, kWorker)});
  ASSERT_EQ(granted.granted.size(), 1U);
  const NodeId worker_node = granted.granted[0].token.node;
  EXPECT_TRUE(granted.nm_tokens.empty()) << "it asked for none";
  const std::vector<NodeId> all = {{"n1"}, {"n2"}, {"n3"}, {"nowhere"}};
  std::vector<NmTokenIdentifier> expected;
  for (const NodeId& node : all) {
    if (node.uuid == "n1" || node == worker_node) expected.push_back({attempt, node});
  }
  AllocateRequest request{
      .sequence = driver.master_sequences[attempt] + 1, .nm_tokens = all, .park = seconds(10)};
  const CallId poll = driver.AllocateCall(attempt, request);
  ASSERT_NE(driver.Get<AllocateAnswer>(poll), nullptr);
  EXPECT_EQ(driver.Get<AllocateAnswer>(poll)->nm_tokens, expected);
  request.nm_tokens.clear();
  const CallId again = driver.AllocateCall(attempt, request);
  ASSERT_NE(driver.Get<AllocateAnswer>(again), nullptr);
  EXPECT_EQ(driver.Get<AllocateAnswer>(again)->nm_tokens, expected) << "the same number";
  const CallId in_vain = driver.AllocateCall(
      attempt, {.sequence = request.sequence + 1, .nm_tokens = {{"nowhere"}}, .park = seconds(10)});
  EXPECT_FALSE(driver.Answered(in_vain)) << "no reason to answer at once";
}

TEST_F(Master, AbandonedPollCanBeRepeated) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId left = Poll(attempt, 1);
  driver.Step(CallAbandoned{left});
  const CallId repeated = Poll(attempt, 1, seconds(2));
  driver.Advance(seconds(2));
  EXPECT_FALSE(driver.Answered(left));
  EXPECT_NE(driver.Get<AllocateAnswer>(repeated), nullptr);
}

TEST_F(Master, BadAskIsRefusedAndItsNumberNotUsedUp) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const CallId parked = Poll(attempt, 1);
  for (const auto& ask : {AskFor(1, -1, kWorker),
                          AskFor(1, 1, {0, 1}),
                          AskFor(1, 1, {9000, 1}),
                          AskFor(1, 100'001, kWorker)}) {
    const CallId bad = driver.AllocateCall(attempt, {.sequence = 2, .asks = {ask}});
    EXPECT_EQ(driver.Code(bad), ErrorCode::kInvalidArgument);
  }
  EXPECT_FALSE(driver.Answered(parked));
  EXPECT_FALSE(driver.Answered(Poll(attempt, 2)));
}

TEST_F(Master, RegisteringAgainTellsWhatWasNotAcknowledged) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto first = Grants(attempt, 2);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_NE(driver.Get<RegisterMasterAnswer>(driver.RegisterMasterCall(attempt)), nullptr);
  const auto again = driver.Ask(attempt).granted;
  ASSERT_EQ(again.size(), 2U);
  EXPECT_EQ(again[0].token, first[0].token);
  EXPECT_TRUE(driver.Ask(attempt).granted.empty());
  driver.Beat("n1", {Complete(first[0].token.id, 1)});
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U);
  driver.RegisterMasterCall(attempt);
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U) << "told at least once";
  EXPECT_TRUE(driver.Ask(attempt).completed.empty());
  // The answer may have been lost although a newer call acknowledged it.
  driver.RegisterMasterCall(attempt);
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U) << "told after every registration";
}

TEST_F(Master, IgnoresALateCopyOfTheRegistrationOfOneThatHasFinished) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Finish(attempt);
  EXPECT_EQ(driver.Code(driver.RegisterMasterCall(attempt)), ErrorCode::kFailedPrecondition);
  EXPECT_TRUE(driver.invalid.empty());
}

TEST_F(Master, CountIsMeantBeyondTheGrantsItKnows) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  // Two polls are under way: the second finds grants that no answer has carried yet.
  const CallId first = driver.AllocateCall(
      attempt, {.sequence = 1, .asks = {AskFor(1, 20, kWorker)}, .park = seconds(10)});
  ASSERT_EQ(driver.Get<AllocateAnswer>(first)->granted.size(), 15U);
  driver.Step(CallAbandoned{Poll(attempt, 2)});
  driver.AddNode("n2", {1024, 2});
  const CallId withdrawn = driver.AllocateCall(
      attempt, {.sequence = 3, .asks = {AskFor(1, 0, kWorker)}, .park = seconds(1)});
  driver.Advance(seconds(1));
  ASSERT_NE(driver.Get<AllocateAnswer>(withdrawn), nullptr);
  EXPECT_TRUE(driver.Get<AllocateAnswer>(withdrawn)->granted.empty());
  EXPECT_EQ(driver.UsedOnNode("n2"), (Resource{0, 0})) << "given back at once";
  EXPECT_EQ(driver.core->Summary().containers_pending, 0);
}

TEST_F(Master, ReleasedContainerIsFreeWhenItsNodeReportsIt) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto granted = Grants(attempt, 2);
  driver.Beat("n1", {Running(granted[0].token.id)});
  driver.Ask(attempt, {}, {granted[0].token.id, granted[1].token.id, {attempt, 12345}});
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{1536, 3}));
  const auto stop = driver.Beat("n1").stop;
  ASSERT_EQ(stop.size(), 2U);
  EXPECT_EQ(stop[0].reason, StopReason::kReleasedByApplicationMaster);
  EXPECT_TRUE(driver.Ask(attempt, {}, {granted[0].token.id}).completed.empty());
  driver.Beat("n1",
              {Complete(stop[0].id, exit_code::kKilledByApplicationMaster),
               Complete(stop[1].id, exit_code::kAborted)});
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{512, 1}));
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 2U);
}

TEST_F(Master, MayNotReleaseAnothersContainerOrItsOwn) {
  const AttemptId one = driver.RunApplication(Context("one"), "1", "n1");
  const AttemptId two = driver.RunApplication(Context("two"), "2", "n1");
  const ContainerId of_two = driver.Report(two.application).am_container;
  driver.Ask(one, {}, {of_two, driver.Report(one.application).am_container});
  EXPECT_TRUE(driver.Beat("n1").stop.empty());
}

TEST_F(Master, NeverStartedGrantExpires) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto granted = Grants(attempt, 1);
  std::vector<StopContainerCommand> stop;
  for (int i = 0; i < 60 && stop.empty(); ++i) {
    driver.Advance(seconds(14));
    driver.Ask(attempt);
    stop = driver.Beat("n1").stop;
  }
  ASSERT_EQ(stop.size(), 1U);
  EXPECT_EQ(stop[0].id, granted[0].token.id);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{1024, 2})) << "a start may be on its way";
  driver.Beat("n1", {Complete(stop[0].id, exit_code::kAborted)});
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{512, 1}));
  EXPECT_EQ(driver.Ask(attempt).completed.size(), 1U);
}

TEST_F(Master, StopThatANodeNeverAnswersEndsWithTheToken) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto granted = Grants(attempt, 1);
  driver.Ask(attempt, {}, {granted[0].token.id});
  for (int i = 0; i < 44; ++i) {  // 616 s: the token has expired, the reserve has not passed
    driver.Advance(seconds(14));
    driver.Ask(attempt);
    driver.Beat("n1");
  }
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{1024, 2}));
  driver.Advance(seconds(14));
  driver.Ask(attempt);
  EXPECT_EQ(driver.UsedOnNode("n1"), (Resource{512, 1}));
}

TEST_F(Master, FinishIsAnsweredWhenDurableAndRepeatable) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const auto granted = Grants(attempt, 1);
  driver.Beat("n1", {Running(granted[0].token.id)});
  const CallId parked = Poll(attempt, 2);
  const CallId finish = driver.Finish(attempt);
  EXPECT_EQ(driver.Code(parked), ErrorCode::kAborted);
  EXPECT_FALSE(driver.Answered(finish));
  EXPECT_EQ(StateOf(attempt), ApplicationState::kRunning);
  driver.CommitAll();
  EXPECT_NE(driver.Get<NoContent>(finish), nullptr);
  EXPECT_NE(driver.Get<NoContent>(driver.Finish(attempt)), nullptr);
  EXPECT_EQ(driver.Code(Poll(attempt, 3)), ErrorCode::kFailedPrecondition);
  const ApplicationReport report = driver.Report(attempt.application);
  EXPECT_EQ(report.state, ApplicationState::kFinished);
  EXPECT_EQ(report.final_status, FinalStatus::kSucceeded);
  EXPECT_EQ(report.diagnostics, "all counted");
  EXPECT_EQ(report.tracking_url, "http://history.example/1");
  const auto stop = driver.Beat("n1").stop;
  ASSERT_EQ(stop.size(), 1U) << "the worker; the AM ends by itself";
  EXPECT_EQ(stop[0].id, granted[0].token.id);
  const auto answer =
      driver.Beat("n1", {Complete(stop[0].id, 143), Complete(report.am_container, 0)});
  EXPECT_EQ(answer.applications_finished, std::vector{attempt.application});
  EXPECT_NE(driver.Get<NoContent>(driver.Finish(attempt)), nullptr);
}

TEST_F(Master, EndIsLoggedWithItsFinalStatusExitCodeAndCause) {
  const auto last = [&](const ApplicationId& id) {
    std::string line;
    for (const Transitioned& change : driver.transitions) {
      if (change.subject.ToString() != id.ToString()) continue;
      line = std::string(change.to) + " " + change.detail.ToString();
    }
    return line;
  };
  const AttemptId good = driver.RunApplication(Context("good"), "1", "n1");
  EXPECT_EQ(last(good.application), "RUNNING ");
  driver.Finish(good);
  driver.CommitAll();
  EXPECT_EQ(last(good.application), "FINISHING finalStatus=SUCCEEDED diagnostics=\"all counted\"");
  driver.Beat("n1", {Complete(driver.Report(good.application).am_container, 0)});
  EXPECT_EQ(last(good.application),
            "FINISHED finalStatus=SUCCEEDED exitCode=0 diagnostics=\"all counted\"");

  SubmissionContext once = Context("bad");
  once.max_attempts = 1;
  const AttemptId bad = driver.RunApplication(once, "2", "n1");
  ContainerStatus end = Complete(driver.Report(bad.application).am_container, 3);
  end.diagnostics = "the \"disk\"\nis full" + std::string(10'000, '.');
  driver.Beat("n1", {end});
  driver.CommitAll();
  EXPECT_THAT(last(bad.application),
              ::testing::StartsWith("FAILED finalStatus=FAILED exitCode=3 diagnostics=\""));
  EXPECT_THAT(last(bad.application), ::testing::HasSubstr("the 'disk' is full"));
  EXPECT_LT(last(bad.application).size(), 800U);

  const AttemptId unwanted = driver.RunApplication(Context("unwanted"), "3", "n1");
  driver.Kill(unwanted.application);
  driver.CommitAll();
  EXPECT_EQ(
      last(unwanted.application),
      "KILLED finalStatus=KILLED diagnostics=\"Application killed by user ann: no longer needed\"");
}

TEST_F(Master, FinishWithAFailureIsStillFinished) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Finish(attempt, FinalStatus::kFailed);
  driver.CommitAll();
  EXPECT_EQ(StateOf(attempt), ApplicationState::kFinished);
  EXPECT_EQ(driver.Report(attempt.application).final_status, FinalStatus::kFailed);
}

TEST_F(Master, ThatFinishedButStaysIsStopped) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Finish(attempt);
  driver.CommitAll();
  driver.Advance(seconds(20));
  EXPECT_TRUE(driver.Beat("n1").stop.empty());
  driver.Advance(seconds(10));
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
}

TEST_F(Master, KillWhileFinishIsStoredDoesNotChangeTheOutcome) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Finish(attempt);
  const CallId kill = driver.Kill(attempt.application);
  EXPECT_FALSE(driver.Answered(kill));
  driver.CommitAll();
  ASSERT_NE(driver.Get<ApplicationReport>(kill), nullptr);
  EXPECT_EQ(driver.Get<ApplicationReport>(kill)->state, ApplicationState::kFinished);
}

TEST_F(Master, FinishWhileAKillIsStoredDoesNotChangeTheOutcome) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  driver.Kill(attempt.application);
  const CallId finish = driver.Finish(attempt);
  EXPECT_FALSE(driver.Answered(finish));
  driver.CommitAll();
  EXPECT_NE(driver.Get<NoContent>(finish), nullptr);
  EXPECT_EQ(StateOf(attempt), ApplicationState::kKilled);
  const auto stop = driver.Beat("n1").stop;
  ASSERT_EQ(stop.size(), 1U);
  driver.Beat("n1", {Complete(stop[0].id, 0)});
  EXPECT_EQ(StateOf(attempt), ApplicationState::kKilled);
}

TEST_F(Master, ThatEndsWithoutAFinalStatusFailsAndIsTriedAgain) {
  SubmissionContext context = Context("count");
  context.max_attempts = 5;  // the cluster allows two
  const AttemptId first = driver.RunApplication(context, "1", "n1");
  const auto granted = Grants(first, 1);
  driver.Beat("n1", {Running(granted[0].token.id)});
  const CallId parked = Poll(first, 2);
  const auto answer =
      driver.Beat("n1", {Complete(driver.Report(first.application).am_container, 3)});
  EXPECT_EQ(driver.Code(parked), ErrorCode::kFailedPrecondition);
  ASSERT_EQ(answer.stop.size(), 1U) << "its worker goes with it";
  EXPECT_EQ(driver.Report(first.application).state, ApplicationState::kAccepted);
  driver.CommitAll();
  EXPECT_TRUE(driver.StartMasters("n1").empty()) << "the worker has not ended yet";
  const auto started = driver.Beat("n1", {Complete(granted[0].token.id, 143)}).start;
  ASSERT_EQ(started.size(), 1U);
  const ContainerId next = started[0].token.id;
  driver.Beat("n1", {Running(next)});
  EXPECT_EQ(next.attempt.number, 2);
  EXPECT_EQ(driver.Code(driver.RegisterMasterCall(first)), ErrorCode::kFailedPrecondition);
  EXPECT_EQ(driver.Code(Poll(first, 2)), ErrorCode::kFailedPrecondition);
  EXPECT_NE(driver.Get<RegisterMasterAnswer>(driver.RegisterMasterCall(next.attempt)), nullptr);
  driver.Beat("n1", {Complete(next, 4)});
  driver.CommitAll();
  const ApplicationReport report = driver.Report(first.application);
  EXPECT_EQ(report.state, ApplicationState::kFailed);
  EXPECT_NE(report.diagnostics.find("exited with code 4"), std::string::npos) << report.diagnostics;
  EXPECT_EQ(driver.StoredApplication(first.application)->state, ApplicationState::kFailed);
}

TEST_F(Master, UncountedFailuresDoNotUseUpTheAttempts) {
  SubmissionContext context = Context("count");
  context.max_attempts = 2;
  const AttemptId first = driver.RunApplication(context, "1", "n1");
  for (int i = 1; i <= 3; ++i) {
    const ContainerId am = driver.Report(first.application).am_container;
    driver.Beat("n1", {Complete(am, exit_code::kPreempted)});
    ASSERT_EQ(driver.Report(first.application).attempt.number, i + 1);
    ASSERT_EQ(driver.StartMasters("n1").size(), 1U);
  }
}

TEST_F(Master, SilenceFailsItsAttempt) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  for (int i = 0; i < 3; ++i) {
    driver.Advance(seconds(10));
    driver.Beat("n1");
  }
  driver.CommitAll();
  EXPECT_EQ(StateOf(attempt), ApplicationState::kFailed);
  EXPECT_NE(driver.Report(attempt.application).diagnostics.find("silent"), std::string::npos);
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
}

// Its node still has it: the next one is placed, and started when that has ended.
TEST_F(Master, TheNextOneIsStartedOnlyWhenTheOneBeforeHasEnded) {
  SubmissionContext context = Context("count");
  context.max_attempts = 2;
  const AttemptId first = driver.RunApplication(context, "1", "n1");
  const ContainerId before = driver.Report(first.application).am_container;
  for (int i = 0; i < 3; ++i) {
    driver.Advance(seconds(10));
    driver.Beat("n1");
  }
  driver.CommitAll();
  EXPECT_EQ(driver.Report(first.application).attempt.number, 2);
  EXPECT_EQ(driver.Report(first.application).pending_reason, PendingReason::kLaunchBackoff);
  EXPECT_TRUE(driver.Beat("n1").start.empty());
  // Its record has been durable for long: the answer to that word is the start.
  const auto answer = driver.Beat("n1", {Complete(before, exit_code::kKilledByResourceManager)});
  ASSERT_EQ(answer.start.size(), 1U);
  EXPECT_EQ(answer.start[0].token.id.attempt.number, 2);
}

// Its node is cut off, and has a lease that outlives the master's expiry.
TEST_F(Master, TheNextOneIsStartedOnlyWhenTheNodeOfTheOneBeforeIsLost) {
  SubmissionContext context = Context("count");
  context.max_attempts = 2;
  const AttemptId first = driver.RunApplication(context, "1", "n1");
  driver.AddNode("n2", kNodeSize);
  const auto beat = [&](const char* node) {
    const auto started = driver.StartMasters(node).size();
    driver.CommitAll();
    return started;
  };
  for (int i = 0; i < 2; ++i) {
    driver.Advance(seconds(10));
    beat("n1");
    beat("n2");
  }
  size_t early = 0;
  for (int i = 0; i < 2; ++i) {
    driver.Advance(seconds(10));
    early += beat("n2");
  }
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kRunning);
  EXPECT_EQ(driver.Report(first.application).attempt.number, 2);
  EXPECT_EQ(early, 0U);
  size_t late = 0;
  for (int i = 0; i < 2; ++i) {
    driver.Advance(seconds(10));
    late += beat("n2");
  }
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kLost);
  EXPECT_EQ(late, 1U);
}

TEST_F(Master, ThatNeverRegistersFailsItsAttempt) {
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  driver.StartMasters("n1");
  for (int i = 0; i < 3; ++i) {
    driver.Advance(seconds(10));
    driver.Beat("n1");
  }
  driver.CommitAll();
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kFailed);
  EXPECT_NE(driver.Report(id).diagnostics.find("register"), std::string::npos);
}

TEST_F(Master, WhoseContainerNeverRunsFailsItsAttempt) {
  const ApplicationId id = driver.SubmitStored(Context("count"), "1");
  const ContainerId am = driver.Beat("n1").start.at(0).token.id;
  ContainerStatus localizing = Running(am);
  localizing.state = ContainerState::kNew;
  driver.Beat("n1", {localizing});
  EXPECT_EQ(driver.Report(id).pending_reason, PendingReason::kLaunching);
  for (int i = 0; i < 60; ++i) {
    EXPECT_EQ(driver.Report(id).state, ApplicationState::kAccepted);
    driver.Advance(seconds(10));
    driver.Beat("n1");
  }
  EXPECT_EQ(driver.Report(id).state, ApplicationState::kFailed);
  EXPECT_NE(driver.Report(id).diagnostics.find("did not run"), std::string::npos);
  EXPECT_EQ(driver.Beat("n1").stop.size(), 1U);
}

TEST_F(Master, ParkedPollIsNoSilence) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  int64_t sequence = 0;
  for (int i = 0; i < 10; ++i) {
    const CallId poll = Poll(attempt, ++sequence, std::chrono::hours(1));
    driver.Advance(seconds(15));
    EXPECT_TRUE(driver.Answered(poll)) << "ends well before the silence would count";
    driver.Beat("n1");
  }
  EXPECT_EQ(StateOf(attempt), ApplicationState::kRunning);
}

TEST_F(Master, UsageIsChargedFromGrantToEnd) {
  const AttemptId attempt = driver.RunApplication(Context("count"), "1", "n1");
  const ApplicationReport before = driver.Report(attempt.application);
  driver.Advance(seconds(10));
  const ApplicationReport after = driver.Report(attempt.application);
  EXPECT_EQ(after.memory_seconds - before.memory_seconds, 5120);
  EXPECT_EQ(after.vcore_seconds - before.vcore_seconds, 10);
  driver.Beat("n1", {Complete(after.am_container, 0)});
  driver.CommitAll();
  driver.Advance(seconds(10));
  EXPECT_EQ(driver.Report(attempt.application).memory_seconds, after.memory_seconds);
}

}  // namespace
}  // namespace weir::rm
