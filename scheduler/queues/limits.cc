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

Parts PartsOf(const Amounts& amounts, int types) {
  Parts parts;
  for (int i = 0; i < types; ++i) parts.Set(i, amounts[i]);
  return parts;
}

// The usage that the user limit divides: the queue's capacity, or a step more than is consumed.
Parts CurrentOf(const UserLimitTerms& terms, const Parts& capacity, const Amounts& required) {
  const int types = terms.step.types();
  Parts current;
  for (int i = 0; i < types; ++i) {
    const Wide product = static_cast<Wide>(terms.total[i]) * terms.usage_ratios;
    current.Set(i, terms.step.Up(i, Clamp((product + kWholeShare - 1) >> 30)));
  }
  const bool below = terms.scale.Compare(current, capacity) < 0;
  for (int i = 0; i < types; ++i) {
    current.Set(i, below ? capacity[i] : current[i] + required[i]);
  }
  return current;
}

// What one user may have at most, whatever the others use.
Parts MostOf(const UserLimitTerms& terms, const Parts& capacity, LimitMode mode) {
  const bool ignore = mode == LimitMode::kIgnoreExclusivity;
  const bool unlimited = !terms.user_limit_factor || terms.guaranteed.IsZero();
  Parts most;
  for (int i = 0; i < terms.step.types(); ++i) {
    if (ignore) {
      most.Set(i, terms.total[i]);
    } else if (unlimited) {
      most.Set(i, terms.step.Down(i, terms.maximum[i]));
    } else {
      most.Set(i, MultipliedDown(capacity[i], *terms.user_limit_factor, kWholeFactor));
    }
  }
  return most;
}

Amounts UserLimitOf(const UserLimitTerms& terms,
                    const Amounts& required,
                    LimitMode mode,
                    bool all_users) {
  const int types = terms.step.types();
  const ShareScale& scale = terms.scale;
  const Parts capacity = PartsOf(scale.Larger(terms.guaranteed, required), types);
  const Parts current = CurrentOf(terms, capacity, required);
  const int64_t weight = all_users ? terms.all_weight : terms.active_weight;
  Parts by_floor;
  Parts by_users;
  for (int i = 0; i < types; ++i) {
    by_floor.Set(i, MultipliedUp(current[i], terms.minimum_user_limit, kWholePercent));
    const int64_t shared = all_users ? current[i] : terms.used_by_active[i] + required[i];
    by_users.Set(i, weight > 0 ? MultipliedUp(shared, kWholeWeight, weight) : 0);
  }
  const Parts& limit = scale.Larger(by_users, by_floor);
  const Parts most = MostOf(terms, capacity, mode);
  const Parts& capped = scale.Smaller(limit, most);
  Amounts result;
  for (int i = 0; i < types; ++i) result.Set(i, terms.step.Up(i, capped[i]));
  return result;
}

// used + each x count <= limit, in the calculator's order.
bool WithinAfter(const ShareScale& scale,
                 const Amounts& used,
                 const Amounts& each,
                 int64_t count,
                 const Amounts& limit) {
  Parts after;
  for (int i = 0; i < scale.types(); ++i) after.Set(i, used[i] + each[i] * count);
  return scale.Compare(after, limit) <= 0;
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

std::optional<Amounts> FixedUserLimit(const UserLimitTerms& terms, const Amounts& required) {
  const int types = terms.step.types();
  const Parts capacity = PartsOf(terms.scale.Larger(terms.guaranteed, required), types);
  const Parts most = MostOf(terms, capacity, LimitMode::kRespectExclusivity);
  Parts least;
  for (int i = 0; i < types; ++i) {
    least.Set(i, MultipliedUp(capacity[i], terms.minimum_user_limit, kWholePercent));
  }
  if (terms.scale.Compare(least, most) < 0) return std::nullopt;
  Amounts result;
  for (int i = 0; i < types; ++i) result.Set(i, terms.step.Up(i, most[i]));
  return result;
}

std::optional<Amounts> FixedPlacementLimit(const UserLimitTerms& terms, const Amounts& required) {
  if (terms.minimum_user_limit < kWholePercent) return FixedUserLimit(terms, required);
  const int types = terms.step.types();
  const Parts capacity = PartsOf(terms.scale.Larger(terms.guaranteed, required), types);
  const Parts most = MostOf(terms, capacity, LimitMode::kRespectExclusivity);
  Amounts result;
  for (int i = 0; i < types; ++i) result.Set(i, terms.step.Up(i, most[i]));
  return result;
}

Amounts AllUsersLimit(const UserLimitTerms& terms, const Amounts& required, LimitMode mode) {
  return UserLimitOf(terms, required, mode, true);
}

Amounts WeightedUserLimit(const AllocationStep& step, const Amounts& limit, int64_t weight) {
  if (weight == kWholeWeight) return limit;
  Amounts result;
  for (int i = 0; i < step.types(); ++i) {
    result.Set(i, step.Down(i, MultipliedDown(limit[i], weight, kWholeWeight)));
  }
  return result;
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
    const int64_t most =
        i == dominant ? limit[i] : MultipliedDown(limit[dominant], total[i], total[dominant]);
    count = std::min(count, std::max<int64_t>(most - used[i], 0) / each[i]);
  }
  if (count == kMost) return kMost;
  if (count == 0 || WithinAfter(scale, used, each, count, limit)) return count + 1;
  int64_t fits = 0;  // used + each x fits <= limit, and not with `count`
  while (count - fits > 1) {
    const int64_t middle = fits + (count - fits) / 2;
    (WithinAfter(scale, used, each, middle, limit) ? fits : count) = middle;
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
