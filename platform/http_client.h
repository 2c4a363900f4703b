// Blocking HTTP/1.1 for the command line, the NodeManager's downloads and tests. Thread-safe
// functions; each call makes and closes its own connection.
#ifndef WEIR_PLATFORM_HTTP_CLIENT_H_
#define WEIR_PLATFORM_HTTP_CLIENT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::platform {

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::map<std::string, std::string> headers;  // lower-case names
};

struct HttpCall {
  HostPort server;
  std::string method = "GET";
  std::string target = "/";  // encoded path and query
  std::map<std::string, std::string> headers;
  std::string body;
  std::string body_file;                   // or the content of a file
  Duration timeout = seconds(30);          // without progress
  int64_t body_limit = int64_t{64} << 20;  // of the answer
  // Asked some times a second while the server is waited for: true ends the call.
  std::function<bool()> called_off = nullptr;
};

// kUnavailable (cannot connect, connection lost), kDeadlineExceeded, kResourceExhausted (answer
// over the limit), kAborted (called off). Any HTTP status is an answer, not an error.
Result<HttpAnswer> CallHttp(const HttpCall& call);
// As above, with the answer's body given piece by piece; `sink` returns an error to stop. For a
// status other than 200 or 206 the sink is not called and the body is in the answer.
Result<HttpAnswer> CallHttpStreaming(const HttpCall& call,
                                     const std::function<Status(std::string_view)>& sink);
std::string UrlEncode(std::string_view text);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HTTP_CLIENT_H_
