#include "resourcemanager/server/rest_json.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/hostport.h"
#include "resourcemanager/server/json_values.h"

namespace weir::rm {
namespace {

int64_t Percent(int64_t part, int64_t whole) {
  return whole <= 0 ? 0 : part * 100 / whole;
}

Json ResourceMap(int64_t memory, int64_t vcores) {
  return Single("entry",
                Json::array({Json{{"key", "memory-mb"}, {"value", std::to_string(memory)}},
                             Json{{"key", "vcores"}, {"value", std::to_string(vcores)}}}));
}

std::string TrackingUi(const ApplicationReport& report) {
  if (report.am_container.number == 0 && !IsTerminal(report.state)) return "UNASSIGNED";
  return IsTerminal(report.state) ? "History" : "ApplicationMaster";
}

std::string LogsUrl(const ApplicationReport& report) {
  if (report.am_container.number == 0 || report.am_node_http_address.empty()) return "";
  return "http://" + report.am_node_http_address + "/node/containerlogs/" +
         report.am_container.ToString() + "/" + report.user;
}

int64_t ElapsedMillis(const ApplicationReport& report, Now now) {
  const WallTime end = ToMillis(report.finished) > 0 ? report.finished : now.wall;
  return std::max<int64_t>(0, ToMillis(end) - ToMillis(report.started));
}

// In whole per mille, so that 0.1 prints as 10.0 and not 10.000000149.
double ProgressPercent(float progress) {
  return std::round(std::clamp(static_cast<double>(progress), 0.0, 1.0) * 1000.0) / 10.0;
}

void AddIdentity(const ApplicationReport& report, Json& json) {
  json["id"] = report.id.ToString();
  json["user"] = report.user;
  json["name"] = report.name;
  json["queue"] = report.queue;
  json["state"] = ApplicationStateName(report.state);
  json["finalStatus"] = FinalStatusName(report.final_status);
  json["progress"] = ProgressPercent(report.progress);
  json["trackingUI"] = TrackingUi(report);
  if (!report.tracking_url.empty()) json["trackingUrl"] = report.tracking_url;
  json["diagnostics"] = report.diagnostics.empty() ? report.pending_detail : report.diagnostics;
  json["clusterId"] = report.id.cluster_timestamp;
  json["applicationType"] = report.type;
  json["applicationTags"] = "";
  json["priority"] = report.priority;
}

void AddTimesAndPlaces(const RestApplication& application, Now now, Json& json) {
  const ApplicationReport& report = application.report;
  json["startedTime"] = ToMillis(report.started);
  json["launchTime"] = ToMillis(report.launched);
  json["finishedTime"] = ToMillis(report.finished);
  json["elapsedTime"] = ElapsedMillis(report, now);
  if (const std::string logs = LogsUrl(report); !logs.empty()) json["amContainerLogs"] = logs;
  if (!report.am_node_http_address.empty()) {
    json["amHostHttpAddress"] = report.am_node_http_address;
  }
  if (!report.am_address.empty()) json["amRPCAddress"] = report.am_address.ToString();
  if (!application.am_node_name.empty()) json["masterNodeId"] = application.am_node_name;
}

// Remaining seconds are for the caller to count: they change without the report changing.
Json Timeouts(const ApplicationReport& report) {
  const bool ends = ToMillis(report.expires) != 0;
  return Single(
      "timeout",
      Json::array({Json{{"type", "LIFETIME"},
                        {"expiryTime", ends ? ToIso8601(report.expires) : "UNLIMITED"}}}));
}

void AddUsage(const ApplicationReport& report, Json& json) {
  const bool live = !IsTerminal(report.state);
  json["allocatedMB"] = live ? report.allocated.memory_mib : -1;
  json["allocatedVCores"] = live ? report.allocated.vcores : -1;
  json["reservedMB"] = live ? 0 : -1;
  json["reservedVCores"] = live ? 0 : -1;
  json["runningContainers"] = live ? report.running_containers : -1;
  json["memorySeconds"] = report.memory_seconds;
  json["vcoreSeconds"] = report.vcore_seconds;
  json["queueUsagePercentage"] = 0.0;
  json["clusterUsagePercentage"] = 0.0;
  json["resourceSecondsMap"] = ResourceMap(report.memory_seconds, report.vcore_seconds);
  json["preemptedResourceMB"] = 0;
  json["preemptedResourceVCores"] = 0;
  json["numNonAMContainerPreempted"] = report.preempted_containers;
  json["numAMContainerPreempted"] = 0;
  json["preemptedMemorySeconds"] = 0;
  json["preemptedVcoreSeconds"] = 0;
  json["preemptedResourceSecondsMap"] = Json::object();
  json["logAggregationStatus"] = "DISABLED";
  json["unmanagedApplication"] = false;
  json["maxAppAttempts"] = report.max_attempts;
  json["countedAttemptFailures"] = report.counted_failures;
  json["attemptFailuresValidityInterval"] = report.attempt_failures_validity == Duration(0)
                                                ? -1
                                                : ToMillis(report.attempt_failures_validity);
  json["nodesBlacklistedBySystem"] = report.avoided_nodes;
  json["appNodeLabelExpression"] = report.label;
  json["amNodeLabelExpression"] = "";
  json["timeouts"] = Timeouts(report);
}

Json ApplicationObject(const RestApplication& application, Now now) {
  Json json = Json::object();
  AddIdentity(application.report, json);
  AddTimesAndPlaces(application, now, json);
  AddUsage(application.report, json);
  return json;
}

std::string HostOf(const std::string& name) {
  const auto parsed = HostPort::Parse(name);
  return parsed.ok() ? parsed->host : name;
}

// Nodes do not measure their virtual memory as a whole.
Json UtilizationObject(const NodeUtilization& use) {
  constexpr double kMilli = 1000;
  return {{"nodePhysicalMemoryMB", use.node_memory_mib},
          {"nodeVirtualMemoryMB", 0},
          {"nodeCPUUsage", static_cast<double>(use.node_milli_vcores) / kMilli},
          {"aggregatedContainersPhysicalMemoryMB", use.containers_memory_mib},
          {"aggregatedContainersVirtualMemoryMB", use.containers_virtual_mib},
          {"containersCPUUsage", static_cast<double>(use.containers_milli_vcores) / kMilli}};
}

Json NodeObject(const NodeReport& node) {
  const bool active = node.state == NodeState::kRunning || node.state == NodeState::kUnhealthy ||
                      node.state == NodeState::kDecommissioning;
  const Resource available = node.capacity - node.used;
  Json json = {{"rack", node.rack},
               {"state", NodeStateName(node.state)},
               {"id", node.name},
               {"nodeHostName", HostOf(node.name)},
               {"nodeHTTPAddress", active ? node.http_address : ""},
               {"lastHealthUpdate", ToMillis(node.last_heartbeat)},
               {"version", ""},
               {"healthReport", node.health_report},
               {"numContainers", node.containers},
               {"usedMemoryMB", node.used.memory_mib},
               {"availMemoryMB", available.memory_mib},
               {"usedVirtualCores", node.used.vcores},
               {"availableVirtualCores", available.vcores}};
  json["memUtilization"] = Percent(node.used.memory_mib, node.capacity.memory_mib);
  json["cpuUtilization"] = Percent(node.used.vcores, node.capacity.vcores);
  json["numRunningOpportContainers"] = 0;
  json["usedMemoryOpportGB"] = 0;
  json["usedVirtualCoresOpport"] = 0;
  json["numQueuedContainers"] = 0;
  json["nodeLabels"] = node.label.empty() ? Json::array() : Json::array({node.label});
  json["resourceUtilization"] = UtilizationObject(node.utilization);
  json["usedResource"] = ResourceObject(node.used);
  json["availableResource"] = ResourceObject(available);
  json["totalResource"] = ResourceObject(node.capacity);
  json["nodeAttributesInfo"] = Json::object();
  json["weirNodeUuid"] = node.id.uuid;
  if (node.decommission_by != WallTime{}) {
    json["weirDecommissionBy"] = ToMillis(node.decommission_by);
  }
  return json;
}

void AddApplicationCounts(const ClusterSummary& summary, Json& json) {
  json["appsSubmitted"] = summary.applications_submitted;
  json["appsCompleted"] = summary.applications_completed;
  json["appsPending"] = summary.applications_pending;
  json["appsRunning"] = summary.applications_running;
  json["appsFailed"] = summary.applications_failed;
  json["appsKilled"] = summary.applications_killed;
}

void AddAmounts(const ClusterSummary& summary, Json& json) {
  const Resource available = summary.total - summary.allocated;
  json["reservedMB"] = 0;
  json["availableMB"] = available.memory_mib;
  json["allocatedMB"] = summary.allocated.memory_mib;
  json["pendingMB"] = summary.pending.memory_mib;
  json["reservedVirtualCores"] = 0;
  json["availableVirtualCores"] = available.vcores;
  json["allocatedVirtualCores"] = summary.allocated.vcores;
  json["pendingVirtualCores"] = summary.pending.vcores;
  json["containersAllocated"] = summary.containers_allocated;
  json["containersReserved"] = 0;
  json["containersPending"] = summary.containers_pending;
  json["totalMB"] = summary.total.memory_mib;
  json["totalVirtualCores"] = summary.total.vcores;
  json["utilizedMB"] = 0;
  json["utilizedVirtualCores"] = 0;
  json["utilizedMBPercent"] = 0;
  json["utilizedVirtualCoresPercent"] = 0;
}

void AddNodeCounts(const ClusterSummary& summary, Json& json) {
  json["totalNodes"] = summary.nodes_total;
  json["activeNodes"] = summary.nodes_active;
  json["lostNodes"] = summary.nodes_lost;
  json["unhealthyNodes"] = summary.nodes_unhealthy;
  json["decommissioningNodes"] = summary.nodes_decommissioning;
  json["decommissionedNodes"] = summary.nodes_decommissioned;
  json["rebootedNodes"] = 0;
  json["shutdownNodes"] = summary.nodes_shutdown;
}

void AddInfo(const RestIdentity& identity,
             const char* role,
             const std::string& zookeeper,
             Json& json) {
  json["state"] = "STARTED";
  json["haState"] = role;
  json["rmStateStoreName"] = identity.store_name;
  json["resourceManagerVersion"] = identity.version;
  json["resourceManagerBuildVersion"] = "weir " + identity.version;
  json["resourceManagerVersionBuiltOn"] = "";
  json["hadoopVersion"] = "";
  json["hadoopBuildVersion"] = "";
  json["hadoopVersionBuiltOn"] = "";
  json["haZooKeeperConnectionState"] = zookeeper;
  json["weirClusterId"] = identity.cluster_id;
}

}  // namespace

std::string ClusterInfoJson(const RestIdentity& identity,
                            const std::string& zookeeper,
                            const ClusterSummary& summary) {
  Json json = {{"id", identity.cluster_timestamp}, {"startedOn", ToMillis(summary.started)}};
  AddInfo(identity, "ACTIVE", zookeeper, json);
  json["weirEpoch"] = summary.epoch.value;
  return Dump(Single("clusterInfo", std::move(json)));
}

std::string StandbyInfoJson(const RestIdentity& identity,
                            const std::string& zookeeper,
                            const std::string& leader) {
  Json json = Json::object();
  AddInfo(identity, "STANDBY", zookeeper, json);
  json["weirActive"] = leader;
  return Dump(Single("clusterInfo", std::move(json)));
}

std::string ClusterMetricsJson(const ClusterSummary& summary) {
  Json json = Json::object();
  AddApplicationCounts(summary, json);
  AddAmounts(summary, json);
  AddNodeCounts(summary, json);
  json["totalUsedResourcesAcrossPartition"] = ResourceObject(summary.allocated);
  json["totalClusterResourcesAcrossPartition"] = ResourceObject(summary.total);
  json["totalReservedResourcesAcrossPartition"] = ResourceObject({});
  json["totalAllocatedContainersAcrossPartition"] = summary.containers_allocated;
  json["crossPartitionMetricsAvailable"] = true;
  return Dump(Single("clusterMetrics", std::move(json)));
}

std::string ApplicationsJson(const std::vector<RestApplication>& applications, Now now) {
  Json list = Json::array();
  for (const RestApplication& one : applications) list.push_back(ApplicationObject(one, now));
  return Dump(Wrapped("apps", "app", std::move(list)));
}

std::string ApplicationJson(const RestApplication& application, Now now) {
  return Dump(Single("app", ApplicationObject(application, now)));
}

std::string NodesJson(const std::vector<NodeReport>& nodes) {
  Json list = Json::array();
  for (const NodeReport& node : nodes) list.push_back(NodeObject(node));
  return Dump(Wrapped("nodes", "node", std::move(list)));
}

std::string NodeJson(const NodeReport& node) {
  return Dump(Single("node", NodeObject(node)));
}

}  // namespace weir::rm
