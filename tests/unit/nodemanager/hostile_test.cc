// Hostile containers where no cgroups can be had: weir-launch, the subreaper of all that they
// start, has nothing but /proc to find them by.
#include "nodemanager/executor/process_identity.h"
#include "tests/unit/nodemanager/hostile_fixture.h"

namespace weir::nm {
namespace {

using ::testing::IsEmpty;

TEST_F(HostileTest, NobodyGetsAwayWithoutCgroups) {
  int64_t number = 0;
  for (const HostileKind& kind : kHostile) {
    for (const SignalKind signal : {SignalKind::kKill, SignalKind::kTerminate}) {
      SCOPED_TRACE(kind.name);
      StartHostile(++number, kind);
      executor_->SignalContainer(IdOf(number), signal);
      const ExitOutcome outcome = AwaitEnd(number);
      const bool is_asked = signal == SignalKind::kTerminate && !kind.outlives_sigterm;
      EXPECT_EQ(outcome.value, is_asked ? SIGTERM : SIGKILL);
      EXPECT_THAT(ProcessesWith(Mark(number)), IsEmpty());
    }
  }
}

TEST_F(HostileTest, WhatAnEndedProgramLeavesEndsWithItWithoutCgroups) {
  Start(1, Shell("env -i setsid -f sleep " + Mark(1) + "; exit 3"));
  EXPECT_EQ(AwaitEnd(1).value, 3);
  EXPECT_THAT(ProcessesWith(Mark(1)), IsEmpty());
}

// Its launcher can be killed only by its own user or root; then /proc says of a process that has
// neither the container's session nor its environment no more whose it was. docs/nodemanager.md
// tells this limit; with cgroups it is none (CgroupTest).
TEST_F(HostileTest, WithTheLauncherKilledOnlyWhoIsNobodysByAllMarksGetsAwayWithoutCgroups) {
  int64_t number = 0;
  for (const HostileKind& kind : kHostile) {
    SCOPED_TRACE(kind.name);
    StartHostile(++number, kind);
    const pid_t launcher = LauncherOf(number);
    ASSERT_EQ(::kill(launcher, SIGKILL), 0);
    EXPECT_EQ(AwaitEnd(number).kind, ExitKind::kLost);
    const auto survivors = LivingWith(Mark(number));
    EXPECT_EQ(survivors.size(), kind.nobodys);
    for (const ProcessFacts& one : survivors) {
      EXPECT_FALSE(one.names_container);
      EXPECT_NE(one.session, launcher);
      EXPECT_EQ(::kill(one.pid, SIGKILL), 0);
    }
    EXPECT_TRUE(Eventually([&] { return ProcessesWith(Mark(number)).empty(); }));
  }
}

// A chain of processes, each of which lives for some 100 us: whoever looks for them in /proc sees
// those that are gone.
TEST_F(HostileTest, WhoForksAsFastAsItCanIsCaughtWithoutCgroups) {
  int64_t number = 0;
  for (const SignalKind signal : {SignalKind::kKill, SignalKind::kTerminate}) {
    const std::string mark = Mark(++number);
    Start(number,
          Shell("trap '' TERM; perl -e '$| = 1; print \"ready\\n\"; "
                "while (1) { exit 0 if fork(); }' " +
                mark + " & exec sleep " + mark));
    ASSERT_TRUE(Eventually([&] { return Output(number) == "ready\n"; }));
    const auto of_chain = [](const ProcessFacts& one) { return one.arguments[0] == "perl"; };
    ASSERT_TRUE(Eventually([&] { return Count(LivingWith(mark), of_chain) > 0; }));
    executor_->SignalContainer(IdOf(number), signal);
    EXPECT_EQ(AwaitEnd(number).value, SIGKILL);
    EXPECT_THAT(ProcessesWith(mark), IsEmpty());
  }
}

TEST_F(HostileTest, CyclesLeaveNothingWithoutCgroups) {
  RunCycles(CyclesWanted(200));
}

}  // namespace
}  // namespace weir::nm
