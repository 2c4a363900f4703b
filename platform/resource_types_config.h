// The named resource types of a configuration, as YARN says them: yarn.resource-types lists them,
// yarn.resource-types.<name>.units, .minimum-allocation, .increment-allocation and
// .maximum-allocation describe each, yarn.nodemanager.resource-type.<name> is what a node offers.
//
// Terms: a *unit* is one of "", p, n, u, m, k, M, G, T, P, Ki, Mi, Gi, Ti, Pi. An amount without
// one is of the type's unit. Pure functions; thread-safe.
#ifndef WEIR_PLATFORM_RESOURCE_TYPES_CONFIG_H_
#define WEIR_PLATFORM_RESOURCE_TYPES_CONFIG_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/resource.h"
#include "common/result.h"
#include "platform/option_reader.h"

namespace weir::platform {

struct NamedResourceType {
  std::string name;  // "yarn.io/gpu"
  std::string unit;
  int64_t minimum = 0;  // of a container that asks for some of it
  int64_t increment = 1;
  int64_t maximum = Resource::kNamedMax;
};

// "4", "4Gi", "1.5k" is none: a whole number and a unit, in whole units of `unit`.
// kInvalidArgument: not of that form, no such unit, no whole number of them, over kNamedMax.
Result<int64_t> ParseResourceAmount(std::string_view text, const std::string& unit);

// In the order of yarn.resource-types. Faults go to `read`: a bad or repeated name, memory or
// vcores (which have keys of their own), more than Resource::kNamedTypesMax, a minimum over the
// maximum.
std::vector<NamedResourceType> ReadResourceTypes(const Configuration& config, OptionReader& read);

// What a node offers of them. Faults go to `read`: a type that is not in yarn.resource-types.
std::vector<NamedAmount> ReadNodeResources(const Configuration& config,
                                           const std::vector<NamedResourceType>& types,
                                           OptionReader& read);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_RESOURCE_TYPES_CONFIG_H_
