#include "platform/signals.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace weir::platform {
namespace {

// The masks and dispositions of this process stay as they are: each case runs in a child.
template <typename Body>
int RunInChild(Body body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST(Signals, CallsBackForEveryHangupAndEndsWithTermination) {
  const int result = RunInChild([] {
    BlockSignals();
    int hangups = 0;
    ::kill(::getpid(), SIGHUP);
    const int number =
        WaitForTermination([&hangups] { ::kill(::getpid(), ++hangups < 3 ? SIGHUP : SIGTERM); });
    return hangups == 3 && number == SIGTERM ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

TEST(Signals, EndsWithAnInterrupt) {
  const int result = RunInChild([] {
    BlockSignals();
    ::kill(::getpid(), SIGINT);
    return WaitForTermination(nullptr) == SIGINT ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

TEST(Signals, SurvivesWritingToAPipeNobodyReads) {
  const int result = RunInChild([] {
    BlockSignals();
    int ends[2];
    if (::pipe(ends) != 0) return 2;
    ::close(ends[0]);
    return ::write(ends[1], "x", 1) == -1 && errno == EPIPE ? 0 : 1;
  });
  EXPECT_EQ(result, 0);
}

}  // namespace
}  // namespace weir::platform
