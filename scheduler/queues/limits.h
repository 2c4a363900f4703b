// The arithmetic of YARN's queue limits as pure functions: user limit, ApplicationMaster limits,
// headroom, numbers of applications. Integers only; rounding is said for each.
//
// Sources: Hadoop's UsersManager (user limit), LeafQueue and AbstractLeafQueue (ApplicationMaster
// limits, headroom), AbstractParentQueue (limit handed down, maximum applications). YARN computes
// with floats; here every fraction is exact, so that results may differ by YARN's float error.
//
// Units: percentages are in 1 / kWholePercent, weights in 1 / kWholeWeight, factors and
// ApplicationMaster shares in 1 / kWholeFactor (config/queue_configuration.h), absolute capacities
// in 1 / kWholeFraction.
// Thread rule: pure functions of their arguments, and immutable values. No heap.
#ifndef WEIR_SCHEDULER_QUEUES_LIMITS_H_
#define WEIR_SCHEDULER_QUEUES_LIMITS_H_

#include <array>
#include <cstdint>
#include <optional>

#include "scheduler/amounts.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/queues/share_scale.h"

namespace weir::scheduler {

// How the limits are meant for one placement.
enum class LimitMode {
  kRespectExclusivity,  // the ask's own partition
  kIgnoreExclusivity,   // idle space of a non-exclusive partition: queue maximum and user limit
                        // factor do not count
};

// An absolute capacity: a share of the whole partition, precise enough for products of percentages.
inline constexpr int64_t kWholeFraction = 10'000'000'000'000'000;

// The minimum allocation, to whole multiples of which YARN rounds limits. A part of 0 or 1 leaves
// its type as it is.
class AllocationStep {
 public:
  AllocationStep() = default;
  AllocationStep(const Amounts& minimum, int types);

  const Amounts& minimum() const { return minimum_; }
  int types() const { return types_; }
  // Values that are not positive stay as they are.
  int64_t Down(int type, int64_t value) const {
    const Step& step = steps_[static_cast<size_t>(type)];
    if (value <= 0 || step.size <= 1) return value;
    return step.power_of_two ? value & ~(step.size - 1) : value / step.size * step.size;
  }
  int64_t Up(int type, int64_t value) const {
    const Step& step = steps_[static_cast<size_t>(type)];
    if (value <= 0 || step.size <= 1) return value;
    return Down(type, value + step.size - 1);
  }
  Amounts Down(const Amounts& amounts) const;
  Amounts Up(const Amounts& amounts) const;

 private:
  struct Step {
    int64_t size = 1;
    bool power_of_two = true;
  };
  Amounts minimum_;
  std::array<Step, Amounts::kMaxTypes> steps_{};
  int types_ = 2;
};

// An exact fraction, reduced; products that outgrow 63 bits lose what is below 2^-60 of them.
struct Ratio {
  int64_t numerator = 1;
  int64_t denominator = 1;
  // Requires: n >= 0, d > 0.
  Ratio Times(int64_t n, int64_t d) const;
};

// --- queue limits
// What a parent lets a child reach: min(parent's limit, parent's maximum) - parent's used + child's
// used, rounded down to the minimum allocation. `parent_room` = the first difference.
inline int64_t HandedDown(const AllocationStep& step,
                          int type,
                          int64_t parent_room,
                          int64_t child_used) {
  return step.Down(type, parent_room + child_used);
}

// --- user limit
// What a user limit is computed from; the references outlive the call.
struct UserLimitTerms {
  const ShareScale& scale;  // of the partition
  const AllocationStep& step;
  const Amounts& total;                        // of the partition
  const Amounts& guaranteed;                   // effective, of the leaf
  const Amounts& maximum;                      // effective, of the leaf
  const Amounts& used_by_active;               // sum over the active users
  Share usage_ratios = 0;                      // sum of all users' shares of the partition
  int64_t active_weight = 0;                   // sum over the active users
  int64_t all_weight = 0;                      // sum over all users
  int64_t minimum_user_limit = kWholePercent;  // MULP
  std::optional<int64_t> user_limit_factor;    // ULF; nothing = -1
};

// The limit of a user of weight 1, as it counts for placement:
//   capacity = larger(guaranteed, required)
//   consumed = total x usage_ratios, rounded up to the step
//   current  = consumed < capacity ? capacity : consumed + required
//   limit    = larger(ceil((used_by_active + required) / active_weight), ceil(current x MULP))
//   most     = ULF is -1 or guaranteed is 0: maximum rounded down to the step; else
//              floor(capacity x ULF); kIgnoreExclusivity: total
//   result   = smaller(limit, most), rounded up to the step
// larger, smaller and < are the calculator's. Nobody active (weight 0): the first part of `limit`
// is left out. YARN takes the minimum allocation as `required`.
Amounts ActiveUserLimit(const UserLimitTerms& terms, const Amounts& required, LimitMode mode);
// ActiveUserLimit in kRespectExclusivity when it is the same whatever is used: `limit` is at least
// ceil(capacity x MULP), so when that reaches `most`, `most` it is (as with MULP 100 and ULF <= 1).
std::optional<Amounts> FixedUserLimit(const UserLimitTerms& terms, const Amounts& required);
// A limit that stops a user where ActiveUserLimit does, whatever is used; of the same terms. With
// MULP 100 `limit` is at least `current`, and that is at least what the user uses: then `most`
// alone can stop one.
std::optional<Amounts> FixedPlacementLimit(const UserLimitTerms& terms, const Amounts& required);
// The form that preemption uses: `limit` = larger(ceil(current / all_weight), ceil(current x
// MULP)).
Amounts AllUsersLimit(const UserLimitTerms& terms, const Amounts& required, LimitMode mode);
// The limit of a user of this weight: rounded down to the step, as YARN does; weight 1 unchanged.
Amounts WeightedUserLimit(const AllocationStep& step, const Amounts& limit, int64_t weight);
// How many of `each` may be added while used <= limit (the calculator's order) before each: the
// last one may overshoot. INT64_MAX when `each` needs nothing.
int64_t CountWithOvershoot(const ShareScale& scale,
                           const Amounts& used,
                           const Amounts& each,
                           const Amounts& limit,
                           const Amounts& total);

// --- ApplicationMaster limits
// ceil(base x am_share), rounded up to the step. base = current_limit when `guaranteed` fits into
// it, else `guaranteed`. YARN looks at the current limit in the default partition only: nullptr
// elsewhere.
Amounts AmLimitOf(Calculator calculator,
                  const AllocationStep& step,
                  const Amounts& guaranteed,
                  const Amounts* current_limit,
                  int64_t am_share);

struct UserAmLimitTerms {
  int64_t am_share = 0;
  int64_t minimum_user_limit = kWholePercent;
  std::optional<int64_t> user_limit_factor;
  int32_t active_users = 0;  // those that ask, and those with waiting applications alone
  int64_t weight = kWholeWeight;
};
// ceil(guaranteed x am_share x min(max(MULP, 1 / active_users) x weight, 1) x ULF), rounded up to
// the step; ULF -1: ceil(guaranteed x am_share), rounded up. At most `am_limit` (the calculator's
// smaller).
Amounts UserAmLimitOf(const ShareScale& scale,
                      const AllocationStep& step,
                      const Amounts& guaranteed,
                      const UserAmLimitTerms& terms,
                      const Amounts& am_limit);

// --- headroom
// min(user_limit - user_used, queue_limit - queue_used) part by part, floored at 0, rounded down to
// the step, and not more than what is free in the partition.
Amounts HeadroomOf(const AllocationStep& step,
                   const Amounts& user_limit,
                   const Amounts& user_used,
                   const Amounts& queue_limit,
                   const Amounts& queue_used,
                   const Amounts& partition_free);

// --- numbers of applications
struct MaximumApplicationsTerms {
  std::optional<int64_t> configured;  // the queue's maximum-applications
  std::optional<int64_t> per_queue;   // global-queue-max-application
  int64_t system = 10'000;            // maximum-applications
  bool absolute = false;              // the queue's capacity is in amounts
  int64_t absolute_capacity = 0;      // the largest over the labels, in 1 / kWholeFraction
};
// configured; else, when per_queue > 0 and the capacity is not in amounts, min(per_queue, system);
// else floor(min(per_queue, system) x absolute_capacity).
int64_t MaximumApplicationsOf(const MaximumApplicationsTerms& terms);
// min(maximum, floor(maximum x MULP x ULF)); ULF -1: maximum.
int64_t MaximumApplicationsPerUserOf(int64_t maximum,
                                     int64_t minimum_user_limit,
                                     std::optional<int64_t> user_limit_factor);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_QUEUES_LIMITS_H_
