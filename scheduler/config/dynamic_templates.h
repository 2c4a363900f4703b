// What the templates of automatic creation say about one queue that is to be made.
#ifndef WEIR_SCHEDULER_CONFIG_DYNAMIC_TEMPLATES_H_
#define WEIR_SCHEDULER_CONFIG_DYNAMIC_TEMPLATES_H_

#include <string>
#include <vector>

#include "scheduler/config/config_fault.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// Suffixes and values of the queue `path` below `parent`. What stands for the path itself comes
// first, then the templates for its kind, then those for leaves and parents alike; each looked up
// at the parent, then at the patterns that match the parent, the one with the fewest * first
// (YARN's AutoCreatedQueueTemplate).
std::vector<ConfigProperty> TemplatedProperties(const QueueConfiguration& configuration,
                                                const QueueSettings& parent,
                                                const std::string& path,
                                                bool leaf);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_DYNAMIC_TEMPLATES_H_
