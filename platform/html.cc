#include "platform/html.h"

namespace weir::platform {
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

bool IsWebAddress(std::string_view url) {
  return url.starts_with("http://") || url.starts_with("https://") || url.starts_with("/");
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

std::string HtmlCell(std::string_view css_class, std::string_view text) {
  std::string cell = "<td";
  if (!css_class.empty()) cell += " class=\"" + EscapeHtml(css_class) + "\"";
  return cell + ">" + EscapeHtml(text) + "</td>";
}

std::string HtmlNumberCell(int64_t value) {
  return HtmlCell("number", std::to_string(value));
}

std::string HtmlTimeCell(WallTime time) {
  return HtmlCell("", ToMillis(time) == 0 ? "" : ToIso8601(time));
}

std::string HtmlLinkCell(std::string_view css_class, std::string_view url, std::string_view text) {
  if (!IsWebAddress(url)) return HtmlCell(css_class, text);
  return "<td class=\"" + EscapeHtml(css_class) + "\"><a href=\"" + EscapeHtml(url) + "\">" +
         EscapeHtml(text) + "</a></td>";
}

std::string HtmlTableHead(std::initializer_list<HtmlColumn> columns) {
  std::string head = "<div class=\"scroll\"><table><thead><tr>";
  for (const HtmlColumn& column : columns) {
    head += column.number ? "<th scope=\"col\" class=\"number\">" : "<th scope=\"col\">";
    head += std::string(column.title) + "</th>";
  }
  return head + "</tr></thead><tbody>\n";
}

std::string HtmlPage(std::string_view title, const std::string& body) {
  return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<meta http-equiv=\"refresh\" content=\"5\">\n<title>" +
         EscapeHtml(title) +
         "</title>\n<link rel=\"stylesheet\" href=\"/static/weir.css\"></head>\n<body>\n" + body +
         "</body></html>\n";
}

HttpResponse HtmlResponse(std::string page) {
  HttpResponse response;
  response.content_type = "text/html; charset=utf-8";
  response.body = std::move(page);
  return response;
}

void AddStyleSheet(HttpServer& http) {
  http.Route("GET", "/static/weir.css", [](const HttpRequest&, const HttpReply& reply) {
    HttpResponse response;
    response.content_type = "text/css; charset=utf-8";
    response.headers["Cache-Control"] = "max-age=3600";
    response.body = std::string(kStyleSheet);
    reply(std::move(response));
  });
}

}  // namespace weir::platform
