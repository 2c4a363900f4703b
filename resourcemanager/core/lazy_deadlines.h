// LazyDeadlines: when what is due, by dense key, for deadlines that are mostly put off.
//
// Algorithm: a binary heap with one entry per key at most as late as the key's deadline. Putting a
// deadline off only writes it down: its entry is looked at when its time comes, and goes back into
// the heap then. So Set is O(1) for what is put off, O(log keys) else, and Next may be too early,
// never too late. All of them can be moved at once, which costs nothing.
//
// Owner: the core's state. Single-threaded. No heap but for growth.
#ifndef WEIR_RESOURCEMANAGER_CORE_LAZY_DEADLINES_H_
#define WEIR_RESOURCEMANAGER_CORE_LAZY_DEADLINES_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "common/time.h"

namespace weir::rm {

class LazyDeadlines {
 public:
  // Requires: not kNever.
  void Set(int32_t key, Instant then) {
    const Instant when = then - shift_;
    const auto index = static_cast<size_t>(key);
    if (keys_.size() <= index) keys_.resize(index + 1);
    Key& its = keys_[index];
    its.deadline = when;
    if (when < its.entry) Push(key, when);
  }
  void Clear(int32_t key) {
    const auto index = static_cast<size_t>(key);
    if (key >= 0 && index < keys_.size()) keys_[index].deadline = kNever;
  }
  bool Has(int32_t key) const {
    const auto index = static_cast<size_t>(key);
    return key >= 0 && index < keys_.size() && keys_[index].deadline != kNever;
  }
  // Moves all that are set; O(1).
  void Shift(Duration by) { shift_ += by; }
  // Moves every deadline back. O(n).
  void Postpone(Duration by) {
    for (Key& key : keys_) {
      if (key.deadline != kNever) key.deadline += by;
    }
  }
  // Not after the earliest deadline.
  Instant Next() const { return heap_.empty() ? kNever : heap_.front().first + shift_; }

  // Takes out at most `limit` keys that are due, the earliest first.
  std::vector<int32_t> TakeDue(Instant then, size_t limit) {
    const Instant now = then - shift_;
    std::vector<int32_t> due;
    while (due.size() < limit && !heap_.empty() && heap_.front().first <= now) {
      const auto [when, key] = heap_.front();
      std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
      heap_.pop_back();
      Key& its = keys_[static_cast<size_t>(key)];
      if (when != its.entry) continue;  // an earlier one was made since
      its.entry = kNever;
      if (its.deadline <= now) {
        its.deadline = kNever;
        due.push_back(key);
      } else if (its.deadline != kNever) {
        Push(key, its.deadline);
      }
    }
    return due;
  }

 private:
  struct Key {
    Instant deadline = kNever;
    Instant entry = kNever;  // of its earliest entry in the heap
  };
  void Push(int32_t key, Instant when) {
    keys_[static_cast<size_t>(key)].entry = when;
    heap_.emplace_back(when, key);
    std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
  }

  Duration shift_{0};  // what is kept is so much earlier than it is
  std::vector<Key> keys_;
  std::vector<std::pair<Instant, int32_t>> heap_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_LAZY_DEADLINES_H_
