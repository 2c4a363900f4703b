// The JSON of /ws/v1/cluster/scheduler and its neighbours, in YARN's shapes and field names. Fields
// that YARN has and Weir has no source for are left out. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_SCHEDULER_JSON_H_
#define WEIR_RESOURCEMANAGER_SERVER_SCHEDULER_JSON_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/queue.h"
#include "resourcemanager/core/events.h"

namespace weir::rm {

// `queues`: root first, parents before children.
std::string SchedulerJson(const std::vector<QueueReport>& queues);
// {"property":[{"name","value"}...]}
std::string SchedulerConfJson(const QueueProperties& properties);
std::string SchedulerConfVersionJson(int64_t version);
std::string NodeLabelsJson(const std::vector<LabelReport>& labels);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_SCHEDULER_JSON_H_
