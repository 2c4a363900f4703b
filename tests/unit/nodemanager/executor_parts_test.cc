#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "executor_fixture.h"
#include "nodemanager/executor/container_environment.h"
#include "nodemanager/executor/launch_notes.h"
#include "nodemanager/executor/log_retention.h"
#include "nodemanager/launch/process_tree.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;

TEST(ContainerEnvironment, PlaceholdersAreReplacedOnceAndUnknownOnesStay) {
  const Environment environment = {{"A", "1"}, {"B", "{{A}}"}};
  EXPECT_EQ(ReplacePlaceholders("x{{A}}y{{A}}", environment), "x1y1");
  EXPECT_EQ(ReplacePlaceholders("{{B}}", environment), "{{A}}");
  EXPECT_EQ(ReplacePlaceholders("{{C}} {{A}}", environment), "{{C}} 1");
  EXPECT_EQ(ReplacePlaceholders("{{A", environment), "{{A");
  EXPECT_EQ(ReplacePlaceholders("{{{A}}}", environment), "{{{A}}}");
  EXPECT_EQ(ReplacePlaceholders("", environment), "");
}

TEST(ContainerEnvironment, OnlyPathHomeAndLangMayBeReplaced) {
  const Environment base = {{"PATH", "/bin"}, {"CONTAINER_ID", "c"}};
  const Environment combined = CombineEnvironment(
      base, {}, {{"PATH", "/opt:{{PATH}}"}, {"CONTAINER_ID", "x"}, {"OWN", "o"}});
  EXPECT_EQ(combined, (Environment{{"CONTAINER_ID", "c"}, {"OWN", "o"}, {"PATH", "/opt:/bin"}}));
}

// What a launch context says in few bytes may be very many.
TEST(ContainerEnvironment, WhatExpandsBeyondTheBoundIsRefusedWithItsSizeAndNeverMade) {
  const Environment base = {{"PWD", std::string(4000, 'p')}};
  const auto many = [](const std::string& text, int count) {
    std::string all;
    for (int i = 0; i < count; ++i) all += text;
    return all;
  };
  LaunchContext launch;
  launch.command = {"p", "{{A}}"};
  launch.environment = {{"A", "a"}};
  const auto small = ExpandLaunch(base, {}, launch);
  ASSERT_TRUE(small.ok());
  EXPECT_EQ(small->command, (std::vector<std::string>{"p", "a"}));
  EXPECT_EQ(small->environment.at("A"), "a");

  struct {
    const char* what;
    std::string value;     // of A
    std::string argument;  // second
    const char* size;
  } const rows[] = {
      {"an argument", std::string(96 << 10, 'a'), many("{{A}}", 19'000), "18678"},
      {"little over it, in one argument", std::string(45 << 10, 'a'), many("{{A}}", 190), "88"},
      {"a variable", many("{{PWD}}", 20'000), "x", "800"},
      {"both", many("{{PWD}}", 200), many("{{A}}", 20'000), "160008"},
  };
  for (const auto& row : rows) {
    launch.environment["A"] = row.value;
    launch.command[1] = row.argument;
    const auto refused = ExpandLaunch(base, {}, launch);
    ASSERT_FALSE(refused.ok()) << row.what;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument) << row.what;
    EXPECT_THAT(refused.error().message, HasSubstr(std::string("would have ") + row.size))
        << row.what;
  }
}

TEST(ContainerEnvironment, TheScriptQuotesForAShell) {
  EXPECT_THAT(LaunchScript({{"A", "it's"}}, "/d", {"echo", "$x"}),
              HasSubstr("'A=it'\\''s' \\\n  'echo' \\\n  '$x'\n"));
}

// What ends up in diagnostics that everybody may read, whatever the container put in the place of
// its standard error.
TEST(LastWords, AreOfTheContainersOwnFileOnly) {
  const TemporaryDirectory temporary;
  const std::string logs = temporary.path() + "/logs";
  const std::string secret = temporary.path() + "/secret";
  ASSERT_EQ(::mkdir(logs.c_str(), 0750), 0);
  platform::FileSystem& files = platform::FileSystem::Real();
  const auto write = [&files](const std::string& path, const std::string& text) {
    auto file = files.Create(path, 0600);
    ASSERT_TRUE(file.ok() && (*file)->Append(text).ok() && (*file)->Close().ok());
  };
  write(secret, "what nobody may see");
  const auto said = [&](const std::string& name) {
    ExitOutcome outcome;
    outcome.kind = ExitKind::kExited;
    outcome.value = 1;
    AddCircumstances(temporary.path(), logs + "/" + name, outcome);
    return outcome.stderr_tail;
  };
  write(logs + "/stderr", std::string(5000, 'x') + "last words");
  EXPECT_EQ(said("stderr").size(), 4096u);
  EXPECT_THAT(said("stderr"), testing::EndsWith("xlast words"));
  ASSERT_EQ(::symlink(secret.c_str(), (logs + "/soft").c_str()), 0);
  ASSERT_EQ(::mkfifo((logs + "/pipe").c_str(), 0600), 0);
  ASSERT_EQ(::mkdir((logs + "/directory").c_str(), 0700), 0);
  ASSERT_EQ(::symlink(logs.c_str(), (temporary.path() + "/linked").c_str()), 0);
  for (const char* name : {"soft", "pipe", "directory", "nothing", "../linked/stderr"}) {
    EXPECT_EQ(said(name), "") << name;
  }
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give a directory to another user";
  ASSERT_EQ(::link(secret.c_str(), (logs + "/hard").c_str()), 0);
  EXPECT_EQ(said("hard"), "what nobody may see") << "one's own file may have two names";
  ASSERT_EQ(::chown(logs.c_str(), 12345, 12345), 0);
  EXPECT_EQ(said("hard"), "");
}

TEST(LaunchEnd, LastWordsAreUnderstoodAndOtherLinesAreNot) {
  const auto exited = ParseLaunchEnd("ended exited 3 20480\n", "p");
  ASSERT_TRUE(exited && exited->outcome);
  EXPECT_EQ(exited->outcome->value, 3);
  EXPECT_EQ(exited->outcome->peak_memory_mib, 20);
  const auto failed = ParseLaunchEnd("failed 13 run its command\n", "p");
  ASSERT_TRUE(failed && failed->failure);
  EXPECT_EQ(failed->failure->message, "'p': cannot run its command: Permission denied");
  for (const char* line : {"", "ended", "ended exited x 1", "ended gone 1 1", "failed x y", "hi"}) {
    EXPECT_FALSE(ParseLaunchEnd(line, "p")) << line;
  }
}

TEST(ProcessIdentity, SurvivesItsText) {
  const auto self = IdentifyProcess(::getpid());
  ASSERT_TRUE(self);
  const auto again = ProcessIdentity::Decode(self->Encode());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->start_ticks, self->start_ticks);
  EXPECT_EQ(again->boot_id, self->boot_id);
  EXPECT_TRUE(OpenProcess(*again).ok());
  for (const char* text : {"", "1 2", "x 2 b", "1 2 b", "99999999999 2 b"}) {
    EXPECT_FALSE(ProcessIdentity::Decode(text)) << text;
  }
}

// What /proc says is no snapshot: with numbers that are given again it may be a ring.
TEST(ProcessTree, EachDescendantIsFoundOnceWhateverProcSays) {
  const struct {
    const char* name;
    std::vector<launch::ProcessAndParent> all;
    std::vector<pid_t> found;  // below 10
  } rows[] = {
      {"nothing", {}, {}},
      {"only others", {{10, 1}, {11, 1}, {12, 11}}, {}},
      {"three generations", {{10, 1}, {11, 10}, {12, 11}, {13, 10}}, {11, 13, 12}},
      {"a descendant with the number that its parent had",
       {{10, 12}, {11, 10}, {12, 11}},
       {11, 12}},
      {"its own parent", {{10, 10}, {11, 10}}, {11}},
      {"a ring beside it", {{10, 1}, {11, 12}, {12, 11}}, {}},
      {"one that is there twice", {{10, 1}, {11, 10}, {11, 10}, {12, 11}}, {11, 12}},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(launch::DescendantsOf(10, row.all), row.found) << row.name;
  }
}

TEST(LogRetention, OnlyOldLogsOfApplicationsThatAreGoneGo) {
  TemporaryDirectory temporary;
  platform::FileSystem& files = platform::FileSystem::Real();
  const ContainerDirectories directories(
      {temporary.path() + "/local"}, {temporary.path() + "/log"}, temporary.path() + "/notes");
  ASSERT_TRUE(directories.PrepareNode(files).ok());
  for (int32_t sequence = 1; sequence <= 2; ++sequence) {
    const ContainerId id = ContainerId::Make({{1, sequence}, 1}, Epoch{1}, 1);
    ASSERT_TRUE(directories.Prepare(files, "ann", id).ok());
  }
  ASSERT_TRUE(files.MakeDirectories(temporary.path() + "/log/not-ours", 0755).ok());
  const WallTime now = platform::WallNow();
  EXPECT_EQ(SweepLogs(files, directories, {{1, 1}}, seconds(100), now), 0u);
  EXPECT_EQ(SweepLogs(files, directories, {{1, 1}}, seconds(100), now + seconds(200)), 1u);
  EXPECT_THAT(*files.List(temporary.path() + "/log"),
              testing::ElementsAre("application_1_0001", "not-ours"));
}

}  // namespace
}  // namespace weir::nm
