// RmMetrics: what the ResourceManager counts, and its Prometheus page.
//
// Counters and histograms are fed as things happen; gauges are set from a snapshot when the page is
// asked for. No label ever holds an id, so the page's size does not grow with the cluster.
// Owner: the daemon. Thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RM_METRICS_H_
#define WEIR_RESOURCEMANAGER_SERVER_RM_METRICS_H_

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/application.h"
#include "common/result.h"
#include "common/time.h"
#include "platform/mailbox.h"

namespace weir::rm {

// The values of one scrape.
struct MetricsSnapshot {
  ClusterSummary cluster;
  std::array<size_t, platform::kLanes> lane_lengths{};
  size_t held_actions = 0;
  size_t connections = 0;
  int64_t staged_bytes = 0;
  size_t staged_files = 0;
  int token_key = 0;  // that signs
};

class RmMetrics {
 public:
  RmMetrics();
  ~RmMetrics();
  RmMetrics(const RmMetrics&) = delete;
  RmMetrics& operator=(const RmMetrics&) = delete;

  // On the core loop only.
  void CountTransition(std::string_view machine, std::string_view to);
  void CountInvalidEvent(std::string_view machine);
  void CountDropped(std::string_view what);
  void CountStoreError(ErrorCode code);
  // A connection was refused or broken off for what it sent.
  void CountRefusal(std::string_view listener, ErrorCode code);
  void ObserveStoreWrite(Duration took);
  // `type` is one of a fixed set of names. On the core loop only.
  void ObserveEvent(std::string_view type, Duration took);

  // The page, in platform::Metrics::kContentType.
  std::string Render(const MetricsSnapshot& snapshot);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RM_METRICS_H_
