// Starting failed containers again in their place: the ledger by table, then the whole core.
#include "nodemanager/core/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core_driver.h"

namespace weir::nm {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

RetryPolicy Any(int32_t retries, Duration interval = seconds(3), Duration validity = {}) {
  return {.on = RetryOn::kAnyFailure,
          .max_retries = retries,
          .interval = interval,
          .validity = validity};
}
RetryPolicy On(std::vector<int32_t> codes, int32_t retries = 5) {
  return {.on = RetryOn::kExitCodes, .exit_codes = std::move(codes), .max_retries = retries};
}

struct Covered {
  const char* name;
  RetryPolicy policy;
  int exit_code;
  bool retried;
};
class WhatIsRetried : public testing::TestWithParam<Covered> {};

TEST_P(WhatIsRetried, IsDecidedByThePolicyAndTheExitCode) {
  RetryLedger ledger(GetParam().policy);
  const auto decision = ledger.OnFailure(GetParam().exit_code, seconds(1), Instant(seconds(9)));
  EXPECT_EQ(decision.has_value(), GetParam().retried);
  EXPECT_EQ(ledger.count(), GetParam().retried ? 1 : 0);
}

INSTANTIATE_TEST_SUITE_P(
    Table,
    WhatIsRetried,
    testing::Values(Covered{"nothing by default", {}, 1, false},
                    Covered{"nothing, with a count", {.max_retries = 9}, 1, false},
                    Covered{"a status", Any(5), 1, true},
                    Covered{"a signal", Any(5), 139, true},
                    Covered{"an end that nobody saw", Any(5), exit_code::kLost, true},
                    Covered{"success", Any(5), exit_code::kSuccess, false},
                    Covered{"no retries", Any(0), 1, false},
                    Covered{"memory", Any(5), exit_code::kPhysicalMemoryExceeded, false},
                    Covered{"virtual", Any(5), exit_code::kVirtualMemoryExceeded, false},
                    Covered{"disks", Any(5), exit_code::kDisksFailed, false},
                    Covered{"logs", Any(5), exit_code::kExcessLogs, false},
                    Covered{"unlaunched", Any(5), exit_code::kLaunchFailed, false},
                    Covered{"a code of the list", On({3, 75}), 75, true},
                    Covered{"a code beside the list", On({3, 75}), 1, false},
                    Covered{"an empty list", On({}), 1, false},
                    Covered{"memory in the list", On({-104}), -104, false}),
    [](const auto& row) {
      std::string name = row.param.name;
      for (char& c : name) {
        if (c == ' ' || c == ',') c = '_';
      }
      return name;
    });

TEST(RetryLedger, EndsAtItsBoundAndSaysSo) {
  RetryLedger ledger(Any(2));
  const auto first = ledger.OnFailure(1, seconds(1), Instant(seconds(1)));
  ASSERT_TRUE(first);
  EXPECT_EQ(first->words, "retry 1 of 2");
  EXPECT_EQ(first->wait, seconds(3));
  EXPECT_EQ(ledger.OnFailure(1, seconds(1), Instant(seconds(2)))->words, "retry 2 of 2");
  EXPECT_FALSE(ledger.OnFailure(1, seconds(1), Instant(seconds(3))));
  EXPECT_EQ(ledger.Summary(),
            "started again in its place 2 times, and no more: its retry policy allows 2");
}

TEST(RetryLedger, NeverGoesFasterThanTheNodeAllows) {
  RetryLedger ledger(Any(RetryPolicy::kForEver, Duration{0}));
  for (int i = 1; i <= 3000; ++i) {
    const auto decision = ledger.OnFailure(1, seconds(1), Instant(seconds(i)));
    ASSERT_TRUE(decision);
    EXPECT_EQ(decision->wait, seconds(1));
    EXPECT_EQ(decision->words, "retry " + std::to_string(i));
  }
  EXPECT_EQ(ledger.Summary(), "started again in its place 3000 times");
}

TEST(RetryLedger, FailuresLongAgoDoNotCount) {
  RetryLedger ledger(Any(2, seconds(3), seconds(60)));
  EXPECT_TRUE(ledger.OnFailure(1, seconds(1), Instant(seconds(0))));
  EXPECT_TRUE(ledger.OnFailure(1, seconds(1), Instant(seconds(50))));
  const auto third = ledger.OnFailure(1, seconds(1), Instant(seconds(61)));
  ASSERT_TRUE(third) << "the first is older than the validity";
  EXPECT_EQ(third->words, "retry 2 of 2");
  EXPECT_FALSE(ledger.OnFailure(1, seconds(1), Instant(seconds(62))));
  EXPECT_THAT(ledger.Summary(), AllOf(HasSubstr("3 times"), HasSubstr("allows 2 in 60 s")));
}

TEST(RetryLedger, RemembersABoundedNumber) {
  RetryLedger ledger(Any(1'000'000, seconds(3), seconds(1'000'000)));
  size_t retried = 0;
  while (retried < 5000 && ledger.OnFailure(1, seconds(1), Instant(seconds(1)))) ++retried;
  EXPECT_EQ(retried, kRememberedRetries);
}

// --- the core
class RetryInPlace : public testing::Test {
 protected:
  RetryInPlace() { node_.Register(); }
  void Run(const RetryPolicy& policy) {
    const CallId call = node_.NextCall();
    LaunchContext launch = SleepForEver();
    launch.retry = policy;
    node_.Step(StartContainer{call, kAttempt, node_.Token(1), launch});
    ASSERT_TRUE(std::holds_alternative<NoContent>(node_.ReplyTo(call).answer));
    ASSERT_TRUE(node_.Take<Localize>());
    node_.Step(LocalizationDone{IdOf(1)});
    ASSERT_TRUE(node_.Take<Launch>());
    node_.Step(Launched{IdOf(1)});
  }
  void Fail(int status = 7) { node_.End(1, {.kind = ExitKind::kExited, .value = status}); }
  void Relaunch() {
    ASSERT_TRUE(node_.Take<Launch>());
    EXPECT_EQ(node_.StateOf(1), State::kScheduled);
    node_.Step(Launched{IdOf(1)});
    EXPECT_EQ(node_.StateOf(1), State::kRunning);
  }
  CoreDriver node_;
};

TEST_F(RetryInPlace, GoesFromTheFailureThroughTheIntervalToTheSameContainerRunning) {
  Run(Any(2));
  node_.Step(Exited{IdOf(1), {.kind = ExitKind::kExited, .value = 7}});
  EXPECT_EQ(node_.StateOf(1), State::kExitedWithFailure);
  node_.Step(Drained{IdOf(1)});
  EXPECT_EQ(node_.StateOf(1), State::kRelaunching);
  EXPECT_EQ(node_.StatusOf(1).state, ContainerState::kRunning) << "it has not ended for others";
  EXPECT_EQ(node_.StatusOf(1).detail, "retry 1 of 2 in 3 s");
  EXPECT_EQ(node_.core.used(), (Resource{1024, 1})) << "its place is kept";
  EXPECT_FALSE(node_.Take<CleanUp>());
  node_.Advance(milliseconds(2999));
  EXPECT_FALSE(node_.Take<Launch>());
  node_.Advance(milliseconds(1));
  Relaunch();
  EXPECT_EQ(node_.StatusOf(1).detail, "");

  Fail();
  EXPECT_EQ(node_.StatusOf(1).detail, "retry 2 of 2 in 3 s");
  node_.Advance(seconds(3));
  Relaunch();
  Fail();
  EXPECT_EQ(node_.StateOf(1), State::kExitedWithFailure);
  EXPECT_TRUE(node_.Take<CleanUp>());
  EXPECT_EQ(node_.StatusOf(1).exit_code, 7);
  EXPECT_THAT(node_.StatusOf(1).diagnostics,
              AllOf(StartsWith("started again in its place 2 times"), HasSubstr("exit status 7")));
}

TEST_F(RetryInPlace, TheResourceManagerIsToldWhatItWaitsFor) {
  Run(Any(5));
  while (node_.Take<SendHeartbeat>()) {
  }
  node_.sequence = 1;
  node_.Answer();
  while (node_.Take<SendHeartbeat>()) {
  }
  Fail();
  const auto told = node_.Take<SendHeartbeat>();
  ASSERT_TRUE(told);
  ASSERT_EQ(told->request.containers.size(), 1u);
  EXPECT_EQ(told->request.containers[0].state, ContainerState::kRunning);
  EXPECT_EQ(told->request.containers[0].detail, "retry 1 of 5 in 3 s");
}

TEST_F(RetryInPlace, ASuccessAfterARetryIsASuccessThatSaysSo) {
  Run(Any(5));
  Fail();
  node_.Advance(seconds(3));
  Relaunch();
  node_.End(1);
  EXPECT_EQ(node_.StatusOf(1).exit_code, 0);
  EXPECT_EQ(node_.StatusOf(1).diagnostics, "started again in its place 1 time");
}

TEST_F(RetryInPlace, AStopInTheIntervalWins) {
  Run(Any(5));
  Fail();
  node_.Stop(1);
  EXPECT_EQ(node_.StateOf(1), State::kCleanedUpAfterKill);
  EXPECT_EQ(node_.StatusOf(1).exit_code, exit_code::kKilledByApplicationMaster);
  EXPECT_THAT(node_.StatusOf(1).diagnostics, HasSubstr("while it waited to be started again"));
  EXPECT_TRUE(node_.Take<CleanUp>());
  node_.Advance(seconds(30));
  EXPECT_FALSE(node_.Take<Launch>());
}

TEST_F(RetryInPlace, AStopBetweenTheExitAndTheLastProcessWinsToo) {
  Run(Any(5));
  node_.Step(Exited{IdOf(1), {.kind = ExitKind::kExited, .value = 7}});
  node_.Stop(1);
  node_.Step(Drained{IdOf(1)});
  EXPECT_EQ(node_.StateOf(1), State::kExitedWithFailure);
  EXPECT_EQ(node_.StatusOf(1).exit_code, 7) << "the first cause counts";
  EXPECT_TRUE(node_.Take<CleanUp>());
}

TEST_F(RetryInPlace, AStopOfARunningOneIsNoFailureToRetry) {
  Run(Any(5));
  node_.Stop(1);
  node_.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node_.StateOf(1), State::kCleanedUpAfterKill);
  EXPECT_EQ(node_.StatusOf(1).exit_code, exit_code::kKilledByApplicationMaster);
}

TEST_F(RetryInPlace, AStopWhileItIsBeingStartedAgainWins) {
  Run(Any(5));
  Fail();
  node_.Advance(seconds(3));
  ASSERT_TRUE(node_.Take<Launch>());
  node_.Stop(1);
  EXPECT_EQ(node_.StateOf(1), State::kKilling);
  node_.Step(Launched{IdOf(1)});
  EXPECT_TRUE(node_.Take<Signal>());
  node_.End(1, {.kind = ExitKind::kSignaled, .value = 15});
  EXPECT_EQ(node_.StateOf(1), State::kCleanedUpAfterKill);
}

TEST_F(RetryInPlace, WhatCannotBeStartedTheSecondTimeIsNotTriedAThird) {
  Run(Any(5));
  Fail();
  node_.Advance(seconds(3));
  node_.Step(LaunchFailed{IdOf(1), {ErrorCode::kNotFound, "the program is gone", ""}});
  EXPECT_EQ(node_.StatusOf(1).exit_code, exit_code::kLaunchFailed);
  EXPECT_THAT(node_.StatusOf(1).diagnostics,
              AllOf(HasSubstr("1 time"), HasSubstr("the program is gone")));
}

TEST_F(RetryInPlace, AShutdownDoesNotWaitForRetries) {
  Run(Any(5));
  Fail();
  node_.Step(ShutDown{});
  EXPECT_EQ(node_.StatusOf(1).exit_code, exit_code::kAborted);
}

TEST_F(RetryInPlace, ARepeatedStartInTheIntervalIsHarmless) {
  Run(Any(5));
  Fail();
  EXPECT_TRUE(std::holds_alternative<NoContent>(node_.Start(1).answer));
  EXPECT_EQ(node_.StateOf(1), State::kRelaunching);
}

}  // namespace
}  // namespace weir::nm
