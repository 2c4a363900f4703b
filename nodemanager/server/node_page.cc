#include "nodemanager/server/node_page.h"

#include "platform/html.h"

namespace weir::nm {
namespace {

using platform::EscapeHtml;
using platform::HtmlCell;
using platform::HtmlLinkCell;
using platform::HtmlNumberCell;
using platform::HtmlTimeCell;

std::string Heading(const NodeFacts& facts, const NodeNumbers& numbers) {
  return "<h1>Weir NodeManager " + EscapeHtml(facts.name) + "</h1>\n<p class=\"facts\">" +
         EscapeHtml(facts.node_id) + ", since " + ToIso8601(facts.started) + ", " +
         (numbers.registered ? "registered" : "not registered") + "</p>\n<p class=\"facts\">" +
         std::to_string(numbers.used.memory_mib) + " of " +
         std::to_string(numbers.capacity.memory_mib) + " MiB and " +
         std::to_string(numbers.used.vcores) + " of " + std::to_string(numbers.capacity.vcores) +
         " vcores used</p>\n<p class=\"facts\">" + EscapeHtml(facts.run_as) + "</p>\n" +
         (numbers.health_report.empty() ? std::string()
                                        : "<p>" + EscapeHtml(numbers.health_report) + "</p>\n");
}

std::string DirectoryRows(const std::vector<NodeHealth::Directory>& directories) {
  constexpr int64_t kBytesPerMib = int64_t{1} << 20;
  if (directories.empty()) return "";
  std::string body = "<h2>Directories</h2>\n";
  body += platform::HtmlTableHead(
      {{"Directory"}, {"For"}, {"State"}, {"Free MiB", true}, {"Of MiB", true}, {"Note"}});
  for (const NodeHealth::Directory& directory : directories) {
    const DirectorySample& last = directory.last;
    body += "<tr>" + HtmlCell("", last.path) +
            HtmlCell("", last.kind == DirectoryKind::kLocal ? "containers" : "logs") +
            HtmlCell("", directory.good() ? "good" : "not used") +
            HtmlNumberCell(last.free_bytes / kBytesPerMib) +
            HtmlNumberCell(last.total_bytes / kBytesPerMib) +
            HtmlCell("text", directory.full ? "too full" : last.fault) + "</tr>\n";
  }
  return body + platform::kHtmlTableEnd;
}

// One row for each index; of a type without indices, for each container that has some.
std::string ResourceRows(const NamedResources& resources) {
  std::string rows;
  const auto row = [&](const std::string& type, const std::string& what, const std::string& id) {
    rows += "<tr>" + HtmlCell("", type) + HtmlCell("", what) +
            (id.empty() ? HtmlCell("", "free")
                        : HtmlLinkCell("id", "/ws/v1/node/containers/" + id, id)) +
            "</tr>\n";
  };
  for (const NamedUse& use : NamedUses(resources)) row(use.type, use.what, use.container);
  if (rows.empty()) return "";
  return "<h2>Named resources</h2>\n" +
         platform::HtmlTableHead({{"Resource"}, {"Which"}, {"Container"}}) + rows +
         platform::kHtmlTableEnd;
}

std::string ContainerRow(const NodeManagerCore::ContainerView& container) {
  const ContainerStatus& status = container.status;
  const std::string id = status.id.ToString();
  std::string row = "<tr>" + HtmlLinkCell("id", "/ws/v1/node/containers/" + id, id);
  row += HtmlCell("", container.user) + HtmlCell("", ContainerStateName(status.state));
  row += HtmlTimeCell(container.started) + HtmlTimeCell(container.finished);
  row += status.state == ContainerState::kComplete ? HtmlNumberCell(status.exit_code)
                                                   : HtmlCell("number", "");
  row += HtmlLinkCell("", "/ws/v1/node/containers/" + id + "/logs", "logs");
  return row + HtmlCell("text", status.detail.empty() ? status.diagnostics : status.detail) +
         "</tr>\n";
}

}  // namespace

std::string NodePage(const NodeFacts& facts, const NodePageContent& content) {
  std::string body = Heading(facts, content.numbers) + "<h2>Containers</h2>\n";
  if (content.containers.empty()) {
    body += "<p>None.</p>\n";
  } else {
    body += platform::HtmlTableHead({{"Container"},
                                     {"User"},
                                     {"State"},
                                     {"Started"},
                                     {"Finished"},
                                     {"Exit code", true},
                                     {"Logs"},
                                     {"Note"}});
    for (const auto& container : content.containers) body += ContainerRow(container);
    body += platform::kHtmlTableEnd;
  }
  body += ResourceRows(content.named);
  body += DirectoryRows(content.numbers.directories);
  return platform::HtmlPage("Weir node: " + facts.name, body);
}

}  // namespace weir::nm
