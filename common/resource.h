// Resource: an amount of what a node offers and a container takes. Integers only.
//
// Terms: memory in MiB, vcores in whole virtual cores (as YARN counts them). An amount used in a
// request is positive and at most kMemoryMibMax / kVcoresMax; a difference may be negative.
// Immutable value.
#ifndef WEIR_COMMON_RESOURCE_H_
#define WEIR_COMMON_RESOURCE_H_

#include <cstdint>
#include <string>

#include "common/result.h"

namespace weir {

struct Resource {
  int64_t memory_mib = 0;
  int64_t vcores = 0;

  // 1 EiB of memory and 2^31 vcores: sums over any real cluster stay far from overflow.
  static constexpr int64_t kMemoryMibMax = int64_t{1} << 40;
  static constexpr int64_t kVcoresMax = int64_t{1} << 31;

  bool operator==(const Resource&) const = default;

  Resource operator+(const Resource& other) const {
    return {memory_mib + other.memory_mib, vcores + other.vcores};
  }
  Resource operator-(const Resource& other) const {
    return {memory_mib - other.memory_mib, vcores - other.vcores};
  }
  Resource operator*(int64_t factor) const { return {memory_mib * factor, vcores * factor}; }
  Resource& operator+=(const Resource& other) { return *this = *this + other; }
  Resource& operator-=(const Resource& other) { return *this = *this - other; }

  // Every part of this fits into the same part of `other`.
  bool FitsIn(const Resource& other) const {
    return memory_mib <= other.memory_mib && vcores <= other.vcores;
  }
  bool IsNonNegative() const { return memory_mib >= 0 && vcores >= 0; }
  bool IsZero() const { return memory_mib == 0 && vcores == 0; }

  // "<memory:1024, vCores:1>", as YARN prints it.
  std::string ToString() const;
};

// Rounds `asked` up to whole multiples of `minimum` (YARN's increment is the minimum).
// kInvalidArgument when a part is not positive or over its limit, or over `maximum` after rounding;
// the message names the part and the limit.
Result<Resource> NormalizeRequest(const Resource& asked,
                                  const Resource& minimum,
                                  const Resource& maximum);

}  // namespace weir

#endif  // WEIR_COMMON_RESOURCE_H_
