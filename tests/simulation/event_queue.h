// EventQueue: virtual time. What happens is a callback at an instant; those of one instant run in
// the order in which they were scheduled. Nothing here waits. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_EVENT_QUEUE_H_
#define WEIR_TESTS_SIMULATION_EVENT_QUEUE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "common/time.h"

namespace weir::simulation {

class EventQueue {
 public:
  using Callback = std::function<void()>;

  Instant now() const { return now_; }

  void At(Instant when, Callback callback) {
    events_.emplace(std::pair(when < now_ ? now_ : when, next_++), std::move(callback));
  }
  void After(Duration delay, Callback callback) { At(now_ + delay, std::move(callback)); }

  // Moves to the next instant and runs one callback; false when nothing is scheduled.
  bool RunNext() {
    if (events_.empty()) return false;
    auto first = events_.extract(events_.begin());
    now_ = first.key().first;
    ++steps_;
    first.mapped()();
    return true;
  }
  uint64_t steps() const { return steps_; }

 private:
  Instant now_{};
  uint64_t next_ = 0;
  uint64_t steps_ = 0;
  std::map<std::pair<Instant, uint64_t>, Callback> events_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_EVENT_QUEUE_H_
