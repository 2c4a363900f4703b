// ShareScale: turns amounts into shares of fixed totals without dividing, for the decisions that
// are taken for every container.
//
// Every total is held as its reciprocal, a multiplier of 61 bits and a shift; the product differs
// from the exact quotient by less than 2^-30 of a share's unit for everything up to 2^32 times the
// total, and a quotient that is a whole number of units comes out exactly (the multiplier is
// rounded up). Shares are dominant shares (Ghodsi et al., NSDI 2011), or of memory alone.
// Immutable value; copied freely. No heap.
#ifndef WEIR_SCHEDULER_QUEUES_SHARE_SCALE_H_
#define WEIR_SCHEDULER_QUEUES_SHARE_SCALE_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <functional>

#include "scheduler/amounts.h"

namespace weir::scheduler {

// The first parts of some amounts, for intermediate results: without bookkeeping.
class Parts {
 public:
  int64_t operator[](int type) const { return values_[static_cast<size_t>(type)]; }
  void Set(int type, int64_t value) { values_[static_cast<size_t>(type)] = value; }

 private:
  std::array<int64_t, Amounts::kMaxTypes> values_{};
};

class ShareScale {
 public:
  // A scale on which every share is 0.
  ShareScale() = default;
  // Shares of `total`.
  ShareScale(Calculator calculator, const Amounts& total, int types);
  // Shares of `whole`, whose own dominant share of `total` is the unit: YARN's Resources.divide,
  // dominant(a) / dominant(whole), where each is measured by `total`.
  static ShareScale RelativeTo(Calculator calculator,
                               const Amounts& whole,
                               const Amounts& total,
                               int types);

  // The calculator's share of `a`; at most kMaximum.
  Share Of(const Amounts& a) const {
    Share dominant = 0;
    for (int i = 0; i < types_; ++i) dominant = std::max(dominant, Part(i, a[i]));
    return dominant;
  }
  // The calculator's order: dominant shares first, then the second largest and so on. <0, 0, >0.
  template <typename A, typename B>
  int Compare(const A& a, const B& b) const {
    if (types_ <= 1) return Sign(a[Amounts::kMemory], b[Amounts::kMemory]);
    if (types_ > 2) return CompareSorted(a, b);
    const Share a0 = Part(0, a[0]);
    const Share a1 = Part(1, a[1]);
    const Share b0 = Part(0, b[0]);
    const Share b1 = Part(1, b[1]);
    const int first = Sign(std::max(a0, a1), std::max(b0, b1));
    return first != 0 ? first : Sign(std::min(a0, a1), std::min(b0, b1));
  }
  // Which of the two YARN's Resources.max and min take (whole, not part by part); ties: `a`.
  template <typename A>
  const A& Larger(const A& a, const A& b) const {
    return Compare(a, b) < 0 ? b : a;
  }
  template <typename A>
  const A& Smaller(const A& a, const A& b) const {
    return Compare(a, b) > 0 ? b : a;
  }
  // The parts that count: 1 for memory alone.
  int types() const { return types_; }

  static constexpr Share kMaximum = kWholeShare << 20;

 private:
  __extension__ typedef unsigned __int128 Wide;
  struct Factor {
    uint64_t multiplier = 0;
    int32_t shift = 0;
  };
  static int Sign(int64_t x, int64_t y) { return x < y ? -1 : (x > y ? 1 : 0); }
  static Factor Reciprocal(Wide numerator, Wide denominator);

  Share Part(int type, int64_t value) const {
    if (value <= 0) return 0;
    const Factor& factor = factors_[static_cast<size_t>(type)];
    const Wide share = static_cast<Wide>(value) * factor.multiplier >> factor.shift;
    return share > static_cast<Wide>(kMaximum) ? kMaximum : static_cast<Share>(share);
  }

  template <typename A, typename B>
  int CompareSorted(const A& a, const B& b) const {
    std::array<Share, Amounts::kMaxTypes> of_a;
    std::array<Share, Amounts::kMaxTypes> of_b;
    for (int i = 0; i < types_; ++i) {
      of_a[static_cast<size_t>(i)] = Part(i, a[i]);
      of_b[static_cast<size_t>(i)] = Part(i, b[i]);
    }
    std::sort(of_a.begin(), of_a.begin() + types_, std::greater<>());
    std::sort(of_b.begin(), of_b.begin() + types_, std::greater<>());
    for (size_t i = 0; i < static_cast<size_t>(types_); ++i) {
      if (of_a[i] != of_b[i]) return Sign(of_a[i], of_b[i]);
    }
    return 0;
  }

  std::array<Factor, Amounts::kMaxTypes> factors_{};
  int32_t types_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_QUEUES_SHARE_SCALE_H_
