#include "nodemanager/executor/delayed_calls.h"

#include <pthread.h>

#include <utility>

#include "platform/clock.h"

namespace weir::nm {

using platform::MutexLock;

DelayedCalls::DelayedCalls() : thread_([this] { Run(); }) {}

DelayedCalls::~DelayedCalls() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void DelayedCalls::After(Duration delay, std::function<void()> call) {
  {
    MutexLock lock(mutex_);
    const auto added = due_.emplace(platform::MonotonicNow() + delay, std::move(call));
    // Most are to see, a minute later, that nothing is late: the thread need not know of them yet.
    if (added != due_.begin()) return;
  }
  changed_.NotifyAll();
}

void DelayedCalls::Run() {
  pthread_setname_np(pthread_self(), "nm-delayed");
  while (true) {
    std::function<void()> call;
    {
      MutexLock lock(mutex_);
      while (!ending_) {
        const Instant now = platform::MonotonicNow();
        if (due_.empty()) {
          changed_.Wait(mutex_);
        } else if (due_.begin()->first > now) {
          changed_.WaitFor(mutex_, due_.begin()->first - now);
        } else {
          break;
        }
      }
      if (ending_) return;
      call = std::move(due_.begin()->second);
      due_.erase(due_.begin());
    }
    call();
  }
}

}  // namespace weir::nm
