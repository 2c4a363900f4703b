// DenseSet: a set of small numbers as bits. Iterates in growing order. Value type.
#ifndef WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_
#define WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace weir::rm {

class DenseSet {
 public:
  void Insert(int32_t number) {
    const auto word = static_cast<size_t>(number) / kBits;
    if (words_.size() <= word) words_.resize(word + 1);
    words_[word] |= uint64_t{1} << (static_cast<size_t>(number) % kBits);
  }
  bool Contains(int32_t number) const {
    const auto word = static_cast<size_t>(number) / kBits;
    return word < words_.size() &&
           ((words_[word] >> (static_cast<size_t>(number) % kBits)) & 1) != 0;
  }
  std::vector<int32_t> All() const {
    std::vector<int32_t> all;
    for (size_t word = 0; word < words_.size(); ++word) {
      for (uint64_t bits = words_[word]; bits != 0; bits &= bits - 1) {
        all.push_back(
            static_cast<int32_t>(word * kBits + static_cast<size_t>(std::countr_zero(bits))));
      }
    }
    return all;
  }
  void Clear() { words_ = {}; }

 private:
  static constexpr size_t kBits = 64;
  std::vector<uint64_t> words_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_DENSE_SET_H_
