// The queues on the metrics page, in Prometheus' text form. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_QUEUE_METRICS_H_
#define WEIR_RESOURCEMANAGER_SERVER_QUEUE_METRICS_H_

#include <cstddef>
#include <string>
#include <vector>

#include "common/queue.h"

namespace weir::rm {

// So that queues that are made automatically cannot make the page endless.
inline constexpr size_t kQueuesOnMetricsPage = 1000;

// Of the default partition: gauges weir_queue_* with the label queue="root.a". The first
// kQueuesOnMetricsPage queues; weir_queues_left_out counts the others.
std::string QueueExposition(const std::vector<QueueReport>& queues);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_QUEUE_METRICS_H_
