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

Watchdog::Watchdog(EventLoop& loop, Duration limit, Callback on_silent)
    : loop_(loop),
      limit_(limit),
      on_silent_(std::move(on_silent)),
      waits_(std::make_shared<std::atomic<bool>>(false)),
      silent_since_(MonotonicNow()),
      last_look_(silent_since_) {
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
  const uint64_t handled = loop_.handled();
  if (handled != handled_ || !waits_->load()) {
    handled_ = handled;
    silent_since_ = now;
    seen_ = Duration{0};
    told_ = 0;
    if (!waits_->exchange(true)) {
      loop_.Post([waits = waits_] { waits->store(false); });
    }
    return;
  }
  seen_ += passed;
  const int64_t limits = seen_ / limit_;
  if (limits <= told_) return;
  told_ = limits;
  on_silent_(now - silent_since_);
}

}  // namespace weir::platform
