#include "tests/support/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <optional>

#include "common/strings.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

ProcessOptions Shell(const std::string& script) {
  ProcessOptions options;
  options.argv = {"/bin/sh", "-c", script};
  return options;
}

TEST(RunCommand, GivesOutputErrorsAndExitCode) {
  const CommandResult result = RunCommand(
      {"/bin/sh", "-c", "cat; echo $WEIR_TEST_X >&2; exit 7"}, {{"WEIR_TEST_X", "x"}}, "in");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.out, "in");
  EXPECT_EQ(result.err, "x\n");
  EXPECT_FALSE(result.timed_out);
  EXPECT_THAT(result.ToString(), HasSubstr("ended with 7"));
}

TEST(RunCommand, MovesMoreThanAPipeHolds) {
  const std::string input(3'000'000, 'x');
  EXPECT_EQ(RunCommand({"cat"}, {}, input).out.size(), input.size());
}

TEST(RunCommand, DoesNotMindACommandThatReadsNothing) {
  EXPECT_EQ(RunCommand({"true"}, {}, std::string(1'000'000, 'x')).exit_code, 0);
}

TEST(RunCommand, PassesVariablesOnUnlessTheyAreTakenAway) {
  ASSERT_EQ(::setenv("WEIR_TEST_KEPT", "kept", 1), 0);
  ASSERT_EQ(::setenv("WEIR_TEST_GONE", "gone", 1), 0);
  const CommandResult result =
      RunCommand({"/bin/sh", "-c", "echo $WEIR_TEST_KEPT ${WEIR_TEST_GONE-unset}"},
                 {{"WEIR_TEST_GONE", std::nullopt}});
  EXPECT_EQ(result.out, "kept unset\n");
}

TEST(RunCommand, ShowsSignalsAsAShellDoes) {
  EXPECT_EQ(RunCommand({"/bin/sh", "-c", "kill -9 $$"}).exit_code, 137);
  EXPECT_EQ(RunCommand({"no-such-program-anywhere"}).exit_code, 127);
}

TEST(RunCommand, KillsACommandThatTakesTooLongWithAllItStarted) {
  const CommandResult result =
      RunCommand({"/bin/sh", "-c", "setsid sleep 1000 & sleep 1000"}, {}, "", milliseconds(100));
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.exit_code, 137);
  KillDescendants();
  EXPECT_THAT(Descendants(), IsEmpty());
}

TEST(RunCommand, DoesNotWaitForWhatACommandLeavesBehind) {
  const CommandResult result = RunCommand({"/bin/sh", "-c", "sleep 1000 & echo started"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.out, "started\n");
  EXPECT_EQ(Descendants().size(), 1u);
  KillDescendants();
  EXPECT_THAT(Descendants(), IsEmpty());
}

TEST(Process, RunsUntilItIsToldToEnd) {
  const TempDirectory directory;
  ProcessOptions options =
      Shell("trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.01; done");
  options.directory = directory.path();
  options.log_file = directory / "log";
  Process process(options);
  ASSERT_TRUE(WaitUntil(
      [&] { return Exists(directory / "log") && ReadWholeFile(directory / "log") == "up\n"; },
      "the process is up"));
  EXPECT_TRUE(process.IsRunning());
  EXPECT_EQ(process.Wait(Duration(0)), std::nullopt);
  process.Signal(SIGTERM);
  EXPECT_EQ(process.Wait(), 3);
  EXPECT_FALSE(process.IsRunning());
  EXPECT_EQ(ReadWholeFile(directory / "log"), "up\nbye\n");
}

TEST(Process, StartsWithoutTheTestsSignalsAndDescriptors) {
  const TempDirectory directory;
  ProcessOptions options = Shell("grep -E 'SigBlk|SigIgn' /proc/self/status; ls /proc/self/fd");
  options.log_file = directory / "log";
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // on purpose without O_CLOEXEC
  Process process(options);
  EXPECT_EQ(process.Wait(), 0);
  ::close(ends[0]);
  ::close(ends[1]);
  const std::string text = ReadWholeFile(directory / "log");
  EXPECT_THAT(text,
              HasSubstr("SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0\n1\n2\n3\n"));
}

TEST(Process, TakesItsDescendantsWithIt) {
  {
    Process process(Shell("(setsid sleep 1000 & setsid sleep 1000) & sleep 1000"));
    EXPECT_TRUE(WaitUntil([] { return Descendants().size() >= 4; }, "everything has started"));
  }
  KillDescendants();
  EXPECT_THAT(Descendants(), IsEmpty());
}

TEST(Process, StaysWhenOrphansAreKilled) {
  Process process(Shell("sleep 1000 & sleep 1000"));
  EXPECT_TRUE(WaitUntil([] { return Descendants().size() == 3; }, "both have started"));
  EXPECT_EQ(RunCommand({"/bin/sh", "-c", "sleep 1000 & echo started"}).exit_code, 0);
  EXPECT_EQ(Descendants().size(), 4u);
  KillOrphans();
  EXPECT_EQ(Descendants().size(), 3u);
  EXPECT_TRUE(process.IsRunning());
}

TEST(Process, KillsWhatStartsOthersForEver) {
  {
    const Process process(Shell("while :; do setsid sleep 1000 & sleep 0.001; done"));
    EXPECT_TRUE(WaitUntil([] { return Descendants().size() >= 10; }, "some have started"));
  }
  KillDescendants();
  EXPECT_THAT(Descendants(), IsEmpty());
}

TEST(WaitUntil, SaysWhatDidNotHappen) {
  EXPECT_TRUE(WaitUntil([] { return true; }, "it is so", Duration(0)));
  const auto result = WaitUntil([] { return false; }, "pigs fly", milliseconds(10));
  EXPECT_FALSE(result);
  EXPECT_THAT(std::string(result.message()), HasSubstr("in 10 ms it did not happen that pigs fly"));
}

}  // namespace
}  // namespace weir::testing
