// KeyedTable: the state of a keyed operator, one value per key, in order of first appearance.
//
// Open addressing over 32-bit slots; keys and values live in stable blocks beside them, so that a
// look-up touches one slot and one entry. The order is that of insertion: iteration does not
// depend on the hash. At most 2^32 - 2 keys. Single-threaded.
#ifndef WEIR_STREAM_API_KEYED_TABLE_H_
#define WEIR_STREAM_API_KEYED_TABLE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <stdexcept>
#include <utility>
#include <vector>

#include "stream/api/serializer.h"

namespace weir::stream {

template <typename Key, typename Value>
class KeyedTable {
 public:
  struct Entry {
    uint64_t hash;
    Key key;
    Value value;
  };

  // The entry of `key`; when it is new, its value is what `make()` returns. `second` = it is new.
  template <typename KeyView, typename Make>
  std::pair<Entry*, bool> FindOrInsert(uint64_t hash, const KeyView& key, Make&& make) {
    if ((entries_.size() + 1) * 4 > slots_.size() * 3) Grow();
    const size_t mask = slots_.size() - 1;
    for (size_t at = Place(hash) & mask;; at = (at + 1) & mask) {
      Slot& slot = slots_[at];
      if (slot.entry == kEmpty) {
        slot = {Tag(hash), static_cast<uint32_t>(entries_.size())};
        entries_.push_back(Entry{hash, Key(OwnedType<KeyView>::From(key)), make()});
        return {&entries_.back(), true};
      }
      if (slot.tag != Tag(hash)) continue;
      Entry& entry = entries_[slot.entry];
      if (entry.hash == hash && SameKey(entry.key, key)) return {&entry, false};
    }
  }

  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }
  void Clear() {
    entries_.clear();
    slots_.clear();
  }

 private:
  struct Slot {
    uint32_t tag = 0;
    uint32_t entry = kEmpty;
  };
  static constexpr uint32_t kEmpty = UINT32_MAX;
  static constexpr size_t kFirstSlots = 1024;

  // The low bits chose the task, so all keys here may share them: the place comes from the high.
  static size_t Place(uint64_t hash) { return static_cast<size_t>(hash >> 20); }
  static uint32_t Tag(uint64_t hash) { return static_cast<uint32_t>(hash); }

  void Grow() {
    if (entries_.size() >= kEmpty - 1) throw std::length_error("a task holds more than 2^32 keys");
    std::vector<Slot> larger(slots_.empty() ? kFirstSlots : slots_.size() * 2);
    const size_t mask = larger.size() - 1;
    uint32_t index = 0;
    for (const Entry& entry : entries_) {
      size_t at = Place(entry.hash) & mask;
      while (larger[at].entry != kEmpty) at = (at + 1) & mask;
      larger[at] = {Tag(entry.hash), index++};
    }
    slots_ = std::move(larger);
  }

  std::vector<Slot> slots_;
  std::deque<Entry> entries_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_API_KEYED_TABLE_H_
