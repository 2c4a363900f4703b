#include "nodemanager/executor/process_executor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/fs.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <future>

#include "executor_fixture.h"
#include "nodemanager/executor/worker_pool.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The shell says when it has set its traps, by a line on stdout: then signals mean what they
// should.
void AwaitReady(const std::string& path) {
  for (int i = 0; i < 3000; ++i) {
    const auto text = platform::FileSystem::Real().ReadFile(path, 1 << 20);
    if (text.ok() && text->find("ready") != std::string::npos) return;
    ::usleep(10'000);
  }
  FAIL() << "no 'ready' in " << path;
}

class FaultyDiskTest : public ExecutorTest {
 protected:
  FaultyDiskTest() : ExecutorTest(disk_) {}
  // Made before the fixture's first use of it, which only keeps the reference.
  static inline weir::testing::FaultyFileSystem disk_{platform::FileSystem::Real()};
};

TEST_F(FaultyDiskTest, AFullDiskFailsTheContainerWithThatCauseWhereverItShows) {
  disk_.FailPaths("container_", weir::testing::DiskFull());
  Localize(1, Shell("true"));
  const auto unprepared = box_.Await<LocalizationFailed>(IdOf(1));
  ASSERT_TRUE(unprepared);
  EXPECT_THAT(unprepared->error.message, HasSubstr("disk full"));
  disk_.Heal();
  Localize(2, Shell("true"));
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(2)));
  disk_.FailPaths("spec", weir::testing::DiskFull());
  executor_->Launch(IdOf(2));
  const auto unlaunched = box_.Await<LaunchFailed>(IdOf(2));
  disk_.Heal();
  ASSERT_TRUE(unlaunched);
  EXPECT_THAT(unlaunched->error.message, HasSubstr("disk full"));
}

// The node takes the blame for what it cannot start, and is then avoided: not for this.
TEST_F(ExecutorTest, APlanThatIsTooLargeIsTheApplicationsFaultAndNothingOfItIsWritten) {
  LaunchContext launch = Shell("true");
  launch.environment["A"] = std::string(45 << 10, 'a');
  launch.command.emplace_back();
  for (int i = 0; i < 190; ++i) launch.command.back() += "{{A}}";
  Localize(1, launch);
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  executor_->Launch(IdOf(1));
  const auto failed = box_.Await<LaunchFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_FALSE(failed->of_node);
  EXPECT_THAT(failed->error.message, HasSubstr("bytes"));
  EXPECT_FALSE(files_.Stat(directories_.Notes(IdOf(1)) + "/spec").ok());
}

// A disk of the node's own is not the application's doing; a source that is not there is.
TEST_F(FaultyDiskTest, ADiskThatFailsWhileFilesAreFetchedIsTheNodesFault) {
  const std::string source = temporary_.path() + "/source";
  ASSERT_TRUE((*files_.Create(source, 0644))->Close().ok());
  LaunchContext launch = Shell("true");
  launch.local_resources["f"] = {.uri = "file:" + source};
  struct {
    const char* what;
    Error error;
    bool of_node;
  } const rows[] = {
      {"/filecache", {ErrorCode::kUnavailable, "Input/output error", ""}, true},
      {"/filecache", weir::testing::DiskFull(), false},  // what it wants may be what fills it
      {"/filecache", {ErrorCode::kPermissionDenied, "Read-only file system", ""}, true},
      {"/resources", {ErrorCode::kUnavailable, "Input/output error", ""}, true},
      {"", {}, false},
  };
  int64_t number = 0;
  for (const auto& row : rows) {
    if (*row.what == '\0') {
      launch.local_resources["f"].uri = "file:/no/such/file";
    } else {
      disk_.FailPaths(row.what, row.error);
    }
    Localize(++number, launch);
    const auto failed = box_.Await<LocalizationFailed>(IdOf(number));
    disk_.Heal();
    ASSERT_TRUE(failed) << row.what;
    EXPECT_EQ(failed->of_node, row.of_node) << failed->error.ToString();
  }
}

TEST_F(ExecutorTest, ExitStatusesComeBackAsTheyWere) {
  for (const int status : {0, 1, 42, 255}) {
    const int64_t number = 10 + status;
    Start(number, Shell("exit " + std::to_string(status)));
    const ExitOutcome outcome = AwaitEnd(number);
    EXPECT_EQ(outcome.kind, ExitKind::kExited);
    EXPECT_EQ(outcome.value, status);
  }
}

TEST_F(ExecutorTest, AContainerIsStartedAgainInItsPlaceAndItsOutputIsAppended) {
  Start(1, Shell("echo run; test -e mark && exit 0; touch mark; echo why >&2; exit 3"));
  EXPECT_EQ(AwaitEnd(1).value, 3);
  executor_->Launch(nm::Launch{IdOf(1), {}, 1});
  ASSERT_TRUE(box_.Await<Launched>(IdOf(1)));
  const ExitOutcome second = AwaitEnd(1);
  EXPECT_EQ(second.kind, ExitKind::kExited);
  EXPECT_EQ(second.value, 0) << "it finds the file of its first run";
  EXPECT_EQ(Output(1), "run\nrun\n");
  EXPECT_EQ(Output(1, "stderr"), "why\n");
}

// What the first run said of its end must not be taken for the end of the second.
TEST_F(ExecutorTest, ASecondRunThatNobodySawEndIsLostAndNotTheFirstOnesEnd) {
  Start(1, Shell("test -e mark && { echo ready; exec sleep 1000; }; touch mark; exit 3"));
  EXPECT_EQ(AwaitEnd(1).value, 3);
  executor_->Launch(nm::Launch{IdOf(1), {}, 1});
  ASSERT_TRUE(box_.Await<Launched>(IdOf(1)));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  const auto launcher = LaunchNotes(files_, directories_.Notes(IdOf(1))).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_EQ(::kill(launcher->pid, SIGKILL), 0);
  EXPECT_EQ(AwaitEnd(1).kind, ExitKind::kLost);
}

TEST_F(ExecutorTest, ADeathBySignalComesBackAsThatSignal) {
  Start(1, Shell("kill -SEGV $$"));
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.kind, ExitKind::kSignaled);
  EXPECT_EQ(outcome.value, SIGSEGV);
}

TEST_F(ExecutorTest, AFailureBringsTheEndOfItsStderrAndItsPeakMemory) {
  Start(1, Shell("echo the reason >&2; exit 3"));
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.stderr_tail, "the reason\n");
  EXPECT_GT(outcome.peak_memory_mib, 0);
}

TEST_F(ExecutorTest, ACommandThatDoesNotExistIsALaunchFailureWithItsName) {
  LaunchContext launch;
  launch.command = {"/no/such/program"};
  Localize(1, launch);
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  executor_->Launch(IdOf(1));
  const auto failed = box_.Await<LaunchFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_EQ(failed->error.code, ErrorCode::kNotFound);
  EXPECT_THAT(failed->error.message, HasSubstr("/no/such/program"));
  EXPECT_FALSE(box_.Has<Launched>());
}

TEST_F(ExecutorTest, ArgumentsAreNotInterpretedByAShell) {
  LaunchContext launch;
  launch.command = {"printf", "%s|", "a b", "$HOME", "*", "'", "{{CONTAINER_ID}}", "{{NOT_THERE}}"};
  Start(1, launch);
  AwaitEnd(1);
  EXPECT_EQ(Output(1), "a b|$HOME|*|'|" + IdOf(1).ToString() + "|{{NOT_THERE}}|");
}

TEST_F(ExecutorTest, TheEnvironmentIsExactlyWhatWasSet) {
  ASSERT_EQ(::setenv("WEIR_TEST_OF_THE_DAEMON", "inherited", 1), 0);
  LaunchContext launch;
  launch.command = {"env"};
  launch.environment = {{"GREETING", "hello {{USER}}"}, {"CONTAINER_ID", "forged"}};
  Start(1, launch);
  AwaitEnd(1);
  const std::string environment = Output(1);
  EXPECT_THAT(environment, ::testing::Not(HasSubstr("inherited")));
  EXPECT_THAT(environment, ::testing::Not(HasSubstr("forged")));
  for (const std::string& line : {std::string("GREETING=hello ann"),
                                  "CONTAINER_ID=" + IdOf(1).ToString(),
                                  std::string("NM_HOST=127.0.0.1"),
                                  std::string("NM_PORT=45454"),
                                  std::string("NM_HTTP_PORT=8042"),
                                  std::string("WEIR_HOME=/opt/weir"),
                                  "PWD=" + Work(1),
                                  "LOG_DIRS=" + directories_.Log(IdOf(1)),
                                  std::string("LOGNAME=ann")}) {
    EXPECT_THAT(environment, HasSubstr(line + "\n"));
  }
}

TEST_F(ExecutorTest, SecretsAreFilesForTheOwnerOnly) {
  LaunchContext launch = Shell(
      "cat $WEIR_SECRETS_DIR/am.token; stat -c ' %a' $WEIR_SECRETS_DIR/am.token "
      "$WEIR_SECRETS_DIR .");
  launch.secrets["am.token"] = "s3cret";
  Start(1, launch);
  AwaitEnd(1);
  EXPECT_EQ(Output(1), "s3cret 400\n 700\n 700\n");
  const auto script = files_.ReadFile(directories_.Notes(IdOf(1)) + "/launch.sh", 1 << 20);
  ASSERT_TRUE(script.ok());
  EXPECT_THAT(*script, ::testing::Not(HasSubstr("s3cret")));
}

TEST_F(ExecutorTest, WithoutSecretsThereIsNoDirectoryForThem) {
  Start(1, Shell("ls -A; test -e $WEIR_SECRETS_DIR || echo none"));
  AwaitEnd(1);
  EXPECT_EQ(Output(1), "none\n");
}

// It is the pool of those who remove directories.
TEST(WorkerPool, WhoGivesWayHasALowerPriorityAndNobodyElse) {
  const auto priority_in = [](Urgency urgency) {
    std::promise<int> told;
    WorkerPool pool("pool", 1, 1, urgency);
    EXPECT_TRUE(pool.Submit([&told] { told.set_value(::getpriority(PRIO_PROCESS, 0)); }));
    return told.get_future().get();
  };
  const int own = ::getpriority(PRIO_PROCESS, 0);
  EXPECT_EQ(priority_in(Urgency::kNormal), own);
  // 19 is the lowest there is.
  EXPECT_EQ(priority_in(Urgency::kGivesWay), std::min(own + 10, 19));
}

// The file system may put each container elsewhere: see spread_hint.h.
TEST_F(ExecutorTest, DirectoriesOfContainersAreSaidToBeUnrelated) {
  Start(1, Shell("true"));
  AwaitEnd(1);
  const std::string& top = temporary_.path();
  const std::string application = IdOf(1).attempt.application.ToString();
  for (const std::string& directory : {top + "/notes",
                                       top + "/log",
                                       top + "/log/" + application,
                                       top + "/local/usercache",
                                       Work(1).substr(0, Work(1).rfind('/'))}) {
    const platform::FileDescriptor fd(
        ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    ASSERT_TRUE(fd.valid()) << directory;
    int flags = 0;
    if (::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) GTEST_SKIP() << "no flags on this disk";
    int wanted = flags | FS_TOPDIR_FL;
    if (::ioctl(fd.get(), FS_IOC_SETFLAGS, &wanted) != 0) GTEST_SKIP() << "no such flag here";
    EXPECT_TRUE((flags & FS_TOPDIR_FL) != 0) << directory;
  }
}

TEST_F(ExecutorTest, SigtermLetsAProgramEndInItsOwnWay) {
  Start(1, Shell("trap 'echo bye; exit 7' TERM; echo ready; while :; do sleep 0.02; done"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  executor_->SignalContainer(IdOf(1), SignalKind::kTerminate);
  EXPECT_EQ(AwaitEnd(1).value, 7);
  EXPECT_THAT(Output(1), HasSubstr("bye"));
}

TEST_F(ExecutorTest, AProgramThatIgnoresSigtermIsKilledAfterTheGrace) {
  Start(1, Shell("trap '' TERM; echo ready; sleep 1000"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  executor_->SignalContainer(IdOf(1), SignalKind::kTerminate);
  // weir-launch itself keeps the grace, so that this holds without a NodeManager too.
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.kind, ExitKind::kSignaled);
  EXPECT_EQ(outcome.value, SIGKILL);
}

TEST_F(ExecutorTest, AThreadDumpReachesTheMainProcessAlone) {
  Start(1,
        Shell("env --default-signal=QUIT sh -c "
              "\"trap 'echo child' QUIT; echo armed; while :; do sleep 0.02; done\" & "
              "trap 'n=$((n + 1)); echo dump $n' QUIT; echo ready; while :; do sleep 0.02; done"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  EXPECT_TRUE(testing::WaitUntil([&] { return Output(1).find("armed") != std::string::npos; },
                                 "the child would answer too"));
  for (int times = 1; times <= 2; ++times) {
    executor_->SignalContainer(IdOf(1), SignalKind::kDumpThreads);
    const std::string wanted = "dump " + std::to_string(times) + "\n";
    EXPECT_TRUE(testing::WaitUntil([&] { return Output(1).find(wanted) != std::string::npos; },
                                   "the main process answers"))
        << Output(1);
  }
  EXPECT_THAT(Output(1), ::testing::Not(HasSubstr("child")));
  executor_->SignalContainer(IdOf(1), SignalKind::kKill);
  AwaitEnd(1);
}

// A program that knows nothing of SIGQUIT dies of it, as it does of the same at a terminal.
TEST_F(ExecutorTest, AThreadDumpOfAProgramThatHasNoneIsItsEndAndNotItsLaunchers) {
  Start(1, Shell("echo ready; exec sleep 1000"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  executor_->SignalContainer(IdOf(1), SignalKind::kDumpThreads);
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.kind, ExitKind::kSignaled);
  EXPECT_EQ(outcome.value, SIGQUIT);
}

// More than the grace: who is asked to end in its own time is not killed.
TEST_F(ExecutorTest, WhoIsAskedToEndTakesTheTimeItNeeds) {
  Start(1,
        Shell("trap 'echo asked; sleep 0.6; echo late; exit 7' TERM; echo ready; "
              "while :; do sleep 0.02; done"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  executor_->SignalContainer(IdOf(1), SignalKind::kAskToEnd);
  EXPECT_EQ(AwaitEnd(1).value, 7);
  EXPECT_THAT(Output(1), HasSubstr("late"));
}

TEST_F(ExecutorTest, WhoWasAskedAndDoesNotEndCanStillBeStopped) {
  Start(1, Shell("trap 'echo asked' TERM; echo ready; while :; do sleep 0.02; done"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  executor_->SignalContainer(IdOf(1), SignalKind::kAskToEnd);
  EXPECT_TRUE(testing::WaitUntil([&] { return Output(1).find("asked") != std::string::npos; },
                                 "it was asked"));
  executor_->SignalContainer(IdOf(1), SignalKind::kTerminate);
  EXPECT_EQ(AwaitEnd(1).value, SIGKILL);
}

TEST_F(ExecutorTest, WithoutLimitsAnySizeIsTakenAndAnEndedContainerIsRefused) {
  Start(1, Shell("echo ready; exec sleep 1000"));
  executor_->Resize({.id = IdOf(1), .number = 3, .resource = {1, 1}, .runs = true});
  const auto taken = box_.Await<Resized>(IdOf(1));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->number, 3);
  EXPECT_FALSE(taken->failure);
  executor_->SignalContainer(IdOf(1), SignalKind::kKill);
  AwaitEnd(1);
  executor_->CleanUp(IdOf(1));
  ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(1)));
  executor_->Resize({.id = IdOf(1), .number = 4, .resource = {2, 1}, .runs = true});
  EXPECT_EQ(box_.Await<Resized>(IdOf(1))->failure->code, ErrorCode::kNotFound);
}

TEST_F(ExecutorTest, SigkillReachesSessionsAndDaemonsOfTheContainer) {
  Start(1,
        Shell("trap '' TERM; setsid sh -c \"trap '' TERM; sleep 1000 & sleep 1000\" & "
              "(sleep 1000 &) ; echo ready; sleep 1000"));
  AwaitReady(directories_.Log(IdOf(1)) + "/stdout");
  EXPECT_GE(FindStrays(IdOf(1), 0).size(), 4u);
  executor_->SignalContainer(IdOf(1), SignalKind::kKill);
  EXPECT_EQ(AwaitEnd(1).kind, ExitKind::kSignaled);
  EXPECT_THAT(FindStrays(IdOf(1), 0), ElementsAre());
}

TEST_F(ExecutorTest, DaemonsLeftByAnEndedProgramAreGoneWhenItIsDrained) {
  Start(1, Shell("setsid sh -c 'sleep 1000 & sleep 1000' & (sleep 1000 &); exit 5"));
  EXPECT_EQ(AwaitEnd(1).value, 5);
  EXPECT_THAT(FindStrays(IdOf(1), 0), ElementsAre());
}

TEST_F(ExecutorTest, CleanUpRemovesTheDirectoryAndKeepsTheLogs) {
  Start(1, Shell("mkdir -p d/e; ln -s / d/root; echo done > d/e/f; echo said"));
  AwaitEnd(1);
  ASSERT_TRUE(files_.Stat(Work(1) + "/d/e/f").ok());
  executor_->CleanUp(IdOf(1));
  ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(1)));
  EXPECT_EQ(files_.Stat(Work(1)).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(Output(1), "said\n");
  EXPECT_TRUE(files_.Stat("/bin").ok());
}

TEST_F(ExecutorTest, ManyContainersStartAndDieTogetherWithoutATrace) {
  constexpr int64_t kMany = 40;
  for (int64_t i = 1; i <= kMany; ++i) {
    Localize(i, Shell("trap '' TERM; sleep 1000 & sleep 1000"));
  }
  for (int64_t i = 1; i <= kMany; ++i) {
    ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(i)));
    executor_->Launch(IdOf(i));
    launched_.push_back(IdOf(i));
  }
  for (int64_t i = 1; i <= kMany; ++i) {
    ASSERT_TRUE(box_.Await<Launched>(IdOf(i)));
    executor_->SignalContainer(IdOf(i), SignalKind::kKill);
  }
  for (int64_t i = 1; i <= kMany; ++i) EXPECT_EQ(AwaitEnd(i).value, SIGKILL);
}

TEST(WeirLaunch, SaysWhatItIsForWhenAskedAndHowItIsUsedWhenMisused) {
  const std::string program = testing::BinaryPath("weir-launch");
  const auto help = testing::RunCommand({program, "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(help.out, ::testing::StartsWith("Usage: weir-launch SPEC"));
  const auto none = testing::RunCommand({program});
  EXPECT_EQ(none.exit_code, 2);
  EXPECT_THAT(none.err, ::testing::HasSubstr("usage: weir-launch SPEC"));
}

}  // namespace
}  // namespace weir::nm
