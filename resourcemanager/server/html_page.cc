#include "resourcemanager/server/html_page.h"

#include <cmath>
#include <initializer_list>

namespace weir::rm {
namespace {

constexpr std::string_view kStyleSheet = R"css(:root { color-scheme: light dark; }
body { font: 14px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 80rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; margin: 0; }
h2 { font-size: 1.1rem; margin: 2rem 0 .5rem; }
p.facts { color: GrayText; margin: .3rem 0; }
div.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid color-mix(in srgb, currentColor 20%, transparent); padding: .35rem .6rem; text-align: left; white-space: nowrap; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.text { white-space: normal; min-width: 16rem; }
td.id { font-family: ui-monospace, monospace; font-size: .92em; }
td.RUNNING, td.FINISHED { color: #1a7f37; }
td.FAILED, td.KILLED, td.LOST, td.UNHEALTHY { color: #cf222e; }
)css";

// Only such an address may become a link: javascript: and the like stay text.
bool IsWebAddress(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://");
}

std::string Cell(std::string_view css_class, std::string_view text) {
  std::string cell = "<td";
  if (!css_class.empty()) cell += " class=\"" + EscapeHtml(css_class) + "\"";
  return cell + ">" + EscapeHtml(text) + "</td>";
}

std::string Number(int64_t value) {
  return Cell("number", std::to_string(value));
}

std::string Link(std::string_view css_class, std::string_view url, std::string_view text) {
  if (!IsWebAddress(url) && !url.starts_with("/")) return Cell(css_class, text);
  return "<td class=\"" + EscapeHtml(css_class) + "\"><a href=\"" + EscapeHtml(url) + "\">" +
         EscapeHtml(text) + "</a></td>";
}

struct Column {
  const char* title;
  bool number = false;
};

std::string TableHead(std::initializer_list<Column> columns) {
  std::string head = "<div class=\"scroll\"><table><thead><tr>";
  for (const Column& column : columns) {
    head += column.number ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">";
    head += std::string(column.title) + "</th>";
  }
  return head + "</tr></thead><tbody>\n";
}

std::string ShownTime(WallTime time) {
  return ToMillis(time) == 0 ? "" : ToIso8601(time);
}

// What a person wants to know next: why it waits while it waits, how it ended once it has.
const std::string& Note(const ApplicationReport& report) {
  return report.diagnostics.empty() ? report.pending_detail : report.diagnostics;
}

std::string ApplicationRow(const ApplicationReport& report) {
  const std::string id = report.id.ToString();
  std::string row = "<tr>" + Link("id", "/ws/v1/cluster/apps/" + id, id);
  row += Cell("", report.name) + Cell("", report.type) + Cell("", report.user);
  row += Cell("", report.queue);
  row += Cell(ApplicationStateName(report.state), ApplicationStateName(report.state));
  row += Cell(FinalStatusName(report.final_status), FinalStatusName(report.final_status));
  row += Number(std::lround(static_cast<double>(report.progress) * 100.0));
  row += Number(report.running_containers);
  row += Number(report.allocated.memory_mib) + Number(report.allocated.vcores);
  row += Cell("", ShownTime(report.started)) + Cell("", ShownTime(report.finished));
  row += Link("", report.tracking_url, report.tracking_url);
  return row + Cell("text", Note(report)) + "</tr>\n";
}

std::string NodeRow(const NodeReport& node) {
  std::string row = "<tr>" + Cell("id", node.name) + Cell("", node.rack);
  row += Cell(NodeStateName(node.state), NodeStateName(node.state));
  row += Number(node.containers);
  row += Number(node.used.memory_mib) + Number(node.capacity.memory_mib);
  row += Number(node.used.vcores) + Number(node.capacity.vcores);
  row += Cell("", ShownTime(node.last_heartbeat));
  row += Link("", "http://" + node.http_address + "/", node.http_address);
  return row + Cell("text", node.health_report) + "</tr>\n";
}

std::string Heading(const PageContent& content) {
  const ClusterSummary& summary = content.summary;
  return "<h1>Weir cluster " + EscapeHtml(content.identity.cluster_id) + "</h1>\n" +
         "<p class=\"facts\">active, epoch " + std::to_string(summary.epoch.value) + ", since " +
         ToIso8601(summary.started) + ", store " + EscapeHtml(content.identity.store_name) +
         "</p>\n<p class=\"facts\">" + std::to_string(summary.nodes_active) + " of " +
         std::to_string(summary.nodes_total) + " nodes running, " +
         std::to_string(summary.allocated.memory_mib) + " of " +
         std::to_string(summary.total.memory_mib) + " MiB and " +
         std::to_string(summary.allocated.vcores) + " of " + std::to_string(summary.total.vcores) +
         " vcores allocated, " + std::to_string(summary.containers_pending) +
         " containers waiting</p>\n";
}

std::string ApplicationsTable(const PageContent& content) {
  std::string table = "<h2>Applications</h2>\n";
  if (content.applications.empty()) return table + "<p>None yet.</p>\n";
  table += TableHead({{"Application"},
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
  table += "</tbody></table></div>\n";
  if (content.more_applications) {
    table += "<p>Older ones: <a href=\"/ws/v1/cluster/apps\">/ws/v1/cluster/apps</a></p>\n";
  }
  return table;
}

std::string NodesTable(const PageContent& content) {
  std::string table = "<h2>Nodes</h2>\n";
  if (content.nodes.empty()) return table + "<p>No node has registered.</p>\n";
  table += TableHead({{"Node"},
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
  return table + "</tbody></table></div>\n";
}

}  // namespace

std::string EscapeHtml(std::string_view text) {
  std::string escaped;
  escaped.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string OverviewPage(const PageContent& content) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"refresh\" content=\"5\">\n<title>Weir: " +
         EscapeHtml(content.identity.cluster_id) +
         "</title>\n<link rel=\"stylesheet\" href=\"/static/weir.css\"></head>\n<body>\n" +
         Heading(content) + ApplicationsTable(content) + NodesTable(content) + "</body></html>\n";
}

std::string_view StyleSheet() {
  return kStyleSheet;
}

}  // namespace weir::rm
