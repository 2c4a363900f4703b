#include "client/output.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "common/strings.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

ordered_json ToJson(const ApplicationReport& report) {
  const bool over = IsTerminal(report.state);
  return {{"id", report.id.ToString()},
          {"user", report.user},
          {"name", report.name},
          {"queue", report.queue},
          {"state", ApplicationStateName(report.state)},
          {"finalStatus", FinalStatusName(report.final_status)},
          {"progress", report.progress * 100},
          {"trackingUrl", report.tracking_url},
          {"diagnostics", report.diagnostics},
          {"applicationType", report.type},
          {"priority", report.priority},
          {"startedTime", ToMillis(report.started)},
          {"launchTime", ToMillis(report.launched)},
          {"finishedTime", ToMillis(report.finished)},
          {"allocatedMB", over ? -1 : report.allocated.memory_mib},
          {"allocatedVCores", over ? -1 : report.allocated.vcores},
          {"runningContainers", over ? -1 : report.running_containers},
          {"memorySeconds", report.memory_seconds},
          {"vcoreSeconds", report.vcore_seconds},
          {"pendingReason", PendingReasonName(report.pending_reason)},
          {"pendingDetail", report.pending_detail},
          {"appNodeLabelExpression", report.label},
          {"expiryTime", ToMillis(report.expires)},
          {"preemptedContainers", report.preempted_containers},
          {"maxAppAttempts", report.max_attempts},
          {"countedAttemptFailures", report.counted_failures},
          {"attemptFailuresValidityInterval", ToMillis(report.attempt_failures_validity)},
          {"nodesBlacklistedBySystem", report.avoided_nodes}};
}

std::string Dump(const ordered_json& json) {
  // Text from containers and users may be any bytes: what is not UTF-8 is replaced.
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

ordered_json ToJson(const NodeReport& node) {
  return {{"id", node.name},
          {"uuid", node.id.uuid},
          {"rack", node.rack},
          {"state", NodeStateName(node.state)},
          {"nodeHTTPAddress", node.http_address},
          {"numContainers", node.containers},
          {"usedMemoryMB", node.used.memory_mib},
          {"availMemoryMB", node.capacity.memory_mib - node.used.memory_mib},
          {"usedVirtualCores", node.used.vcores},
          {"availableVirtualCores", node.capacity.vcores - node.used.vcores},
          {"lastHealthUpdate", ToMillis(node.last_heartbeat)},
          {"healthReport", node.health_report},
          {"nodeLabels", node.label.empty() ? ordered_json::array() : ordered_json{node.label}},
          {"totalResource", node.capacity.ToString()},
          {"decommissionBy", ToMillis(node.decommission_by)},
          {"utilization",
           {{"nodeMemoryMB", node.utilization.node_memory_mib},
            {"nodeMilliVcores", node.utilization.node_milli_vcores},
            {"containersMemoryMB", node.utilization.containers_memory_mib},
            {"containersVirtualMB", node.utilization.containers_virtual_mib},
            {"containersMilliVcores", node.utilization.containers_milli_vcores}}}};
}

}  // namespace

std::string FormatTable(const std::vector<std::string>& header,
                        const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& cell : header) widths.push_back(cell.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  const auto add_row = [&](const std::vector<std::string>& row) {
    for (size_t i = 0; i < row.size(); ++i) {
      text += row[i];
      if (i + 1 < row.size()) text += std::string(widths[i] - row[i].size() + 2, ' ');
    }
    text += '\n';
  };
  add_row(header);
  for (const auto& row : rows) add_row(row);
  return text;
}

std::string FormatPercent(float fraction) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", static_cast<double>(fraction) * 100);
  return text;
}

std::string FormatTime(WallTime time) {
  return ToMillis(time) == 0 ? "N/A" : ToIso8601(time);
}

std::string ApplicationsJson(const std::vector<ApplicationReport>& applications) {
  ordered_json list = ordered_json::array();
  for (const auto& application : applications) list.push_back(ToJson(application));
  return Dump({{"apps", {{"app", std::move(list)}}}}) + "\n";
}

std::string ApplicationJson(const ApplicationReport& application) {
  return Dump({{"app", ToJson(application)}}) + "\n";
}

std::string NodeJson(const NodeReport& node) {
  return Dump({{"node", ToJson(node)}}) + "\n";
}

std::string NodesJson(const std::vector<NodeReport>& nodes) {
  ordered_json list = ordered_json::array();
  for (const NodeReport& node : nodes) list.push_back(ToJson(node));
  return Dump({{"nodes", {{"node", std::move(list)}}}}) + "\n";
}

std::string ContainersJson(const std::vector<ContainerReport>& containers) {
  ordered_json list = ordered_json::array();
  for (const ContainerReport& container : containers) {
    list.push_back({{"containerId", container.id.ToString()},
                    {"nodeId", container.node_name},
                    {"nodeHttpAddress", container.node_http_address},
                    {"allocatedMB", container.resource.memory_mib},
                    {"allocatedVCores", container.resource.vcores},
                    {"containerState", ContainerStateName(container.state)},
                    {"containerExitStatus", container.exit_code},
                    {"diagnostics", container.diagnostics},
                    {"detail", container.detail},
                    {"startedTime", ToMillis(container.started)},
                    {"finishedTime", ToMillis(container.finished)}});
  }
  return Dump({{"containers", {{"container", std::move(list)}}}}) + "\n";
}

ExitCode Fail(const Error& error) {
  return Fail(error, ExitCodeOf(error.code));
}

ExitCode Fail(const Error& error, ExitCode code) {
  Say("weir: " + error.ToString());
  return code;
}

void Say(const std::string& line) {
  std::fprintf(stderr, "%s\n", line.c_str());
  std::fflush(stderr);
}

}  // namespace weir::cli
