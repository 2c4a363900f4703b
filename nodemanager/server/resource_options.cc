#include "nodemanager/server/resource_options.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/resource_environment.h"
#include "platform/config_keys.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using platform::NamedResourceType;
using platform::OptionReader;
using namespace platform::keys;

constexpr char kAmountPrefix[] = "yarn.nodemanager.resource-type.";
constexpr char kAuto[] = "auto";
constexpr int64_t kMajorMax = 4095;  // Linux's

Error Fault(const Configuration& config,
            const std::string& key,
            const std::string& message,
            std::string remedy) {
  const std::string origin = config.Origin(key);
  return {ErrorCode::kInvalidArgument,
          key + (origin.empty() ? "" : " (" + origin + ")") + ": " + message,
          std::move(remedy)};
}

// "gpu" of "yarn.io/gpu".
std::string ShortName(const std::string& type) {
  return type.substr(type.find('/') + 1);
}

std::string DevicesKey(const std::string& name) {
  return std::string(kNmResourcePlugins) + "." + name + ".allowed-" + name + "-devices";
}
std::string ProgramKey(const std::string& name) {
  return std::string(kNmResourcePlugins) + "." + name + ".path-to-discovery-executables";
}

std::string MajorKey(const std::string& name) {
  return "weir.nodemanager.resource-plugins." + name + ".device-major";
}

ResourcePlugin ReadPlugin(const Configuration& config,
                          const std::string& type,
                          OptionReader& read) {
  const std::string name = ShortName(type);
  const std::string devices_key = DevicesKey(name);
  const std::string program_key = ProgramKey(name);
  ResourcePlugin plugin{.type = type, .devices = {}, .major = {}, .program = {}, .amount = {}};
  if (const std::string key = MajorKey(name); !Trim(config.GetOr(key, "")).empty()) {
    plugin.major = static_cast<int32_t>(read.Keep(config.GetInt(key, 0, 1, kMajorMax), int64_t{0}));
  }
  plugin.program = {.type = type,
                    .key = program_key,
                    .path = std::string(Trim(config.GetOr(program_key, ""))),
                    .timeout = read.Millis(kNmDiscoveryTimeout)};
  const std::string list(Trim(config.GetOr(devices_key, kAuto)));
  if (list != kAuto) {
    auto devices = ParseDeviceList(list);
    if (!devices.ok()) {
      read.Fault(Fault(config, devices_key, devices.error().message, devices.error().remedy));
      return plugin;
    }
    plugin.devices = *std::move(devices);
  } else if (plugin.program.path.empty() && type != kGpuType) {
    read.Fault(Fault(config,
                     devices_key,
                     "the indices of " + type + " are to be discovered, and nothing says by what",
                     "list them there, or name a program by " + program_key));
  } else if (!plugin.program.path.empty() && plugin.program.path.front() != '/') {
    read.Fault(Fault(config,
                     program_key,
                     "'" + plugin.program.path + "' is a relative path",
                     "give an absolute one"));
  }
  return plugin;
}

// Types whose variables in the environment would have one name.
void CheckVariables(const std::vector<NamedResourceType>& types, OptionReader& read) {
  std::map<std::string, std::string> variables;
  for (const NamedResourceType& type : types) {
    const auto [other, first] = variables.emplace(ResourceVariable(type.name), type.name);
    if (first) continue;
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kResourceTypes) + ": containers would be told of both " +
                    other->second + " and " + type.name + " by " + other->first,
                "name one of them otherwise"});
  }
}

Status CheckAmount(const ResourcePlugin& plugin, const std::vector<Device>& devices) {
  const auto count = static_cast<int64_t>(devices.size());
  if (!plugin.amount || *plugin.amount == count) return {};
  const std::string key = kAmountPrefix + plugin.type;
  return Error{ErrorCode::kInvalidArgument,
               key + " is " + std::to_string(*plugin.amount) + ", and there are " +
                   std::to_string(count) + " devices",
               "leave " + key +
                   " out: the devices are counted; or list those that may be used as " +
                   DevicesKey(ShortName(plugin.type))};
}

}  // namespace

std::vector<ResourcePlugin> ReadResourcePlugins(const Configuration& config,
                                                const std::vector<NamedResourceType>& types,
                                                OptionReader& read) {
  CheckVariables(types, read);
  const std::vector<NamedAmount> amounts = platform::ReadNodeResources(config, types, read);
  std::vector<ResourcePlugin> plugins;
  std::set<std::string> names;
  const std::string text = read.Text(kNmResourcePlugins);  // outlives the views of its parts
  for (const std::string_view part : Split(text, ',')) {
    const std::string type(Trim(part));
    if (type.empty()) continue;
    const auto known = std::ranges::find(types, type, &NamedResourceType::name);
    if (known == types.end()) {
      read.Fault(Fault(config,
                       kNmResourcePlugins,
                       "'" + type + "' is not in " + kResourceTypes,
                       "name it there, on this node and the ResourceManager's"));
      continue;
    }
    if (!known->unit.empty()) {
      read.Fault(Fault(config,
                       kNmResourcePlugins,
                       type + " has the unit " + known->unit + ", and indices are counted by one",
                       "leave " + std::string(kResourceTypes) + "." + type + ".units out"));
    }
    if (!names.insert(ShortName(type)).second) {
      read.Fault(Fault(config,
                       kNmResourcePlugins,
                       "two types are called " + ShortName(type),
                       "leave one out: their keys would have one name"));
      continue;
    }
    plugins.push_back(ReadPlugin(config, type, read));
    ResourcePlugin& plugin = plugins.back();
    if (config.Get(kAmountPrefix + type)) {
      const auto amount = std::ranges::find(amounts, type, &NamedAmount::name);
      plugin.amount = amount == amounts.end() ? 0 : amount->amount;
    }
    if (!plugin.devices.empty()) read.Check(CheckAmount(plugin, plugin.devices));
  }
  return plugins;
}

Result<IndexedType> FindDevices(const ResourcePlugin& plugin) {
  IndexedType type{plugin.type, plugin.devices, plugin.major};
  if (type.devices.empty()) {
    WEIR_ASSIGN_OR_RETURN(type.devices, DiscoverDevices(plugin.program));
  }
  WEIR_RETURN_IF_ERROR(CheckAmount(plugin, type.devices));
  return type;
}

}  // namespace weir::nm
