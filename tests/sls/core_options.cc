#include "tests/sls/core_options.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "common/strings.h"
#include "platform/hadoop_xml_config.h"
#include "scheduler/config/queue_configuration_parser.h"
#include "scheduler/resource_types.h"
#include "tests/sls/nodes_reader.h"

namespace weir::sls {
namespace {

using scheduler::ConfigFault;
using scheduler::ConfigProperty;
using scheduler::ResourceTypes;

// "path:12" -> 12; 0 when the origin is no place in a file.
int32_t LineOf(const std::string& origin) {
  const size_t colon = origin.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<int32_t>(ParseInt64(origin.substr(colon + 1)).value_or(0));
}

rm::QueueProperties PropertiesOf(const platform::Configuration& configuration) {
  rm::QueueProperties properties;
  for (const std::string& key : configuration.Keys()) {
    properties.push_back({.name = key,
                          .value = configuration.GetOr(key, ""),
                          .line = LineOf(configuration.Origin(key))});
  }
  std::sort(properties.begin(), properties.end(), [](const auto& a, const auto& b) {
    return a.line != b.line ? a.line < b.line : a.name < b.name;
  });
  return properties;
}

rm::QueueProperties DefaultQueues() {
  rm::QueueProperties properties;
  for (const ConfigProperty& each : scheduler::DefaultProperties()) {
    properties.push_back({.name = each.name, .value = each.value, .line = each.line});
  }
  return properties;
}

Result<ResourceTypes> MakeTypes(const platform::Configuration& configuration,
                                const std::vector<NodePlan>& nodes) {
  Resource least;
  Resource most{1024, 1};
  for (const NodePlan& node : nodes) {
    most.memory_mib = std::max(most.memory_mib, node.capacity.memory_mib);
    most.vcores = std::max(most.vcores, node.capacity.vcores);
    for (const NamedAmount& named : node.capacity.named) {
      most.SetNamed(named.name, std::max(most.Named(named.name), named.amount));
    }
  }
  const std::string prefix = "yarn.scheduler.";
  WEIR_ASSIGN_OR_RETURN(
      least.memory_mib,
      configuration.GetInt(prefix + "minimum-allocation-mb", 1024, 1, Resource::kMemoryMibMax));
  WEIR_ASSIGN_OR_RETURN(
      least.vcores,
      configuration.GetInt(prefix + "minimum-allocation-vcores", 1, 1, Resource::kVcoresMax));
  WEIR_ASSIGN_OR_RETURN(
      most.memory_mib,
      configuration.GetInt(
          prefix + "maximum-allocation-mb", most.memory_mib, 1, Resource::kMemoryMibMax));
  WEIR_ASSIGN_OR_RETURN(
      most.vcores,
      configuration.GetInt(
          prefix + "maximum-allocation-vcores", most.vcores, 1, Resource::kVcoresMax));
  std::vector<scheduler::ResourceType> named;
  for (const NamedAmount& each : most.named) {
    named.push_back({.name = each.name, .maximum = each.amount, .maximum_key = ""});
  }
  most.named.clear();
  return ResourceTypes::Make(least, most, std::move(named));
}

// Every fault of the queues, before anything runs.
Status CheckQueues(const std::string& file,
                   const rm::QueueProperties& properties,
                   const ResourceTypes& types,
                   const std::map<std::string, bool>& labels) {
  scheduler::ParserInput input{.properties = {}, .types = types, .labels = labels};
  for (const auto& each : properties) {
    input.properties.push_back(
        {.name = each.name, .value = each.value, .file = file, .line = each.line});
  }
  const auto parsed = scheduler::ParseQueueConfiguration(input);
  if (parsed.configuration != nullptr) return {};
  std::vector<std::string> faults;
  for (const ConfigFault& fault : parsed.faults) faults.push_back(fault.ToString());
  return Error{ErrorCode::kInvalidArgument, Join(faults, "\n"), "correct the queue file"};
}

}  // namespace

Result<rm::CoreOptions> MakeCoreOptions(const std::string& queues,
                                        const std::vector<NodePlan>& nodes) {
  rm::CoreOptions options;
  auto configuration = platform::Configuration::FromMap({});
  if (!queues.empty()) {
    WEIR_ASSIGN_OR_RETURN(configuration, platform::Configuration::LoadFile(queues));
  }
  WEIR_ASSIGN_OR_RETURN(const ResourceTypes types, MakeTypes(configuration, nodes));
  options.scheduler.types = types;
  options.local_queues = queues.empty() ? DefaultQueues() : PropertiesOf(configuration);
  WEIR_RETURN_IF_ERROR(CheckQueues(queues, options.local_queues, types, LabelsOf(nodes)));
  options.node_expiry = seconds(600);
  options.master_expiry = seconds(600);
  options.max_attempts = 2;
  return options;
}

}  // namespace weir::sls
