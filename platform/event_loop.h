// EventLoop: one thread that runs posted functions and timers, in order, and asynchronous I/O.
//
// A daemon has two: the core loop (the only toucher of its core) and the I/O loop (Thrift, HTTP).
// Owner: the daemon's composition root; everything that posts to a loop must be destroyed or
// stopped before it. Post, Stop and now() are thread-safe; the timer functions are for the loop's
// own thread. What is posted after Stop() is dropped.
#ifndef WEIR_PLATFORM_EVENT_LOOP_H_
#define WEIR_PLATFORM_EVENT_LOOP_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "common/time.h"

namespace boost::asio {
class io_context;
}

namespace weir::platform {

class EventLoop {
 public:
  using Function = std::function<void()>;
  using TimerId = uint64_t;  // 0 = none

  explicit EventLoop(std::string name);  // also the thread's name, at most 15 characters
  ~EventLoop();                          // stops and joins
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Runs on a thread of its own until Stop().
  void Start();
  // Ends after the function that is running now; joins the thread unless called on it.
  void Stop();

  // Thread-safe. Runs soon, after everything posted before.
  void Post(Function function);
  // Posts and waits for it to have run. Requires: not on the loop's thread, loop started.
  void PostAndWait(Function function);

  // On the loop's thread only. Fires once, at or after `deadline`.
  TimerId At(Instant deadline, Function function);
  // No effect when it has fired or was never set.
  void Cancel(TimerId timer);

  bool IsOnLoopThread() const;
  // Start() was called. Thread-safe.
  bool started() const;
  const std::string& name() const;
  // Monotonic time at which the function now running began; kNever when idle. Not of I/O.
  Instant busy_since() const;
  // How many functions, timers and ends of I/O it has dealt with. Thread-safe.
  uint64_t handled() const;

  // For the shells of this folder only (sockets, HTTP).
  boost::asio::io_context& io_context();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_EVENT_LOOP_H_
