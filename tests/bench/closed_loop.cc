#include "tests/bench/closed_loop.h"

#include <atomic>
#include <chrono>
#include <utility>

#include "platform/clock.h"
#include "platform/mutex.h"

namespace weir::bench {
namespace {

class ClosedLoop {
 public:
  ClosedLoop(int64_t clients, Duration length, BeginOne begin)
      : begin_(std::move(begin)),
        end_(platform::MonotonicNow() + length),
        clients_(clients),
        running_(clients) {}

  std::vector<double> Run() {
    for (int64_t i = 0; i < clients_; ++i) Next();
    platform::MutexLock lock(mutex_);
    while (running_ > 0) changed_.Wait(mutex_);
    return std::move(latencies_);
  }
  bool failed() const { return failed_; }

 private:
  void Next() {
    const Instant began = platform::MonotonicNow();
    begin_(next_++, [this, began](bool ok) {
      const Instant now = platform::MonotonicNow();
      if (!ok) failed_ = true;
      {
        platform::MutexLock lock(mutex_);
        latencies_.push_back(std::chrono::duration<double, std::milli>(now - began).count());
        if (!ok || now >= end_) {
          --running_;
          changed_.NotifyAll();
          return;
        }
      }
      Next();
    });
  }

  const BeginOne begin_;
  const Instant end_;
  const int64_t clients_;
  std::atomic<int64_t> next_{1};
  std::atomic<bool> failed_{false};
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::vector<double> latencies_ WEIR_GUARDED_BY(mutex_);
  int64_t running_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace

Result<Measured> MeasureClosedLoop(int64_t clients, Duration length, BeginOne begin) {
  ClosedLoop loop(clients, length, std::move(begin));
  const Instant began = platform::MonotonicNow();
  Measured measured{.per_second = 0, .latencies_ms = loop.Run()};
  const Duration took = platform::MonotonicNow() - began;
  measured.per_second = static_cast<double>(measured.latencies_ms.size()) /
                        std::chrono::duration<double>(took).count();
  if (!loop.failed()) return measured;
  return Error{ErrorCode::kUnavailable, "a write failed", ""};
}

}  // namespace weir::bench
