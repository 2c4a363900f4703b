// A seeded generator of our own: the distributions of the standard library differ between
// implementations, and the same seed must give the same trace everywhere.
//
// Algorithm: SplitMix64 (Steele, Lea, Flood 2014). Not for secrets. Single-threaded value.
#ifndef WEIR_COMMON_RANDOM_H_
#define WEIR_COMMON_RANDOM_H_

#include <cstdint>

#include "common/check.h"

namespace weir {

class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }
  // From 0 to bound - 1; the bias for bounds far below 2^64 does not matter here.
  uint64_t Below(uint64_t bound) {
    WEIR_CHECK(bound > 0, "an empty range has no random member");
    return Next() % bound;
  }
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(Below(static_cast<uint64_t>(high - low) + 1));
  }
  // True with probability numerator / denominator.
  bool Chance(uint64_t numerator, uint64_t denominator) { return Below(denominator) < numerator; }

 private:
  uint64_t state_;
};

}  // namespace weir

#endif  // WEIR_COMMON_RANDOM_H_
