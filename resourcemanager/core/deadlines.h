// Deadlines: when each of many things is due, ordered by time, then by key. Setting replaces.
// O(log n). All of them can be moved at once, which costs nothing.
// Owner: the ResourceManager core. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_CORE_DEADLINES_H_
#define WEIR_RESOURCEMANAGER_CORE_DEADLINES_H_

#include <cstddef>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "common/time.h"

namespace weir::rm {

template <typename Key>
class Deadlines {
 public:
  void Set(const Key& key, Instant when) {
    Clear(key);
    when_.emplace(key, when - shift_);
    order_.emplace(when - shift_, key);
  }
  // Moves all that are set; O(1). Requires: `by` keeps them representable.
  void Shift(Duration by) { shift_ += by; }
  void Clear(const Key& key) {
    const auto found = when_.find(key);
    if (found == when_.end()) return;
    order_.erase({found->second, key});
    when_.erase(found);
  }
  // Requires: Has(key).
  Instant At(const Key& key) const { return when_.at(key) + shift_; }
  bool Has(const Key& key) const { return when_.contains(key); }
  Instant Next() const { return order_.empty() ? kNever : order_.begin()->first + shift_; }
  size_t size() const { return when_.size(); }

  // Takes out at most `limit` keys that are due, the earliest first.
  std::vector<Key> TakeDue(Instant now, size_t limit) {
    std::vector<Key> due;
    while (due.size() < limit && !order_.empty() && order_.begin()->first + shift_ <= now) {
      due.push_back(order_.begin()->second);
      Clear(due.back());
    }
    return due;
  }

 private:
  Duration shift_{0};  // what is kept is so much earlier than it is
  std::map<Key, Instant> when_;
  std::set<std::pair<Instant, Key>> order_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_DEADLINES_H_
