#include "scheduler/queues/share_scale.h"

#include <algorithm>
#include <bit>

namespace weir::scheduler {
namespace {

constexpr int kShareBits = 30;
constexpr int kMultiplierBits = 61;
constexpr uint64_t kFullMultiplier = uint64_t{1} << (kMultiplierBits - 1);
// From here on the smallest amount has the largest share that there is.
constexpr uint64_t kSaturating = uint64_t{1} << 20;
constexpr int kBitsMax = 150;

// How many binary digits the value has.
__extension__ typedef unsigned __int128 Digits;
int Length(Digits value) {
  const auto high = static_cast<uint64_t>(value >> 64);
  if (high != 0) return 128 - std::countl_zero(high);
  return 64 - std::countl_zero(static_cast<uint64_t>(value));
}

}  // namespace

// value x 2^30 x numerator / denominator = value x multiplier / 2^shift: a long division, as many
// binary digits at once as fit, until the multiplier is full or exact.
ShareScale::Factor ShareScale::Reciprocal(Wide numerator, Wide denominator) {
  if (numerator == 0 || denominator == 0) return {};
  const Wide whole = numerator / denominator;
  if (whole >= kSaturating) return {static_cast<uint64_t>(kMaximum), 0};
  auto quotient = static_cast<uint64_t>(whole);
  Wide rest = numerator % denominator;
  int bits = 0;
  while (rest != 0 && quotient < kFullMultiplier && bits < kBitsMax) {
    const int wanted = quotient == 0 ? Length(denominator) - Length(rest) + kMultiplierBits - 1
                                     : kMultiplierBits - Length(quotient);
    const int digits = std::min({wanted, 128 - Length(denominator), kBitsMax - bits});
    rest <<= digits;
    // More digits than the quotient can hold are taken only while it is 0.
    quotient = (quotient == 0 ? 0 : quotient << digits) + static_cast<uint64_t>(rest / denominator);
    rest %= denominator;
    bits += digits;
  }
  if (bits < kShareBits) {  // an exact quotient
    quotient <<= kShareBits - bits;
    bits = kShareBits;
  }
  return {quotient + (rest != 0 ? 1 : 0), bits - kShareBits};
}

ShareScale::ShareScale(Calculator calculator, const Amounts& total, int types)
    : types_(calculator == Calculator::kMemoryOnly ? 1 : types) {
  for (int i = 0; i < types_; ++i) {
    if (total[i] > 0) factors_[static_cast<size_t>(i)] = Reciprocal(1, static_cast<Wide>(total[i]));
  }
}

ShareScale ShareScale::RelativeTo(Calculator calculator,
                                  const Amounts& whole,
                                  const Amounts& total,
                                  int types) {
  ShareScale scale;
  scale.types_ = calculator == Calculator::kMemoryOnly ? 1 : types;
  // The dominant type of `whole`, by cross multiplication.
  int dominant = -1;
  for (int i = 0; i < scale.types_; ++i) {
    if (total[i] <= 0 || whole[i] <= 0) continue;
    if (dominant < 0 || static_cast<Wide>(whole[i]) * static_cast<Wide>(total[dominant]) >
                            static_cast<Wide>(whole[dominant]) * static_cast<Wide>(total[i])) {
      dominant = i;
    }
  }
  if (dominant < 0) return scale;
  for (int i = 0; i < scale.types_; ++i) {
    if (total[i] <= 0) continue;
    // (value / total[i]) / (whole[d] / total[d])
    scale.factors_[static_cast<size_t>(i)] =
        Reciprocal(static_cast<Wide>(total[dominant]),
                   static_cast<Wide>(total[i]) * static_cast<Wide>(whole[dominant]));
  }
  return scale;
}

}  // namespace weir::scheduler
