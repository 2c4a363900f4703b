#include "nodemanager/server/node_json.h"

#include <nlohmann/json.hpp>

namespace weir::nm {
namespace {

using Json = nlohmann::ordered_json;

// Text of containers may be any bytes.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Directories(const std::vector<NodeHealth::Directory>& directories) {
  Json list = Json::array();
  for (const NodeHealth::Directory& directory : directories) {
    const DirectorySample& last = directory.last;
    list.push_back({{"path", last.path},
                    {"kind", last.kind == DirectoryKind::kLocal ? "local" : "log"},
                    {"good", directory.good()},
                    {"full", directory.full},
                    {"fault", last.fault},
                    {"totalBytes", last.total_bytes},
                    {"freeBytes", last.free_bytes}});
  }
  return list;
}

Json Utilization(const NodeUtilization& use) {
  constexpr double kMilli = 1000;
  return {{"nodePhysicalMemoryMB", use.node_memory_mib},
          {"nodeCPUUsage", static_cast<double>(use.node_milli_vcores) / kMilli},
          {"aggregatedContainersPhysicalMemoryMB", use.containers_memory_mib},
          {"aggregatedContainersVirtualMemoryMB", use.containers_virtual_mib},
          {"containersCPUUsage", static_cast<double>(use.containers_milli_vcores) / kMilli}};
}

// By type, the indices.
Json Assigned(const ContainerIndices& indices) {
  Json object = Json::object();
  for (const HeldIndices& held : indices) object[held.type] = held.indices;
  return object;
}

Json ContainerObject(const NodeFacts& facts, const NodeManagerCore::ContainerView& container) {
  const std::string id = container.status.id.ToString();
  return {{"id", id},
          {"state", StateName(container.state)},
          {"exitCode", container.status.exit_code},
          {"diagnostics", container.status.diagnostics},
          {"detail", container.status.detail},
          {"user", container.user},
          {"totalMemoryNeededMB", container.status.resource.memory_mib},
          {"totalVCoresNeeded", container.status.resource.vcores},
          {"resource", container.status.resource.ToString()},
          {"assignedResources", Assigned(container.indices)},
          {"executionType", "GUARANTEED"},
          {"startTime", ToMillis(container.started)},
          {"finishTime", ToMillis(container.finished)},
          {"containerLogsLink",
           "http://" + facts.http_address + "/ws/v1/node/containers/" + id + "/logs"},
          {"nodeId", facts.name}};
}

}  // namespace

std::string NodeInfoJson(const NodeFacts& facts, const NodeNumbers& numbers) {
  std::string health = numbers.registered ? "" : "not registered with the ResourceManager";
  if (!numbers.health_report.empty()) {
    health += (health.empty() ? "" : "; ") + numbers.health_report;
  }
  return Dump({{"nodeInfo",
                {{"healthReport", health},
                 {"totalVmemAllocatedContainersMB", numbers.used.memory_mib},
                 {"totalPmemAllocatedContainersMB", numbers.used.memory_mib},
                 {"totalVCoresAllocatedContainers", numbers.used.vcores},
                 {"totalMemoryMB", numbers.capacity.memory_mib},
                 {"totalVCores", numbers.capacity.vcores},
                 {"resourceTypes", numbers.capacity.ToString()},
                 {"numContainers", numbers.containers},
                 {"vmemCheckEnabled", numbers.memory.virtual_check},
                 {"pmemCheckEnabled", numbers.memory.physical_check},
                 {"resourceUtilization", Utilization(numbers.utilization)},
                 {"lastNodeUpdateTime", ToMillis(numbers.last_answer)},
                 {"nodeHealthy", numbers.healthy},
                 {"directories", Directories(numbers.directories)},
                 {"registered", numbers.registered},
                 {"nodeManagerVersion", facts.version},
                 {"id", facts.name},
                 {"uuid", facts.node_id},
                 {"nodeHostName", facts.host},
                 {"runAs", facts.run_as},
                 {"nmStartupTime", ToMillis(facts.started)}}}});
}

std::string ContainersJson(const NodeFacts& facts,
                           const std::vector<NodeManagerCore::ContainerView>& containers) {
  Json list = Json::array();
  for (const auto& container : containers) list.push_back(ContainerObject(facts, container));
  return Dump({{"containers", {{"container", std::move(list)}}}});
}

std::string ContainerJson(const NodeFacts& facts, const NodeManagerCore::ContainerView& container) {
  return Dump({{"container", ContainerObject(facts, container)}});
}

std::string LoggedContainersJson(const NodeFacts& facts, const std::vector<ContainerId>& ids) {
  Json list = Json::array();
  for (const ContainerId& id : ids) list.push_back(id.ToString());
  return Dump({{"loggedContainers", {{"nodeId", facts.name}, {"containerIds", std::move(list)}}}});
}

std::string ContainerLogsJson(const NodeFacts& facts,
                              const ContainerId& id,
                              const std::string& role,
                              const std::vector<LogFile>& logs) {
  Json list = Json::array();
  for (const LogFile& log : logs) {
    list.push_back({{"fileName", log.name},
                    {"fileSize", log.size()},
                    {"begin", log.begin},
                    {"end", log.end},
                    {"lastModifiedTime", ToIso8601(log.modified)}});
  }
  return Dump({{"containerLogsInfo",
                {{"containerLogInfo", std::move(list)},
                 {"logAggregationType", "LOCAL"},
                 {"containerId", id.ToString()},
                 {"role", role},
                 {"nodeId", facts.name}}}});
}

}  // namespace weir::nm
