// NmMetrics: the NodeManager's numbers for /metrics. Thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_NM_METRICS_H_
#define WEIR_NODEMANAGER_SERVER_NM_METRICS_H_

#include <map>
#include <string_view>

#include "common/time.h"
#include "nodemanager/core/actions.h"
#include "nodemanager/core/node_manager_core.h"
#include "platform/metrics.h"

namespace weir::nm {

class NmMetrics {
 public:
  NmMetrics();

  // Called on the core loop only.
  void Count(const Transitioned& transition, Instant now);
  void Show(const NodeManagerCore& core);
  void CountReply(bool refused);

  std::string Exposition() const { return metrics_.Exposition(); }

 private:
  platform::Metrics metrics_;
  platform::Counter started_;
  platform::Counter succeeded_;
  platform::Counter failed_;
  platform::Counter killed_;
  platform::Counter refused_calls_;
  platform::Gauge held_;
  platform::Gauge used_memory_;
  platform::Gauge used_vcores_;
  platform::Gauge containers_memory_;
  platform::Gauge containers_cores_;
  platform::Gauge node_memory_;
  platform::Gauge node_cores_;
  platform::Gauge registered_;
  platform::Gauge healthy_;
  platform::Gauge bad_directories_;
  platform::Histogram launch_;
  std::map<ContainerId, Instant> launching_;  // started, not yet running or ended
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NM_METRICS_H_
