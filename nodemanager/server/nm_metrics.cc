#include "nodemanager/server/nm_metrics.h"

#include <algorithm>

namespace weir::nm {
namespace {

constexpr double kBytesPerMib = 1024.0 * 1024.0;
constexpr double kMilli = 1000;
constexpr char kEnded[] = "weir_nodemanager_containers_ended_total";
constexpr char kEndedHelp[] = "Containers that ended, by how.";

double Seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

NmMetrics::NmMetrics()
    : started_(metrics_.AddCounter("weir_nodemanager_containers_started_total",
                                   "Containers whose start was accepted.")),
      succeeded_(metrics_.AddCounter(kEnded, kEndedHelp, {{"how", "succeeded"}})),
      failed_(metrics_.AddCounter(kEnded, kEndedHelp, {{"how", "failed"}})),
      killed_(metrics_.AddCounter(kEnded, kEndedHelp, {{"how", "killed"}})),
      refused_calls_(metrics_.AddCounter("weir_nodemanager_calls_refused_total",
                                         "Calls of ApplicationMasters answered with an error.")),
      held_(metrics_.AddGauge("weir_nodemanager_containers",
                              "Containers held, ended ones until the RM has recorded them.")),
      used_memory_(metrics_.AddGauge("weir_nodemanager_allocated_memory_bytes",
                                     "Memory of containers that have not ended.")),
      used_vcores_(metrics_.AddGauge("weir_nodemanager_allocated_vcores",
                                     "Virtual cores of containers that have not ended.")),
      containers_memory_(metrics_.AddGauge("weir_nodemanager_containers_resident_bytes",
                                           "Memory that containers use, as last seen.")),
      containers_cores_(metrics_.AddGauge("weir_nodemanager_containers_cores",
                                          "Cores that containers use, as last seen.")),
      node_memory_(metrics_.AddGauge("weir_nodemanager_node_memory_used_bytes",
                                     "Memory that is used on the machine, as last seen.")),
      node_cores_(metrics_.AddGauge("weir_nodemanager_node_cores_used",
                                    "Cores that are used on the machine, as last seen.")),
      registered_(metrics_.AddGauge("weir_nodemanager_registrations",
                                    "1 while registered with the ResourceManager.")),
      healthy_(metrics_.AddGauge("weir_nodemanager_healthy", "1 while it may get containers.")),
      bad_directories_(metrics_.AddGauge("weir_nodemanager_bad_directories",
                                         "Local and log directories that get no new containers.")),
      launch_(metrics_.AddHistogram("weir_nodemanager_launch_seconds",
                                    "From the accepted start to the running process.",
                                    platform::Metrics::LatencyBounds())) {}

void NmMetrics::Count(const Transitioned& transition, Instant now) {
  const std::string_view to = transition.to;
  if (to == StateName(State::kLocalizing)) {
    started_.Add();
    launching_[transition.id] = now;
    return;
  }
  const auto it = launching_.find(transition.id);
  if (to == StateName(State::kRunning)) {
    if (it != launching_.end()) launch_.Observe(Seconds(now - it->second));
  } else if (to == StateName(State::kKilling) && transition.from != to) {
    killed_.Add();
  } else if (to == StateName(State::kExitedWithSuccess) && transition.from != to) {
    succeeded_.Add();
  } else if ((to == StateName(State::kExitedWithFailure) ||
              to == StateName(State::kLocalizationFailed)) &&
             transition.from != to) {
    failed_.Add();
  } else {
    return;
  }
  if (it != launching_.end()) launching_.erase(it);
}

void NmMetrics::Show(const NodeManagerCore& core) {
  const Resource used = core.used();
  held_.Set(static_cast<double>(core.size()));
  used_memory_.Set(static_cast<double>(used.memory_mib) * kBytesPerMib);
  used_vcores_.Set(static_cast<double>(used.vcores));
  const NodeUtilization& use = core.utilization();
  containers_memory_.Set(static_cast<double>(use.containers_memory_mib) * kBytesPerMib);
  containers_cores_.Set(static_cast<double>(use.containers_milli_vcores) / kMilli);
  node_memory_.Set(static_cast<double>(use.node_memory_mib) * kBytesPerMib);
  node_cores_.Set(static_cast<double>(use.node_milli_vcores) / kMilli);
  registered_.Set(core.registered() ? 1 : 0);
  const NodeHealth& health = core.health();
  healthy_.Set(health.healthy() ? 1 : 0);
  const auto bad =
      std::count_if(health.directories().begin(),
                    health.directories().end(),
                    [](const NodeHealth::Directory& directory) { return !directory.good(); });
  bad_directories_.Set(static_cast<double>(bad));
}

void NmMetrics::CountReply(bool refused) {
  if (refused) refused_calls_.Add();
}

}  // namespace weir::nm
