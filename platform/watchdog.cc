#include "platform/watchdog.h"

#include <pthread.h>

#include <utility>

#include "common/check.h"
#include "platform/clock.h"

namespace weir::platform {
namespace {

constexpr int kLooksPerLimit = 4;

}  // namespace

Watchdog::Watchdog(const EventLoop& loop, Duration limit, Callback on_busy)
    : loop_(loop), limit_(limit), on_busy_(std::move(on_busy)) {
  WEIR_CHECK(limit >= milliseconds(1), "a watchdog's limit is at least a millisecond");
  thread_ = std::thread([this] { Run(); });
}

Watchdog::~Watchdog() {
  {
    MutexLock lock(mutex_);
    stop_ = true;
    stopping_.NotifyAll();
  }
  thread_.join();
}

void Watchdog::Run() {
  pthread_setname_np(pthread_self(), "watchdog");
  while (true) {
    {
      MutexLock lock(mutex_);
      if (!stop_) stopping_.WaitFor(mutex_, limit_ / kLooksPerLimit);
      if (stop_) return;
    }
    Look();
  }
}

void Watchdog::Look() {
  const Instant since = loop_.busy_since();
  if (since == kNever) return;
  if (since != told_of_) {
    told_of_ = since;
    told_ = 0;
  }
  const Duration busy = MonotonicNow() - since;
  const int64_t limits = busy / limit_;
  if (limits <= told_) return;
  told_ = limits;
  on_busy_(busy);
}

}  // namespace weir::platform
