// IndexedHeap: a binary heap of (key, item) whose items know their places, so that any of them can
// be removed or given another key in O(log n). Smallest key first; ties are the key's own matter.
//
// The places are kept outside, by item: several heaps share one array as long as an item is in at
// most one of them at a time. Grows only on Push: no heap memory is used by anything else.
// Owner: one structure of the engine. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_
#define WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_

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
  const Entry* second() const {
    if (entries_.size() < 2) return nullptr;
    if (entries_.size() == 2 || entries_[1].key < entries_[2].key) return &entries_[1];
    return &entries_[2];
  }
  // In heap order: for checks, reports and sorting.
  const std::vector<Entry>& entries() const { return entries_; }

  void Push(HeapPlaces& places, const Key& key, int32_t item) {
    entries_.push_back({key, item});
    places.at(item) = static_cast<int32_t>(entries_.size() - 1);
    Up(places, entries_.size() - 1);
  }
  // Requires: `item` is in this heap.
  void Remove(HeapPlaces& places, int32_t item) {
    const auto place = static_cast<size_t>(places.at(item));
    places.at(item) = -1;
    const size_t last = entries_.size() - 1;
    if (place != last) {
      entries_[place] = std::move(entries_[last]);
      places.at(entries_[place].item) = static_cast<int32_t>(place);
    }
    entries_.pop_back();
    if (place != last) Settle(places, place);
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
  void Settle(HeapPlaces& places, size_t place) {
    if (!Up(places, place)) Down(places, place);
  }
  bool Up(HeapPlaces& places, size_t place) {
    bool moved = false;
    while (place > 0) {
      const size_t parent = (place - 1) / 2;
      if (!(entries_[place].key < entries_[parent].key)) break;
      Swap(places, place, parent);
      place = parent;
      moved = true;
    }
    return moved;
  }
  void Down(HeapPlaces& places, size_t place) {
    for (;;) {
      size_t least = 2 * place + 1;
      if (least >= entries_.size()) return;
      if (least + 1 < entries_.size() && entries_[least + 1].key < entries_[least].key) ++least;
      if (!(entries_[least].key < entries_[place].key)) return;
      Swap(places, place, least);
      place = least;
    }
  }
  void Swap(HeapPlaces& places, size_t a, size_t b) {
    std::swap(entries_[a], entries_[b]);
    places.at(entries_[a].item) = static_cast<int32_t>(a);
    places.at(entries_[b].item) = static_cast<int32_t>(b);
  }

  std::vector<Entry> entries_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_INDEXED_HEAP_H_
