// DenseSet: a set of small numbers as bits, in blocks of 64 of which only those in use are kept.
// Iterates in growing order. Value type.
#ifndef WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_
#define WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::rm {

class DenseSet {
 public:
  // Requires: number >= 0.
  void Insert(int32_t number) {
    auto place = Find(number / kBits);
    if (place == blocks_.end() || place->index != number / kBits) {
      // Most sets stay this small: they need not move in memory when they grow.
      if (blocks_.capacity() == 0) {
        blocks_.reserve(kUsual);
        place = blocks_.begin();
      }
      place = blocks_.insert(place, {.index = number / kBits});
    }
    place->bits |= Bit(number);
  }
  void Erase(int32_t number) {
    const auto place = Find(number / kBits);
    if (place == blocks_.end() || place->index != number / kBits) return;
    place->bits &= ~Bit(number);
    if (place->bits == 0) blocks_.erase(place);
  }
  bool Contains(int32_t number) const {
    const auto place = const_cast<DenseSet*>(this)->Find(number / kBits);
    return place != blocks_.end() && place->index == number / kBits &&
           (place->bits & Bit(number)) != 0;
  }
  std::vector<int32_t> All() const {
    std::vector<int32_t> all;
    for (const Block& block : blocks_) {
      for (uint64_t bits = block.bits; bits != 0; bits &= bits - 1) {
        all.push_back(block.index * kBits + std::countr_zero(bits));
      }
    }
    return all;
  }
  void Clear() { blocks_ = {}; }

 private:
  static constexpr int32_t kBits = 64;
  static constexpr size_t kUsual = 4;  // blocks
  struct Block {
    int32_t index = 0;  // of its first number / kBits
    uint64_t bits = 0;
  };

  static uint64_t Bit(int32_t number) { return uint64_t{1} << (number % kBits); }
  std::vector<Block>::iterator Find(int32_t index) {
    return std::lower_bound(
        blocks_.begin(), blocks_.end(), index, [](const Block& block, int32_t at) {
          return block.index < at;
        });
  }

  std::vector<Block> blocks_;  // by index
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_
