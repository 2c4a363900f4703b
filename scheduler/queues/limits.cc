#include "scheduler/queues/limits.h"

#include <algorithm>
#include <limits>
#include <numeric>

namespace weir::scheduler {
namespace {

__extension__ typedef __int128 Wide;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

int64_t Clamp(Wide value) {
  return value > kMost ? kMost : static_cast<int64_t>(value);
}

// value x numerator / denominator, exactly; requires value and numerator >= 0, denominator > 0.
int64_t MultipliedDown(int64_t value, int64_t numerator, int64_t denominator) {
  if (numerator == denominator) return value;
  int64_t product = 0;
  if (!__builtin_mul_overflow(value, numerator, &product)) return product / denominator;
  return Clamp(static_cast<Wide>(value) * numerator / denominator);
}

int64_t MultipliedUp(int64_t value, int64_t numerator, int64_t denominator) {
  if (numerator == denominator) return value;
  int64_t product = 0;
  if (!__builtin_mul_overflow(value, numerator, &product)) {
    return product / denominator + (product % denominator > 0 ? 1 : 0);
  }
  return Clamp((static_cast<Wide>(value) * numerator + denominator - 1) / denominator);
}

Amounts EachUp(const AllocationStep& step,
               const Amounts& a,
               int64_t numerator,
               int64_t denominator) {
  if (numerator == denominator) return a;
  Amounts result;
  for (int i = 0; i < step.types(); ++i) {
    result.Set(i, MultipliedUp(a[i], numerator, denominator));
  }
  return result;
}

Amounts EachDown(const AllocationStep& step,
                 const Amounts& a,
                 int64_t numerator,
                 int64_t denominator) {
  if (numerator == denominator) return a;
  Amounts result;
  for (int i = 0; i < step.types(); ++i) {
    result.Set(i, MultipliedDown(a[i], numerator, denominator));
  }
  return result;
}

// total x ratios, rounded up to the step.
Amounts Consumed(const UserLimitTerms& terms) {
  Amounts consumed;
  for (int i = 0; i < terms.step.types(); ++i) {
    const Wide product = static_cast<Wide>(terms.total[i]) * terms.usage_ratios;
    consumed.Set(i, terms.step.Up(i, Clamp((product + kWholeShare - 1) >> 30)));
  }
  return consumed;
}

Amounts CappedUserLimit(const UserLimitTerms& terms,
                        const Amounts& capacity,
                        const Amounts& limit,
                        LimitMode mode) {
  if (mode == LimitMode::kIgnoreExclusivity) {
    return terms.step.Up(terms.scale.Smaller(limit, terms.total));
  }
  if (!terms.user_limit_factor || terms.guaranteed.IsZero()) {
    return terms.step.Up(terms.scale.Smaller(limit, terms.step.Down(terms.maximum)));
  }
  if (*terms.user_limit_factor == kWholeFactor) {
    return terms.step.Up(terms.scale.Smaller(limit, capacity));
  }
  const Amounts most = EachDown(terms.step, capacity, *terms.user_limit_factor, kWholeFactor);
  return terms.step.Up(terms.scale.Smaller(limit, most));
}

Amounts UserLimitOf(const UserLimitTerms& terms,
                    const Amounts& required,
                    LimitMode mode,
                    bool all_users) {
  const Amounts& capacity = terms.scale.Larger(terms.guaranteed, required);
  Amounts current = Consumed(terms);
  if (terms.scale.Compare(current, capacity) < 0) {
    current = capacity;
  } else {
    current += required;
  }
  const Amounts by_floor = EachUp(terms.step, current, terms.minimum_user_limit, kWholePercent);
  const int64_t weight = all_users ? terms.all_weight : terms.active_weight;
  if (weight <= 0) return CappedUserLimit(terms, capacity, by_floor, mode);
  const Amounts shared = all_users ? current : terms.used_by_active + required;
  const Amounts by_users = EachUp(terms.step, shared, kWholeWeight, weight);
  return CappedUserLimit(terms, capacity, terms.scale.Larger(by_users, by_floor), mode);
}

}  // namespace

AllocationStep::AllocationStep(const Amounts& minimum, int types)
    : minimum_(minimum), types_(types) {
  for (int i = 0; i < types; ++i) {
    const int64_t size = std::max<int64_t>(minimum[i], 1);
    steps_[static_cast<size_t>(i)] = {size, (size & (size - 1)) == 0};
  }
}

Amounts AllocationStep::Down(const Amounts& amounts) const {
  Amounts result = amounts;
  for (int i = 0; i < types_; ++i) result.Set(i, Down(i, amounts[i]));
  return result;
}

Amounts AllocationStep::Up(const Amounts& amounts) const {
  Amounts result = amounts;
  for (int i = 0; i < types_; ++i) result.Set(i, Up(i, amounts[i]));
  return result;
}

Ratio Ratio::Times(int64_t n, int64_t d) const {
  if (n == 0 || numerator == 0) return {0, 1};
  const int64_t across = std::gcd(numerator, d);
  const int64_t down = std::gcd(n, denominator);
  Wide product = static_cast<Wide>(numerator / across) * (n / down);
  Wide divisor = static_cast<Wide>(denominator / down) * (d / across);
  const int64_t own = std::gcd(n / down, d / across);  // n / d may not be reduced itself
  product /= own;
  divisor /= own;
  while (product > kMost || divisor > kMost) {
    product >>= 1;
    divisor = (divisor + 1) >> 1;
  }
  return {static_cast<int64_t>(product), static_cast<int64_t>(divisor)};
}

Amounts ActiveUserLimit(const UserLimitTerms& terms, const Amounts& required, LimitMode mode) {
  return UserLimitOf(terms, required, mode, false);
}

Amounts AllUsersLimit(const UserLimitTerms& terms, const Amounts& required, LimitMode mode) {
  return UserLimitOf(terms, required, mode, true);
}

Amounts WeightedUserLimit(const AllocationStep& step, const Amounts& limit, int64_t weight) {
  if (weight == kWholeWeight) return limit;
  return step.Down(EachDown(step, limit, weight, kWholeWeight));
}

int64_t CountWithOvershoot(const ShareScale& scale,
                           const Amounts& used,
                           const Amounts& each,
                           const Amounts& limit,
                           const Amounts& total) {
  if (scale.Compare(used, limit) > 0) return 0;
  // The dominant type of the limit says how far the others may go: an estimate that `Compare`
  // then settles, because ties are decided by the smaller shares.
  int dominant = 0;
  for (int i = 1; i < scale.types(); ++i) {
    if (total[i] <= 0) continue;
    if (total[dominant] <= 0 || static_cast<Wide>(limit[i]) * total[dominant] >
                                    static_cast<Wide>(limit[dominant]) * total[i]) {
      dominant = i;
    }
  }
  int64_t count = kMost;
  for (int i = 0; i < scale.types(); ++i) {
    if (each[i] <= 0 || (total[i] <= 0 && scale.types() > 1)) continue;
    int64_t most = limit[dominant];
    if (i != dominant) most = MultipliedDown(limit[dominant], total[i], total[dominant]);
    count = std::min(count, std::max<int64_t>(most - used[i], 0) / each[i]);
  }
  if (count == kMost) return kMost;
  if (scale.Compare(used + each * count, limit) <= 0) return count + 1;
  int64_t fits = 0;  // used + each x fits <= limit, and not with `count`
  while (count - fits > 1) {
    const int64_t middle = fits + (count - fits) / 2;
    (scale.Compare(used + each * middle, limit) <= 0 ? fits : count) = middle;
  }
  return fits + 1;
}

Amounts AmLimitOf(Calculator calculator,
                  const AllocationStep& step,
                  const Amounts& guaranteed,
                  const Amounts* current_limit,
                  int64_t am_share) {
  const bool larger = current_limit != nullptr && Fits(calculator, guaranteed, *current_limit);
  return step.Up(EachUp(step, larger ? *current_limit : guaranteed, am_share, kWholeFactor));
}

Amounts UserAmLimitOf(const ShareScale& scale,
                      const AllocationStep& step,
                      const Amounts& guaranteed,
                      const UserAmLimitTerms& terms,
                      const Amounts& am_limit) {
  Ratio ratio = Ratio{}.Times(terms.am_share, kWholeFactor);
  if (terms.user_limit_factor) {
    const int64_t users = std::max<int32_t>(terms.active_users, 1);
    Ratio each = Wide{terms.minimum_user_limit} * users >= kWholePercent
                     ? Ratio{}.Times(terms.minimum_user_limit, kWholePercent)
                     : Ratio{1, users};
    each = each.Times(terms.weight, kWholeWeight);
    if (each.numerator >= each.denominator) each = {1, 1};
    ratio =
        ratio.Times(each.numerator, each.denominator).Times(*terms.user_limit_factor, kWholeFactor);
  }
  const Amounts limit = step.Up(EachUp(step, guaranteed, ratio.numerator, ratio.denominator));
  return scale.Smaller(limit, am_limit);
}

Amounts HeadroomOf(const AllocationStep& step,
                   const Amounts& user_limit,
                   const Amounts& user_used,
                   const Amounts& queue_limit,
                   const Amounts& queue_used,
                   const Amounts& partition_free) {
  const Amounts room = FloorAtZero(Least(user_limit - user_used, queue_limit - queue_used));
  return Least(step.Down(room), FloorAtZero(partition_free));
}

int64_t MaximumApplicationsOf(const MaximumApplicationsTerms& terms) {
  if (terms.configured) return *terms.configured;
  const bool per_queue = terms.per_queue && *terms.per_queue > 0;
  const int64_t most = per_queue ? std::min(*terms.per_queue, terms.system) : terms.system;
  if (per_queue && !terms.absolute) return most;
  return MultipliedDown(most, terms.absolute_capacity, kWholeFraction);
}

int64_t MaximumApplicationsPerUserOf(int64_t maximum,
                                     int64_t minimum_user_limit,
                                     std::optional<int64_t> user_limit_factor) {
  if (!user_limit_factor) return maximum;
  const Ratio ratio =
      Ratio{}.Times(minimum_user_limit, kWholePercent).Times(*user_limit_factor, kWholeFactor);
  return std::min(maximum, MultipliedDown(maximum, ratio.numerator, ratio.denominator));
}

}  // namespace weir::scheduler
