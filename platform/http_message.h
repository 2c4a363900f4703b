// What HTTP messages mean, without any socket: targets, hosts, routes, error answers.
//
// A route's pattern is split at '/': a part is a word, "{}" (any one part), "{%}" (any one part,
// also with slashes in it that are written %2F, as in names of resources) or, last, "{*}" (the
// rest). A part with such a slash matches nothing else, so that nobody takes it for a path unless
// he says so. Of several routes that match, the one with words where the others have captures wins,
// from the left. Values; RouteTable is changed before it is shared, then thread-safe.
#ifndef WEIR_PLATFORM_HTTP_MESSAGE_H_
#define WEIR_PLATFORM_HTTP_MESSAGE_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "platform/http_server.h"

namespace weir::platform {

struct HttpTarget {
  std::string text;                // as it was sent, without a fragment
  std::string path;                // decoded
  std::vector<std::string> parts;  // of the path, decoded; "/" has none
  std::map<std::string, std::string> query;
};
// kInvalidArgument: not an absolute path, a bad escape, a NUL, a part (also between escaped '/')
// that is "." or "..", or empty beside an escaped '/'.
Result<HttpTarget> ParseHttpTarget(std::string_view target);

// Whether a request with this method changes nothing, whatever page a browser shows that sends it.
// What is not known to be safe is not.
bool IsSafeMethod(std::string_view method);

// Whether a Host header (with or without port) names us: an address, a loopback name, or one of
// `names`. A page of another site that points its own name at our address is thereby refused.
bool IsHostAllowed(std::string_view host, const std::vector<std::string>& names);
// The same for an Origin header, "http://host:port".
bool IsOriginAllowed(std::string_view origin, const std::vector<std::string>& names);

struct RouteEntry {
  std::string method;
  std::vector<std::string> parts;  // of the pattern
  bool takes_file = false;
  int64_t body_limit = 0;
  const security::Operation* operation = nullptr;
  HttpRoute handler;
};

class RouteTable {
 public:
  void Add(RouteEntry entry) { entries_.push_back(std::move(entry)); }

  struct Match {
    const RouteEntry* route = nullptr;  // null: none
    std::vector<std::string> captures;
    std::vector<std::string> allowed;  // methods of that path, when only the method is wrong
  };
  // HEAD finds the GET routes.
  Match Find(const std::string& method, const HttpTarget& target) const;

 private:
  std::vector<RouteEntry> entries_;
};

// The parts of a pattern. Requires: it begins with '/', "{*}" stands last only.
std::vector<std::string> PatternParts(const std::string& pattern);

// An error that HTTP itself has, in the shape of ErrorResponse.
HttpResponse StatusResponse(int status, const std::string& message);
std::string HttpDate(int64_t seconds_since_1970);
// Without characters that would end a header line.
std::string HeaderValue(std::string_view text);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTTP_MESSAGE_H_
