// FlatMap: values by a whole number other than 0, in one array (open addressing, linear probing,
// deletion by moving back). For look-up only: it cannot be iterated but through ForEach, whose
// order says nothing. Owner: the core's state. Single-threaded. No heap but for growth.
#ifndef WEIR_RESOURCEMANAGER_CORE_FLAT_MAP_H_
#define WEIR_RESOURCEMANAGER_CORE_FLAT_MAP_H_

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::rm {

template <typename Value>
class FlatMap {
 public:
  // nullptr when there is none. Valid until the next Put or Erase.
  Value* Find(uint64_t key) {
    for (size_t at = Home(key); !cells_.empty() && cells_[at].key != 0; at = Next(at)) {
      if (cells_[at].key == key) return &cells_[at].value;
    }
    return nullptr;
  }
  const Value* Find(uint64_t key) const { return const_cast<FlatMap*>(this)->Find(key); }
  void Put(uint64_t key, Value value) {
    if (Value* known = Find(key)) {
      *known = std::move(value);
      return;
    }
    if ((size_ + 1) * 2 > cells_.size()) Rehash(cells_.empty() ? kLeastCells : cells_.size() * 2);
    ++size_;
    Place({key, std::move(value)});
  }
  void Erase(uint64_t key) {
    if (cells_.empty()) return;
    size_t hole = Home(key);
    while (cells_[hole].key != 0 && cells_[hole].key != key) hole = Next(hole);
    if (cells_[hole].key == 0) return;
    const size_t mask = cells_.size() - 1;
    for (size_t at = Next(hole); cells_[at].key != 0; at = Next(at)) {
      if (((at - Home(cells_[at].key)) & mask) < ((at - hole) & mask)) continue;
      cells_[hole] = std::move(cells_[at]);
      hole = at;
    }
    cells_[hole] = {};
    --size_;
    if (cells_.size() > kLeastCells && size_ * 8 < cells_.size()) Rehash(cells_.size() / 2);
  }
  size_t size() const { return size_; }

 private:
  static constexpr size_t kLeastCells = 64;
  struct Cell {
    uint64_t key = 0;
    Value value{};
  };
  size_t Home(uint64_t key) const {
    return static_cast<size_t>((key * 0x9e3779b97f4a7c15ULL) >> 20) & (cells_.size() - 1);
  }
  size_t Next(size_t at) const { return (at + 1) & (cells_.size() - 1); }
  void Place(Cell cell) {
    size_t at = Home(cell.key);
    while (cells_[at].key != 0) at = Next(at);
    cells_[at] = std::move(cell);
  }
  void Rehash(size_t cells) {
    std::vector<Cell> old(cells);
    old.swap(cells_);
    for (Cell& cell : old) {
      if (cell.key != 0) Place(std::move(cell));
    }
  }

  std::vector<Cell> cells_;
  size_t size_ = 0;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_FLAT_MAP_H_
