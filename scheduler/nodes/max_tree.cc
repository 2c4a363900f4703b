#include "scheduler/nodes/max_tree.h"

#include <algorithm>
#include <bit>

#include "common/check.h"

namespace weir::scheduler {
namespace {

constexpr MaxTree::Parts AllClosed() {
  MaxTree::Parts parts{};
  parts.fill(MaxTree::kClosed);
  return parts;
}
constexpr MaxTree::Parts kAllClosed = AllClosed();

}  // namespace

MaxTree::MaxTree(int parts) : parts_(parts) {
  WEIR_CHECK(parts >= 1 && parts <= kMaxParts, "a tree has 1 to kMaxParts parts");
  maxima_.assign(2 * size_ * stride(), kClosed);
}

void MaxTree::GrowTo(int32_t places) {
  const size_t wanted = std::bit_ceil(static_cast<size_t>(places));
  if (wanted <= size_) return;
  std::vector<int64_t> grown(2 * wanted * stride(), kClosed);
  const auto leaves = maxima_.begin() + static_cast<ptrdiff_t>(size_ * stride());
  std::copy(leaves, maxima_.end(), grown.begin() + static_cast<ptrdiff_t>(wanted * stride()));
  maxima_.swap(grown);
  size_ = wanted;
  for (size_t i = size_ - 1; i >= 1; --i) TakeMaximaOfChildren(i);
}

void MaxTree::TakeMaximaOfChildren(size_t index) {
  int64_t* const own = &maxima_[index * stride()];
  const int64_t* const left = &maxima_[2 * index * stride()];
  const int64_t* const right = left + stride();
  for (int part = 0; part < parts_; ++part) own[part] = std::max(left[part], right[part]);
}

// The usual number of parts (memory, vcores and two balances) is a constant for the compiler.
bool MaxTree::Set(int32_t place, const Parts& parts) {
  return parts_ == 4 ? SetOf<4>(place, parts) : SetOf<0>(place, parts);
}

bool MaxTree::Close(int32_t place) {
  return Set(place, kAllClosed);
}

template <int kParts>
bool MaxTree::SetOf(int32_t place, const Parts& parts) {
  const size_t count = kParts > 0 ? kParts : stride();
  int64_t* const all = maxima_.data();
  size_t i = size_ + static_cast<size_t>(place);
  std::copy_n(parts.begin(), count, all + i * count);
  while (i > 1) {
    i >>= 1;
    int64_t* const own = all + i * count;
    const int64_t* const left = all + 2 * i * count;
    const int64_t* const right = left + count;
    int64_t changed = 0;
    for (size_t part = 0; part < count; ++part) {
      const int64_t largest = std::max(left[part], right[part]);
      changed |= largest ^ own[part];
      own[part] = largest;
    }
    if (changed == 0) return false;
  }
  return true;
}

int32_t MaxTree::Find(const Parts& needed, int32_t from) const {
  if (from >= places()) return kNone;
  return parts_ == 4 ? FindOf<4>(needed, from) : FindOf<0>(needed, from);
}

// `i` is always the root of the largest subtree that begins at the first place not yet ruled out.
template <int kParts>
int32_t MaxTree::FindOf(const Parts& needed, int32_t from) const {
  const size_t count = kParts > 0 ? kParts : stride();
  size_t i = size_ + static_cast<size_t>(from);
  i >>= std::countr_zero(i);
  while (true) {
    const int64_t* const largest = maxima_.data() + i * count;
    bool fits = true;
    for (size_t part = 0; part < count; ++part) fits &= largest[part] >= needed[part];
    if (fits) {
      if (i >= size_) return static_cast<int32_t>(i - size_);
      i *= 2;
    } else {
      // Up past the subtrees that end here, then to the neighbour; past the root there is none.
      i >>= std::countr_one(i);
      if (i == 0) return kNone;
      ++i;
    }
  }
}

int64_t MaxTree::at(int32_t place, int part) const {
  return maxima_[(size_ + static_cast<size_t>(place)) * stride() + static_cast<size_t>(part)];
}

MaxTree::Parts MaxTree::largest() const {
  Parts parts{};
  std::copy_n(maxima_.begin() + parts_, parts_, parts.begin());
  return parts;
}

std::string MaxTree::CheckInvariants() const {
  for (size_t i = 1; i < size_; ++i) {
    for (size_t part = 0; part < stride(); ++part) {
      const int64_t left = maxima_[2 * i * stride() + part];
      const int64_t right = maxima_[(2 * i + 1) * stride() + part];
      if (maxima_[i * stride() + part] != std::max(left, right)) {
        return "entry " + std::to_string(i) + " of a tree of " + std::to_string(size_) +
               " places is not the maximum of its children";
      }
    }
  }
  return "";
}

}  // namespace weir::scheduler
