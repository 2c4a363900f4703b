// Looks at real directories, and real scripts.
#include "nodemanager/executor/health_monitor.h"

#include <gmock/gmock.h>
#include <signal.h>
#include <sys/stat.h>

#include <fstream>

#include "nodemanager/executor/directory_check.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"
#include "tests/unit/nodemanager/executor_fixture.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using End = ScriptResult::End;

class HealthScripts : public ::testing::Test {
 protected:
  HealthScript Script(const std::string& body) {
    const std::string path = temporary_.path() + "/check";
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    EXPECT_EQ(::chmod(path.c_str(), 0755), 0);
    return {.name = "check",
            .path = path,
            .arguments = {"first", "second"},
            .interval = milliseconds(1),
            .timeout = seconds(60)};
  }
  static ScriptResult Run(const HealthScript& script) {
    return RunHealthScript(script, [] { return false; });
  }
  pid_t ReadPid(const std::string& name) {
    pid_t pid = 0;
    std::ifstream(temporary_.path() + "/" + name) >> pid;
    return pid;
  }

  TemporaryDirectory temporary_;
};

TEST_F(HealthScripts, OnlyALineThatBeginsWithErrorIsOne) {
  struct Row {
    const char* body;
    End end;
    const char* text;
  };
  const Row rows[] = {
      {"exit 0", End::kGood, ""},
      {"exit 7", End::kGood, ""},
      {"kill -9 $$", End::kGood, ""},
      {"echo all is well", End::kGood, ""},
      {"echo no ERROR here; echo ' ERROR'", End::kGood, ""},
      {"echo ERROR >&2", End::kGood, ""},
      {"echo fine; echo ERROR the fan stands still; exit 0",
       End::kError,
       "ERROR the fan stands still"},
      {"echo ERRORS 12; exit 1", End::kError, "ERRORS 12"},
      {"printf 'ERROR no newline'", End::kError, "ERROR no newline"},
      {"echo ERROR $1 $2", End::kError, "ERROR first second"},
      {"echo ERROR early; head -c 1000000 /dev/zero", End::kError, "ERROR early"},
  };
  for (const Row& row : rows) {
    const ScriptResult result = Run(Script(row.body));
    EXPECT_EQ(result.end, row.end) << row.body << ": " << result.text;
    EXPECT_EQ(result.text, row.text) << row.body;
  }
}

TEST_F(HealthScripts, WhatCannotBeRunIsNoFaultOfTheNode) {
  HealthScript script = Script("true");
  script.path = "/no/such/script";
  EXPECT_EQ(Run(script).end, End::kNotRun);
  EXPECT_THAT(Run(script).text, HasSubstr("No such file"));
}

TEST_F(HealthScripts, ATimeoutKillsItWithItsChildren) {
  HealthScript script = Script("cd " + temporary_.path() +
                               "\n(trap '' TERM; echo $$ > outer; sleep 1000) &\n"
                               "sleep 1000 & echo $! > inner\nwait");
  script.timeout = milliseconds(500);
  const ScriptResult result = Run(script);
  EXPECT_EQ(result.end, End::kTimedOut);
  EXPECT_THAT(result.text, HasSubstr("did not end within 500 ms"));
  const pid_t inner = ReadPid("inner");
  ASSERT_GT(inner, 0);
  EXPECT_TRUE(testing::WaitUntil([&] { return ::kill(inner, 0) != 0; }, "its child is gone"));
}

TEST_F(HealthScripts, WhatItLeavesBehindEndsWithIt) {
  // The child holds its output open: the end is that of the main process.
  const ScriptResult result =
      Run(Script("sleep 1000 & echo $! > " + temporary_.path() + "/child\necho ERROR x"));
  EXPECT_EQ(result.end, End::kError);
  const pid_t child = ReadPid("child");
  ASSERT_GT(child, 0);
  EXPECT_TRUE(testing::WaitUntil([&] { return ::kill(child, 0) != 0; }, "its child is gone"));
}

TEST_F(HealthScripts, AMonitorThatEndsKillsItAndHoldsNothingAgainstIt) {
  EXPECT_EQ(RunHealthScript(Script("sleep 1000"), [] { return true; }).end, End::kGood);
}

class DirectoryChecks : public ::testing::Test {
 protected:
  TemporaryDirectory temporary_;
};

TEST_F(DirectoryChecks, ADirectoryThatWorksIsMadeAndMeasured) {
  const std::string local = temporary_.path() + "/local";
  const DirectorySample sample =
      CheckDirectory(platform::FileSystem::Real(), local, DirectoryKind::kLocal);
  EXPECT_EQ(sample.fault, "");
  EXPECT_GT(sample.total_bytes, 0);
  EXPECT_LE(sample.free_bytes, sample.total_bytes);
  const auto names = platform::FileSystem::Real().List(local);
  ASSERT_TRUE(names.ok());
  EXPECT_THAT(*names, ::testing::ElementsAre("filecache", "usercache")) << "no probe is left";
}

// Every call that a look makes, with an error of each kind.
TEST_F(DirectoryChecks, EveryFailingCallIsAFaultInWords) {
  const std::string local = temporary_.path() + "/local";
  testing::FaultyFileSystem counting(platform::FileSystem::Real());
  ASSERT_EQ(CheckDirectory(counting, local, DirectoryKind::kLocal).fault, "");
  const int64_t calls = counting.calls();
  ASSERT_GE(calls, 4);
  for (int64_t call = 1; call <= calls; ++call) {
    for (const char* what : {"Input/output error", "Read-only file system", "No space left"}) {
      testing::FaultyFileSystem faulty(platform::FileSystem::Real());
      faulty.FailCall(call, {ErrorCode::kUnavailable, what, ""});
      EXPECT_THAT(CheckDirectory(faulty, local, DirectoryKind::kLocal).fault, HasSubstr(what))
          << "call " << call;
    }
  }
}

TEST_F(DirectoryChecks, TheMonitorTellsRoundsAndScripts) {
  EventBox box;
  platform::Mutex mutex;
  int rounds = 0;
  int scripts = 0;
  std::vector<std::string> faults;
  testing::FaultyFileSystem faulty(platform::FileSystem::Real());
  HealthMonitorOptions options;
  options.local = {temporary_.path() + "/a", temporary_.path() + "/b"};
  options.log = {temporary_.path() + "/log"};
  options.interval = milliseconds(5);
  options.scripts = {{.name = "t", .path = "/bin/true", .interval = milliseconds(5)}};
  const auto sink = [&](const Event& event) {
    platform::MutexLock lock(mutex);
    if (const auto* checked = std::get_if<DirectoriesChecked>(&event)) {
      ++rounds;
      faults.clear();
      for (const auto& sample : checked->samples) faults.push_back(sample.fault);
    }
    scripts += std::holds_alternative<HealthScriptRan>(event) ? 1 : 0;
  };
  const auto seen = [&](const std::function<bool()>& what) {
    return [&mutex, what] {
      platform::MutexLock lock(mutex);
      return what();
    };
  };
  HealthMonitor monitor(options, faulty, sink);
  monitor.Start();
  EXPECT_TRUE(testing::WaitUntil(seen([&] { return rounds >= 3 && scripts >= 3; }), "rounds"));
  faulty.FailPaths("/b/", {ErrorCode::kUnavailable, "Input/output error", ""});
  EXPECT_TRUE(testing::WaitUntil(
      seen([&] { return faults.size() == 3 && faults[0].empty() && !faults[1].empty(); }),
      "the fault"));
  faulty.Heal();
  EXPECT_TRUE(testing::WaitUntil(seen([&] { return faults == std::vector<std::string>(3); }),
                                 "the return"));
}

// A disk that never answers holds up nobody but itself.
class StuckFileSystem : public testing::FaultyFileSystem {
 public:
  using FaultyFileSystem::FaultyFileSystem;
  Status MakeDirectories(const std::string& path, int mode) override {
    if (path.find("/stuck") != std::string::npos) {
      platform::MutexLock lock(mutex_);
      while (stuck_) changed_.Wait(mutex_);
    }
    return FaultyFileSystem::MakeDirectories(path, mode);
  }
  void Free() {
    platform::MutexLock lock(mutex_);
    stuck_ = false;
    changed_.NotifyAll();
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  bool stuck_ = true;
};

TEST_F(DirectoryChecks, ADiskThatDoesNotAnswerIsAFaultAndComesBack) {
  platform::Mutex mutex;
  std::vector<std::string> faults;
  StuckFileSystem files(platform::FileSystem::Real());
  HealthMonitorOptions options;
  options.local = {temporary_.path() + "/a", temporary_.path() + "/stuck"};
  options.interval = milliseconds(5);
  options.patience = milliseconds(50);
  HealthMonitor monitor(options, files, [&](const Event& event) {
    platform::MutexLock lock(mutex);
    faults.clear();
    for (const auto& sample : std::get<DirectoriesChecked>(event).samples) {
      faults.push_back(sample.fault);
    }
  });
  monitor.Start();
  const auto await = [&](bool answers) {
    return testing::WaitUntil(
        [&] {
          platform::MutexLock lock(mutex);
          return faults.size() == 2 && faults[0].empty() && faults[1].empty() == answers;
        },
        answers ? "it answers" : "it does not answer");
  };
  EXPECT_TRUE(await(false));
  {
    platform::MutexLock lock(mutex);
    EXPECT_THAT(faults[1], HasSubstr("does not answer within 50 ms"));
  }
  files.Free();
  EXPECT_TRUE(await(true));
}

// --- where containers go

TEST(ContainerDirectoriesTest, NewContainersGoToGoodOnesAndOldOnesAreFound) {
  TemporaryDirectory temporary;
  platform::FileSystem& files = platform::FileSystem::Real();
  const std::string& base = temporary.path();
  const auto make = [&] {
    return ContainerDirectories(
        {base + "/a", base + "/b", base + "/c"}, {base + "/la", base + "/lb"}, base + "/notes");
  };
  const ContainerDirectories directories = make();
  ASSERT_TRUE(directories.PrepareNode(files).ok());
  const auto id = [](int64_t number) { return ContainerId::Make({{1, 1}, 1}, Epoch{1}, number); };
  const auto prepare = [&](int64_t number) {
    ASSERT_TRUE(directories.Prepare(files, "ann", id(number)).ok());
  };
  for (int64_t number = 0; number < 3; ++number) prepare(number);
  directories.UseGood({base + "/b"}, {base + "/lb"});
  for (int64_t number = 3; number < 6; ++number) prepare(number);
  directories.UseGood({base + "/a", base + "/c"}, {base + "/la"});
  for (int64_t number = 6; number < 9; ++number) prepare(number);
  directories.UseGood({}, {});
  // By this process, and by one that comes after it.
  const ContainerDirectories later = make();
  for (int64_t number = 0; number < 9; ++number) {
    for (const ContainerDirectories* view : {&directories, &later}) {
      EXPECT_TRUE(files.Stat(view->Work("ann", id(number))).ok()) << number;
      EXPECT_TRUE(files.Stat(view->Log(id(number))).ok()) << number;
    }
    const std::string work = directories.Work("ann", id(number));
    if (number >= 3) {
      EXPECT_EQ(work.starts_with(base + "/b/"), number < 6) << work;
    }
    EXPECT_THAT(work,
                ::testing::StartsWith(directories.Local(id(number)).substr(0, base.size() + 2)))
        << "linking works on one file system only";
  }
  for (int64_t number = 0; number < 9; ++number) {
    const std::string work = directories.Work("ann", id(number));
    EXPECT_TRUE(directories.RemoveWork(files, id(number)).ok());
    EXPECT_EQ(files.Stat(work).error().code, ErrorCode::kNotFound);
    EXPECT_TRUE(directories.RemoveNotes(files, id(number)).ok());
    EXPECT_TRUE(files.Stat(directories.Log(id(number))).ok()) << "its logs are still found";
  }
}

TEST(ContainerDirectoriesTest, OneBrokenDirectoryDoesNotKeepANodeDown) {
  TemporaryDirectory temporary;
  const std::string& base = temporary.path();
  testing::FaultyFileSystem faulty(platform::FileSystem::Real());
  const ContainerDirectories two({base + "/a", base + "/b"}, {base + "/l"}, base + "/notes");
  faulty.FailPaths("/a", {ErrorCode::kUnavailable, "Input/output error", ""});
  EXPECT_TRUE(two.PrepareNode(faulty).ok());
  faulty.FailPaths("/b", {ErrorCode::kUnavailable, "Input/output error", ""});
  EXPECT_FALSE(two.PrepareNode(faulty).ok());
}

}  // namespace
}  // namespace weir::nm
