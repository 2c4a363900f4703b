// Mailbox<T>: a bounded queue with lanes in front of an event loop. Producers on any thread push;
// the loop takes values lane by lane (lane 0 first: control, AM, heartbeat, reads), at most
// kBatch at a time, so that a flood in a low lane cannot hold up a high one.
//
// A full lane refuses: the producer answers its peer kResourceExhausted. Owner: the daemon; must be
// destroyed after its producers and after the loop has stopped. Push is thread-safe.
#ifndef WEIR_PLATFORM_MAILBOX_H_
#define WEIR_PLATFORM_MAILBOX_H_

#include <array>
#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <utility>

#include "platform/event_loop.h"
#include "platform/mutex.h"

namespace weir::platform {

enum class Lane : size_t { kControl = 0, kMaster = 1, kHeartbeat = 2, kRead = 3 };
inline constexpr size_t kLanes = 4;

template <typename T>
class Mailbox {
 public:
  static constexpr size_t kBatch = 64;

  Mailbox(EventLoop& loop, size_t capacity_per_lane, std::function<void(T)> handler)
      : loop_(loop), capacity_(capacity_per_lane), handler_(std::move(handler)) {}
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;

  // False when the lane is full; the value is then not taken.
  [[nodiscard]] bool Push(Lane lane, T value) {
    {
      MutexLock lock(mutex_);
      auto& queue = lanes_[static_cast<size_t>(lane)];
      if (queue.size() >= capacity_) return false;
      queue.push_back(std::move(value));
      if (scheduled_) return true;
      scheduled_ = true;
    }
    loop_.Post([this] { Drain(); });
    return true;
  }

  size_t size(Lane lane) const {
    MutexLock lock(mutex_);
    return lanes_[static_cast<size_t>(lane)].size();
  }

 private:
  void Drain() {
    for (size_t i = 0; i < kBatch; ++i) {
      std::optional<T> one;
      {
        MutexLock lock(mutex_);
        if (!TakeOne(one)) {
          scheduled_ = false;
          return;
        }
      }
      handler_(*std::move(one));
    }
    loop_.Post([this] { Drain(); });
  }

  bool TakeOne(std::optional<T>& out) WEIR_REQUIRES(mutex_) {
    for (auto& queue : lanes_) {
      if (queue.empty()) continue;
      out.emplace(std::move(queue.front()));
      queue.pop_front();
      return true;
    }
    return false;
  }

  EventLoop& loop_;
  const size_t capacity_;
  const std::function<void(T)> handler_;
  mutable Mutex mutex_;
  std::array<std::deque<T>, kLanes> lanes_ WEIR_GUARDED_BY(mutex_);
  bool scheduled_ WEIR_GUARDED_BY(mutex_) = false;
};

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_MAILBOX_H_
