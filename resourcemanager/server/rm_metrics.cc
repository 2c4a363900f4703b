#include "resourcemanager/server/rm_metrics.h"

#include <chrono>
#include <functional>
#include <initializer_list>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "platform/metrics.h"

namespace weir::rm {
namespace {

using platform::Metrics;
using Labels = Metrics::Labels;

constexpr int64_t kMib = int64_t{1} << 20;
constexpr const char* kLaneNames[] = {"control", "master", "heartbeat", "read"};
static_assert(std::size(kLaneNames) == platform::kLanes);

// A step of the core is meant to stay below 2 ms.
const std::vector<double>& StepBounds() {
  static const std::vector<double> bounds{
      0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.1, 1};
  return bounds;
}

double InSeconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

struct RmMetrics::State {
  Metrics metrics;
  platform::Histogram store_write = metrics.AddHistogram(
      "weir_store_write_seconds", "From an append to its durability.", Metrics::LatencyBounds());

  // Found once: the texts that name them are made for nothing otherwise. Of the core loop.
  std::map<std::string, platform::Histogram, std::less<>> steps;  // by event
  std::map<std::string, std::map<std::string, platform::Counter, std::less<>>, std::less<>>
      transitions;  // by machine and new state

  void Count(const char* name, const char* help, const Labels& labels) {
    metrics.AddCounter(name, help, labels).Add();
  }
  void SetGauges(const char* name,
                 const char* help,
                 const char* label,
                 std::initializer_list<std::pair<const char*, int64_t>> values) {
    for (const auto& [word, value] : values) {
      metrics.AddGauge(name, help, {{label, word}}).Set(static_cast<double>(value));
    }
  }
  void SetGauge(const char* name, const char* help, int64_t value) {
    metrics.AddGauge(name, help).Set(static_cast<double>(value));
  }

  void SetCluster(const ClusterSummary& cluster);
  void SetAmounts(const ClusterSummary& cluster);
  void SetProcess(const MetricsSnapshot& snapshot);
};

void RmMetrics::State::SetCluster(const ClusterSummary& cluster) {
  SetGauges("weir_build_info", "1 for the version it is.", "version", {{WEIR_VERSION, 1}});
  SetGauges("weir_rm_role", "1 for the role it has.", "role", {{"active", 1}});
  SetGauge("weir_rm_epoch", "The leadership number.", cluster.epoch.value);
  SetGauge("weir_rm_leadership_unconfirmed_milliseconds",
           "For how long it has not been known whether another ResourceManager leads.",
           ToMillis(cluster.unconfirmed));
  SetGauge("weir_rm_applications_submitted",
           "Applications submitted to this ResourceManager.",
           cluster.applications_submitted);
  SetGauges("weir_app_state",
            "Applications by state.",
            "state",
            {{"pending", cluster.applications_pending},
             {"running", cluster.applications_running},
             {"finished", cluster.applications_completed},
             {"failed", cluster.applications_failed},
             {"killed", cluster.applications_killed}});
  SetGauges("weir_node_state",
            "Nodes by state.",
            "state",
            {{"running", cluster.nodes_active},
             {"lost", cluster.nodes_lost},
             {"unhealthy", cluster.nodes_unhealthy},
             {"shutdown", cluster.nodes_shutdown},
             {"decommissioning", cluster.nodes_decommissioning},
             {"decommissioned", cluster.nodes_decommissioned}});
  SetGauge("weir_nodes_silent",
           "Silent nodes that are not given up yet, as only so many are per minute.",
           cluster.nodes_silent);
  SetGauges("weir_sched_containers",
            "Containers by state.",
            "state",
            {{"allocated", cluster.containers_allocated}, {"pending", cluster.containers_pending}});
}

void RmMetrics::State::SetAmounts(const ClusterSummary& cluster) {
  SetGauges("weir_cluster_memory_bytes",
            "Memory of the cluster.",
            "kind",
            {{"total", cluster.total.memory_mib * kMib},
             {"allocated", cluster.allocated.memory_mib * kMib},
             {"pending", cluster.pending.memory_mib * kMib}});
  SetGauges("weir_cluster_vcores",
            "Virtual cores of the cluster.",
            "kind",
            {{"total", cluster.total.vcores},
             {"allocated", cluster.allocated.vcores},
             {"pending", cluster.pending.vcores}});
}

void RmMetrics::State::SetProcess(const MetricsSnapshot& snapshot) {
  for (size_t i = 0; i < platform::kLanes; ++i) {
    SetGauges("weir_event_queue_length",
              "Events waiting for the core, by lane.",
              "lane",
              {{kLaneNames[i], static_cast<int64_t>(snapshot.lane_lengths[i])}});
  }
  SetGauge("weir_rm_held_actions",
           "Actions waiting for their record to be durable.",
           static_cast<int64_t>(snapshot.held_actions));
  SetGauge(
      "weir_rm_connections", "Open RPC connections.", static_cast<int64_t>(snapshot.connections));
  SetGauge("weir_staging_bytes", "Bytes of staged files.", snapshot.staged_bytes);
  SetGauge("weir_rm_token_key",
           "Id of the key that signs tokens; each roll adds one.",
           snapshot.token_key);
  SetGauge("weir_staging_files", "Staged files.", static_cast<int64_t>(snapshot.staged_files));
}

RmMetrics::RmMetrics() : state_(std::make_unique<State>()) {}
RmMetrics::~RmMetrics() = default;

void RmMetrics::CountTransition(std::string_view machine, std::string_view to) {
  auto of_machine = state_->transitions.find(machine);
  if (of_machine == state_->transitions.end()) {
    of_machine = state_->transitions.try_emplace(std::string(machine)).first;
  }
  auto known = of_machine->second.find(to);
  if (known == of_machine->second.end()) {
    const platform::Counter added =
        state_->metrics.AddCounter("weir_rm_transitions_total",
                                   "State changes, by machine and new state.",
                                   {{"machine", std::string(machine)}, {"to", std::string(to)}});
    known = of_machine->second.emplace(std::string(to), added).first;
  }
  known->second.Add();
}

void RmMetrics::CountInvalidEvent(std::string_view machine) {
  state_->Count("weir_rm_invalid_events_total",
                "Events that cannot happen in the state they met.",
                {{"machine", std::string(machine)}});
}

void RmMetrics::CountDropped(std::string_view what) {
  state_->Count(
      "weir_rm_dropped_total", "Hints dropped by full queues.", {{"what", std::string(what)}});
}

void RmMetrics::CountStoreError(ErrorCode code) {
  state_->Count("weir_store_errors_total",
                "Failed writes of the state store.",
                {{"code", std::string(ErrorCodeName(code))}});
}

void RmMetrics::CountRefusal(std::string_view listener, ErrorCode code) {
  state_->Count("weir_auth_failures_total",
                "Connections refused for what they sent, by listener and cause.",
                {{"listener", std::string(listener)}, {"code", std::string(ErrorCodeName(code))}});
}

void RmMetrics::ObserveStoreWrite(Duration took) {
  state_->store_write.Observe(InSeconds(took));
}

void RmMetrics::ObserveEvent(std::string_view type, Duration took) {
  auto known = state_->steps.find(type);
  if (known == state_->steps.end()) {
    const platform::Histogram added =
        state_->metrics.AddHistogram("weir_event_handle_seconds",
                                     "Time of one step of the core and its actions.",
                                     StepBounds(),
                                     {{"type", std::string(type)}});
    known = state_->steps.emplace(std::string(type), added).first;
  }
  known->second.Observe(InSeconds(took));
}

std::string RmMetrics::Render(const MetricsSnapshot& snapshot) {
  state_->SetCluster(snapshot.cluster);
  state_->SetAmounts(snapshot.cluster);
  state_->SetProcess(snapshot);
  return state_->metrics.Exposition();
}

}  // namespace weir::rm
