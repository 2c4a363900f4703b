// MaxTree: finds the first of many places in a row that has at least so much of every part.
//
// Terms: a *place* is open and holds one number per part, or closed and fits nothing, not even a
// need of 0.
//
// Algorithm: a tournament tree (segment tree of maxima) over the places, as an implicit complete
// binary tree in one array: the children of i are 2i and 2i + 1, the leaves are the places. A
// search goes down only where every part's maximum suffices, without recursion. Maxima of two parts
// may come from two places, so a search can look at places that do not fit; a caller gives parts
// that are correlated (see RackIndex) to make that rare. Set is O(parts x log places), and ends
// early where no maximum changes; Find is O(parts x log places) where maxima do not mislead, and
// O(parts x places) at worst. No heap but in GrowTo.
//
// Invariant: every inner number is the maximum of its two children.
// Owner: RackIndex. Single-threaded. Copyable as a value.
#ifndef WEIR_SCHEDULER_NODES_MAX_TREE_H_
#define WEIR_SCHEDULER_NODES_MAX_TREE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "scheduler/amounts.h"

namespace weir::scheduler {

class MaxTree {
 public:
  // Two more than there are resource types.
  static constexpr int kMaxParts = Amounts::kMaxTypes + 2;
  // What a closed place holds; nothing needs so little.
  static constexpr int64_t kClosed = std::numeric_limits<int64_t>::min();
  static constexpr int32_t kNone = -1;
  using Parts = std::array<int64_t, kMaxParts>;

  // `parts`: how many numbers of Parts are looked at, 1 to kMaxParts. There is one closed place.
  explicit MaxTree(int parts);

  int32_t places() const { return static_cast<int32_t>(size_); }
  // At least that many places; new ones are closed. Doubles.
  void GrowTo(int32_t places);

  // Whether a maximum over all places changed. Requires: place < places(); no part is kClosed
  // or all are.
  bool Set(int32_t place, const Parts& parts);
  bool Close(int32_t place);

  // The first open place at or after `from` with every part >= the needed one, kNone when there is
  // none. Requires: from >= 0, no needed part is kClosed.
  int32_t Find(const Parts& needed, int32_t from) const;

  int64_t at(int32_t place, int part) const;
  // Over all places; kClosed when all are closed.
  int64_t largest(int part) const { return maxima_[stride() + static_cast<size_t>(part)]; }
  Parts largest() const;

  std::string CheckInvariants() const;

 private:
  size_t stride() const { return static_cast<size_t>(parts_); }
  template <int kParts>
  bool SetOf(int32_t place, const Parts& parts);
  template <int kParts>
  int32_t FindOf(const Parts& needed, int32_t from) const;
  void TakeMaximaOfChildren(size_t index);

  int32_t parts_;
  size_t size_ = 1;              // places, a power of two
  std::vector<int64_t> maxima_;  // 2 x size_ entries of parts_ numbers; entry 0 is unused
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_NODES_MAX_TREE_H_
