// Watchdog: notices that an event loop runs one function for too long.
//
// A thread of its own looks at EventLoop::busy_since several times per limit. While one function
// holds the loop, the callback comes once when the limit is passed and again after every further
// `limit`, with how long it has been. Time in which the whole process was stopped does not count.
// The callback runs on the watchdog's thread and must not wait for the loop: it logs, or ends the
// process. Owner: the daemon; the loop must outlive it.
#ifndef WEIR_PLATFORM_WATCHDOG_H_
#define WEIR_PLATFORM_WATCHDOG_H_

#include <functional>
#include <thread>

#include "common/time.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"

namespace weir::platform {

class Watchdog {
 public:
  using Callback = std::function<void(Duration busy)>;

  // Requires: limit of at least a millisecond.
  Watchdog(const EventLoop& loop, Duration limit, Callback on_busy);
  ~Watchdog();  // waits for a callback that is running
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  void Run();
  void Look();

  const EventLoop& loop_;
  const Duration limit_;
  const Callback on_busy_;
  Instant told_of_ = kNever;  // start of the function last told of: watchdog thread only
  int64_t told_ = 0;          // how many limits of it: watchdog thread only
  Duration seen_{0};          // how long it was seen at it: watchdog thread only
  Instant last_look_;         // watchdog thread only
  Mutex mutex_;
  ConditionVariable stopping_;
  bool stop_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_WATCHDOG_H_
