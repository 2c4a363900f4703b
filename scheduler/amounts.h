// Amounts: how much of each resource type, as the scheduler computes with it: one whole number per
// type at the index that ResourceTypes gives it, memory (MiB) first, vcores second.
//
// Terms: a *share* is a fraction of a total in units of 1 / kWholeShare; the *dominant* share of
// some amounts is their largest share over all types with a total (Ghodsi et al., Dominant Resource
// Fairness, NSDI 2011).
// Invariant: parts at and above types() are zero. Parts may be negative (a difference).
// Immutable value apart from Set and the compound operators; no heap.
#ifndef WEIR_SCHEDULER_AMOUNTS_H_
#define WEIR_SCHEDULER_AMOUNTS_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>

namespace weir::scheduler {

class Amounts {
 public:
  static constexpr int kMaxTypes = 16;
  static constexpr int kMemory = 0;
  static constexpr int kVcores = 1;

  constexpr Amounts() = default;
  constexpr Amounts(std::initializer_list<int64_t> parts) {
    int index = 0;
    for (const int64_t part : parts) Set(index++, part);
  }

  constexpr int64_t operator[](int type) const { return parts_[static_cast<size_t>(type)]; }
  constexpr void Set(int type, int64_t value) {
    parts_[static_cast<size_t>(type)] = value;
    types_ = std::max(types_, type + 1);
  }
  // How many types may be other than zero; at least 2.
  constexpr int types() const { return types_; }

  constexpr bool operator==(const Amounts& other) const { return parts_ == other.parts_; }
  constexpr auto operator<=>(const Amounts& other) const { return parts_ <=> other.parts_; }

  constexpr Amounts& operator+=(const Amounts& other) {
    types_ = std::max(types_, other.types_);
    for (int i = 0; i < types_; ++i) part(i) += other[i];
    return *this;
  }
  constexpr Amounts& operator-=(const Amounts& other) {
    types_ = std::max(types_, other.types_);
    for (int i = 0; i < types_; ++i) part(i) -= other[i];
    return *this;
  }
  constexpr Amounts& operator*=(int64_t factor) {
    for (int i = 0; i < types_; ++i) part(i) *= factor;
    return *this;
  }
  friend constexpr Amounts operator+(Amounts a, const Amounts& b) { return a += b; }
  friend constexpr Amounts operator-(Amounts a, const Amounts& b) { return a -= b; }
  friend constexpr Amounts operator*(Amounts a, int64_t factor) { return a *= factor; }

  // Every part of this is at most the same part of `other`.
  constexpr bool FitsIn(const Amounts& other) const {
    for (int i = 0; i < std::max(types_, other.types_); ++i) {
      if ((*this)[i] > other[i]) return false;
    }
    return true;
  }
  constexpr bool IsZero() const {
    for (int i = 0; i < types_; ++i) {
      if ((*this)[i] != 0) return false;
    }
    return true;
  }
  constexpr bool IsNonNegative() const {
    for (int i = 0; i < types_; ++i) {
      if ((*this)[i] < 0) return false;
    }
    return true;
  }

 private:
  constexpr int64_t& part(int type) { return parts_[static_cast<size_t>(type)]; }

  std::array<int64_t, kMaxTypes> parts_{};
  int32_t types_ = 2;
};

// Part by part.
Amounts Least(const Amounts& a, const Amounts& b);
Amounts Most(const Amounts& a, const Amounts& b);
Amounts FloorAtZero(Amounts a);
// Rounded to whole multiples of `step`, part by part; a step of 0 leaves the part as it is.
Amounts RoundUp(Amounts a, const Amounts& step);
Amounts RoundDown(Amounts a, const Amounts& step);
// a x numerator / denominator, rounded down or up. Requires: denominator > 0. Exact (128 bits).
Amounts ScaleDown(const Amounts& a, int64_t numerator, int64_t denominator);
Amounts ScaleUp(const Amounts& a, int64_t numerator, int64_t denominator);
// How many times `each` fits into `room`; 0 when a part of `room` that is needed is negative;
// INT64_MAX when nothing is needed.
int64_t TimesFitting(const Amounts& each, const Amounts& room);

using Share = int64_t;
inline constexpr Share kWholeShare = int64_t{1} << 30;

enum class Calculator {
  kDominant,    // YARN's DominantResourceCalculator
  kMemoryOnly,  // YARN's DefaultResourceCalculator
};

// a / total as a share, rounded down, at most kWholeShare << 20; 0 when the total is 0 (memory
// only) or for every type with a total of 0.
Share ShareOf(Calculator calculator, const Amounts& a, const Amounts& total);
// The calculator's order: memory alone, or dominant shares of `total` (largest first, then the
// second largest and so on, as YARN breaks ties). <0, 0, >0.
int Compare(Calculator calculator, const Amounts& a, const Amounts& b, const Amounts& total);
// `a` fits into `room` in the parts that the calculator looks at.
bool Fits(Calculator calculator, const Amounts& a, const Amounts& room);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_AMOUNTS_H_
