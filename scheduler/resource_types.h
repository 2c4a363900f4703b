// ResourceTypes: which resource types the cluster schedules, at which index of Amounts, and between
// which bounds a container may ask for each. Memory and vcores are always there, up to 14 named
// types follow in the order of `yarn.resource-types`.
// Immutable after construction; copied freely.
#ifndef WEIR_SCHEDULER_RESOURCE_TYPES_H_
#define WEIR_SCHEDULER_RESOURCE_TYPES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/resource.h"
#include "common/result.h"
#include "scheduler/amounts.h"

namespace weir::scheduler {

struct ResourceType {
  std::string name;         // "memory-mb", "vcores", "yarn.io/gpu"
  int64_t minimum = 0;      // of a container; a request is rounded up to it
  int64_t increment = 1;    // a request is rounded up to a whole multiple
  int64_t maximum = 0;      // of a container
  std::string maximum_key;  // the property that raises the maximum, for remedies
};

class ResourceTypes {
 public:
  // Memory and vcores only; increments are the minimum, as in YARN.
  ResourceTypes(const Resource& minimum, const Resource& maximum);
  // kInvalidArgument: a bad or repeated name, more than 14, minimum over maximum.
  static Result<ResourceTypes> Make(const Resource& minimum,
                                    const Resource& maximum,
                                    std::vector<ResourceType> named);

  int count() const { return static_cast<int>(types_.size()); }
  const ResourceType& at(int type) const { return types_[static_cast<size_t>(type)]; }
  // "memory" and "memory-mb" are one type.
  std::optional<int> Find(std::string_view name) const;
  Amounts minimum() const;
  Amounts maximum() const;

  // Named amounts of types that are not scheduled: kInvalidArgument with the known names.
  Result<Amounts> FromResource(const Resource& resource) const;
  // The same, but unknown types are left out (what a node offers beyond what is scheduled).
  Amounts KnownPartsOf(const Resource& resource) const;
  Resource ToResource(const Amounts& amounts) const;
  // Rounds a request up to minimum and increment. kInvalidArgument, naming type and limit:
  // negative, zero memory or vcores, overflowing, unknown type, over `maximum` after rounding.
  Result<Amounts> Normalize(const Resource& asked, const Amounts& maximum) const;
  // "<memory:1024, vCores:1, yarn.io/gpu:2>"; named types that are zero are left out.
  std::string ToString(const Amounts& amounts) const;

 private:
  ResourceTypes() = default;
  std::vector<ResourceType> types_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_RESOURCE_TYPES_H_
