// SimProcess: a process that may be stopped for a while (SIGSTOP) and dies: what comes to it while
// it is stopped happens when it goes on, in order; what comes after its death never does.
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_PROCESS_H_
#define WEIR_TESTS_SIMULATION_SIM_PROCESS_H_

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>

#include "tests/simulation/event_queue.h"

namespace weir::simulation {

class SimProcess {
 public:
  explicit SimProcess(EventQueue& queue) : queue_(queue) {}

  // Another number for each of its lives; even while it is dead.
  uint64_t incarnation() const { return incarnation_; }
  void BeginNext() {
    ++incarnation_;
    awake_at_ = queue_.now();
  }
  bool stopped() const { return awake_at_ > queue_.now(); }
  void StopUntil(Instant when) { awake_at_ = std::max(awake_at_, when); }
  void GoOn() { awake_at_ = std::min(awake_at_, queue_.now()); }

  // Now, or as soon as it is awake; not in another life.
  void Run(std::function<void()> action) {
    if (!stopped()) return action();
    queue_.At(awake_at_, [this, life = incarnation_, action = std::move(action)] {
      if (life == incarnation_) Run(action);
    });
  }
  void At(Instant when, std::function<void()> action) {
    queue_.At(when, [this, life = incarnation_, action = std::move(action)] {
      if (life == incarnation_) Run(action);
    });
  }
  void After(Duration delay, std::function<void()> action) {
    At(queue_.now() + delay, std::move(action));
  }

 private:
  EventQueue& queue_;
  uint64_t incarnation_ = 0;
  Instant awake_at_{};
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_PROCESS_H_
