#include "nodemanager/executor/deleter.h"

#include <pthread.h>

#include <utility>

#include "platform/clock.h"

namespace weir::nm {

using platform::MutexLock;

Deleter::Deleter() : thread_([this] { Run(); }) {}

Deleter::~Deleter() {
  {
    MutexLock lock(mutex_);
    ending_ = true;
  }
  changed_.NotifyAll();
  thread_.join();
}

void Deleter::After(Duration delay, std::function<void()> removal) {
  {
    MutexLock lock(mutex_);
    due_.emplace(platform::MonotonicNow() + delay, std::move(removal));
  }
  changed_.NotifyAll();
}

void Deleter::Run() {
  pthread_setname_np(pthread_self(), "nm-deleter");
  while (true) {
    std::function<void()> removal;
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
      removal = std::move(due_.begin()->second);
      due_.erase(due_.begin());
    }
    removal();
  }
}

}  // namespace weir::nm
