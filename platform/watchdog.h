// Watchdog: notices that an event loop does nothing although it has something to do: it hangs in
// one function, in one of its I/O, or wherever it is.
//
// A thread of its own looks at the loop several times per limit, and always has a function waiting
// there. While that does not run and nothing else ends either, the callback comes once when the
// limit is passed and again after every further `limit`, with how long the loop has been silent.
// However much waits before that function, a loop that gets on is not silent. Time in which the
// whole process was stopped does not count.
// The callback runs on the watchdog's thread and must not wait for the loop: it logs, or ends the
// process. Owner: the daemon; the loop must outlive it, and is not stopped before it ends.
#ifndef WEIR_PLATFORM_WATCHDOG_H_
#define WEIR_PLATFORM_WATCHDOG_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>

#include "common/time.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"

namespace weir::platform {

class Watchdog {
 public:
  using Callback = std::function<void(Duration silent)>;

  // Requires: limit of at least a millisecond.
  Watchdog(EventLoop& loop, Duration limit, Callback on_silent);
  ~Watchdog();  // waits for a callback that is running
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run();
  void Look();

  EventLoop& loop_;
  const Duration limit_;
  const Callback on_silent_;
  // True while our function waits; it may still do so when we have ended.
  const std::shared_ptr<std::atomic<bool>> waits_;
  // Of the watchdog's thread only:
  uint64_t handled_ = 0;  // by the loop, when it was seen to get on last
  Instant silent_since_;  // that look
  Duration seen_{0};      // for how long it was seen to be silent
  int64_t told_ = 0;      // how many limits of it
  Instant last_look_;
  Mutex mutex_;
  ConditionVariable stopping_;
  bool stop_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_WATCHDOG_H_
