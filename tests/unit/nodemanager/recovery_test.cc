// What a NodeManager does with what an earlier one left, as a table and as stories.
#include "nodemanager/core/recovery.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

const ExitOutcome kEndedWithSix{.kind = ExitKind::kExited, .value = 6};

struct Case {
  const char* name;
  RecordedPhase phase;
  Found found;
  bool stop_asked;
  State state;          // once it has started and registered
  ContainerState told;  // in the registration
  int exit_code;
  bool reacquires;
  bool localizes;
  bool signals;
};

constexpr int kNotYet = exit_code::kNotYet;
constexpr int kStopped = exit_code::kKilledByApplicationMaster;

class Recovered : public testing::TestWithParam<Case> {};

TEST_P(Recovered, GoesOnFromWhatThereIs) {
  const Case& c = GetParam();
  CoreDriver before;
  before.Register();
  before.Run(1);
  Recovery recovery = before.Records();
  RecoveredContainer& container = recovery.containers.at(0);
  container.record.phase = c.phase;
  container.found.found = c.found;
  if (c.found == Found::kEnded) container.found.outcome = kEndedWithSix;
  if (c.stop_asked) {
    container.record.stop =
        RecordedStop{StopCause::kStoppedByApplicationMaster, "", before.now().wall};
  }
  CoreDriver node(SmallNode(), recovery);
  const auto registration = node.Take<SendRegister>();
  ASSERT_TRUE(registration);
  ASSERT_EQ(registration->request.containers.size(), 1u);
  EXPECT_EQ(registration->request.containers[0].state, c.told);
  EXPECT_EQ(registration->request.containers[0].exit_code, c.exit_code);
  EXPECT_FALSE(node.Take<Localize>()) << "there are no keys yet";
  node.Step(Registered{{Epoch{3}, 2, seconds(30)}});
  EXPECT_EQ(node.StateOf(1), c.state) << StateName(node.StateOf(1));
  const auto reacquire = node.Take<Reacquire>();
  EXPECT_EQ(reacquire && reacquire->runs, c.reacquires);
  EXPECT_EQ(node.Take<Localize>().has_value(), c.localizes);
  EXPECT_EQ(node.Take<Signal>().has_value(), c.signals);
}

INSTANTIATE_TEST_SUITE_P(PhaseByFound,
                         Recovered,
                         testing::Values(Case{"Running",
                                              RecordedPhase::kLaunched,
                                              Found::kRunning,
                                              false,
                                              State::kRunning,
                                              ContainerState::kRunning,
                                              kNotYet,
                                              true,
                                              false,
                                              false},
                                         Case{"RunningBeforeThatWasRecorded",
                                              RecordedPhase::kAccepted,
                                              Found::kRunning,
                                              false,
                                              State::kRunning,
                                              ContainerState::kRunning,
                                              kNotYet,
                                              true,
                                              false,
                                              false},
                                         Case{"RunningAndToBeStopped",
                                              RecordedPhase::kLaunched,
                                              Found::kRunning,
                                              true,
                                              State::kKilling,
                                              ContainerState::kRunning,
                                              kNotYet,
                                              true,
                                              false,
                                              true},
                                         Case{"Ended",
                                              RecordedPhase::kLaunched,
                                              Found::kEnded,
                                              false,
                                              State::kExitedWithFailure,
                                              ContainerState::kComplete,
                                              6,
                                              false,
                                              false,
                                              false},
                                         Case{"EndedBeforeItsLaunchWasRecorded",
                                              RecordedPhase::kAccepted,
                                              Found::kEnded,
                                              false,
                                              State::kExitedWithFailure,
                                              ContainerState::kComplete,
                                              6,
                                              false,
                                              false,
                                              false},
                                         Case{"EndedAfterAStop",
                                              RecordedPhase::kLaunched,
                                              Found::kEnded,
                                              true,
                                              State::kCleanedUpAfterKill,
                                              ContainerState::kComplete,
                                              kStopped,
                                              false,
                                              false,
                                              true},
                                         Case{"NeverLaunched",
                                              RecordedPhase::kAccepted,
                                              Found::kNothing,
                                              false,
                                              State::kLocalizing,
                                              ContainerState::kNew,
                                              kNotYet,
                                              false,
                                              true,
                                              false},
                                         Case{"NeverLaunchedAndToBeStopped",
                                              RecordedPhase::kAccepted,
                                              Found::kNothing,
                                              true,
                                              State::kDone,
                                              ContainerState::kComplete,
                                              kStopped,
                                              false,
                                              false,
                                              false},
                                         Case{"LaunchedAndNothingIsLeft",
                                              RecordedPhase::kLaunched,
                                              Found::kNothing,
                                              false,
                                              State::kExitedWithFailure,
                                              ContainerState::kComplete,
                                              exit_code::kLost,
                                              false,
                                              false,
                                              false}),
                         [](const auto& param) { return param.param.name; });

TEST(NodeManagerRecovery, AReacquiredContainerEndsAsAnyOther) {
  CoreDriver before;
  before.Register();
  before.Run(1);
  Recovery recovery = before.Records();
  recovery.containers[0].found.found = Found::kRunning;
  CoreDriver node(SmallNode(), recovery);
  node.Register();
  EXPECT_EQ(node.core.used(), (Resource{1024, 1}));
  const CallId watch = node.NextCall();
  node.Step(WatchContainer{watch, kAttempt, IdOf(1), ContainerState::kRunning, seconds(30)});
  node.End(1, {.kind = ExitKind::kExited, .value = 6});
  EXPECT_EQ(std::get<ContainerStatus>(node.ReplyTo(watch).answer).exit_code, 6);
  EXPECT_TRUE(node.Take<CleanUp>());
}

TEST(NodeManagerRecovery, RetriesGoOnWhereTheyWere) {
  CoreDriver first;
  first.Register();
  LaunchContext launch = SleepForEver();
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 2};
  first.Step(StartContainer{first.NextCall(), kAttempt, first.Token(1), launch});
  first.Step(LocalizationDone{IdOf(1)});
  first.Step(Launched{IdOf(1)});
  first.End(1, {.kind = ExitKind::kExited, .value = 3});
  ASSERT_EQ(first.StateOf(1), State::kRelaunching);
  // It dies while the container waits to be started again: its end is in the notes.
  Recovery recovery = first.Records();
  recovery.containers[0].found.found = Found::kEnded;
  recovery.containers[0].found.outcome = ExitOutcome{.kind = ExitKind::kExited, .value = 3};
  CoreDriver second(SmallNode(), recovery);
  second.Register();
  ASSERT_EQ(second.StateOf(1), State::kRelaunching);
  EXPECT_FALSE(second.Take<Reacquire>()->runs);
  second.Advance(seconds(2));
  ASSERT_TRUE(second.Take<Launch>());
  second.Step(Launched{IdOf(1)});
  second.End(1, {.kind = ExitKind::kExited, .value = 3});
  EXPECT_EQ(second.StatusOf(1).exit_code, 3) << "that was the last";
}

// By its notes, which say which start of it they are about, and its record, which is kept before.
struct RetryFound {
  const char* name;
  std::optional<int64_t> about;  // the notes
  bool retried;                  // once more
};
class RecoveredRetry : public testing::TestWithParam<RetryFound> {};

TEST_P(RecoveredRetry, IsMadeOnce) {
  CoreDriver first;
  first.Register();
  LaunchContext launch = SleepForEver();
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 1};
  first.Step(StartContainer{first.NextCall(), kAttempt, first.Token(1), launch});
  first.Step(LocalizationDone{IdOf(1)});
  first.Step(Launched{IdOf(1)});
  first.End(1, {.kind = ExitKind::kExited, .value = 3});
  ASSERT_EQ(first.StateOf(1), State::kRelaunching);
  Recovery recovery = first.Records();
  ASSERT_EQ(recovery.containers[0].record.retries, 1);
  recovery.containers[0].found = {.found = Found::kEnded,
                                  .outcome = ExitOutcome{.kind = ExitKind::kExited, .value = 3},
                                  .retry = GetParam().about};
  CoreDriver second(SmallNode(), recovery);
  second.Register();
  if (!GetParam().retried) {
    EXPECT_EQ(second.StateOf(1), State::kExitedWithFailure);
    EXPECT_THAT(second.StatusOf(1).diagnostics, HasSubstr("started again in its place 1 time,"));
    return;
  }
  ASSERT_EQ(second.StateOf(1), State::kRelaunching);
  second.Advance(seconds(2));
  const auto again = second.Take<Launch>();
  ASSERT_TRUE(again);
  EXPECT_EQ(again->retry, 1);
  second.Step(Launched{IdOf(1)});
  second.End(1, {.kind = ExitKind::kExited, .value = 3});
  EXPECT_EQ(second.StatusOf(1).exit_code, 3) << "that was the last";
}

INSTANTIATE_TEST_SUITE_P(ByNotes,
                         RecoveredRetry,
                         testing::Values(RetryFound{"AboutTheStartBefore", 0, true},
                                         RetryFound{"AboutTheRetry", 1, false},
                                         RetryFound{"OfAnEarlierVersion", std::nullopt, false}),
                         [](const auto& row) { return row.param.name; });

// It was found while weir-launch was about to say that there is no such program.
TEST(NodeManagerRecovery, AReacquiredContainerMayTurnOutNeverToHaveStarted) {
  CoreDriver before;
  before.Register();
  before.Run(1);
  before.Run(2);
  Recovery recovery = before.Records();
  for (auto& container : recovery.containers) container.found.found = Found::kRunning;
  CoreDriver node(SmallNode(), recovery);
  node.Register();
  node.Step(LaunchFailed{IdOf(1), {ErrorCode::kNotFound, "no such program", ""}});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kLaunchFailed);
  node.Stop(2);
  node.Step(LaunchFailed{IdOf(2), {ErrorCode::kNotFound, "no such program", ""}});
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kKilledByApplicationMaster);
}

TEST(NodeManagerRecovery, ACompletionIsToldUntilRecordedAndATokenStartsNothingTwice) {
  CoreDriver first;
  first.Register();
  first.Run(1);
  first.End(1, {.kind = ExitKind::kExited, .value = 6});
  CoreDriver second(SmallNode(), first.Records());
  const auto registration = second.Take<SendRegister>();
  ASSERT_TRUE(registration);
  ASSERT_EQ(registration->request.containers.size(), 1u);
  EXPECT_EQ(registration->request.containers[0].exit_code, 6);
  second.Step(Registered{{Epoch{3}, 2, seconds(30)}});
  second.session = 2;
  second.sequence = 1;
  second.Answer(Recorded({IdOf(1)}));
  EXPECT_TRUE(second.Take<Forget>());
  EXPECT_FALSE(second.records.contains(LaunchKey(IdOf(1))));
  CoreDriver third(SmallNode(), second.Records());
  third.Register();
  EXPECT_TRUE(third.core.Containers().empty());
  EXPECT_TRUE(IsError(third.Start(1), ErrorCode::kFailedPrecondition));
}

TEST(NodeManagerRecovery, TokensOfBeforeStillStartUnlessTheMachineWasStartedAnew) {
  CoreDriver before;
  before.Register();
  const ContainerTokenIdentifier token = before.Token(2);
  before.Run(1);
  Recovery recovery = before.Records();
  for (const bool same_boot : {true, false}) {
    Recovery found = recovery;
    if (!same_boot) found.conversation.reset();
    CoreDriver node(SmallNode(), found);
    node.session = 1;
    node.Register();
    const CallId call = node.NextCall();
    node.Step(StartContainer{call, kAttempt, token, SleepForEver()});
    EXPECT_EQ(IsError(node.ReplyTo(call), ErrorCode::kFenced), !same_boot);
  }
}

TEST(NodeManagerRecovery, AfterAStartOfTheMachineNothingIsLaunchedThatWasNot) {
  CoreDriver before;
  before.Register();
  before.Start(1);
  Recovery recovery = before.Records();
  recovery.conversation.reset();
  CoreDriver node(SmallNode(), recovery);
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kLocalizationFailed);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("the machine was started again"));
}

TEST(NodeManagerRecovery, AfterAStartOfTheMachineNothingIsRetriedBeforeAnRmIsHeard) {
  CoreDriver before;
  before.Register();
  LaunchContext launch = SleepForEver();
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 2};
  before.Step(StartContainer{before.NextCall(), kAttempt, before.Token(1), launch});
  before.Step(LocalizationDone{IdOf(1)});
  before.Step(Launched{IdOf(1)});
  Recovery recovery = before.Records();
  recovery.conversation.reset();
  recovery.containers[0].found.found = Found::kEnded;
  recovery.containers[0].found.outcome = ExitOutcome{.kind = ExitKind::kExited, .value = 3};
  CoreDriver node(SmallNode(), recovery);
  EXPECT_NE(node.StateOf(1), State::kRelaunching);
  node.Register();
  node.Advance(seconds(10));
  EXPECT_FALSE(node.Take<Launch>());
  EXPECT_EQ(node.StatusOf(1).exit_code, 3);
}

TEST(NodeManagerRecovery, AnOldEpochIsRefusedWhileAContainerOfANewerOneLives) {
  CoreDriver before;
  before.Register(3);
  before.Run(1);
  for (const bool lives : {true, false}) {
    Recovery recovery = before.Records();
    if (lives) {
      recovery.containers[0].found.found = Found::kRunning;
    } else {
      recovery.containers.clear();
    }
    CoreDriver node(SmallNode(), recovery);
    node.Step(Registered{{Epoch{2}, 9, seconds(30)}});
    EXPECT_EQ(node.core.registered(), !lives);
  }
}

TEST(NodeManagerRecovery, ADamagedLaunchRecordFailsTheContainerWithThatCause) {
  CoreDriver before;
  before.Register();
  before.Start(1);
  Recovery recovery = before.Records();
  recovery.containers[0].launch.reset();
  CoreDriver node(SmallNode(), recovery);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("the record of its launch context"));
}

// --- records before answers

TEST(NodeManagerRecords, AStartIsAnsweredCarriedOutAndAcknowledgedOnlyWhenKept) {
  CoreDriver node;
  node.Register();
  node.keep_at_once = false;
  node.Answer(StartCommands({node.Token(1)}));
  EXPECT_FALSE(node.Take<SendHeartbeat>()) << "it would acknowledge the command";
  const CallId first = node.NextCall();
  node.Step(StartContainer{first, kAttempt, node.Token(2), SleepForEver()});
  const CallId repeated = node.NextCall();
  node.Step(StartContainer{repeated, kAttempt, node.Token(2), SleepForEver()});
  EXPECT_FALSE(node.Take<Reply>());
  EXPECT_FALSE(node.Take<Localize>());
  node.KeepRecords();
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.ReplyTo(first).answer));
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.ReplyTo(repeated).answer));
  EXPECT_TRUE(node.Take<Localize>());
  EXPECT_TRUE(node.Take<Localize>());
  EXPECT_TRUE(node.Take<SendHeartbeat>());
}

TEST(NodeManagerRecords, AStopIsAnsweredAndCarriedOutWhenKept) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.keep_at_once = false;
  const CallId call = node.NextCall();
  node.Step(StopContainer{call, kAttempt, IdOf(1)});
  EXPECT_FALSE(node.Take<Signal>());
  EXPECT_FALSE(node.Take<Reply>());
  node.KeepRecords();
  EXPECT_TRUE(node.Take<Signal>());
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.ReplyTo(call).answer));
}

TEST(NodeManagerRecords, AStartThatIsStoppedBeforeItIsKeptIsNeverPrepared) {
  CoreDriver node;
  node.Register();
  node.keep_at_once = false;
  node.Step(StartContainer{node.NextCall(), kAttempt, node.Token(1), SleepForEver()});
  node.Step(StopContainer{node.NextCall(), kAttempt, IdOf(1)});
  EXPECT_EQ(node.StateOf(1), State::kKilling);
  EXPECT_FALSE(node.Take<CallOffLocalization>()) << "nothing was begun";
  node.KeepRecords();
  EXPECT_FALSE(node.Take<Localize>());
  EXPECT_EQ(node.StateOf(1), State::kCleanedUpAfterKill);
  EXPECT_TRUE(node.Take<CleanUp>());
}

TEST(NodeManagerRecords, AStartThatCannotBeKeptIsRefusedWithTheCause) {
  CoreDriver node;
  node.Register();
  node.keep_at_once = false;
  const CallId call = node.NextCall();
  node.Step(StartContainer{call, kAttempt, node.Token(1), SleepForEver()});
  node.Step(RecordFailed{1'000, {ErrorCode::kResourceExhausted, "disk full", "free some"}});
  const Reply reply = node.ReplyTo(call);
  ASSERT_TRUE(IsError(reply, ErrorCode::kResourceExhausted));
  EXPECT_THAT(std::get<Error>(reply.answer).message, HasSubstr("disk full"));
  EXPECT_FALSE(node.Take<Localize>());
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kComplete);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("disk full"));
}

TEST(NodeManagerRecords, ARecordThatCannotBeOneFailsItsOwnContainerOnly) {
  CoreDriver node;
  node.Register();
  node.keep_at_once = false;
  const CallId before = node.NextCall();
  node.Step(StartContainer{before, kAttempt, node.Token(1), SleepForEver()});
  node.kept.clear();
  const CallId call = node.NextCall();
  node.Step(StartContainer{call, kAttempt, node.Token(2), SleepForEver()});
  const CallId after = node.NextCall();
  node.Step(StartContainer{after, kAttempt, node.Token(3), SleepForEver()});
  const int64_t launch = node.SequenceOf(LaunchKey(IdOf(2)));
  ASSERT_GT(launch, 0);
  node.Step(RecordFailed{launch, {ErrorCode::kResourceExhausted, "it is too large", ""}, true});
  ASSERT_TRUE(IsError(node.ReplyTo(call), ErrorCode::kResourceExhausted));
  EXPECT_EQ(node.StatusOf(2).state, ContainerState::kComplete);
  EXPECT_TRUE(node.core.health().healthy());
  EXPECT_FALSE(node.HasReply(before));
  EXPECT_FALSE(node.HasReply(after));
  node.KeepRecords();
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.ReplyTo(before).answer));
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.ReplyTo(after).answer));
  EXPECT_EQ(node.StateOf(1), State::kLocalizing);
  EXPECT_EQ(node.StateOf(3), State::kLocalizing);
}

TEST(NodeManagerRecords, ThatTheyCannotBeKeptIsSeenInItsHealthUntilTheyCan) {
  CoreDriver node;
  node.Register();
  node.Step(RecordFailed{0, {ErrorCode::kResourceExhausted, "disk full", "free some"}});
  EXPECT_TRUE(node.core.health().healthy());
  EXPECT_THAT(node.core.health().report(),
              HasSubstr("DEGRADED: the node cannot keep its records: disk full"));
  node.Step(RecordsKept{1});
  EXPECT_EQ(node.core.health().report(), "");
}

TEST(NodeManagerRecords, ASupervisedStopLeavesContainersAndTheRmAlone) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.kept.clear();
  node.Step(ShutDown{.keep_containers = true});
  EXPECT_TRUE(node.Take<Stopped>());
  EXPECT_FALSE(node.Take<Signal>());
  EXPECT_FALSE(node.Take<SendUnregister>());
}

// Nothing but the record of its end says that it is not to be launched: a NodeManager that comes
// after one that died before that was kept launches it, so nobody may have replaced it by then.
TEST(Recovery, TheEndOfWhatWasNeverLaunchedIsToldOnceItIsKept) {
  CoreDriver node;
  node.Register();
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(1).answer));
  ASSERT_TRUE(node.Take<Localize>());
  const CallId watch = node.NextCall();
  node.Step(WatchContainer{watch, kAttempt, IdOf(1), ContainerState::kNew, seconds(60)});
  while (node.Take<SendHeartbeat>()) continue;
  const Recovery before = node.Records();
  node.keep_at_once = false;
  node.Step(LocalizationFailed{IdOf(1), {ErrorCode::kNotFound, "no such file", ""}});
  EXPECT_FALSE(node.HasReply(watch));
  node.Answer();
  while (const auto heartbeat = node.Take<SendHeartbeat>()) {
    for (const ContainerStatus& status : heartbeat->request.containers) {
      EXPECT_NE(status.state, ContainerState::kComplete);
    }
  }
  // Killed now, it is as if nothing had failed.
  CoreDriver next(SmallNode(), before);
  EXPECT_EQ(next.Take<SendRegister>()->request.containers.at(0).state, ContainerState::kNew);

  node.KeepRecords();
  EXPECT_TRUE(node.HasReply(watch));
  const auto heartbeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(heartbeat);
  ASSERT_EQ(heartbeat->request.containers.size(), 1u);
  EXPECT_EQ(heartbeat->request.containers[0].state, ContainerState::kComplete);
  EXPECT_THAT(heartbeat->request.containers[0].diagnostics, HasSubstr("no such file"));
}

// While the disk is full, the last that is on it is that the container was accepted: without its
// notes the next NodeManager would launch it again.
TEST(Recovery, TheNotesOfAContainerGoOnceItsEndIsKept) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  ASSERT_TRUE(node.Take<Localize>());
  node.keep_at_once = false;
  node.Step(LocalizationDone{IdOf(1)});
  node.Step(Launched{IdOf(1)});
  node.Step(Exited{IdOf(1), {.kind = ExitKind::kExited, .value = 0}});
  node.Step(Drained{IdOf(1)});
  node.Step(CleanedUp{IdOf(1)});
  const Error full{ErrorCode::kResourceExhausted, "disk full", ""};
  node.Step(RecordFailed{node.SequenceOf(ContainerKey(IdOf(1))), full});
  node.Answer(Recorded({IdOf(1)}));
  node.Step(RecordFailed{node.SequenceOf(ContainerKey(IdOf(1))), full});
  EXPECT_FALSE(node.Take<Forget>());
  node.KeepRecords();
  EXPECT_TRUE(node.Take<Forget>());
}

}  // namespace
}  // namespace weir::nm
