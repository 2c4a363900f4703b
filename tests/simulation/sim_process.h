// SimProcess: a process that may be stopped for a while (SIGSTOP) and dies: what comes to it while
// it is stopped happens when it goes on, in order; what comes after its death never does.
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_PROCESS_H_
#define WEIR_TESTS_SIMULATION_SIM_PROCESS_H_

#include <algorithm>
#include <cstdint>
#include <deque>
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
    waiting_.clear();
    awake_at_ = queue_.now();
  }
  bool stopped() const { return awake_at_ > queue_.now(); }
  // Since when it has been running, or from when on it will.
  Instant awake_at() const { return awake_at_; }
  void StopUntil(Instant when) { awake_at_ = std::max(awake_at_, when); }
  // From now on; what came while it was stopped still comes when it was to go on.
  void GoOn() { awake_at_ = std::min(awake_at_, queue_.now()); }

  // Now, or as soon as it is awake; not in another life.
  void Run(std::function<void()> action) {
    if (!stopped()) return action();
    waiting_.push_back(std::move(action));
    if (waiting_.size() == 1) WakeLater();
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
  void WakeLater() {
    queue_.At(awake_at_, [this, life = incarnation_] {
      if (life == incarnation_) Wake();
    });
  }
  void Wake() {
    const uint64_t life = incarnation_;
    while (life == incarnation_ && !waiting_.empty()) {
      if (stopped()) return WakeLater();  // stopped again
      const std::function<void()> action = std::move(waiting_.front());
      waiting_.pop_front();
      action();
    }
  }

  EventQueue& queue_;
  uint64_t incarnation_ = 0;
  Instant awake_at_{};
  std::deque<std::function<void()>> waiting_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_PROCESS_H_
