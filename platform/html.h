// Plain web pages: tables, without script. Everything shown is escaped. Pure functions, but
// AddStyleSheet; thread-safe.
#ifndef WEIR_PLATFORM_HTML_H_
#define WEIR_PLATFORM_HTML_H_

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "common/time.h"
#include "platform/http_server.h"

namespace weir::platform {

// The five characters that mean something to HTML, replaced.
std::string EscapeHtml(std::string_view text);

// One <td>; `css_class` may be "".
std::string HtmlCell(std::string_view css_class, std::string_view text);
std::string HtmlNumberCell(int64_t value);
std::string HtmlTimeCell(WallTime time);  // empty for 1970
// Only http:, https: and paths become a link: javascript: and the like stay text.
std::string HtmlLinkCell(std::string_view css_class, std::string_view url, std::string_view text);

struct HtmlColumn {
  const char* title;
  bool number = false;
};
// Up to <tbody>; kHtmlTableEnd closes it.
std::string HtmlTableHead(std::initializer_list<HtmlColumn> columns);
inline constexpr char kHtmlTableEnd[] = "</tbody></table></div>\n";

// A whole page that shows itself anew every 5 s. `body` is HTML, `title` is text.
std::string HtmlPage(std::string_view title, const std::string& body);
HttpResponse HtmlResponse(std::string page);
// The style sheet that HtmlPage names.
void AddStyleSheet(HttpServer& http);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTML_H_
