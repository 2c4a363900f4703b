// IndexedHeap: a heap of (key, item) whose items know their places, so that any of them can
// be removed or given another key in O(log n). Smallest key first; ties are the key's own matter.
//
// Every entry has four below it, next to each other: half as many levels as with two, for about as
// many cache lines each (LaMarca and Ladner, The influence of caches on the performance of heaps,
// 1996).
//
// The places are kept outside, by item: several heaps share one array as long as an item is in at
// most one of them at a time. Grows only on Push: no heap memory is used by anything else.
// Owner: one structure of the engine. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_
#define WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::scheduler {

// By item; -1 = in no heap.
class HeapPlaces {
 public:
  int32_t& at(int32_t item) {
    const auto index = static_cast<size_t>(item);
    if (index >= places_.size()) places_.resize(index + 1, -1);
    return places_[index];
  }
  bool Contains(int32_t item) const {
    const auto index = static_cast<size_t>(item);
    return index < places_.size() && places_[index] >= 0;
  }

 private:
  std::vector<int32_t> places_;
};

template <typename Key>
class IndexedHeap {
 public:
  struct Entry {
    Key key;
    int32_t item = -1;
  };

  bool empty() const { return entries_.empty(); }
  size_t size() const { return entries_.size(); }
  // Requires: not empty.
  const Entry& top() const { return entries_.front(); }
  // The smallest key after the top's; null when there is no other.
  const Entry* second() const { return entries_.size() < 2 ? nullptr : &entries_[LeastBelow(0)]; }
  // In heap order: for checks, reports and sorting.
  const std::vector<Entry>& entries() const { return entries_; }

  void Push(HeapPlaces& places, const Key& key, int32_t item) {
    entries_.push_back({key, item});
    Up(places, entries_.size() - 1);
  }
  // Requires: `item` is in this heap.
  void Remove(HeapPlaces& places, int32_t item) {
    const auto place = static_cast<size_t>(places.at(item));
    places.at(item) = -1;
    if (place + 1 < entries_.size()) {
      entries_[place] = std::move(entries_.back());
      entries_.pop_back();
      Settle(places, place);
    } else {
      entries_.pop_back();
    }
  }
  // Requires: `item` is in this heap.
  void Change(HeapPlaces& places, const Key& key, int32_t item) {
    const auto place = static_cast<size_t>(places.at(item));
    entries_[place].key = key;
    Settle(places, place);
  }
  void Clear(HeapPlaces& places) {
    for (const Entry& entry : entries_) places.at(entry.item) = -1;
    entries_.clear();
  }

 private:
  static constexpr size_t kBelow = 4;

  // Requires: there are entries below this place.
  size_t LeastBelow(size_t place) const {
    const size_t first = kBelow * place + 1;
    const size_t end = std::min(first + kBelow, entries_.size());
    size_t least = first;
    for (size_t at = first + 1; at < end; ++at) {
      if (entries_[at].key < entries_[least].key) least = at;
    }
    return least;
  }
  void Settle(HeapPlaces& places, size_t place) {
    if (place > 0 && entries_[place].key < entries_[(place - 1) / kBelow].key) {
      Up(places, place);
    } else {
      Down(places, place);
    }
  }
  // Both take the entry out, move the others over the hole, and put it where the hole ends.
  void Up(HeapPlaces& places, size_t place) {
    Entry entry = std::move(entries_[place]);
    while (place > 0) {
      const size_t above = (place - 1) / kBelow;
      if (!(entry.key < entries_[above].key)) break;
      Put(places, place, std::move(entries_[above]));
      place = above;
    }
    Put(places, place, std::move(entry));
  }
  void Down(HeapPlaces& places, size_t place) {
    Entry entry = std::move(entries_[place]);
    while (kBelow * place + 1 < entries_.size()) {
      const size_t least = LeastBelow(place);
      if (!(entries_[least].key < entry.key)) break;
      Put(places, place, std::move(entries_[least]));
      place = least;
    }
    Put(places, place, std::move(entry));
  }
  void Put(HeapPlaces& places, size_t place, Entry entry) {
    places.at(entry.item) = static_cast<int32_t>(place);
    entries_[place] = std::move(entry);
  }

  std::vector<Entry> entries_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_
