#include "platform/watchdog.h"

#include <pthread.h>

#include <algorithm>
#include <utility>

#include "common/check.h"
#include "platform/clock.h"

namespace weir::platform {
namespace {

constexpr int kLooksPerLimit = 4;

}  // namespace

Watchdog::Watchdog(const EventLoop& loop, Duration limit, Callback on_busy)
    : loop_(loop), limit_(limit), on_busy_(std::move(on_busy)), last_look_(MonotonicNow()) {
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
  const Instant now = MonotonicNow();
  // A process that was stopped as a whole has not hung: a look that comes late counts little.
  const Duration passed = std::min<Duration>(now - last_look_, 2 * limit_ / kLooksPerLimit);
  last_look_ = now;
  const Instant since = loop_.busy_since();
  if (since == kNever) return;
  if (since != told_of_) {
    told_of_ = since;
    told_ = 0;
    seen_ = std::min<Duration>(passed, now - since);
  } else {
    seen_ += passed;
  }
  const int64_t limits = seen_ / limit_;
  if (limits <= told_) return;
  told_ = limits;
  on_busy_(now - since);
}

}  // namespace weir::platform
