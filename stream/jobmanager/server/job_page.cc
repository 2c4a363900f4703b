#include "stream/jobmanager/server/job_page.h"

#include "platform/html.h"

namespace weir::stream {
namespace {

using platform::HtmlCell;
using platform::HtmlLinkCell;
using platform::HtmlNumberCell;
using platform::HtmlTimeCell;

std::string JobRow(const JobReport& report) {
  const std::string state(PublicName(report.state));
  std::string row = "<tr>" + HtmlLinkCell("id", "/jobs/" + report.id.hex, report.id.hex);
  row += HtmlCell("", report.name) + HtmlCell(state, state);
  row += HtmlTimeCell(report.started) + HtmlTimeCell(report.finished);
  row += HtmlNumberCell(report.source_records);
  row += HtmlNumberCell(report.slots_ready) + HtmlNumberCell(report.slots_needed);
  return row + HtmlCell("text", report.failure.empty() ? report.waiting : report.failure) +
         "</tr>\n";
}

}  // namespace

std::string JobsPage(const std::string& cluster, const std::vector<JobReport>& reports) {
  std::string body = "<h1>Weir stream cluster " + platform::EscapeHtml(cluster) + "</h1>\n";
  body += "<h2>Jobs</h2>\n";
  if (reports.empty()) {
    body += "<p>None yet.</p>\n";
  } else {
    body += platform::HtmlTableHead({{"Job"},
                                     {"Name"},
                                     {"State"},
                                     {"Started"},
                                     {"Finished"},
                                     {"Records read", true},
                                     {"Slots", true},
                                     {"Slots needed", true},
                                     {"Note"}});
    for (const JobReport& report : reports) body += JobRow(report);
    body += platform::kHtmlTableEnd;
  }
  return platform::HtmlPage("Weir jobs: " + cluster, body);
}

}  // namespace weir::stream
