#include "scheduler/amounts.h"

#include <array>
#include <functional>
#include <limits>

namespace weir::scheduler {
namespace {

__extension__ typedef __int128 Wide;  // products of two amounts

constexpr Share kShareMax = kWholeShare << 20;
// Below this a part can be shifted by the bits of a share without overflow.
constexpr int64_t kShiftable = int64_t{1} << 32;

template <typename Combine>
Amounts ByPart(const Amounts& a, const Amounts& b, Combine combine) {
  Amounts result;
  const int types = std::max(a.types(), b.types());
  for (int i = 0; i < types; ++i) result.Set(i, combine(a[i], b[i]));
  return result;
}

Share PartShare(int64_t part, int64_t total) {
  if (total <= 0 || part <= 0) return 0;
  if (part < kShiftable) return std::min(kShareMax, (part << 30) / total);
  return static_cast<Share>(std::min<Wide>(kShareMax, (static_cast<Wide>(part) << 30) / total));
}

int64_t Clamp(Wide value) {
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
  if (value > kMax) return kMax;
  return value < kMin ? kMin : static_cast<int64_t>(value);
}

}  // namespace

Amounts Least(const Amounts& a, const Amounts& b) {
  return ByPart(a, b, [](int64_t x, int64_t y) { return std::min(x, y); });
}

Amounts Most(const Amounts& a, const Amounts& b) {
  return ByPart(a, b, [](int64_t x, int64_t y) { return std::max(x, y); });
}

Amounts FloorAtZero(Amounts a) {
  for (int i = 0; i < a.types(); ++i) a.Set(i, std::max<int64_t>(a[i], 0));
  return a;
}

Amounts RoundUp(Amounts a, const Amounts& step) {
  for (int i = 0; i < a.types(); ++i) {
    if (step[i] > 1) a.Set(i, (a[i] + step[i] - 1) / step[i] * step[i]);
  }
  return a;
}

Amounts RoundDown(Amounts a, const Amounts& step) {
  for (int i = 0; i < a.types(); ++i) {
    if (step[i] > 1) a.Set(i, a[i] / step[i] * step[i]);
  }
  return a;
}

Amounts ScaleDown(const Amounts& a, int64_t numerator, int64_t denominator) {
  Amounts scaled;
  for (int i = 0; i < a.types(); ++i) {
    scaled.Set(i, Clamp(static_cast<Wide>(a[i]) * numerator / denominator));
  }
  return scaled;
}

Amounts ScaleUp(const Amounts& a, int64_t numerator, int64_t denominator) {
  Amounts scaled;
  for (int i = 0; i < a.types(); ++i) {
    const Wide product = static_cast<Wide>(a[i]) * numerator;
    scaled.Set(i, Clamp((product + (product > 0 ? denominator - 1 : 0)) / denominator));
  }
  return scaled;
}

int64_t TimesFitting(const Amounts& each, const Amounts& room) {
  int64_t times = std::numeric_limits<int64_t>::max();
  for (int i = 0; i < each.types(); ++i) {
    if (each[i] > 0) times = std::min(times, std::max<int64_t>(room[i], 0) / each[i]);
  }
  return times;
}

Share ShareOf(Calculator calculator, const Amounts& a, const Amounts& total) {
  if (calculator == Calculator::kMemoryOnly) {
    return PartShare(a[Amounts::kMemory], total[Amounts::kMemory]);
  }
  Share dominant = 0;
  for (int i = 0; i < a.types(); ++i) dominant = std::max(dominant, PartShare(a[i], total[i]));
  return dominant;
}

int Compare(Calculator calculator, const Amounts& a, const Amounts& b, const Amounts& total) {
  const auto sign = [](int64_t x, int64_t y) { return x < y ? -1 : (x > y ? 1 : 0); };
  if (calculator == Calculator::kMemoryOnly) {
    return sign(a[Amounts::kMemory], b[Amounts::kMemory]);
  }
  const int types = std::max(a.types(), b.types());
  std::array<Share, Amounts::kMaxTypes> of_a{};
  std::array<Share, Amounts::kMaxTypes> of_b{};
  for (int i = 0; i < types; ++i) {
    of_a[static_cast<size_t>(i)] = PartShare(a[i], total[i]);
    of_b[static_cast<size_t>(i)] = PartShare(b[i], total[i]);
  }
  std::sort(of_a.begin(), of_a.begin() + types, std::greater<>());
  std::sort(of_b.begin(), of_b.begin() + types, std::greater<>());
  for (size_t i = 0; i < static_cast<size_t>(types); ++i) {
    if (of_a[i] != of_b[i]) return sign(of_a[i], of_b[i]);
  }
  return 0;
}

bool Fits(Calculator calculator, const Amounts& a, const Amounts& room) {
  if (calculator == Calculator::kMemoryOnly) return a[Amounts::kMemory] <= room[Amounts::kMemory];
  return a.FitsIn(room);
}

}  // namespace weir::scheduler
