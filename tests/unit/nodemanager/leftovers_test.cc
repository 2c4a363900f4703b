#include "nodemanager/executor/leftovers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "executor_fixture.h"
#include "nodemanager/executor/resource_notes.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class LeftoversTest : public ExecutorTest {
 protected:
  static RecoveredContainer Recorded(int64_t number, RecordedPhase phase) {
    RecoveredContainer container;
    container.record.token = Token(number);
    container.record.phase = phase;
    container.launch = Shell("");
    return container;
  }
  // The NodeManager dies and looks what there is.
  Recovery Restarted(std::vector<RecoveredContainer> containers,
                     Duration delete_delay = Duration{0}) {
    executor_.reset();
    Recovery recovery{.containers = std::move(containers)};
    const Status status = FindLeftovers(files_, directories_, seconds(20), recovery, delete_delay);
    EXPECT_TRUE(status.ok());
    Restart();
    return recovery;
  }
  LaunchNotes Notes(int64_t number) { return {files_, directories_.Notes(IdOf(number))}; }
  void AwaitLauncherEnd(int64_t number) {
    EXPECT_TRUE(testing::WaitUntil([&] { return !OpenProcess(*Notes(number).ReadLauncher()).ok(); },
                                   "the launcher's end"));
  }
  void AwaitFile(const std::string& path) {
    EXPECT_TRUE(testing::WaitUntil([&] { return files_.Stat(path).ok(); }, path));
  }
};

TEST_F(LeftoversTest, ARunningContainerIsLeftAloneAndItsEndIsSeenByTheNext) {
  Start(1, Shell("until [ -e go ]; do sleep 0.02; done; echo late >&2; exit 6"));
  const Recovery found = Restarted({Recorded(1, RecordedPhase::kLaunched)});
  EXPECT_EQ(found.containers[0].found.found, Found::kRunning);
  EXPECT_THAT(found.ended, SizeIs(0));
  executor_->Reacquire(Token(1), Shell(""), true);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.kind, ExitKind::kExited);
  EXPECT_EQ(outcome.value, 6);
  EXPECT_EQ(outcome.stderr_tail, "late\n");
  EXPECT_FALSE(box_.Has<LaunchFailed>());
}

TEST_F(LeftoversTest, AReacquiredContainerIsSignalledAsAnyOther) {
  Start(1, Shell("trap 'exit 7' TERM; touch ready; while :; do sleep 0.02; done"));
  Start(2, Shell("trap '' TERM; setsid sleep 1000 & sleep 1000"));
  AwaitFile(Work(1) + "/ready");
  Restarted({Recorded(1, RecordedPhase::kLaunched), Recorded(2, RecordedPhase::kLaunched)});
  executor_->Reacquire(Token(1), Shell(""), true);
  executor_->Reacquire(Token(2), Shell(""), true);
  executor_->SignalContainer(IdOf(1), SignalKind::kTerminate);
  EXPECT_EQ(AwaitEnd(1).value, 7);
  executor_->SignalContainer(IdOf(2), SignalKind::kKill);
  EXPECT_EQ(AwaitEnd(2).value, SIGKILL);
  EXPECT_THAT(FindStrays(IdOf(2), 0), ElementsAre());
}

TEST_F(LeftoversTest, WhatEndedMeanwhileHasItsOwnExitCode) {
  Start(1, Shell("echo why >&2; exit 9"));
  Start(2, Shell("kill -SEGV $$"));
  AwaitEnd(1);
  AwaitEnd(2);
  const Recovery found =
      Restarted({Recorded(1, RecordedPhase::kLaunched), Recorded(2, RecordedPhase::kAccepted)});
  ASSERT_EQ(found.containers[0].found.found, Found::kEnded);
  EXPECT_EQ(found.containers[0].found.outcome->value, 9);
  EXPECT_EQ(found.containers[0].found.outcome->stderr_tail, "why\n");
  ASSERT_EQ(found.containers[1].found.found, Found::kEnded) << "its start was not recorded yet";
  EXPECT_EQ(found.containers[1].found.outcome->kind, ExitKind::kSignaled);
  EXPECT_EQ(found.containers[1].found.outcome->value, SIGSEGV);
  EXPECT_TRUE(files_.Stat(Work(1)).ok()) << "it is cleaned up as any other";
}

TEST_F(LeftoversTest, AnEndBetweenLookingAndWatchingIsSeenToo) {
  Start(1, Shell("until [ -e go ]; do sleep 0.02; done; exit 4"));
  Restarted({Recorded(1, RecordedPhase::kLaunched)});
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  AwaitFile(directories_.Notes(IdOf(1)) + "/exit");
  AwaitLauncherEnd(1);
  executor_->Reacquire(Token(1), Shell(""), true);
  EXPECT_EQ(AwaitEnd(1).value, 4);
}

TEST_F(LeftoversTest, AProgramThatCouldNotBeStartedIsALaunchFailure) {
  LaunchContext launch;
  launch.command = {"/no/such/program"};
  Localize(1, launch);
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  executor_->Launch(IdOf(1));
  AwaitFile(directories_.Notes(IdOf(1)) + "/exit");
  AwaitLauncherEnd(1);
  RecoveredContainer record = Recorded(1, RecordedPhase::kAccepted);
  record.launch = launch;
  const Recovery found = Restarted({record});
  ASSERT_EQ(found.containers[0].found.found, Found::kEnded);
  ASSERT_TRUE(found.containers[0].found.failure);
  EXPECT_THAT(found.containers[0].found.failure->message, HasSubstr("/no/such/program"));
}

TEST_F(LeftoversTest, WhatWasNeverLaunchedBeginsAnew) {
  Localize(1, Shell("true"));
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  Localize(2, Shell("true"));
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(2)));
  ASSERT_TRUE(Notes(2).WritePlan({}).ok()) << "it died just before it started weir-launch";
  const Recovery found =
      Restarted({Recorded(1, RecordedPhase::kAccepted), Recorded(2, RecordedPhase::kAccepted)});
  EXPECT_EQ(found.containers[0].found.found, Found::kNothing);
  EXPECT_EQ(found.containers[1].found.found, Found::kNothing);
  EXPECT_EQ(files_.Stat(Work(1)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.Stat(directories_.Notes(IdOf(2))).error().code, ErrorCode::kNotFound);
  Start(1, Shell("exit 3"));
  EXPECT_EQ(AwaitEnd(1).value, 3);
}

// The NodeManager died between starting weir-launch and noting which process that is.
TEST_F(LeftoversTest, ALauncherThatWasNotNotedIsFound) {
  Start(1, Shell("until [ -e go ]; do sleep 0.02; done; exit 8"));
  const auto launcher = Notes(1).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  const Recovery found = Restarted({Recorded(1, RecordedPhase::kAccepted)});
  EXPECT_EQ(found.containers[0].found.found, Found::kRunning);
  ASSERT_TRUE(Notes(1).ReadLauncher());
  EXPECT_EQ(Notes(1).ReadLauncher()->pid, launcher->pid);
  executor_->Reacquire(Token(1), Shell(""), true);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_EQ(AwaitEnd(1).value, 8);
}

TEST_F(LeftoversTest, ALauncherKilledWithItsNodeManagerLeavesNothingAndIsLost) {
  Start(1, Shell("setsid sleep 1000 & sleep 1000"));
  executor_.reset();
  const auto launcher = Notes(1).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_EQ(::kill(launcher->pid, SIGKILL), 0);
  AwaitLauncherEnd(1);
  const Recovery found = Restarted({Recorded(1, RecordedPhase::kLaunched)});
  ASSERT_EQ(found.containers[0].found.found, Found::kEnded);
  EXPECT_EQ(found.containers[0].found.outcome->kind, ExitKind::kLost);
  EXPECT_THAT(FindStrays(IdOf(1), 0), ElementsAre());
}

// The NodeManager died on the way from one start of a container to the next, in its place.
class RetryLeftovers : public LeftoversTest {
 protected:
  RetryLeftovers() {
    Start(1,
          Shell("test -e failed || { touch failed; exit 3; }; "
                "until [ -e go ]; do sleep 0.02; done; exit 4"));
    EXPECT_EQ(AwaitEnd(1).value, 3);
  }
  void Retry() {
    executor_->Launch(nm::Launch{IdOf(1), {}, 1});
    EXPECT_TRUE(box_.Await<Launched>(IdOf(1)));
  }
  void Go() { EXPECT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok()); }
  FoundContainer FoundAfter(int64_t recorded) {
    RecoveredContainer container = Recorded(1, RecordedPhase::kLaunched);
    container.record.retries = recorded;
    return Restarted({container}).containers[0].found;
  }
  void ExpectEnd(const FoundContainer& found, int64_t retry, int value) {
    EXPECT_EQ(found.found, Found::kEnded);
    EXPECT_EQ(found.retry, retry);
    ASSERT_TRUE(found.outcome && found.outcome->kind == ExitKind::kExited);
    EXPECT_EQ(found.outcome->value, value);
  }
  LaunchPlan Plan() {
    LaunchPlan plan;
    plan.directory = Work(1);
    plan.log_directory = directories_.Log(IdOf(1));
    plan.command = {"true"};
    plan.retry = 1;
    return plan;
  }
};

TEST_F(RetryLeftovers, BeforeAnythingOfItTheEndBeforeIsFound) {
  ExpectEnd(FoundAfter(1), 0, 3);
}

TEST_F(RetryLeftovers, BeforeItsSpecTheEndBeforeIsFound) {
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  ExpectEnd(FoundAfter(1), 0, 3);
}

TEST_F(RetryLeftovers, BeforeItsLauncherTheEndBeforeIsFound) {
  ASSERT_TRUE(Notes(1).WritePlan(Plan()).ok());
  ExpectEnd(FoundAfter(1), 0, 3);
}

TEST_F(RetryLeftovers, AlsoWhenNobodySawThatEnd) {
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/exit").ok());
  ASSERT_TRUE(Notes(1).WritePlan(Plan()).ok());
  const FoundContainer found = FoundAfter(1);
  EXPECT_EQ(found.retry, 0);
  EXPECT_EQ(found.outcome->kind, ExitKind::kLost);
}

TEST_F(RetryLeftovers, ItIsFoundWhenItRunsAndItsRecordDoesNotSaySo) {
  Retry();
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  const FoundContainer found = FoundAfter(0);
  EXPECT_EQ(found.found, Found::kRunning);
  EXPECT_EQ(found.retry, 1);
  executor_->Reacquire(Token(1), Shell(""), true);
  Go();
  EXPECT_EQ(AwaitEnd(1).value, 4);
}

TEST_F(RetryLeftovers, ItsOwnEndIsFound) {
  Retry();
  Go();
  EXPECT_EQ(AwaitEnd(1).value, 4);
  EXPECT_FALSE(files_.Stat(directories_.Notes(IdOf(1)) + "/exit").ok()) << "there is a newer one";
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  ExpectEnd(FoundAfter(1), 1, 4);
}

TEST_F(RetryLeftovers, WithItsLauncherKilledItIsLostAndNotTheOneBefore) {
  Retry();
  executor_.reset();
  const auto launcher = Notes(1).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_EQ(::kill(launcher->pid, SIGKILL), 0);
  AwaitLauncherEnd(1);
  const FoundContainer found = FoundAfter(1);
  EXPECT_EQ(found.retry, 1);
  EXPECT_EQ(found.outcome->kind, ExitKind::kLost);
}

// Both were killed before its process was noted, and by now nothing of it is left.
TEST_F(RetryLeftovers, WithNothingLeftOfItItIsLostAndNotMadeASecondTime) {
  Retry();
  executor_.reset();
  const auto launcher = Notes(1).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_EQ(::kill(launcher->pid, SIGKILL), 0);
  AwaitLauncherEnd(1);
  Go();
  ASSERT_TRUE(testing::WaitUntil([] { return FindStrays(IdOf(1), 0).empty(); }, "its end"));
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  const FoundContainer found = FoundAfter(1);
  EXPECT_EQ(found.found, Found::kEnded);
  EXPECT_EQ(found.retry, 1);
  EXPECT_EQ(found.outcome->kind, ExitKind::kLost);
}

// A disk that does not say whether it has begun: once too few is better than once too often.
TEST_F(RetryLeftovers, WhereTheNoteOfItsBeginningCannotBeLookedAtItIsLost) {
  ASSERT_TRUE(Notes(1).WritePlan(Plan()).ok());
  EXPECT_FALSE(Notes(1).MayHaveBegun(1));
  executor_.reset();
  weir::testing::FaultyFileSystem faulty(files_);
  faulty.FailPaths("/exit-1", {ErrorCode::kUnavailable, "Input/output error", ""});
  RecoveredContainer container = Recorded(1, RecordedPhase::kLaunched);
  container.record.retries = 1;
  Recovery recovery{.containers = {container}};
  ASSERT_TRUE(FindLeftovers(faulty, directories_, seconds(20), recovery).ok());
  EXPECT_EQ(recovery.containers[0].found.retry, 1);
  EXPECT_EQ(recovery.containers[0].found.outcome->kind, ExitKind::kLost);
  Restart();
}

// --- other versions

TEST_F(LeftoversTest, WhatANewerReleaseHasWrittenIsNotTouched) {
  Start(1, Shell("sleep 1000"));
  Start(2, Shell("sleep 1000"));
  executor_.reset();
  const std::string spec = directories_.Notes(IdOf(2)) + "/spec";
  const std::string written = *files_.ReadFile(spec, 1 << 20);
  ASSERT_TRUE(written.starts_with("weir-launch 1\n1\n"));
  ASSERT_TRUE(platform::WriteFileAtomically(
                  files_, spec, "weir-launch 2\n12\nnew-key 1\nx\n" + written.substr(16), 0600)
                  .ok());
  Recovery recovery{.containers = {Recorded(1, RecordedPhase::kLaunched)}};
  const Status refused = FindLeftovers(files_, directories_, seconds(20), recovery);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message,
              ::testing::AllOf(HasSubstr(directories_.Notes(IdOf(2))),
                               HasSubstr("are of version 12"),
                               HasSubstr("knows up to 1")));
  EXPECT_THAT(refused.error().remedy, HasSubstr("start the release that wrote them"));
  // Also the one without a record, which would be ended.
  EXPECT_THAT(FindStrays(IdOf(1), 0), ::testing::Not(SizeIs(0)));
  EXPECT_THAT(FindStrays(IdOf(2), 0), ::testing::Not(SizeIs(0)));
  EXPECT_TRUE(files_.Stat(Work(2)).ok());
  // The newer one, as it were, comes back.
  ASSERT_TRUE(platform::WriteFileAtomically(files_, spec, written, 0600).ok());
  Restarted({});
  EXPECT_THAT(FindStrays(IdOf(1), 0), SizeIs(0));
}

TEST_F(LeftoversTest, WhatIsOverMayBeOfAnyVersion) {
  ASSERT_TRUE(files_.MakeDirectories(directories_.Notes(IdOf(1)), 0700).ok());
  ASSERT_TRUE(platform::WriteFileAtomically(
                  files_, directories_.Notes(IdOf(1)) + "/spec", "weir-launch 1\n2\n", 0600)
                  .ok());
  ASSERT_TRUE(Notes(1).WriteForgotten().ok());
  Recovery recovery;
  EXPECT_TRUE(FindLeftovers(files_, directories_, seconds(20), recovery).ok());
  EXPECT_FALSE(files_.Stat(directories_.Notes(IdOf(1))).ok());
}

TEST_F(LeftoversTest, AnotherProcessWithTheLaunchersPidIsLeftAlone) {
  Start(1, Shell("exit 0"));
  AwaitEnd(1);
  auto self = IdentifyProcess(::getpid());
  ASSERT_TRUE(self);
  self->start_ticks -= 1;
  ASSERT_TRUE(Notes(1).WriteLauncher(*self).ok());
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/exit").ok());
  const Recovery found = Restarted({Recorded(1, RecordedPhase::kLaunched)});  // and this still runs
  EXPECT_EQ(found.containers[0].found.found, Found::kEnded);
  const Recovery stranger = Restarted({});
  EXPECT_THAT(stranger.ended, SizeIs(1));
}

TEST_F(LeftoversTest, WithoutARecordContainersAreEndedAndTheirDirectoriesRemoved) {
  Start(1, Shell("sleep 1000 & sleep 1000"));
  Start(2, Shell("exit 9"));
  AwaitEnd(2);
  const Recovery found = Restarted({});
  ASSERT_THAT(found.ended, SizeIs(2));
  EXPECT_EQ(found.ended[0].id, IdOf(1));
  EXPECT_EQ(found.ended[0].exit_code, exit_code::kAborted);
  EXPECT_THAT(found.ended[0].diagnostics, HasSubstr("its processes were killed"));
  EXPECT_EQ(found.ended[1].exit_code, 9);
  EXPECT_THAT(FindStrays(IdOf(1), 0), ElementsAre());
  EXPECT_EQ(files_.Stat(Work(1)).error().code, ErrorCode::kNotFound);
  EXPECT_TRUE(files_.Stat(directories_.Notes(IdOf(1))).ok()) << "not recorded by the RM yet";
  executor_->Forget(IdOf(1));
  executor_->CleanUp(IdOf(1));
  ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(1)));
  EXPECT_TRUE(testing::WaitUntil([&] { return !files_.Stat(directories_.Notes(IdOf(1))).ok(); },
                                 "its notes to go"));
}

TEST_F(LeftoversTest, OnlyDirectoriesOfLivingContainersStay) {
  Start(1, Shell("sleep 1000"));
  Start(2, Shell("exit 0"));
  AwaitEnd(2);
  ASSERT_TRUE(
      files_.MakeDirectories(temporary_.path() + "/local/usercache/bob/appcache/x", 0700).ok());
  Restarted({Recorded(1, RecordedPhase::kLaunched), Recorded(2, RecordedPhase::kForgotten)});
  EXPECT_TRUE(files_.Stat(Work(1)).ok());
  EXPECT_EQ(files_.Stat(Work(2)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(files_.Stat(directories_.Notes(IdOf(2))).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(files_.Stat(temporary_.path() + "/local/usercache/bob").ok());
  executor_->Reacquire(Token(1), Shell(""), true);
  executor_->SignalContainer(IdOf(1), SignalKind::kKill);
  AwaitEnd(1);
}

// The cache says what of it goes, by the notes of who uses it.
TEST_F(LeftoversTest, CachedResourcesStayAndAreUsedByWhoLivesOn) {
  Start(1, Shell("sleep 1000"));
  const std::string name(64, 'a');
  const std::string local = temporary_.path() + "/local";
  const std::string of_application = Work(1).substr(0, Work(1).rfind('/')) + "/filecache";
  std::vector<std::string> cached;
  for (const std::string& directory :
       {local + "/filecache", local + "/usercache/bob/filecache", of_application}) {
    ASSERT_TRUE(files_.MakeDirectories(directory, 0711).ok());
    cached.push_back(directory + "/" + name);
    ASSERT_TRUE((*files_.Create(cached.back(), 0444))->Close().ok());
  }
  ASSERT_TRUE(WriteResourceNote(files_, directories_.Notes(IdOf(1)), {cached[2]}).ok());
  Restarted({Recorded(1, RecordedPhase::kLaunched)});
  for (const std::string& path : cached) EXPECT_TRUE(files_.Stat(path).ok()) << path;
  const auto users = ReadResourceNotes(files_, directories_.notes());
  ASSERT_TRUE(users.contains(cached[2]));
  EXPECT_THAT(users.at(cached[2]), ElementsAre(IdOf(1)));
  executor_->Reacquire(Token(1), Shell(""), true);
  executor_->SignalContainer(IdOf(1), SignalKind::kKill);
  AwaitEnd(1);
}

// yarn.nodemanager.delete.debug-delay-sec goes on over a restart, also longer than records are
// kept.
TEST_F(LeftoversTest, WhatIsKeptToBeLookedAtIsKeptAsLongByTheNextRun) {
  static constexpr seconds kDelay{3600};
  adjust_ = [](ProcessExecutorOptions& options) { options.delete_delay = kDelay; };
  Restart();
  for (const int64_t number : {1, 2, 3}) {
    Start(number, Shell("echo x >left; exit 3"));
    AwaitEnd(number);
    executor_->CleanUp(IdOf(number));
    AwaitFile(directories_.Notes(IdOf(number)) + "/ended");
    if (number == 3) continue;
    executor_->Forget(IdOf(number));
    AwaitFile(directories_.Notes(IdOf(number)) + "/forgotten");
  }
  // Of 2 the record is still there; the RM does not know of the end of 3.
  const auto records = [] {
    return std::vector<RecoveredContainer>{Recorded(2, RecordedPhase::kForgotten),
                                           Recorded(3, RecordedPhase::kComplete)};
  };
  const Recovery found = Restarted(records(), kDelay);
  EXPECT_THAT(found.ended, SizeIs(0)) << "the RM knows";
  ASSERT_THAT(found.kept, SizeIs(3));
  for (const KeptContainer& kept : found.kept) {
    EXPECT_LE(*kept.work, kDelay);
    EXPECT_GT(*kept.work, kDelay / 2);
    EXPECT_EQ(kept.notes.has_value(), kept.id != IdOf(3));
    EXPECT_EQ(*files_.ReadFile(directories_.Work("ann", kept.id) + "/left", 10), "x\n");
    EXPECT_TRUE(files_.Stat(directories_.Notes(kept.id)).ok());
  }
  executor_->RemoveLater({IdOf(1), Duration{0}, Duration{0}});
  EXPECT_TRUE(testing::WaitUntil(
      [&] { return !files_.Stat(Work(1)).ok() && !files_.Stat(directories_.Notes(IdOf(1))).ok(); },
      "its removal"));
  EXPECT_TRUE(files_.Stat(Work(2)).ok());

  const Recovery later = Restarted(records());
  EXPECT_THAT(later.kept, SizeIs(0));
  EXPECT_THAT(later.ended, SizeIs(0));
  EXPECT_FALSE(files_.Stat(Work(2)).ok());
  EXPECT_FALSE(files_.Stat(directories_.Notes(IdOf(2))).ok());
  EXPECT_TRUE(files_.Stat(directories_.Notes(IdOf(3))).ok()) << "until the RM knows";
}

}  // namespace
}  // namespace weir::nm
