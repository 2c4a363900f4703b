// Which bytes of a log file an HTTP request gets. Positions are those of log_directory.h. Pure
// functions; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_
#define WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/result.h"
#include "nodemanager/executor/log_directory.h"
#include "platform/http_server.h"

namespace weir::nm {

// Of one answer.
inline constexpr int64_t kLogAnswerBytes = int64_t{1} << 30;

struct LogRange {
  enum class Kind {
    kAll,            // nothing was asked for
    kPart,           // by the query
    kHttpRange,      // by a Range header: 206
    kUnsatisfiable,  // by a Range header that has nothing: 416
  };
  Kind kind = Kind::kAll;
  int64_t offset = 0;  // position of the first byte
  int64_t length = 0;
};

// By the query: `size` or `length` (negative = the last so many bytes; absent = all) and `offset`
// (a position); they go before a Range header. kInvalidArgument: one is not a number.
Result<LogRange> SelectByQuery(const std::map<std::string, std::string>& query,
                               const LogFile& file);

// By a Range header (RFC 7233) with one range; what is not one, or more than one, is ignored
// (kAll), as that document allows. What the size limit has taken away is not part of the answer.
LogRange SelectByHeader(std::string_view range, const LogFile& file);

// Both; at most `limit` bytes, but for kAll: kResourceExhausted, with what to ask for instead.
Result<LogRange> SelectRange(const platform::HttpRequest& request,
                             const LogFile& file,
                             int64_t limit = kLogAnswerBytes);

// 200, 206 or 416 with the headers X-Log-Begin, X-Log-End (positions), X-Log-Offset (of the first
// byte of the answer), X-Log-Identity (of log_directory.h) and X-Log-Modified.
platform::HttpResponse LogResponse(const OpenLog& log, const LogRange& range);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_
