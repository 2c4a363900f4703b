// A configuration as people would write it: property -> value, for comparing and showing.
// Pure functions; thread-safe.
#ifndef WEIR_SCHEDULER_CONFIG_CONFIGURATION_TEXT_H_
#define WEIR_SCHEDULER_CONFIG_CONFIGURATION_TEXT_H_

#include <map>
#include <string>
#include <vector>

#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// By suffix, with what is inherited and what holds by default.
std::map<std::string, std::string> QueueProperties(const QueueSettings& queue,
                                                   const std::vector<std::string>& type_names);
// What concerns no single queue, by name without yarn.scheduler.capacity.
std::map<std::string, std::string> GlobalProperties(const QueueConfiguration& configuration);

std::string FormatAccessList(const AccessList& list);
std::string FormatRule(const PlacementRule& rule);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_CONFIGURATION_TEXT_H_
