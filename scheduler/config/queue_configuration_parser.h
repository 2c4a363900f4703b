// Reads a capacity-scheduler.xml (its properties, in order) into a checked QueueConfiguration: all
// of it, or none and every fault that was found, each with its place and the rule it breaks.
//
// Limits: 100,000 queues, 32 levels, names of 256 bytes, weights up to a million. Takes time and
// space in proportion to the properties, whatever they say.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_PARSER_H_
#define WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_PARSER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "scheduler/config/config_fault.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"

namespace weir::scheduler {

struct ParserInput {
  // Of capacity-scheduler.xml, and the keys of yarn-site.xml that concern preemption, the highest
  // application priority and labels. The last one of a name wins.
  std::vector<ConfigProperty> properties;
  ResourceTypes types;
  std::map<std::string, bool> labels{};  // that exist: label -> exclusive
  // What mapping-rule-json says; counts when mapping-rule-format is json.
  std::vector<PlacementRule> json_rules{};
};

struct ParsedQueueConfiguration {
  std::shared_ptr<const QueueConfiguration> configuration;  // null when there are faults
  std::vector<ConfigFault> faults;                          // by file, line, queue
  // What is taken but may not be meant: unknown keys with the nearest known one, keys without
  // effect here (in one line), properties of queues that do not exist.
  std::vector<std::string> warnings;
};

ParsedQueueConfiguration ParseQueueConfiguration(const ParserInput& input);

// What holds when there is no capacity-scheduler.xml: one queue, root.default
// (docs/decisions/0006).
std::vector<ConfigProperty> DefaultProperties();

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_PARSER_H_
