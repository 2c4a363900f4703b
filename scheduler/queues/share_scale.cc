#include "scheduler/queues/share_scale.h"

namespace weir::scheduler {
namespace {

constexpr int kShareBits = 30;
constexpr uint64_t kFullMultiplier = uint64_t{1} << 61;
// From here on the smallest amount has the largest share that there is.
constexpr uint64_t kSaturating = uint64_t{1} << 20;
constexpr int kBitsMax = 150;

}  // namespace

// value x 2^30 x numerator / denominator = value x multiplier / 2^shift: a long division, bit by
// bit, until the multiplier is full.
ShareScale::Factor ShareScale::Reciprocal(Wide numerator, Wide denominator) {
  if (numerator == 0 || denominator == 0) return {};
  const Wide whole = numerator / denominator;
  if (whole >= kSaturating) return {static_cast<uint64_t>(kMaximum), 0};
  auto quotient = static_cast<uint64_t>(whole);
  Wide rest = numerator % denominator;
  int bits = 0;
  while (bits < kShareBits || (quotient < kFullMultiplier && bits < kBitsMax)) {
    rest <<= 1;
    quotient <<= 1;
    ++bits;
    if (rest >= denominator) {
      rest -= denominator;
      ++quotient;
    }
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
