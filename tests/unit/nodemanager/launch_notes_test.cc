// What weir-launch writes and reads: on a disk without room, and as other versions have written it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstring>

#include "executor_fixture.h"
#include "nodemanager/executor/leftovers.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

// Bytes are one thing that can run out, names of files another.
class FullNotes : public ExecutorTest {
 protected:
  void TearDown() override {
    executor_.reset();
    for (const std::string& path : mounted_) EXPECT_EQ(::umount2(path.c_str(), MNT_DETACH), 0);
  }
  bool Mount(const std::string& path, const std::string& options) {
    executor_.reset();
    EXPECT_TRUE(files_.MakeDirectories(path, 0755).ok());
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) != 0) return false;
    mounted_.push_back(path);
    Restart();
    return true;
  }
  static void Fill(const std::string& directory) {
    const int fd = ::open((directory + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string chunk(4096, 'x');
    while (::write(fd, chunk.data(), chunk.size()) > 0) continue;
    EXPECT_EQ(errno, ENOSPC);
    ::close(fd);
  }
  static void UseUpNames(const std::string& directory) {
    for (int i = 0;; ++i) {
      const std::string path = directory + "/name" + std::to_string(i);
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0) break;
      ::close(fd);
    }
    EXPECT_EQ(errno, ENOSPC);
  }
  std::vector<std::string> mounted_;
};

constexpr char kWaits[] = "until [ -e go ]; do sleep 0.02; done; exit 7";

TEST_F(FullNotes, AnEndThatCannotBeWrittenDownIsToldAllTheSame) {
  const std::string notes = temporary_.path() + "/notes";
  if (!Mount(notes, "size=256k,mode=0755"))
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  Start(1, Shell(kWaits));
  Fill(notes);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

// The room comes back while weir-launch still tries, and a NodeManager that comes later reads it.
TEST_F(FullNotes, AnEndIsWrittenDownOnceThereIsRoom) {
  const std::string notes = temporary_.path() + "/notes";
  if (!Mount(notes, "size=256k,mode=0755"))
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  Start(1, Shell(kWaits));
  executor_.reset();
  Fill(notes);
  const std::string exit = directories_.Notes(IdOf(1)) + "/exit";
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_TRUE(testing::WaitUntil([&] { return files_.Stat(exit + ".new").ok(); }, "its first try"));
  EXPECT_FALSE(files_.Stat(exit).ok());
  ASSERT_TRUE(files_.Remove(notes + "/filler").ok());
  EXPECT_TRUE(testing::WaitUntil([&] { return files_.Stat(exit).ok(); }, "its end"));
  Restart();
  executor_->Reacquire(Token(1), Shell(""), true);
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

TEST_F(FullNotes, OutputThatCannotBeOpenedIsTheNodesFault) {
  const std::string log = temporary_.path() + "/log";
  if (!Mount(log, "size=1m,nr_inodes=30,mode=0755")) {
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  }
  Localize(1, Shell("true"));
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  UseUpNames(log);
  executor_->Launch(IdOf(1));
  launched_.push_back(IdOf(1));
  const auto failed = box_.Await<LaunchFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->of_node);
  EXPECT_THAT(failed->error.message, HasSubstr("open its stdout: No space left on device"));
}

// As the first NodeManagers have written them. A weir-launch of today starts it, and a NodeManager
// of today takes on what an old one has left.
TEST_F(ExecutorTest, TheNotesOfEarlierVersionsAreUnderstood) {
  ASSERT_TRUE(directories_.Prepare(files_, "ann", IdOf(1)).ok());
  const std::string notes = directories_.Notes(IdOf(1));
  const auto field = [](const std::string& key, const std::string& value) {
    return key + " " + std::to_string(value.size()) + "\n" + value + "\n";
  };
  const std::string log = directories_.Log(IdOf(1));
  weir::testing::WriteWholeFile(
      notes + "/spec",
      "weir-launch 1\n1\n" + field("directory", Work(1)) + field("stdout", log + "/stdout") +
          field("stderr", log + "/stderr") + field("exit", notes + "/exit") + "grace-ms 3\n250\n" +
          "argument 7\n/bin/sh\nargument 2\n-c\nargument 22\necho $A said; exit 9  \n" +
          "environment 5\nA=old\n");
  const auto run = weir::testing::RunCommand(
      {std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch", notes + "/spec"});
  EXPECT_EQ(run.exit_code, 9) << run.ToString();
  EXPECT_EQ(Output(1), "old said\n");
  EXPECT_THAT(weir::testing::ReadWholeFile(notes + "/exit"), HasSubstr("ended exited 9 "));

  weir::testing::WriteWholeFile(notes + "/launcher",
                                "999999 1234 00000000-0000-0000-0000-000000000000\n");
  weir::testing::WriteWholeFile(notes + "/account", "65534\n");
  const LaunchNotes read(files_, notes);
  ASSERT_TRUE(read.ReadLauncher());
  EXPECT_EQ(read.ReadLauncher()->pid, 999'999);
  EXPECT_EQ(read.ReadLauncher()->start_ticks, 1234);
  EXPECT_EQ(read.ReadAccount(), 65'534);
  const struct {
    const char* exit;
    ExitKind kind;
    int value;
    int64_t peak;
  } rows[] = {{"ended exited 9 20480\n", ExitKind::kExited, 9, 20},
              {"ended signaled 11 1024\n", ExitKind::kSignaled, 11, 1}};
  for (const auto& row : rows) {
    weir::testing::WriteWholeFile(notes + "/exit", row.exit);
    RecoveredContainer container;
    container.record.token = Token(1);
    container.record.phase = RecordedPhase::kLaunched;
    container.launch = Shell("");
    Recovery recovery{.containers = {container}};
    ASSERT_TRUE(FindLeftovers(files_, directories_, seconds(20), recovery).ok());
    const FoundContainer& found = recovery.containers[0].found;
    ASSERT_EQ(found.found, Found::kEnded);
    EXPECT_EQ(found.outcome->kind, row.kind);
    EXPECT_EQ(found.outcome->value, row.value);
    EXPECT_EQ(found.outcome->peak_memory_mib, row.peak);
  }
}

// --- weir-launch by hand

class LauncherAlone : public ExecutorTest {
 protected:
  static std::string Field(const std::string& key, const std::string& value) {
    return key + " " + std::to_string(value.size()) + "\n" + value + "\n";
  }
  std::string Spec(const std::string& version, const std::string& exit, const std::string& more) {
    const std::string log = directories_.Log(IdOf(1));
    return Field("weir-launch", version) + Field("directory", Work(1)) +
           Field("stdout", log + "/stdout") + Field("stderr", log + "/stderr") +
           Field("exit", exit) + Field("grace-ms", "250") + more + Field("argument", "/bin/sh") +
           Field("argument", "-c") + Field("argument", "echo ran");
  }
  struct Run {
    int exit_code = 0;
    std::string said;  // on the report pipe
  };
  Run Launch(const std::string& spec) {
    EXPECT_TRUE(directories_.Prepare(files_, "ann", IdOf(1)).ok());
    const std::string path = directories_.Notes(IdOf(1)) + "/spec";
    weir::testing::WriteWholeFile(path, spec);
    const std::string report = temporary_.path() + "/report";
    const auto run =
        weir::testing::RunCommand({"/bin/sh",
                                   "-c",
                                   "exec 3>\"$0\"; exec \"$1\" \"$2\"",
                                   report,
                                   std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch",
                                   path});
    return {run.exit_code, weir::testing::ReadWholeFile(report)};
  }
};

// What NodeManagers of every release wait for on the pipe and in the file.
TEST_F(LauncherAlone, SaysWhatEveryNodeManagerUnderstands) {
  const std::string exit = directories_.Notes(IdOf(1)) + "/exit";
  const Run run = Launch(Spec("1", exit, ""));
  EXPECT_EQ(run.exit_code, 0);
  EXPECT_THAT(run.said, ::testing::MatchesRegex("started [0-9]+\nended exited 0 [0-9]+\n"));
  EXPECT_THAT(weir::testing::ReadWholeFile(exit),
              ::testing::MatchesRegex("ended exited 0 [0-9]+\n"));
  EXPECT_EQ(Output(1), "ran\n");
}

TEST_F(LauncherAlone, ARetryIsNotedBeforeItsProgramRuns) {
  const std::string exit = directories_.Notes(IdOf(1)) + "/exit-1";
  std::string spec = Spec("1", exit, Field("retry", "1"));
  spec += Field("argument", "sh") + Field("argument", exit);
  const std::string program = "echo ran";
  const std::string looks = "cat $1";
  spec.replace(spec.find(Field("argument", program)),
               Field("argument", program).size(),
               Field("argument", looks));
  EXPECT_EQ(Launch(spec).exit_code, 0);
  EXPECT_EQ(Output(1), "begun\n");
  EXPECT_THAT(weir::testing::ReadWholeFile(exit), ::testing::StartsWith("ended exited 0 "));
}

TEST_F(LauncherAlone, ARetryThatCannotBeNotedDoesNotRunAndIsTheNodesFault) {
  const Run run = Launch(Spec("1", temporary_.path() + "/none/exit-1", Field("retry", "1")));
  EXPECT_EQ(run.exit_code, 125);
  EXPECT_EQ(run.said, "failed 2 note that it begins\n");
  EXPECT_FALSE(files_.Stat(directories_.Log(IdOf(1)) + "/stdout").ok()) << "nothing was opened";
  const auto end = ParseLaunchEnd(run.said, "program");
  ASSERT_TRUE(end && end->failure);
  EXPECT_TRUE(end->of_node);
}

TEST_F(LauncherAlone, ASpecOfANewerVersionIsRefusedAsThat) {
  const std::string exit = directories_.Notes(IdOf(1)) + "/exit";
  for (const char* version : {"2", "17"}) {
    const Run run = Launch(Spec(version, exit, Field("new-key", "x")));
    EXPECT_EQ(run.exit_code, 125);
    const auto end = ParseLaunchEnd(run.said, "program");
    ASSERT_TRUE(end && end->failure) << run.said;
    EXPECT_THAT(end->failure->message, HasSubstr("a launch spec that is newer than itself"));
    EXPECT_THAT(end->failure->remedy, HasSubstr("of one release"));
    EXPECT_TRUE(end->of_node);
  }
  for (const char* version : {"", "0", "-1", "x", "1x", "99999999999999999999"}) {
    EXPECT_THAT(Launch(Spec(version, exit, "")).said, HasSubstr("read its launch spec")) << version;
  }
  EXPECT_THAT(Launch(Spec("1", exit, Field("unknown", "x"))).said,
              HasSubstr("failed 22 read its launch spec"));
  EXPECT_FALSE(files_.Stat(directories_.Log(IdOf(1)) + "/stdout").ok());
}

// --- a weir-launch of the first release, which a NodeManager of today finds and takes on

class EarlierLauncher : public ExecutorTest {
 protected:
  EarlierLauncher() {
    adjust_ = [](ProcessExecutorOptions& options) {
      options.launch_binary = WEIR_TEST_EARLIER_LAUNCHER;
    };
    Restart();
  }
  // The NodeManager dies; one comes that has a newer weir-launch.
  FoundContainer FoundByTheNext(int64_t number) {
    adjust_ = {};
    executor_.reset();
    Recovery recovery;
    for (const ContainerId& id : launched_) {
      RecoveredContainer container;
      container.record.token = Token(id.sequence());
      container.record.phase = RecordedPhase::kLaunched;
      container.launch = Shell("");
      recovery.containers.push_back(std::move(container));
    }
    EXPECT_TRUE(FindLeftovers(files_, directories_, seconds(20), recovery).ok());
    Restart();
    return recovery.containers.at(static_cast<size_t>(number) - 1).found;
  }
  void TakeOn(int64_t number) {
    EXPECT_EQ(FoundByTheNext(number).found, Found::kRunning);
    executor_->Reacquire(Token(number), Shell(""), true);
  }
};

TEST_F(EarlierLauncher, IsWatchedToTheEndWhichIsUnderstood) {
  Start(1, Shell(kWaits));
  TakeOn(1);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  const ExitOutcome outcome = AwaitEnd(1);
  EXPECT_EQ(outcome.kind, ExitKind::kExited);
  EXPECT_EQ(outcome.value, 7);
}

TEST_F(EarlierLauncher, IsFoundAlsoWhenItWasNeverNoted) {
  Start(1, Shell(kWaits));
  ASSERT_TRUE(files_.Remove(directories_.Notes(IdOf(1)) + "/launcher").ok());
  TakeOn(1);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

TEST_F(EarlierLauncher, WhatEndedWhileNobodyLookedHasItsExitCode) {
  Start(1, Shell("exit 9"));
  Start(2, Shell("kill -SEGV $$"));
  AwaitEnd(1);
  AwaitEnd(2);
  EXPECT_EQ(FoundByTheNext(1).outcome->value, 9);
  const FoundContainer second = FoundByTheNext(2);
  EXPECT_EQ(second.outcome->kind, ExitKind::kSignaled);
  EXPECT_EQ(second.outcome->value, SIGSEGV);
}

TEST_F(EarlierLauncher, IsStoppedAndKilledAsAnyOther) {
  Start(1, Shell("trap 'exit 3' TERM; touch ready; while :; do sleep 0.02; done"));
  Start(2, Shell("trap '' TERM; setsid sleep 1000 & sleep 1000"));
  ASSERT_TRUE(testing::WaitUntil([&] { return files_.Stat(Work(1) + "/ready").ok(); }, "ready"));
  TakeOn(1);
  executor_->Reacquire(Token(2), Shell(""), true);
  executor_->SignalContainer(IdOf(1), SignalKind::kTerminate);
  EXPECT_EQ(AwaitEnd(1).value, 3);
  executor_->SignalContainer(IdOf(2), SignalKind::kKill);
  EXPECT_EQ(AwaitEnd(2).value, SIGKILL);
}

// It knows nothing of a wish to end, and of threads that are to be dumped: nothing is what happens.
TEST_F(EarlierLauncher, TakesNoHarmFromWhatItDoesNotKnow) {
  Start(1, Shell(kWaits));
  TakeOn(1);
  executor_->SignalContainer(IdOf(1), SignalKind::kAskToEnd);
  executor_->SignalContainer(IdOf(1), SignalKind::kDumpThreads);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

// The node is upgraded while a container waits for its retry: today's NodeManager and weir-launch
// make it.
TEST_F(EarlierLauncher, IsFollowedByARetryOfTodays) {
  Start(1, Shell("test -e failed || { touch failed; exit 3; }; exit 4"));
  EXPECT_EQ(AwaitEnd(1).value, 3);
  EXPECT_EQ(FoundByTheNext(1).outcome->value, 3);
  executor_->Reacquire(
      Token(1), Shell("test -e failed || { touch failed; exit 3; }; exit 4"), false);
  executor_->Launch(nm::Launch{IdOf(1), {}, 1});
  ASSERT_TRUE(box_.Await<Launched>(IdOf(1)));
  EXPECT_EQ(AwaitEnd(1).value, 4);
}

}  // namespace
}  // namespace weir::nm
