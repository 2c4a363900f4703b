// The configuration of named resources that are given out by index:
// yarn.nodemanager.resource-plugins and the keys of each type in it. Part of NmOptions.
// Thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RESOURCE_OPTIONS_H_
#define WEIR_NODEMANAGER_SERVER_RESOURCE_OPTIONS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/result.h"
#include "nodemanager/core/resource_indices.h"
#include "nodemanager/executor/device_discovery.h"
#include "platform/hadoop_xml_config.h"
#include "platform/option_reader.h"
#include "platform/resource_types_config.h"

namespace weir::nm {

struct ResourcePlugin {
  std::string type;              // "yarn.io/gpu"
  std::vector<Device> devices;   // as configured; empty = `program` says which
  std::optional<int32_t> major;  // of the device nodes; nothing = they are open to all
  DiscoveryProgram program;
  std::optional<int64_t> amount;  // yarn.nodemanager.resource-type.<type>, which has to agree
};

// Faults go to `read`: a type that is not in `types` or stands twice, one with a unit, a list of
// devices that is none, auto without a program, two types whose keys or variables have one name.
std::vector<ResourcePlugin> ReadResourcePlugins(
    const platform::Configuration& config,
    const std::vector<platform::NamedResourceType>& types,
    platform::OptionReader& read);

// The devices of one, discovered if need be: then it blocks (device_discovery.h, whose errors it
// has). kInvalidArgument: there are more or fewer than the configured amount.
Result<IndexedType> FindDevices(const ResourcePlugin& plugin);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RESOURCE_OPTIONS_H_
