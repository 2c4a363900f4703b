#include "tests/unit/scheduler_engine/queue_files.h"

#include "common/check.h"
#include "scheduler/config/queue_configuration_parser.h"

namespace weir::scheduler {

ResourceTypes ThreeTypes() {
  Result<ResourceTypes> types = ResourceTypes::Make(Resource{1024, 1},
                                                    Resource{1 << 20, 1 << 10},
                                                    {{.name = "yarn.io/gpu",
                                                      .minimum = 0,
                                                      .increment = 1,
                                                      .maximum = 1 << 10,
                                                      .maximum_key = "yarn.resource-types"}});
  WEIR_CHECK(types.ok(), "the types are valid");
  return std::move(types).value();
}

std::shared_ptr<const QueueConfiguration> Parse(const Lines& lines,
                                                const ResourceTypes& types,
                                                const std::map<std::string, bool>& labels) {
  ParserInput input{.properties = {}, .types = types, .labels = labels};
  for (const std::string& line : lines) {
    const size_t equals = line.find('=');
    WEIR_CHECK(equals != std::string::npos, line);
    std::string key = line.substr(0, equals);
    if (key.rfind("yarn.", 0) != 0) key = "yarn.scheduler.capacity." + key;
    input.properties.push_back({.name = key, .value = line.substr(equals + 1)});
  }
  const ParsedQueueConfiguration parsed = ParseQueueConfiguration(input);
  std::string faults;
  for (const ConfigFault& fault : parsed.faults) faults += fault.ToString() + "\n";
  WEIR_CHECK(parsed.configuration != nullptr, faults);
  return parsed.configuration;
}

}  // namespace weir::scheduler
