// Resource: an amount of what a node offers and a container takes. Integers only.
//
// Terms: memory in MiB, vcores in whole virtual cores (as YARN counts them), and named types
// ("yarn.io/gpu") in whole units. An amount used in a request is positive (a named one: not
// negative) and at most kMemoryMibMax / kVcoresMax / kNamedMax; a difference may be negative.
// Invariant: `named` is sorted by name, each name once, without zeros. Immutable value.
#ifndef WEIR_COMMON_RESOURCE_H_
#define WEIR_COMMON_RESOURCE_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir {

struct NamedAmount {
  std::string name;
  int64_t amount = 0;
  bool operator==(const NamedAmount&) const = default;
};

struct Resource {
  int64_t memory_mib = 0;
  int64_t vcores = 0;
  std::vector<NamedAmount> named{};

  // 1 EiB of memory and 2^31 vcores: sums over any real cluster stay far from overflow.
  static constexpr int64_t kMemoryMibMax = int64_t{1} << 40;
  static constexpr int64_t kVcoresMax = int64_t{1} << 31;
  static constexpr int64_t kNamedMax = int64_t{1} << 40;
  static constexpr size_t kNamedTypesMax = 14;

  bool operator==(const Resource&) const = default;

  Resource& operator+=(const Resource& other);
  Resource& operator-=(const Resource& other);
  Resource operator+(const Resource& other) const { return Resource(*this) += other; }
  Resource operator-(const Resource& other) const { return Resource(*this) -= other; }
  Resource operator*(int64_t factor) const;

  // Of the named type; 0 when there is none of it.
  int64_t Named(std::string_view name) const;
  void SetNamed(std::string_view name, int64_t amount);

  // Every part of this fits into the same part of `other`.
  bool FitsIn(const Resource& other) const;
  bool IsNonNegative() const;
  bool IsZero() const { return memory_mib == 0 && vcores == 0 && named.empty(); }

  // "<memory:1024, vCores:1, yarn.io/gpu:2>", as YARN prints it.
  std::string ToString() const;
};

// Part by part the larger of both.
Resource LargerParts(const Resource& a, const Resource& b);

// Rounds `asked` up to whole multiples of `minimum` (YARN's increment is the minimum).
// kInvalidArgument when a part is not positive or over its limit, or over `maximum` after rounding;
// the message names the part and the limit.
Result<Resource> NormalizeRequest(const Resource& asked,
                                  const Resource& minimum,
                                  const Resource& maximum);

}  // namespace weir

#endif  // WEIR_COMMON_RESOURCE_H_
