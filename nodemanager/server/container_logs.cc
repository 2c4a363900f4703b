#include "nodemanager/server/container_logs.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr int kOk = 200;
constexpr int kPartial = 206;
constexpr int kUnsatisfiable = 416;
constexpr std::string_view kUnit = "bytes=";

// A number of the query; nothing when it is absent.
Result<std::optional<int64_t>> Number(const std::map<std::string, std::string>& query,
                                      const std::string& name) {
  const auto it = query.find(name);
  if (it == query.end()) return std::optional<int64_t>();
  const auto number = ParseInt64(it->second);
  if (!number) {
    return Error{ErrorCode::kInvalidArgument,
                 name + "=" + it->second.substr(0, 64) + " is not a number of bytes",
                 ""};
  }
  return number;
}

// Digits only; what is too large for us is larger than any file.
std::optional<int64_t> Digits(std::string_view text) {
  const bool digits = !text.empty() && text.find_first_not_of("0123456789") == text.npos;
  if (!digits) return std::nullopt;
  return ParseInt64(text).value_or(std::numeric_limits<int64_t>::max());
}

LogRange Tail(const LogFile& file, int64_t bytes, LogRange::Kind kind) {
  const int64_t length = std::min(file.size(), bytes);
  return {kind, file.end - length, length};
}

}  // namespace

Result<LogRange> SelectByQuery(const std::map<std::string, std::string>& query,
                               const LogFile& file) {
  WEIR_ASSIGN_OR_RETURN(const auto size, Number(query, "size"));
  WEIR_ASSIGN_OR_RETURN(const auto named, Number(query, "length"));
  WEIR_ASSIGN_OR_RETURN(const auto from, Number(query, "offset"));
  const std::optional<int64_t> wanted = named ? named : size;
  if (!wanted && !from) return LogRange{LogRange::Kind::kAll, file.begin, file.size()};
  if (wanted && *wanted < 0) {
    // -INT64_MIN does not exist.
    return Tail(file, -std::max(*wanted, -file.size()), LogRange::Kind::kPart);
  }
  LogRange range{LogRange::Kind::kPart, 0, 0};
  range.offset = std::clamp<int64_t>(from.value_or(0), file.begin, file.end);
  range.length = std::min(file.end - range.offset, wanted.value_or(file.size()));
  return range;
}

LogRange SelectByHeader(std::string_view range, const LogFile& file) {
  const LogRange all{LogRange::Kind::kAll, file.begin, file.size()};
  const LogRange nothing{LogRange::Kind::kUnsatisfiable, 0, 0};
  if (!range.starts_with(kUnit)) return all;
  range.remove_prefix(kUnit.size());
  const size_t dash = range.find('-');
  if (dash == std::string_view::npos) return all;
  const std::string_view first_text = Trim(range.substr(0, dash));
  const std::string_view last_text = Trim(range.substr(dash + 1));
  const auto first = Digits(first_text);
  const auto last = Digits(last_text);
  if ((!first && !first_text.empty()) || (!last && !last_text.empty())) return all;
  if (!first && !last) return all;
  if (!first) {
    return *last == 0 || file.size() == 0 ? nothing : Tail(file, *last, LogRange::Kind::kHttpRange);
  }
  if (last && *last < *first) return all;
  if (*first >= file.end || (last && *last < file.begin)) return nothing;
  LogRange part{LogRange::Kind::kHttpRange, std::max(*first, file.begin), 0};
  const int64_t end = last && *last < file.end ? *last + 1 : file.end;
  part.length = end - part.offset;
  return part;
}

Result<LogRange> SelectRange(const platform::HttpRequest& request,
                             const LogFile& file,
                             int64_t limit) {
  WEIR_ASSIGN_OR_RETURN(LogRange range, SelectByQuery(request.query, file));
  const auto header = request.headers.find("range");
  // If-Range names a validator, and a log that grows has none: the whole is the answer then.
  const bool conditional = request.headers.contains("if-range");
  if (range.kind == LogRange::Kind::kAll && header != request.headers.end() && !conditional) {
    range = SelectByHeader(header->second, file);
  }
  if (range.length <= limit) return range;
  if (range.kind == LogRange::Kind::kAll) {
    return Error{ErrorCode::kResourceExhausted,
                 "'" + file.name + "' has " + std::to_string(range.length) +
                     " bytes, an answer at most " + std::to_string(limit),
                 "ask for a part: ?size=-65536 (the last bytes), ?offset=N&length=M, or a Range"};
  }
  range.length = limit;
  return range;
}

platform::HttpResponse LogResponse(const OpenLog& log, const LogRange& range) {
  platform::HttpResponse response;
  response.content_type = "text/plain; charset=utf-8";
  response.headers["X-Log-Begin"] = std::to_string(log.file.begin);
  response.headers["X-Log-End"] = std::to_string(log.file.end);
  response.headers["X-Log-Offset"] = std::to_string(range.offset);
  response.headers["X-Log-Identity"] = std::to_string(log.file.identity);
  response.headers["X-Log-Modified"] = ToIso8601(log.file.modified);
  response.headers["Accept-Ranges"] = "bytes";
  if (range.kind == LogRange::Kind::kUnsatisfiable) {
    response.status = kUnsatisfiable;
    response.headers["Content-Range"] = "bytes */" + std::to_string(log.file.end);
    return response;
  }
  response.status = range.kind == LogRange::Kind::kHttpRange ? kPartial : kOk;
  if (response.status == kPartial) {
    response.headers["Content-Range"] = "bytes " + std::to_string(range.offset) + "-" +
                                        std::to_string(range.offset + range.length - 1) + "/" +
                                        std::to_string(log.file.end);
  }
  response.open_file = log.descriptor;
  response.file_offset = range.offset;
  response.file_length = range.length;
  return response;
}

}  // namespace weir::nm
