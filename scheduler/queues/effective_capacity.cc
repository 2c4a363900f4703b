#include "scheduler/queues/effective_capacity.h"

#include <algorithm>

namespace weir::scheduler {
namespace {

__extension__ typedef __int128 Wide;

// a x b / c rounded up; fractions are rounded up so that floor(base x fraction) is exact when the
// true product is whole (1/3 of 9 is 3).
int64_t FractionUp(int64_t a, int64_t b, int64_t c) {
  const Wide product = static_cast<Wide>(a) * b;
  return static_cast<int64_t>((product + c - 1) / c);
}

// What the children of a parent say about one type.
struct Sums {
  int64_t amounts = 0;
  int64_t percent = 0;
  int64_t weights = 0;
};

Sums SumsOf(const std::vector<const PartitionCapacity*>& children, size_t type) {
  Sums sums;
  for (const PartitionCapacity* child : children) {
    if (child == nullptr) continue;
    const CapacityPart& part = child->capacity.parts[type];
    switch (part.kind) {
      case CapacityKind::kAbsolute:
        sums.amounts += part.value;
        break;
      case CapacityKind::kPercent:
        sums.percent += part.value;
        break;
      case CapacityKind::kWeight:
        sums.weights += part.value;
        break;
    }
  }
  return sums;
}

Portion GuaranteedPortion(const Portion& parent, const CapacityPart& part, const Sums& sums) {
  const int64_t available = parent.Value();
  if (part.kind == CapacityKind::kAbsolute) {
    if (sums.amounts <= available) return {part.value, kWholeFraction};
    return {static_cast<int64_t>(static_cast<Wide>(part.value) * available / sums.amounts),
            kWholeFraction};
  }
  Portion rest = parent;
  if (sums.amounts > 0) rest = {std::max<int64_t>(available - sums.amounts, 0), kWholeFraction};
  if (part.kind == CapacityKind::kPercent) {
    return {rest.base, FractionUp(rest.fraction, part.value, kWholePercent)};
  }
  if (sums.weights == 0) return {};
  const int64_t left = std::max<int64_t>(kWholePercent - sums.percent, 0);
  const int64_t shared = FractionUp(rest.fraction, left, kWholePercent);
  return {rest.base, FractionUp(shared, part.value, sums.weights)};
}

Portion MaximumPortion(const Portion& parent, const CapacityPart& part) {
  switch (part.kind) {
    case CapacityKind::kAbsolute:
      return {std::min(part.value, parent.Value()), kWholeFraction};
    case CapacityKind::kPercent:
      return {parent.base, FractionUp(parent.fraction, part.value, kWholePercent)};
    case CapacityKind::kWeight:  // has no meaning for a maximum: all
      return parent;
  }
  return parent;
}

// `portion` as a fraction of `of`: exact when both have one base.
int64_t FractionOf(const Portion& portion, const Portion& of) {
  if (portion.base == of.base) {
    return of.fraction == 0 ? 0 : FractionUp(portion.fraction, kWholeFraction, of.fraction);
  }
  const int64_t whole = of.Value();
  return whole == 0 ? 0 : FractionUp(portion.Value(), kWholeFraction, whole);
}

// The largest over the types that the partition has; over all of them while it has nothing.
template <typename Fraction>
int64_t LargestFraction(const Amounts& total, int types, Fraction fraction) {
  int64_t largest = 0;
  const bool empty = total.IsZero();
  for (int i = 0; i < types; ++i) {
    if (total[i] > 0 || empty) largest = std::max(largest, fraction(i));
  }
  return largest;
}

void SetFractions(EffectiveCapacity& child,
                  const EffectiveCapacity& parent,
                  const Amounts& total,
                  int types) {
  const auto at = [](const std::array<Portion, Amounts::kMaxTypes>& portions, int type) {
    return portions[static_cast<size_t>(type)];
  };
  child.capacity = LargestFraction(total, types, [&](int i) {
    return FractionOf(at(child.guaranteed, i), at(parent.guaranteed, i));
  });
  child.maximum_capacity = LargestFraction(
      total, types, [&](int i) { return FractionOf(at(child.maximum, i), at(parent.maximum, i)); });
  child.absolute = LargestFraction(total, types, [&](int i) {
    return FractionOf(at(child.guaranteed, i), {total[i], kWholeFraction});
  });
  child.absolute_maximum = LargestFraction(total, types, [&](int i) {
    return FractionOf(at(child.maximum, i), {total[i], kWholeFraction});
  });
}

}  // namespace

int64_t Portion::Value() const {
  if (fraction == kWholeFraction) return base;
  return static_cast<int64_t>(static_cast<Wide>(base) * fraction / kWholeFraction);
}

Amounts EffectiveCapacity::Guaranteed(int types) const {
  Amounts amounts;
  for (int i = 0; i < types; ++i) {
    const auto type = static_cast<size_t>(i);
    amounts.Set(i, std::min(guaranteed[type].Value(), maximum[type].Value()));
  }
  return amounts;
}

Amounts EffectiveCapacity::Maximum(int types) const {
  Amounts amounts;
  for (int i = 0; i < types; ++i) amounts.Set(i, maximum[static_cast<size_t>(i)].Value());
  return amounts;
}

EffectiveCapacity WholeCapacity(const Amounts& total, int types) {
  EffectiveCapacity root;
  for (int i = 0; i < types; ++i) {
    root.guaranteed[static_cast<size_t>(i)] = {total[i], kWholeFraction};
  }
  root.maximum = root.guaranteed;
  root.capacity = root.maximum_capacity = root.absolute = root.absolute_maximum = kWholeFraction;
  return root;
}

std::vector<EffectiveCapacity> DivideCapacity(const EffectiveCapacity& parent,
                                              const std::vector<const PartitionCapacity*>& children,
                                              const Amounts& total,
                                              int types,
                                              Calculator calculator) {
  std::vector<EffectiveCapacity> result(children.size());
  for (int i = 0; i < types; ++i) {
    const auto type = static_cast<size_t>(i);
    const Sums sums = SumsOf(children, type);
    for (size_t child = 0; child < children.size(); ++child) {
      if (children[child] == nullptr) continue;
      const CapacityPart& part = children[child]->capacity.parts[type];
      result[child].in_amounts |= part.kind == CapacityKind::kAbsolute;
      result[child].guaranteed[type] = GuaranteedPortion(parent.guaranteed[type], part, sums);
      result[child].maximum[type] =
          MaximumPortion(parent.maximum[type], children[child]->maximum.parts[type]);
    }
  }
  const int compared = calculator == Calculator::kMemoryOnly ? 1 : types;
  for (size_t child = 0; child < children.size(); ++child) {
    if (children[child] != nullptr) SetFractions(result[child], parent, total, compared);
  }
  return result;
}

}  // namespace weir::scheduler
