// The rules that say into which queue an application goes, as capacity-scheduler.xml has them:
// queue-mappings ("u:mia:root.a, g:dev:root.%primary_group") and app-name mappings, or the rules of
// mapping-rule-json, which the caller has taken apart.
#ifndef WEIR_SCHEDULER_CONFIG_QUEUE_MAPPINGS_H_
#define WEIR_SCHEDULER_CONFIG_QUEUE_MAPPINGS_H_

#include <vector>

#include "scheduler/config/fault_list.h"
#include "scheduler/config/property_index.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// Fills configuration.placement. Every queue that a rule names outright exists or can be made
// automatically. Requires: configuration.queues is filled.
void ReadMappings(const PropertyIndex& index,
                  const std::vector<PlacementRule>& json_rules,
                  QueueConfiguration& configuration,
                  FaultList& faults);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_QUEUE_MAPPINGS_H_
