#include "platform/signals.h"

#include <pthread.h>

#include <csignal>

#include "common/check.h"

namespace weir::platform {
namespace {

sigset_t HandledSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

void BlockSignals() {
  const sigset_t set = HandledSignals();
  WEIR_CHECK(pthread_sigmask(SIG_BLOCK, &set, nullptr) == 0, "the set of signals is valid");
  // A peer that has gone is an error of the write that notices it.
  WEIR_CHECK(std::signal(SIGPIPE, SIG_IGN) != SIG_ERR, "SIGPIPE can be ignored");
}

int WaitForTermination(const std::function<void()>& on_hangup) {
  const sigset_t set = HandledSignals();
  while (true) {
    int number = 0;
    WEIR_CHECK(sigwait(&set, &number) == 0, "the set of signals is valid");
    if (number != SIGHUP) return number;
    if (on_hangup) on_hangup();
  }
}

}  // namespace weir::platform
