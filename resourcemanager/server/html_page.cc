#include "resourcemanager/server/html_page.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "platform/html.h"

namespace weir::rm {
namespace {

using platform::EscapeHtml;
using platform::HtmlCell;
using platform::HtmlLinkCell;
using platform::HtmlNumberCell;
using platform::HtmlPage;
using platform::HtmlTableHead;
using platform::HtmlTimeCell;
using platform::kHtmlTableEnd;

constexpr size_t kQueuesOnPage = 500;

// What a person wants to know next: why it waits while it waits, how it ended once it has.
const std::string& Note(const ApplicationReport& report) {
  return report.diagnostics.empty() ? report.pending_detail : report.diagnostics;
}

std::string ApplicationRow(const ApplicationReport& report) {
  const std::string id = report.id.ToString();
  std::string row = "<tr>" + HtmlLinkCell("id", "/ws/v1/cluster/apps/" + id, id);
  row += HtmlCell("", report.name) + HtmlCell("", report.type) + HtmlCell("", report.user);
  row += HtmlCell("", report.queue);
  row += HtmlCell(ApplicationStateName(report.state), ApplicationStateName(report.state));
  row += HtmlCell(FinalStatusName(report.final_status), FinalStatusName(report.final_status));
  row += HtmlNumberCell(std::lround(static_cast<double>(report.progress) * 100.0));
  row += HtmlNumberCell(report.running_containers);
  row += HtmlNumberCell(report.allocated.memory_mib) + HtmlNumberCell(report.allocated.vcores);
  row += HtmlTimeCell(report.started) + HtmlTimeCell(report.finished);
  row += HtmlLinkCell("", report.tracking_url, report.tracking_url);
  return row + HtmlCell("text", Note(report)) + "</tr>\n";
}

std::string NodeRow(const NodeReport& node) {
  std::string row = "<tr>" + HtmlCell("id", node.name) + HtmlCell("", node.rack);
  row += HtmlCell(NodeStateName(node.state), NodeStateName(node.state));
  row += HtmlNumberCell(node.containers);
  row += HtmlNumberCell(node.used.memory_mib) + HtmlNumberCell(node.capacity.memory_mib);
  row += HtmlNumberCell(node.used.vcores) + HtmlNumberCell(node.capacity.vcores);
  row += HtmlTimeCell(node.last_heartbeat);
  row += HtmlLinkCell("", "http://" + node.http_address + "/", node.http_address);
  return row + HtmlCell("text", node.health_report) + "</tr>\n";
}

std::string Heading(const PageContent& content) {
  const ClusterSummary& summary = content.summary;
  return "<h1>Weir cluster " + EscapeHtml(content.identity.cluster_id) + "</h1>\n" +
         "<p class=\"facts\">active, epoch " + std::to_string(summary.epoch.value) + ", since " +
         ToIso8601(summary.started) + ", store " + EscapeHtml(content.identity.store_name) +
         "</p>\n<p class=\"facts\">" + std::to_string(summary.nodes_active) + " of " +
         std::to_string(summary.nodes_total) + " nodes running, " +
         (summary.nodes_silent == 0
              ? std::string()
              : std::to_string(summary.nodes_silent) + " silent and not given up yet, ") +
         std::to_string(summary.allocated.memory_mib) + " of " +
         std::to_string(summary.total.memory_mib) + " MiB and " +
         std::to_string(summary.allocated.vcores) + " of " + std::to_string(summary.total.vcores) +
         " vcores allocated, " + std::to_string(summary.containers_pending) +
         " containers waiting</p>\n";
}

std::string ApplicationsTable(const PageContent& content) {
  std::string table = "<h2>Applications</h2>\n";
  if (content.applications.empty()) return table + "<p>None yet.</p>\n";
  table += HtmlTableHead({{"Application"},
                          {"Name"},
                          {"Type"},
                          {"User"},
                          {"Queue"},
                          {"State"},
                          {"Final status"},
                          {"Progress %", true},
                          {"Containers", true},
                          {"MiB", true},
                          {"Vcores", true},
                          {"Started"},
                          {"Finished"},
                          {"Tracking"},
                          {"Note"}});
  for (const ApplicationReport& report : content.applications) table += ApplicationRow(report);
  table += kHtmlTableEnd;
  if (content.more_applications) {
    table += "<p>Older ones: <a href=\"/ws/v1/cluster/apps\">/ws/v1/cluster/apps</a></p>\n";
  }
  return table;
}

std::string NodesTable(const PageContent& content) {
  std::string table = "<h2>Nodes</h2>\n";
  if (content.nodes.empty()) return table + "<p>No node has registered.</p>\n";
  table += HtmlTableHead({{"Node"},
                          {"Rack"},
                          {"State"},
                          {"Containers", true},
                          {"MiB used", true},
                          {"MiB", true},
                          {"Vcores used", true},
                          {"Vcores", true},
                          {"Last heartbeat"},
                          {"Web"},
                          {"Health"}});
  for (const NodeReport& node : content.nodes) table += NodeRow(node);
  return table + kHtmlTableEnd;
}

std::string PercentCell(double percent) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", percent);
  return HtmlCell("number", text);
}

std::string QueueRow(const QueueReport& queue) {
  QueuePartitionReport main;
  for (const QueuePartitionReport& partition : queue.partitions) {
    if (partition.label.empty()) main = partition;
  }
  std::string row = "<tr>" + HtmlCell("id", queue.path) + HtmlCell(queue.state, queue.state);
  row += PercentCell(main.absolute_capacity) + PercentCell(main.absolute_maximum_capacity);
  row += PercentCell(main.absolute_used_capacity);
  row += HtmlNumberCell(main.used.memory_mib) + HtmlNumberCell(main.used.vcores);
  row += HtmlNumberCell(main.pending.memory_mib) + HtmlNumberCell(main.pending.vcores);
  row += HtmlNumberCell(queue.containers);
  row += HtmlNumberCell(queue.active_applications);
  return row + HtmlNumberCell(queue.pending_applications) + "</tr>\n";
}

std::string QueuesTable(const PageContent& content) {
  std::string table = "<h2>Queues</h2>\n";
  table += HtmlTableHead({{"Queue"},
                          {"State"},
                          {"Capacity %", true},
                          {"Maximum %", true},
                          {"Used %", true},
                          {"MiB", true},
                          {"Vcores", true},
                          {"MiB waiting", true},
                          {"Vcores waiting", true},
                          {"Containers", true},
                          {"Active", true},
                          {"Pending", true}});
  const size_t shown = std::min(content.queues.size(), kQueuesOnPage);
  for (size_t i = 0; i < shown; ++i) table += QueueRow(content.queues[i]);
  table += kHtmlTableEnd;
  if (shown < content.queues.size()) {
    table += "<p>All: <a href=\"/ws/v1/cluster/scheduler\">/ws/v1/cluster/scheduler</a></p>\n";
  }
  return table;
}

}  // namespace

std::string OverviewPage(const PageContent& content) {
  return HtmlPage(
      "Weir: " + content.identity.cluster_id,
      Heading(content) + ApplicationsTable(content) + QueuesTable(content) + NodesTable(content));
}

}  // namespace weir::rm
