// Resizes and signals in the NodeManager's core: every state by every command, as tables, and what
// becomes of them when records, the executor, the session or the NodeManager fail on the way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

constexpr Resource kFull{4096, 4};

NodeHeartbeatAnswer ResizeTo(Resource resource, int64_t number = 11, int64_t container = 1) {
  NodeHeartbeatAnswer answer;
  answer.resize = {{.id = IdOf(container), .resource = std::move(resource), .number = number}};
  return answer;
}

NodeHeartbeatAnswer SignalWith(ContainerSignal signal, int64_t number = 12) {
  NodeHeartbeatAnswer answer;
  answer.signal = {{.id = IdOf(1), .signal = signal, .number = number, .by = "ann"}};
  return answer;
}

class CommandDriver : public CoreDriver {
 public:
  explicit CommandDriver(const CoreOptions& options = SmallNode(), const Recovery& recovery = {})
      : CoreDriver(options, recovery) {}

  // Answers the newest heartbeat that is under way, as the RM does: it ends an older one.
  void Tell(NodeHeartbeatAnswer answer) {
    while (const auto heartbeat = Take<SendHeartbeat>()) sequence = heartbeat->request.sequence;
    while (answered_ + 1 < sequence) {
      Step(HeartbeatFailed{session, ++answered_, {ErrorCode::kAborted, "a newer one came", ""}});
    }
    answered_ = sequence;
    Answer(std::move(answer));
  }
  // As a node that is well does all the time.
  void Live(Duration time) {
    for (const Instant end = now().monotonic + time; now().monotonic < end;) {
      Advance(seconds(10));
      Tell({});
    }
  }
  // Of the heartbeats that went out since, or that follow when those are answered; an error that
  // says so when there is none.
  std::optional<Error> OutcomeOf(int64_t number) {
    for (int round = 0; round < 2; ++round) {
      while (const auto heartbeat = Take<SendHeartbeat>()) {
        sequence = heartbeat->request.sequence;
        for (const CommandOutcome& one : heartbeat->request.outcomes) {
          if (one.number == number) return one.refusal;
        }
      }
      if (round == 0) Tell({});
    }
    return Error{ErrorCode::kInternal, "no outcome was told", ""};
  }
  void Done(int64_t number = 11) { Step(Resized{IdOf(1), number, std::nullopt}); }
  void Fails(int64_t number = 11) {
    Step(Resized{IdOf(1), number, Error{ErrorCode::kFailedPrecondition, "uses more", ""}});
  }

 private:
  int64_t answered_ = 0;  // sequence
};

// --- every state

// Brings container 1 into the state.
void Enter(CommandDriver& node, State state) {
  node.Register();
  if (state == State::kDone) {
    node.Run(1);
    node.End(1);
    return node.Step(CleanedUp{IdOf(1)});
  }
  LaunchContext launch = SleepForEver();
  launch.retry = {.on = RetryOn::kAnyFailure, .max_retries = 1, .interval = seconds(5)};
  node.Step(StartContainer{node.NextCall(), kAttempt, node.Token(1), launch});
  const ExitOutcome failure{.kind = ExitKind::kExited, .value = 3};
  switch (state) {
    case State::kNew:
    case State::kDone:
    case State::kLocalizing:
      return;
    case State::kLocalizationFailed:
      return node.Step(LocalizationFailed{IdOf(1), {ErrorCode::kNotFound, "no file", ""}});
    case State::kScheduled:
      return node.Step(LocalizationDone{IdOf(1)});
    case State::kRunning:
    case State::kExitedWithSuccess:
    case State::kExitedWithFailure:
    case State::kRelaunching:
    case State::kKilling:
    case State::kCleanedUpAfterKill:
      break;
  }
  node.Step(LocalizationDone{IdOf(1)});
  node.Step(Launched{IdOf(1)});
  if (state == State::kExitedWithSuccess) node.Step(Exited{IdOf(1), {}});
  if (state == State::kExitedWithFailure) node.Step(Exited{IdOf(1), failure});
  if (state == State::kRelaunching) node.End(1, failure);
  if (state == State::kKilling || state == State::kCleanedUpAfterKill) node.Stop(1);
  if (state == State::kCleanedUpAfterKill) node.End(1, failure);
  while (node.Take<Signal>()) {
  }
}

class EveryState : public testing::TestWithParam<State> {};

INSTANTIATE_TEST_SUITE_P(Resizes,
                         EveryState,
                         testing::ValuesIn(std::vector<State>(kStates.begin() + 1, kStates.end())),
                         [](const auto& state) { return std::string(StateName(state.param)); });

TEST_P(EveryState, AnswersAResize) {
  CommandDriver node;
  Enter(node, GetParam());
  ASSERT_EQ(node.StateOf(1), GetParam());
  node.Tell(ResizeTo({2048, 2}));
  const bool may = GetParam() == State::kRunning || GetParam() == State::kRelaunching;
  const auto resize = node.Take<Resize>();
  ASSERT_EQ(resize.has_value(), may);
  if (may) {
    EXPECT_EQ(resize->runs, GetParam() == State::kRunning);
    node.Done();
    EXPECT_EQ(node.OutcomeOf(11), std::nullopt);
    EXPECT_EQ(node.StatusOf(1).resource, (Resource{2048, 2}));
    return;
  }
  const auto refusal = node.OutcomeOf(11);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, ErrorCode::kFailedPrecondition) << refusal->message;
  EXPECT_THAT(refusal->message, HasSubstr(IdOf(1).ToString()));
  EXPECT_THAT(refusal->message, HasSubstr(std::string(WhyOf(GetParam(), Trigger::kResize))));
  EXPECT_EQ(node.StatusOf(1).resource, (Resource{1024, 1}));
}

TEST_P(EveryState, AnswersAThreadDump) {
  CommandDriver node;
  Enter(node, GetParam());
  node.Tell(SignalWith(ContainerSignal::kOutputThreadDump));
  const auto signal = node.Take<Signal>();
  EXPECT_EQ(signal.has_value(), GetParam() == State::kRunning);
  if (signal) {
    EXPECT_EQ(signal->kind, SignalKind::kDumpThreads);
  }
  EXPECT_EQ(node.OutcomeOf(12).has_value(), !signal) << "carried out, or refused";
  EXPECT_EQ(node.StateOf(1), GetParam());
}

TEST_P(EveryState, AnswersAGracefulShutdown) {
  CommandDriver node;
  Enter(node, GetParam());
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  const auto signal = node.Take<Signal>();
  EXPECT_EQ(signal.has_value(), GetParam() == State::kRunning);
  if (signal) {
    EXPECT_EQ(signal->kind, SignalKind::kAskToEnd);
  }
  EXPECT_EQ(node.OutcomeOf(12).has_value(), !signal);
  EXPECT_EQ(node.StateOf(1), GetParam()) << "it ends in its own time";
}

TEST_P(EveryState, AnswersAForcefulShutdown) {
  CommandDriver node;
  Enter(node, GetParam());
  const bool complete = node.StatusOf(1).state == ContainerState::kComplete;
  const bool has_process = GetParam() == State::kRunning || GetParam() == State::kKilling ||
                           GetParam() == State::kExitedWithSuccess ||
                           GetParam() == State::kExitedWithFailure;
  node.Tell(SignalWith(ContainerSignal::kForcefulShutdown));
  const auto signal = node.Take<Signal>();
  EXPECT_EQ(signal.has_value(), has_process);
  if (signal) {
    EXPECT_EQ(signal->kind, SignalKind::kKill);
  }
  EXPECT_FALSE(node.Take<Signal>()) << "once";
  EXPECT_EQ(node.OutcomeOf(12).has_value(), complete);
}

TEST(Commands, OfContainersThatAreNotHereAreRefused) {
  CommandDriver node;
  node.Register();
  node.Tell(ResizeTo({2048, 2}));
  EXPECT_EQ(node.OutcomeOf(11)->code, ErrorCode::kNotFound);
  node.Run(1);
  node.End(1);
  node.Step(CleanedUp{IdOf(1)});
  node.Tell(Recorded({IdOf(1)}));
  ASSERT_FALSE(node.core.Find(IdOf(1))) << "it is only remembered";
  node.Tell(SignalWith(ContainerSignal::kForcefulShutdown));
  EXPECT_EQ(node.OutcomeOf(12)->code, ErrorCode::kFailedPrecondition);
}

// --- sizes

struct Refused {
  const char* name;
  Resource resource;
  ErrorCode code;
  const char* words;
};

class RefusedSize : public testing::TestWithParam<Refused> {};

TEST_P(RefusedSize, ChangesNothing) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Run(2);
  ContainerSample sample{.id = IdOf(1), .resident_bytes = int64_t{600} << 20};
  node.Step(UsageSampled{{sample}, {}});
  node.Tell(ResizeTo(GetParam().resource));
  EXPECT_FALSE(node.Take<Resize>());
  const auto refusal = node.OutcomeOf(11);
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->code, GetParam().code) << refusal->message;
  EXPECT_THAT(refusal->message, HasSubstr(GetParam().words));
  EXPECT_EQ(node.core.used(), (Resource{2048, 2}));
  EXPECT_FALSE(node.records.contains(ResizeKey(IdOf(1))));
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    RefusedSize,
    testing::Values(
        Refused{"MoreThanTheNodeHasLeft",
                {3073, 1},
                ErrorCode::kResourceExhausted,
                "its node has <memory:3072, vCores:3> for it"},
        Refused{"MoreVcoresThanItHasLeft", {1024, 4}, ErrorCode::kResourceExhausted, "its node"},
        Refused{"LessThanItUses", {512, 1}, ErrorCode::kFailedPrecondition, "uses 600 MiB"},
        Refused{"Nothing", {0, 1}, ErrorCode::kInvalidArgument, "<memory:0, vCores:1>"},
        Refused{"OtherNamedParts",
                {2048, 1, {{"yarn.io/gpu", 1}}},
                ErrorCode::kInvalidArgument,
                "yarn.io/gpu"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Resizes, BothSizesCountUntilTheLimitsAreChanged) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(ResizeTo({512, 3}));
  EXPECT_EQ(node.core.used(), (Resource{1024, 3}));
  // What is only being given back is not given away yet.
  EXPECT_TRUE(IsError(node.Start(2, {3072 + 512, 1}), ErrorCode::kResourceExhausted));
  node.Done();
  EXPECT_EQ(node.core.used(), (Resource{512, 3}));
  EXPECT_TRUE(std::holds_alternative<NoContent>(node.Start(2, {3072 + 512, 1}).answer));
}

TEST(Resizes, TheNewSizeIsToldWithTheOutcome) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell({});
  node.Tell(ResizeTo({2048, 2}));
  node.Tell({});
  while (node.Take<SendHeartbeat>()) {
  }
  node.Done();
  const auto heartbeat = node.Take<SendHeartbeat>();
  ASSERT_TRUE(heartbeat);
  EXPECT_EQ(heartbeat->request.outcomes.size(), 1u);
  ASSERT_EQ(heartbeat->request.containers.size(), 1u);
  EXPECT_EQ(heartbeat->request.containers[0].resource, (Resource{2048, 2}));
}

TEST(Resizes, AllOfTheNodeCanBeHad) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(ResizeTo(kFull));
  node.Done();
  EXPECT_EQ(node.OutcomeOf(11), std::nullopt);
  EXPECT_EQ(node.core.used(), kFull);
}

TEST(Resizes, WhatTheExecutorRefusesStaysAsItIs) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(ResizeTo({512, 1}));
  ASSERT_TRUE(node.Take<Resize>());
  node.Fails();
  EXPECT_EQ(node.OutcomeOf(11)->message, "uses more");
  EXPECT_EQ(node.StatusOf(1).resource, (Resource{1024, 1}));
  EXPECT_EQ(std::get<ContainerRecord>(node.records.at(ContainerKey(IdOf(1)))).token.resource,
            (Resource{1024, 1}));
}

TEST(Resizes, TheRecordComesFirstAndTheOutcomeLast) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.keep_at_once = false;
  node.Tell(ResizeTo({2048, 2}));
  ASSERT_TRUE(node.records.contains(ResizeKey(IdOf(1))));
  EXPECT_FALSE(node.Take<Resize>()) << "its record is not kept yet";
  node.KeepRecords();
  ASSERT_TRUE(node.Take<Resize>());
  node.Done();
  EXPECT_EQ(node.OutcomeOf(11)->code, ErrorCode::kInternal) << "the new size is not kept yet";
  node.KeepRecords();
  EXPECT_EQ(node.OutcomeOf(11), std::nullopt);
  EXPECT_FALSE(node.records.contains(ResizeKey(IdOf(1))));
}

TEST(Resizes, WithoutARecordNothingIsChanged) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.keep_at_once = false;
  node.Tell(ResizeTo({2048, 2}));
  node.Step(RecordFailed{1'000, {ErrorCode::kResourceExhausted, "disk full", ""}});
  EXPECT_FALSE(node.Take<Resize>());
  EXPECT_THAT(node.OutcomeOf(11)->message, HasSubstr("cannot keep its records: disk full"));
  EXPECT_EQ(node.core.used(), (Resource{1024, 1}));
}

TEST(Resizes, OneThatIsToldTwiceIsDoneOnceAndASecondOneWaits) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(ResizeTo({2048, 2}));
  ASSERT_TRUE(node.Take<Resize>());
  node.Tell(ResizeTo({2048, 2}));
  EXPECT_FALSE(node.Take<Resize>());
  node.Tell(ResizeTo({3072, 2}, 13));
  EXPECT_FALSE(node.Take<Resize>());
  EXPECT_THAT(node.OutcomeOf(13)->message, HasSubstr("is being resized to <memory:2048"));
  node.Done();
  EXPECT_EQ(node.OutcomeOf(11), std::nullopt);
  node.Tell(ResizeTo({2048, 2}, 14));
  EXPECT_FALSE(node.Take<Resize>()) << "it has that size";
  EXPECT_EQ(node.OutcomeOf(14), std::nullopt);
}

TEST(Resizes, AnEndOnTheWayIsToldAndTheLateAnswerChangesNothing) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(ResizeTo({2048, 2}));
  node.End(1);
  EXPECT_THAT(node.OutcomeOf(11)->message, HasSubstr("ended before it was resized"));
  EXPECT_TRUE(node.core.used().IsZero());
  node.Done();
  EXPECT_EQ(node.StatusOf(1).resource, (Resource{1024, 1}));
}

TEST(Resizes, ARetryWaitsUntilItsSizeIsSettled) {
  CommandDriver node;
  Enter(node, State::kRelaunching);
  while (node.Take<Launch>()) {
  }
  node.Tell(ResizeTo({2048, 2}));
  node.Advance(seconds(10));
  EXPECT_FALSE(node.Take<Launch>());
  EXPECT_EQ(node.StateOf(1), State::kRelaunching);
  node.Done();
  EXPECT_TRUE(node.Take<Launch>());
}

TEST(Resizes, TheMemoryMonitorFollowsTheSize) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  const auto use = [&](int64_t mib) {
    ContainerSample sample{.id = IdOf(1),
                           .resident_bytes = mib << 20,
                           .virtual_bytes = mib << 20,
                           .older_resident_bytes = mib << 20};
    node.Step(UsageSampled{{sample}, {}});
  };
  node.Tell(ResizeTo({2048, 1}));
  use(1500);
  EXPECT_EQ(node.StateOf(1), State::kRunning) << "its new limit may be in force already";
  node.Done();
  use(2000);
  EXPECT_EQ(node.StateOf(1), State::kRunning);
  use(2100);
  EXPECT_EQ(node.StateOf(1), State::kKilling);
}

// --- outcomes

TEST(Outcomes, AreToldOnceAndAgainInANewSessionUntilTheyWereHeard) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.Tell(SignalWith(ContainerSignal::kOutputThreadDump));
  EXPECT_EQ(node.OutcomeOf(12), std::nullopt);
  // The RM has not heard it; the next session tells it again, and the signal is not sent again.
  node.Step(HeartbeatFailed{node.session, node.sequence, {ErrorCode::kResync, "who are you", ""}});
  node.Advance(seconds(3));
  ASSERT_TRUE(node.Take<SendRegister>());
  ASSERT_TRUE(node.Take<Signal>());
  ++node.session;
  node.Step(Registered{{Epoch{3}, node.session, seconds(30)}});
  EXPECT_EQ(node.OutcomeOf(12), std::nullopt);
  node.Answer();
  EXPECT_FALSE(node.Take<Signal>());
  EXPECT_EQ(node.OutcomeOf(12)->code, ErrorCode::kInternal) << "it has been heard";
}

TEST(Outcomes, ANumberThatIsStillToBeToldIsNotActedOnAgain) {
  CommandDriver node;
  node.Register();
  node.Run(1);
  node.keep_at_once = false;
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  node.KeepRecords();
  ASSERT_TRUE(node.Take<Signal>());
  EXPECT_FALSE(node.Take<Signal>());
}

// --- ends

TEST(Signals, AGracefulEndIsToldAsOne) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  node.Live(seconds(90));
  EXPECT_EQ(node.StateOf(1), State::kRunning) << "as long as it wants";
  node.End(1, {.kind = ExitKind::kExited, .value = 4});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kTerminated);
  EXPECT_EQ(node.StatusOf(1).diagnostics,
            "asked to end with GRACEFUL_SHUTDOWN by ann; exit status 4 90000 ms after the request");
  EXPECT_EQ(node.StateOf(1), State::kExitedWithFailure) << "and not retried";
}

TEST(Signals, AForcefulEndIsToldAsOne) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Tell(SignalWith(ContainerSignal::kForcefulShutdown));
  node.Advance(milliseconds(3));
  node.End(1, {.kind = ExitKind::kSignaled, .value = 9});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kForceKilled);
  EXPECT_EQ(node.StatusOf(1).diagnostics,
            "killed with FORCEFUL_SHUTDOWN by ann; died of SIGKILL 3 ms after the request");
}

TEST(Signals, WhatStopsItAfterAGracefulRequestIsTheCause) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  node.Take<Signal>();
  node.Tell(StopCommand(IdOf(1), StopReason::kPreempted));
  EXPECT_EQ(node.StateOf(1), State::kKilling);
  ASSERT_TRUE(node.Take<Signal>());
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kPreempted);
}

TEST(Signals, AForcefulOneCutsTheGraceOfAStopShort) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Stop(1);
  while (node.Take<Signal>()) {
  }
  node.Tell(SignalWith(ContainerSignal::kForcefulShutdown));
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kKill);
  node.End(1, {.kind = ExitKind::kSignaled, .value = 9});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kKilledByApplicationMaster)
      << "the first cause counts";
}

TEST(Signals, WantOfMemoryIsNoObedience) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  ExitOutcome outcome{.kind = ExitKind::kSignaled, .value = 9};
  outcome.group =
      GroupMemory{.peak_mib = 1024, .limit_mib = 1024, .oom_kills = 1, .at_own_limit = true};
  node.End(1, outcome);
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kPhysicalMemoryExceeded);
}

TEST(Signals, TheLeaseEndsAlsoForWhatTakesItsTime) {
  CommandDriver node;
  Enter(node, State::kRunning);
  node.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  node.Advance(seconds(60));
  EXPECT_EQ(node.StateOf(1), State::kKilling);
}

// --- the next NodeManager

TEST(CommandRecovery, AResizeOnItsWayIsDoneAgainUnderItsNumber) {
  CommandDriver before;
  before.Register();
  before.Run(1);
  before.Tell(ResizeTo({2048, 2}));
  Recovery recovery = before.Records();
  recovery.containers.at(0).found.found = Found::kRunning;
  recovery.containers.at(0).resize = std::get<ResizeRecord>(before.records.at(ResizeKey(IdOf(1))));
  CommandDriver node(SmallNode(), recovery);
  const auto resize = node.Take<Resize>();
  ASSERT_TRUE(resize);
  EXPECT_EQ(resize->number, 11);
  EXPECT_EQ(resize->resource, (Resource{2048, 2}));
  EXPECT_EQ(node.core.used(), (Resource{2048, 2})) << "it may have grown already";
  node.Register();
  node.Done();
  EXPECT_EQ(node.OutcomeOf(11), std::nullopt);
  EXPECT_EQ(node.StatusOf(1).resource, (Resource{2048, 2}));
}

TEST(CommandRecovery, TheSizeOutlivesTheNodeManager) {
  CommandDriver before;
  before.Register();
  before.Run(1);
  before.Tell(ResizeTo({2048, 2}));
  before.Done();
  Recovery recovery = before.Records();
  recovery.containers.at(0).found.found = Found::kRunning;
  CommandDriver node(SmallNode(), recovery);
  EXPECT_FALSE(node.Take<Resize>());
  EXPECT_EQ(node.StatusOf(1).resource, (Resource{2048, 2}));
  EXPECT_EQ(node.Take<Reacquire>()->token.resource, (Resource{2048, 2}));
}

TEST(CommandRecovery, AResizeOfWhatHasEndedMeanwhileIsForgotten) {
  CommandDriver before;
  before.Register();
  before.Run(1);
  before.Tell(ResizeTo({2048, 2}));
  Recovery recovery = before.Records();
  recovery.containers.at(0).found.found = Found::kEnded;
  recovery.containers.at(0).found.outcome = ExitOutcome{};
  recovery.containers.at(0).resize = std::get<ResizeRecord>(before.records.at(ResizeKey(IdOf(1))));
  CommandDriver node(SmallNode(), recovery);
  EXPECT_FALSE(node.Take<Resize>());
  EXPECT_TRUE(node.core.used().IsZero());
}

TEST(CommandRecovery, AGracefulRequestIsRememberedAndMadeAgain) {
  CommandDriver before;
  before.Register();
  before.Run(1);
  before.Tell(SignalWith(ContainerSignal::kGracefulShutdown));
  Recovery recovery = before.Records();
  recovery.containers.at(0).found.found = Found::kRunning;
  CommandDriver node(SmallNode(), recovery);
  EXPECT_EQ(node.StateOf(1), State::kRunning);
  EXPECT_EQ(node.Take<Signal>()->kind, SignalKind::kAskToEnd);
  node.Register();
  node.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node.StatusOf(1).exit_code, exit_code::kTerminated);
  EXPECT_THAT(node.StatusOf(1).diagnostics, HasSubstr("by ann; died of SIGTERM"));
}

}  // namespace
}  // namespace weir::nm
