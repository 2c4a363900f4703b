// A weir-launch that is dead while somebody else has yet to reap it. In a program of its own kind:
// processes that a test starts make it the parent of all orphans.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <string>

#include "executor_fixture.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

// Of an earlier NodeManager's launcher somebody else is the parent, who may be slow to reap: until
// then its number is nobody else's, and its session is to be searched.
TEST_F(ExecutorTest, TheSessionOfADeadLauncherIsSearchedBeforeAnybodyHasReapedIt) {
  const std::string out = temporary_.path() + "/out";
  weir::testing::ProcessOptions options;
  options.argv = {"/bin/sh",
                  "-c",
                  "setsid sh -c 'env -i sleep 1000 & echo member $! >&2; exec sleep 1000' & "
                  "echo launcher $! >&2; exec sleep 1000"};
  options.log_file = out;
  weir::testing::Process parent(options);
  const auto said = [&](const std::string& what) {
    pid_t pid = 0;
    EXPECT_TRUE(weir::testing::WaitUntil(
        [&] {
          const std::string text = weir::testing::ReadWholeFile(out);
          const size_t at = text.find(what + " ");
          if (at == std::string::npos || text.find('\n', at) == std::string::npos) return false;
          pid = std::atoi(text.c_str() + at + what.size() + 1);
          return true;
        },
        what));
    return pid;
  };
  const pid_t launcher = said("launcher");
  const pid_t member = said("member");
  ASSERT_TRUE(directories_.Prepare(files_, "ann", IdOf(1)).ok());
  ASSERT_TRUE(LaunchNotes(files_, directories_.Notes(IdOf(1)))
                  .WriteLauncher(*IdentifyProcess(launcher))
                  .ok());
  executor_->Reacquire(Token(1), Shell(""), true);
  ASSERT_EQ(::kill(launcher, SIGKILL), 0);
  EXPECT_EQ(AwaitEnd(1).kind, ExitKind::kLost);
  EXPECT_TRUE(IdentifyProcess(launcher)) << "it was reaped: this shows nothing";
  const std::string state =
      weir::testing::ReadWholeFile("/proc/" + std::to_string(member) + "/stat");
  EXPECT_TRUE(state.empty() || state.find(") Z") != std::string::npos) << state;
  parent.Kill();
}

}  // namespace
}  // namespace weir::nm
