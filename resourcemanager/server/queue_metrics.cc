#include "resourcemanager/server/queue_metrics.h"

#include <algorithm>
#include <cstdint>

namespace weir::rm {
namespace {

struct Metric {
  const char* name;
  const char* type;
  const char* help;
  int64_t (*value)(const QueueReport& queue, const QueuePartitionReport& main);
};

using Q = const QueueReport&;
using P = const QueuePartitionReport&;
constexpr Metric kMetrics[] = {
    {"weir_queue_used_memory_mib",
     "gauge",
     "Memory in use.",
     [](Q, P main) { return main.used.memory_mib; }},
    {"weir_queue_used_vcores",
     "gauge",
     "Vcores in use.",
     [](Q, P main) { return main.used.vcores; }},
    {"weir_queue_guaranteed_memory_mib",
     "gauge",
     "Memory that is guaranteed.",
     [](Q, P main) { return main.guaranteed.memory_mib; }},
    {"weir_queue_guaranteed_vcores",
     "gauge",
     "Vcores that are guaranteed.",
     [](Q, P main) { return main.guaranteed.vcores; }},
    {"weir_queue_maximum_memory_mib",
     "gauge",
     "Most memory that may be in use.",
     [](Q, P main) { return main.maximum.memory_mib; }},
    {"weir_queue_maximum_vcores",
     "gauge",
     "Most vcores that may be in use.",
     [](Q, P main) { return main.maximum.vcores; }},
    {"weir_queue_pending_memory_mib",
     "gauge",
     "Memory asked for and not given.",
     [](Q, P main) { return main.pending.memory_mib; }},
    {"weir_queue_pending_vcores",
     "gauge",
     "Vcores asked for and not given.",
     [](Q, P main) { return main.pending.vcores; }},
    {"weir_queue_am_used_memory_mib",
     "gauge",
     "Memory of ApplicationMasters.",
     [](Q, P main) { return main.am_used.memory_mib; }},
    {"weir_queue_am_limit_memory_mib",
     "gauge",
     "Most memory that ApplicationMasters may use.",
     [](Q, P main) { return main.am_limit.memory_mib; }},
    {"weir_queue_containers", "gauge", "Containers.", [](Q queue, P) { return queue.containers; }},
    {"weir_queue_pending_containers",
     "gauge",
     "Containers asked for and not given.",
     [](Q queue, P) { return queue.pending_containers; }},
    {"weir_queue_reserved_containers",
     "gauge",
     "Containers for which a node is held back.",
     [](Q queue, P) { return queue.reserved_containers; }},
    {"weir_queue_active_applications",
     "gauge",
     "Applications whose ApplicationMaster may run.",
     [](Q queue, P) { return int64_t{queue.active_applications}; }},
    {"weir_queue_pending_applications",
     "gauge",
     "Applications that wait for a limit.",
     [](Q queue, P) { return int64_t{queue.pending_applications}; }},
    {"weir_queue_memory_mib_seconds_total",
     "counter",
     "MiB x s used since the queue is known.",
     [](Q queue, P) { return queue.memory_seconds; }},
    {"weir_queue_vcore_seconds_total",
     "counter",
     "Vcores x s used since the queue is known.",
     [](Q queue, P) { return queue.vcore_seconds; }},
};

const QueuePartitionReport& DefaultPartition(const QueueReport& queue) {
  static const QueuePartitionReport kNothing;
  for (const QueuePartitionReport& partition : queue.partitions) {
    if (partition.label.empty()) return partition;
  }
  return kNothing;
}

// A label's value, as the text form wants it.
std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '\\' || c == '"') escaped += '\\';
    if (c == '\n') {
      escaped += "\\n";
    } else {
      escaped += c;
    }
  }
  return escaped;
}

}  // namespace

std::string QueueExposition(const std::vector<QueueReport>& queues) {
  const size_t shown = std::min(queues.size(), kQueuesOnMetricsPage);
  std::string text;
  for (const Metric& metric : kMetrics) {
    const std::string name = metric.name;
    text += "# HELP " + name + " " + metric.help + "\n# TYPE " + name + " " + metric.type + "\n";
    for (size_t i = 0; i < shown; ++i) {
      const int64_t value = metric.value(queues[i], DefaultPartition(queues[i]));
      text += name + "{queue=\"" + Escaped(queues[i].path) + "\"} " + std::to_string(value) + "\n";
    }
  }
  return text +
         "# HELP weir_queues_left_out Queues that are not on this page.\n"
         "# TYPE weir_queues_left_out gauge\nweir_queues_left_out " +
         std::to_string(queues.size() - shown) + "\n";
}

}  // namespace weir::rm
