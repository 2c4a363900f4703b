#include "tests/support/stopped_thread.h"

#include <gtest/gtest.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/strings.h"
#include "tests/support/process.h"

namespace weir::testing {
namespace {

namespace fs = std::filesystem;

pid_t ThreadOf(pid_t process, const std::string& name) {
  std::error_code gone;
  for (const auto& entry :
       fs::directory_iterator("/proc/" + std::to_string(process) + "/task", gone)) {
    std::ifstream file(entry.path() / "comm");
    std::string found;
    std::getline(file, found);
    const auto number = ParseInt64(entry.path().filename().string());
    if (found == name && number) return static_cast<pid_t>(*number);
  }
  return -1;
}

bool Seize(pid_t thread) {
  return ::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) == 0;
}

}  // namespace

std::string StoppedThread::WhyNot() {
  const Process child({.argv = {"sleep", "60"}});
  if (Seize(child.pid())) return "";  // it is killed now
  return std::string("no process may be traced here: ") + std::strerror(errno);
}

StoppedThread::StoppedThread(pid_t process, const std::string& name)
    : thread_(ThreadOf(process, name)) {
  const bool traced =
      thread_ > 0 && Seize(thread_) && ::ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) == 0;
  EXPECT_TRUE(traced) << "process " << process << " has no thread " << name << ", or it is traced";
  int status = 0;
  held_ = traced && ::waitpid(thread_, &status, __WALL) == thread_ && WIFSTOPPED(status);
}

StoppedThread::~StoppedThread() {
  if (held_ && !HasEnded()) ::ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
}

bool StoppedThread::HasEnded() {
  int status = 0;
  if (held_ && ::waitpid(thread_, &status, WNOHANG | __WALL) == thread_) held_ = WIFSTOPPED(status);
  return !held_;
}

}  // namespace weir::testing
