#include "nodemanager/core/node_manager_core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/limits.h"
#include "common/random.h"
#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

TEST(NodeManager, AContainerGoesFromItsStartToARecordedCompletion) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kRunning);
  EXPECT_EQ(node.core.used(), (Resource{1024, 1}));
  ASSERT_TRUE(node.Take<SendHeartbeat>());
  node.Step(HeartbeatFailed{1, 1, {ErrorCode::kAborted, "", ""}});

  node.Step(Exited{IdOf(1), {}});
  EXPECT_EQ(node.StateOf(1), State::kExitedWithSuccess);
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kRunning) << "processes may be left";
  node.Step(Drained{IdOf(1)});
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kComplete);
  EXPECT_EQ(node.StatusOf(1).exit_code, 0);
  EXPECT_TRUE(node.core.used().IsZero());
  ASSERT_TRUE(node.Take<CleanUp>());
  const auto told = node.Take<SendHeartbeat>();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->request.containers.size(), 1u);
  EXPECT_EQ(told->request.containers[0].state, ContainerState::kComplete);

  node.sequence = 3;
  node.Answer(Recorded({IdOf(1)}));
  EXPECT_TRUE(node.core.Find(IdOf(1))) << "its directories are still there";
  EXPECT_FALSE(node.Take<Forget>());
  node.Step(CleanedUp{IdOf(1)});
  EXPECT_TRUE(node.Take<Forget>());
  EXPECT_FALSE(node.core.Find(IdOf(1)));
}

TEST(NodeManager, ACompletionIsToldAtEveryRegistrationUntilRecorded) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.End(1);
  node.Step(CleanedUp{IdOf(1)});
  node.Answer();
  node.Step(HeartbeatFailed{1, 2, {ErrorCode::kInternal, "a fault", ""}});
  for (int i = 0; i < 3; ++i) {
    node.Advance(seconds(3));
    const auto again = node.Take<SendRegister>();
    ASSERT_TRUE(again);
    ASSERT_EQ(again->request.containers.size(), 1u);
    EXPECT_EQ(again->request.containers[0].state, ContainerState::kComplete);
    node.Step(RegistrationFailed{{ErrorCode::kUnavailable, "refused", ""}});
  }
}

TEST(NodeManager, ARepeatedStartIsAnsweredAndDoesNothing) {
  CoreDriver node;
  node.Register();
  ASSERT_TRUE(std::holds_alternative<NoContent>(node.Start(1).answer));
  ASSERT_TRUE(node.Take<Localize>());
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(1).answer));
  EXPECT_FALSE(node.Take<Localize>());
}

TEST(NodeManager, ARecordedContainerIsNotStartedAgainByItsToken) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.End(1);
  node.Step(CleanedUp{IdOf(1)});
  node.Answer(Recorded({IdOf(1)}));
  ASSERT_FALSE(node.core.Find(IdOf(1)));
  EXPECT_TRUE(IsError(node.Start(1), ErrorCode::kFailedPrecondition));
}

TEST(NodeManager, ARegistrationNamesTheApplicationsWithDirectoriesHere) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.End(1);
  node.Step(CleanedUp{IdOf(1)});
  node.Answer(Recorded({IdOf(1)}));
  node.Step(HeartbeatFailed{1, 2, {ErrorCode::kResync, "a new ResourceManager", ""}});
  node.Advance(seconds(3));
  const auto again = node.Take<SendRegister>();
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->request.containers.empty());
  EXPECT_EQ(again->request.applications, std::vector{kAttempt.application});
}

struct Refusal {
  const char* name;
  ErrorCode code;
  void (*spoil)(ContainerTokenIdentifier&, LaunchContext&);
};

class RefusedStart : public testing::TestWithParam<Refusal> {};

TEST_P(RefusedStart, ChangesNothing) {
  CoreDriver node;
  node.Register();
  ContainerTokenIdentifier token = node.Token(1);
  LaunchContext launch = SleepForEver();
  GetParam().spoil(token, launch);
  const CallId call = node.NextCall();
  node.Step(StartContainer{call, kAttempt, token, launch});
  const Reply reply = node.ReplyTo(call);
  ASSERT_TRUE(std::holds_alternative<Error>(reply.answer));
  EXPECT_EQ(std::get<Error>(reply.answer).code, GetParam().code)
      << std::get<Error>(reply.answer).ToString();
  EXPECT_TRUE(node.core.Containers().empty());
}

// Whichever of the two is wrong, and by how much.
TEST(NodeManagerClocks, TokensExpireByTheClockOfTheResourceManager) {
  for (const auto ahead : {seconds(-7200), seconds(0), seconds(7200)}) {
    CoreDriver node;
    const auto rm_wall = [&] { return node.now().wall + ahead; };
    ++node.session;
    node.Step(Registered{{.epoch = Epoch{3},
                          .session = node.session,
                          .expiry = seconds(30),
                          .lease = seconds(25),
                          .wall = rm_wall()}});
    const auto start = [&](int64_t number, WallTime expires) {
      ContainerTokenIdentifier token = node.Token(number);
      token.expires = expires;
      const CallId call = node.NextCall();
      node.Step(StartContainer{call, kAttempt, token, SleepForEver()});
      return node.Take<Reply>();
    };
    const auto late = start(1, rm_wall() - seconds(1));
    ASSERT_TRUE(late);
    EXPECT_TRUE(IsError(*late, ErrorCode::kUnauthenticated));
    const auto in_time = start(1, rm_wall() + seconds(60));
    ASSERT_TRUE(in_time);
    EXPECT_TRUE(std::holds_alternative<NoContent>(in_time->answer)) << ahead.count();
  }
}

using Token = ContainerTokenIdentifier;
INSTANTIATE_TEST_SUITE_P(
    Starts,
    RefusedStart,
    testing::Values(
        Refusal{"OldEpoch",
                ErrorCode::kFenced,
                [](Token& token, LaunchContext&) { token.epoch = Epoch{2}; }},
        Refusal{"GivenOutBeforeThisProcess",
                ErrorCode::kFenced,
                [](Token& token, LaunchContext&) { token.node_session = 0; }},
        Refusal{"EpochToCome",
                ErrorCode::kUnavailable,
                [](Token& token, LaunchContext&) { token.epoch = Epoch{4}; }},
        Refusal{"Expired",
                ErrorCode::kUnauthenticated,
                [](Token& token, LaunchContext&) { token.expires = WallTime{}; }},
        Refusal{"OtherNode",
                ErrorCode::kPermissionDenied,
                [](Token& token, LaunchContext&) { token.node = {"node-2"}; }},
        Refusal{"OtherAttempt",
                ErrorCode::kPermissionDenied,
                [](Token& token, LaunchContext&) { token.id.attempt.number = 2; }},
        Refusal{"UserThatLeavesTheDirectory",
                ErrorCode::kPermissionDenied,
                [](Token& token, LaunchContext&) { token.user = ".."; }},
        Refusal{"TooLarge",
                ErrorCode::kResourceExhausted,
                [](Token& token, LaunchContext&) { token.resource.memory_mib = 4097; }},
        Refusal{"NoResource",
                ErrorCode::kPermissionDenied,
                [](Token& token, LaunchContext&) {
                  token.resource = {0, 0};
                }},
        Refusal{"NoCommand",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.command.clear(); }},
        Refusal{"FileOutsideItsDirectory",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.local_resources["../x"].uri = "file:/etc/x"; }},
        Refusal{"SecretOutsideItsDirectory",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.secrets["a/b"] = "s"; }},
        Refusal{"StagedFileWithoutHash",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.local_resources["x"].uri = "staging:"; }},
        Refusal{"HashThatLeavesTheCache",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) {
                  l.local_resources["x"] = {.uri = "file:/x", .sha256 = "../../etc/passwd"};
                }},
        Refusal{"UnknownScheme",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.local_resources["x"].uri = "ftp:/x"; }},
        Refusal{"VariableWithEqualsSign",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) { l.environment["A=B"] = "c"; }},
        // Small by its texts alone: the record of it would not fit.
        Refusal{"VeryManyVariables",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) {
                  for (int i = 0; i < 87'000; ++i) {
                    char name[8];
                    std::snprintf(name, sizeof name, "%x", i);
                    l.environment[name];
                  }
                }},
        Refusal{"VeryManySecrets",
                ErrorCode::kInvalidArgument,
                [](Token&, LaunchContext& l) {
                  for (int i = 0; i < 87'000; ++i) l.secrets[std::to_string(i)];
                }}),
    [](const auto& param) { return param.param.name; });

TEST(NodeManager, CapacityCountsEverythingThatIsNotComplete) {
  CoreDriver node;
  node.Register();
  for (int64_t i = 1; i <= 4; ++i) node.Run(i);
  EXPECT_TRUE(IsError(node.Start(5), ErrorCode::kResourceExhausted));
  node.Step(Exited{IdOf(1), {}});
  EXPECT_TRUE(IsError(node.Start(5), ErrorCode::kResourceExhausted))
      << "container 1 may have left processes";
  node.Step(Drained{IdOf(1)});
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(5).answer));
}

TEST(NodeManager, StartsAreRefusedBeforeRegistrationAndWhileShuttingDown) {
  CoreDriver node;
  EXPECT_TRUE(IsError(node.Start(1), ErrorCode::kUnavailable));
  node.Register();
  node.Step(ShutDown{});
  EXPECT_TRUE(IsError(node.Start(1), ErrorCode::kUnavailable));
}

TEST(NodeManager, AStopIsSigtermThenSigkillAndComesBackWithItsCause) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  ASSERT_TRUE(std::holds_alternative<NoContent>(node.Stop(1).answer));
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kTerminate);
  node.Advance(milliseconds(249));
  EXPECT_FALSE(node.Take<Signal>());
  node.Advance(milliseconds(1));
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kKill);
  node.Advance(seconds(5));
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kKill) << "something is left";
  node.End(1, {.kind = ExitKind::kSignaled, .value = 9});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kKilledByApplicationMaster);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("did not end within 250 ms of SIGTERM"));
  node.Advance(seconds(20));
  EXPECT_FALSE(node.Take<Signal>());
}

TEST(NodeManager, AContainerWhoseLogsAreTooLargeIsKilledWithThatCause) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.Step(ExcessLogs{IdOf(1), "killed because of 5 bytes"});
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kTerminate);
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kExcessLogs);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("killed because of 5 bytes"));
  // Told too late, or of nobody.
  node.Step(ExcessLogs{IdOf(1), ""});
  node.Step(ExcessLogs{IdOf(77), ""});
  EXPECT_FALSE(node.Take<Signal>());
  EXPECT_FALSE(node.Take<InvalidEvent>());
}

TEST(NodeManager, AStopWhileFilesAreFetchedCallsItOff) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  node.Stop(1);
  ASSERT_TRUE(node.Take<CallOffLocalization>());
  node.Step(LocalizationFailed{IdOf(1), {ErrorCode::kAborted, "called off", ""}});
  EXPECT_EQ(node.StateOf(1), State::kCleanedUpAfterKill);
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kKilledByApplicationMaster);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("never started"));
  EXPECT_TRUE(node.Take<CleanUp>());
  EXPECT_FALSE(node.Take<Launch>());
}

TEST(NodeManager, AStopDuringTheLaunchTakesEffectOnceItRuns) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  node.Step(LocalizationDone{IdOf(1)});
  node.Stop(1);
  EXPECT_FALSE(node.Take<Signal>());
  node.Step(Launched{IdOf(1)});
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kTerminate);
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kComplete);
}

TEST(NodeManager, FailuresComeBackWithYarnsExitCodesAndTheCause) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  node.Step(LocalizationFailed{IdOf(1), {ErrorCode::kCorruption, "staging:ab: wrong hash", ""}});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kLocalizationFailed);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("staging:ab: wrong hash"));

  node.Start(2);
  node.Step(LocalizationDone{IdOf(2)});
  node.Step(LaunchFailed{IdOf(2), {ErrorCode::kNotFound, "/no/such: no such file", ""}});
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kLaunchFailed);
  EXPECT_THAT(node.StatusOf(2).diagnostics, HasSubstr("/no/such"));

  node.Run(3);
  node.End(3, {.kind = ExitKind::kExited, .value = 7, .stderr_tail = "bad input"});
  EXPECT_EQ(node.StatusOf(3).exit_code, 7);
  EXPECT_THAT(node.StatusOf(3).diagnostics, HasSubstr("bad input"));

  node.Run(4);
  node.End(4, {ExitKind::kSignaled, 11, 77, ""});
  EXPECT_EQ(node.StatusOf(4).exit_code, 139);
  EXPECT_THAT(node.StatusOf(4).diagnostics, HasSubstr("SIGSEGV"));
  EXPECT_THAT(node.StatusOf(4).diagnostics, HasSubstr("77 MiB of 1024 MiB"));
}

TEST(NodeManager, ACauseIsOneLineWithTheLastWordsAndAFullDisk) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  ExitOutcome outcome{.kind = ExitKind::kExited, .value = 1, .full_disk = "/disk/local"};
  for (int line = 1; line <= 40; ++line) {
    outcome.stderr_tail += "line\t" + std::to_string(line) + "\r\n\n";
  }
  outcome.stderr_tail += std::string(2000, 'x') + "\n";
  node.End(1, outcome);
  const std::string cause = node.StatusOf(1).diagnostics;
  EXPECT_THAT(cause, Not(HasSubstr("\n")));
  EXPECT_THAT(cause, Not(HasSubstr("\t")));
  EXPECT_THAT(cause, HasSubstr("; the disk of /disk/local is full"));
  EXPECT_THAT(cause,
              HasSubstr("; last words on stderr: line 37 | line 38 | line 39 | line 40 | xxx"));
  EXPECT_LT(cause.size(), 700u);
}

TEST(NodeManager, TakesWhatAnAdministratorLetsItOfferBesidesItsOwn) {
  CoreDriver node;  // of <memory:4096, vCores:4>
  node.Register();
  EXPECT_TRUE(std::holds_alternative<Error>(node.Start(1, {8192, 1}).answer));
  NodeHeartbeatAnswer answer;
  answer.capacity = Resource{8192, 1};
  node.Answer(answer);
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(2, {8192, 4}).answer));
  EXPECT_TRUE(std::holds_alternative<Error>(node.Start(3, {1, 1}).answer)) << "it is full";
}

TEST(NodeManager, EachStopReasonHasItsExitCode) {
  const std::pair<StopReason, int> reasons[] = {
      {StopReason::kReleasedByApplicationMaster, exit_code::kAborted},
      {StopReason::kKilledByResourceManager, exit_code::kKilledByResourceManager},
      {StopReason::kApplicationEnded, exit_code::kKilledAfterApplicationEnd},
      {StopReason::kPreempted, exit_code::kPreempted},
      {StopReason::kNodeDecommissioned, exit_code::kAborted}};
  CoreDriver node;
  node.Register();
  int64_t number = 1;
  for (const auto& [reason, code] : reasons) {
    node.Run(number);
    node.kept.clear();
    // Two heartbeats may be under way: the older one was ended by the newer.
    node.Step(HeartbeatFailed{1, node.sequence++, {ErrorCode::kAborted, "", ""}});
    node.Answer(StopCommand(IdOf(number), reason));
    node.End(number, {.kind = ExitKind::kExited, .value = 0});
    EXPECT_EQ(node.StatusOf(number).exit_code, code);
    node.Step(HeartbeatFailed{1, node.sequence++, {ErrorCode::kAborted, "", ""}});
    ++number;
  }
}

TEST(NodeManager, TheRmsStartCommandIsCarriedOutOnceAndARefusalIsTold) {
  CoreDriver node;
  node.Register();
  node.Answer(StartCommands({node.Token(1)}));
  ASSERT_TRUE(node.Take<Localize>());
  node.Answer(StartCommands({node.Token(1), node.Token(2, {9999, 1})}));
  EXPECT_FALSE(node.Take<Localize>());
  EXPECT_EQ(node.StatusOf(2).state, ContainerState::kComplete);
  EXPECT_EQ(node.StatusOf(2).exit_code, exit_code::kAborted);
  EXPECT_THAT(node.StatusOf(2).diagnostics, HasSubstr("9999"));
}

TEST(NodeManager, AStopOfAContainerThatNeverCameIsToldAndBarsItsStart) {
  CoreDriver node;
  node.Register();
  node.Answer(StopCommand(IdOf(1), StopReason::kReleasedByApplicationMaster));
  EXPECT_EQ(node.StatusOf(1).state, ContainerState::kComplete);
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(1).answer));
  EXPECT_FALSE(node.Take<Localize>());
}

TEST(NodeManager, AStopOfARecordedContainerIsToldAgain) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.End(1);
  node.Step(CleanedUp{IdOf(1)});
  node.Answer(Recorded({IdOf(1)}));
  node.Answer(StopCommand(IdOf(1), StopReason::kApplicationEnded));
  ASSERT_TRUE(node.core.Find(IdOf(1)));
  EXPECT_EQ(node.StatusOf(1).exit_code, 0);
}

TEST(NodeManager, WatchersAreAnsweredByAChangeOrTheirDeadline) {
  CoreDriver node;
  node.Register();
  node.Start(1);
  const CallId change = node.NextCall();
  node.Step(WatchContainer{change, kAttempt, IdOf(1), ContainerState::kNew, seconds(30)});
  EXPECT_FALSE(node.Take<Reply>());
  node.Step(LocalizationDone{IdOf(1)});
  node.Step(Launched{IdOf(1)});
  EXPECT_EQ(std::get<ContainerStatus>(node.ReplyTo(change).answer).state, ContainerState::kRunning);

  const CallId late = node.NextCall();
  node.Step(WatchContainer{late, kAttempt, IdOf(1), ContainerState::kRunning, seconds(1)});
  const CallId gone = node.NextCall();
  node.Step(WatchContainer{gone, kAttempt, IdOf(1), ContainerState::kRunning, seconds(1)});
  node.Step(CallAbandoned{gone});
  node.Advance(seconds(1));
  EXPECT_EQ(std::get<ContainerStatus>(node.ReplyTo(late).answer).state, ContainerState::kRunning);
  EXPECT_FALSE(node.Take<Reply>());

  const CallId other = node.NextCall();
  node.Step(WatchContainer{other, {{kClusterTimestamp, 2}, 1}, IdOf(1), ContainerState::kNew, {}});
  EXPECT_TRUE(IsError(node.ReplyTo(other), ErrorCode::kPermissionDenied));
  const CallId unknown = node.NextCall();
  node.Step(WatchContainer{unknown, kAttempt, IdOf(9), ContainerState::kNew, {}});
  EXPECT_TRUE(IsError(node.ReplyTo(unknown), ErrorCode::kNotFound));
}

// A later attempt may have been given it; an earlier one, or another application's, may not.
TEST(NodeManager, ALaterAttemptMayWatchAndStopAContainerButNotStartIt) {
  struct Case {
    AttemptId caller;
    bool may;
  };
  const Case cases[] = {{{kAttempt.application, 2}, true},
                        {{kAttempt.application, 9}, true},
                        {{kAttempt.application, 0}, false},
                        {{{kClusterTimestamp, 2}, 2}, false},
                        {{{kClusterTimestamp + 1, 1}, 2}, false}};
  for (const Case& c : cases) {
    CoreDriver node;
    node.Register();
    node.Run(1);
    const CallId watch = node.NextCall();
    node.Step(WatchContainer{watch, c.caller, IdOf(1), ContainerState::kNew, {}});
    const bool refused = IsError(node.ReplyTo(watch), ErrorCode::kPermissionDenied);
    EXPECT_EQ(refused, !c.may) << c.caller.ToString();
    const CallId start = node.NextCall();
    node.Step(StartContainer{start, c.caller, node.Token(1, {512, 1}), SleepForEver()});
    EXPECT_TRUE(IsError(node.ReplyTo(start), ErrorCode::kPermissionDenied)) << c.caller.ToString();
    const CallId stop = node.NextCall();
    node.Step(StopContainer{stop, c.caller, IdOf(1)});
    EXPECT_EQ(node.StateOf(1) == State::kRunning, !c.may) << c.caller.ToString();
  }
}

TEST(NodeManager, AnEndedApplicationStopsNothingAndIsCleanedUpAfterItsLastContainer) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.Answer(ApplicationFinished());
  EXPECT_EQ(node.StateOf(1), State::kRunning) << "stops are by explicit id";
  EXPECT_TRUE(IsError(node.Start(2), ErrorCode::kFailedPrecondition));
  node.End(1);
  EXPECT_FALSE(node.Take<CleanUpApplication>());
  node.Step(CleanedUp{IdOf(1)});
  ASSERT_TRUE(node.Take<CleanUpApplication>());
}

TEST(NodeManager, ShutDownStopsAllTellsTheRmAndEnds) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.Step(ShutDown{});
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kTerminate);
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kAborted);
  EXPECT_FALSE(node.Take<SendUnregister>());
  node.Step(CleanedUp{IdOf(1)});
  EXPECT_FALSE(node.Take<SendUnregister>()) << "the end is not recorded yet";
  node.Answer(Recorded({IdOf(1)}));
  ASSERT_TRUE(node.Take<SendUnregister>());
  EXPECT_FALSE(node.Take<Stopped>());
  node.Step(Unregistered{});
  EXPECT_TRUE(node.Take<Stopped>());
}

TEST(NodeManager, ShutDownIsBoundedWhenNothingEndsAndNobodyAnswers) {
  CoreDriver node;
  node.Register();
  node.Run(1);
  node.Step(ShutDown{});
  node.Advance(seconds(10));
  EXPECT_FALSE(node.Take<SendUnregister>());
  node.Advance(seconds(2));
  EXPECT_TRUE(node.Take<SendUnregister>());
}

TEST(NodeManager, ShutDownWaitsForARegistrationUnderWayToTakeItsLeave) {
  CoreDriver in_time;
  in_time.Step(ShutDown{});
  EXPECT_FALSE(in_time.Take<Stopped>());
  in_time.Step(Registered{{Epoch{3}, 1, seconds(30)}});
  EXPECT_TRUE(in_time.Take<SendUnregister>());
  CoreDriver refused;
  refused.Step(ShutDown{});
  refused.Step(RegistrationFailed{{ErrorCode::kUnavailable, "refused", ""}});
  EXPECT_TRUE(refused.Take<Stopped>());
  CoreDriver never;
  never.Step(ShutDown{});
  never.Advance(seconds(2));
  EXPECT_TRUE(never.Take<Stopped>());
}

TEST(NodeManager, EndsOfAnEarlierRunAreToldUntilRecorded) {
  ContainerStatus ended{.id = IdOf(7),
                        .state = ContainerState::kComplete,
                        .exit_code = 137,
                        .diagnostics = "found after a restart",
                        .resource = {512, 1}};
  CoreDriver node(SmallNode(), {.ended = {ended}});
  const auto registration = node.Take<SendRegister>();
  ASSERT_TRUE(registration);
  ASSERT_EQ(registration->request.containers.size(), 1u);
  EXPECT_EQ(registration->request.containers[0], ended);
  node.Step(Registered{{Epoch{3}, 1, seconds(30)}});
  node.session = node.sequence = 1;
  node.Answer(Recorded({IdOf(7)}));
  EXPECT_TRUE(node.core.Containers().empty());
}

TEST(NodeManager, ARegistrationWithVeryManyEndsFitsIntoOneMessage) {
  Recovery recovery;
  for (int i = 1; i <= 2000; ++i) {
    recovery.ended.push_back({.id = IdOf(i),
                              .state = ContainerState::kComplete,
                              .exit_code = 1,
                              .diagnostics = std::string(limits::kDiagnosticsBytes, 'd'),
                              .resource = {512, 1}});
  }
  CoreDriver node(SmallNode(), recovery);
  const auto registration = node.Take<SendRegister>();
  ASSERT_TRUE(registration);
  ASSERT_EQ(registration->request.containers.size(), 2000U);
  size_t bytes = 0;
  for (const auto& status : registration->request.containers) bytes += status.diagnostics.size();
  EXPECT_LE(bytes, limits::kFrameBytes / 4);
  EXPECT_GT(registration->request.containers[0].diagnostics.size(), 500U);
}

TEST(NodeManager, AnEventForAnUnknownContainerIsReportedAsAFault) {
  CoreDriver node;
  node.expect_valid = false;
  node.Step(Launched{IdOf(1)});
  const auto invalid = node.Take<InvalidEvent>();
  ASSERT_TRUE(invalid);
  EXPECT_EQ(invalid->state, "UNKNOWN");
}

// An executor and an RM that do what they promise, in random order and with random losses.
std::string RandomLife(uint64_t seed) {
  Random random(seed);
  CoreDriver node;
  std::string trace;
  std::vector<Action> todo;
  std::vector<ContainerId> live;
  int64_t next = 1;
  for (int step = 0; step < 400; ++step) {
    for (Action& action : node.kept) todo.push_back(std::move(action));
    node.kept.clear();
    if (random.Chance(1, 6)) {
      node.Step(StartContainer{node.NextCall(), kAttempt, node.Token(next++), SleepForEver()});
    } else if (random.Chance(1, 10)) {
      node.Step(StopContainer{node.NextCall(), kAttempt, IdOf(random.Between(1, next))});
    } else if (random.Chance(1, 5)) {
      node.Advance(milliseconds(random.Between(1, 3000)));
    } else if (!live.empty() && random.Chance(1, 3)) {
      const ContainerId id = live.back();
      live.pop_back();
      node.Step(Exited{id, {ExitKind::kExited, static_cast<int>(random.Below(3))}});
      node.Step(Drained{id});
    } else if (!todo.empty()) {
      const size_t pick = random.Below(todo.size());
      const Action action = std::move(todo[pick]);
      todo.erase(todo.begin() + static_cast<std::ptrdiff_t>(pick));
      if (std::holds_alternative<SendRegister>(action)) {
        node.Step(Registered{{Epoch{3}, ++node.session, seconds(30)}});
      } else if (const auto* heartbeat = std::get_if<SendHeartbeat>(&action)) {
        const auto& request = heartbeat->request;
        if (random.Chance(1, 4)) {
          node.Step(HeartbeatFailed{
              request.session, request.sequence, {ErrorCode::kUnavailable, "lost", ""}});
        } else {
          NodeHeartbeatAnswer answer = Under(3);
          for (const auto& status : request.containers) {
            if (status.state == ContainerState::kComplete) {
              answer.completions_recorded.push_back(status.id);
            }
          }
          node.Step(HeartbeatAnswered{request.session, request.sequence, answer});
        }
      } else if (const auto* localize = std::get_if<Localize>(&action)) {
        if (random.Chance(1, 5)) {
          node.Step(LocalizationFailed{localize->token.id, {ErrorCode::kNotFound, "gone", ""}});
        } else {
          node.Step(LocalizationDone{localize->token.id});
        }
      } else if (const auto* launch = std::get_if<Launch>(&action)) {
        if (random.Chance(1, 5)) {
          node.Step(LaunchFailed{launch->id, {ErrorCode::kNotFound, "no such program", ""}});
        } else {
          live.push_back(launch->id);
          node.Step(Launched{launch->id});
        }
      } else if (const auto* clean = std::get_if<CleanUp>(&action)) {
        node.Step(CleanedUp{clean->id});
      } else if (const auto* change = std::get_if<Transitioned>(&action)) {
        trace += change->id.ToString() + std::string(change->from) + std::string(change->to) + "\n";
      }
    }
  }
  return trace;
}

TEST(NodeManager, RandomLivesKeepTheInvariantsAndAreDeterministic) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    const std::string trace = RandomLife(seed);
    EXPECT_EQ(trace, RandomLife(seed)) << "seed " << seed;
    EXPECT_GT(trace.size(), 1000u) << "seed " << seed;
  }
}

}  // namespace
}  // namespace weir::nm
