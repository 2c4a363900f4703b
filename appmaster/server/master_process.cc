#include "appmaster/server/master_process.h"

#include <unistd.h>

#include <csignal>

#include "common/exit_status.h"
#include "platform/log.h"
#include "platform/signals.h"

namespace weir::am {
namespace {

constexpr unsigned kTerminationSeconds = 10;

void IgnoreHangup() {}

}  // namespace

void MasterProcess::OnEnd() {
  ended_ = true;
  kill(getpid(), SIGTERM);
}

int MasterProcess::Wait(const std::function<void()>& terminate) {
  const int signal = platform::WaitForTermination(IgnoreHangup);
  if (ended_) return exit_status::kOk;
  platform::LogWarn("am", "-", "terminated", {{"signal", std::to_string(signal)}});
  terminate();
  alarm(kTerminationSeconds);  // whatever hangs, the process ends
  while (!ended_) platform::WaitForTermination(IgnoreHangup);
  return exit_status::kSignalBase + signal;
}

}  // namespace weir::am
