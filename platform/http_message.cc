#include "platform/http_message.h"

#include <algorithm>
#include <ctime>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/check.h"
#include "common/strings.h"

namespace weir::platform {
namespace {

Error BadTarget(const std::string& why, std::string_view target) {
  return {ErrorCode::kInvalidArgument,
          "the address '" + std::string(target.substr(0, 100)) + "' " + why,
          ""};
}

std::optional<std::string> Decode(std::string_view text, bool plus_is_space) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      const auto byte = i + 2 < text.size() ? HexDecode(text.substr(i + 1, 2)) : std::nullopt;
      if (!byte || (*byte)[0] == '\0') return std::nullopt;
      decoded += *byte;
      i += 2;
    } else {
      decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  return decoded;
}

// Host names and addresses in one form: lower case, without port and brackets.
std::string HostOf(std::string_view host) {
  host = Trim(host);
  if (host.starts_with('[')) return ToLower(host.substr(1, host.find(']') - 1));
  const size_t colon = host.rfind(':');
  return ToLower(host.substr(0, colon));
}

bool IsAddress(const std::string& host) {
  if (host.find(':') != std::string::npos) {
    return host.find_first_not_of("0123456789abcdef:.%") == std::string::npos;
  }
  const auto parts = Split(host, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           const auto number = ParseInt64(part);
           return number && *number >= 0 && *number <= 255;
         });
}

bool HasSlash(const std::string& part) {
  return part.find('/') != std::string::npos;
}

// One part of a path, decoded.
bool LeavesItsDirectory(const std::string& part) {
  const auto pieces = Split(part, '/');
  return std::any_of(pieces.begin(), pieces.end(), [&](std::string_view piece) {
    return piece == "." || piece == ".." || (piece.empty() && pieces.size() > 1);
  });
}

bool MatchParts(const std::vector<std::string>& pattern,
                const std::vector<std::string>& parts,
                std::vector<std::string>& captures) {
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == "{*}") {
      const auto rest = parts.begin() + static_cast<std::ptrdiff_t>(std::min(i, parts.size()));
      if (std::any_of(rest, parts.end(), HasSlash)) return false;
      captures.push_back(Join(std::vector<std::string>(rest, parts.end()), "/"));
      return true;
    }
    if (i >= parts.size()) return false;
    if (pattern[i] == "{%}" || (pattern[i] == "{}" && !HasSlash(parts[i]))) {
      captures.push_back(parts[i]);
    } else if (pattern[i] != parts[i]) {
      return false;
    }
  }
  return pattern.size() == parts.size();
}

// Orders patterns that match the same path: words before "{}" before "{%}" before "{*}".
std::string Rank(const std::vector<std::string>& pattern) {
  std::string rank;
  for (const std::string& part : pattern) {
    rank += part == "{*}" ? 'd' : part == "{%}" ? 'c' : part == "{}" ? 'b' : 'a';
  }
  return rank;
}

struct RemoteException {
  int status;
  const char* name;
  const char* package;
};

constexpr char kWebapp[] = "org.apache.hadoop.yarn.webapp.";
constexpr char kYarn[] = "org.apache.hadoop.yarn.exceptions.";

RemoteException ExceptionFor(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kFailedPrecondition:
      return {400, "BadRequestException", kWebapp};
    case ErrorCode::kNotFound:
      return {404, "NotFoundException", kWebapp};
    case ErrorCode::kPermissionDenied:
      return {403, "ForbiddenException", kWebapp};
    case ErrorCode::kUnauthenticated:
      return {401, "AuthorizationException", "org.apache.hadoop.security.authorize."};
    case ErrorCode::kNotActive:
      return {503, "StandbyException", "org.apache.hadoop.ipc."};
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kUnavailable:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kFenced:
    case ErrorCode::kResync:
    case ErrorCode::kCorruption:
    case ErrorCode::kAborted:
    case ErrorCode::kInternal:
      return {503, "YarnRuntimeException", kYarn};
  }
  return {503, "YarnRuntimeException", kYarn};
}

HttpResponse ExceptionResponse(const RemoteException& exception, const std::string& message) {
  nlohmann::ordered_json inner;
  inner["exception"] = exception.name;
  inner["message"] = message;
  inner["javaClassName"] = std::string(exception.package) + exception.name;
  nlohmann::ordered_json body;
  body["RemoteException"] = std::move(inner);
  // A message may quote bytes from outside that are not UTF-8.
  return JsonResponse(exception.status,
                      body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

}  // namespace

Result<HttpTarget> ParseHttpTarget(std::string_view target) {
  if (!target.starts_with('/')) return BadTarget("is not a path", target);
  target = target.substr(0, target.find('#'));
  const size_t mark = target.find('?');
  HttpTarget parsed;
  parsed.text = target;
  for (const std::string_view part :
       Split(target.substr(1, mark == std::string_view::npos ? mark : mark - 1), '/')) {
    auto decoded = Decode(part, false);
    if (!decoded) return BadTarget("has a bad %-escape", target);
    if (LeavesItsDirectory(*decoded) || decoded->find('\0') != std::string::npos) {
      return BadTarget("leaves its directory", target);
    }
    // A '/' at the end or twice in a row means nothing.
    if (decoded->empty()) continue;
    parsed.path += "/" + *decoded;
    parsed.parts.push_back(*std::move(decoded));
  }
  if (parsed.path.empty()) parsed.path = "/";
  if (mark == std::string_view::npos) return parsed;
  for (const std::string_view pair : Split(target.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    const auto name = Decode(pair.substr(0, equals), true);
    const auto value = Decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return BadTarget("has a bad %-escape", target);
    parsed.query[*name] = *value;
  }
  return parsed;
}

bool IsSafeMethod(std::string_view method) {
  return method == "GET" || method == "HEAD";
}

bool IsHostAllowed(std::string_view host, const std::vector<std::string>& names) {
  const std::string name = HostOf(host);
  if (name == "localhost" || name.ends_with(".localhost") || IsAddress(name)) return true;
  return std::any_of(
      names.begin(), names.end(), [&](const std::string& known) { return ToLower(known) == name; });
}

bool IsOriginAllowed(std::string_view origin, const std::vector<std::string>& names) {
  const size_t scheme = origin.find("://");
  return scheme != std::string_view::npos && IsHostAllowed(origin.substr(scheme + 3), names);
}

std::vector<std::string> PatternParts(const std::string& pattern) {
  WEIR_CHECK(pattern.starts_with('/'), "route pattern '" + pattern + "' begins with '/'");
  std::vector<std::string> parts;
  for (const std::string_view part : Split(pattern, '/')) {
    WEIR_CHECK(parts.empty() || parts.back() != "{*}", "{*} stands last in '" + pattern + "'");
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

RouteTable::Match RouteTable::Find(const std::string& method, const HttpTarget& target) const {
  const std::string wanted = method == "HEAD" ? "GET" : method;
  Match best;
  std::string best_rank;
  for (const RouteEntry& entry : entries_) {
    std::vector<std::string> captures;
    if (!MatchParts(entry.parts, target.parts, captures)) continue;
    if (entry.method != wanted) {
      best.allowed.push_back(entry.method);
      continue;
    }
    const std::string rank = Rank(entry.parts);
    if (best.route != nullptr && best_rank <= rank) continue;
    best.route = &entry;
    best.captures = std::move(captures);
    best_rank = rank;
  }
  return best;
}

HttpResponse JsonResponse(int status, std::string body) {
  HttpResponse response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

HttpResponse ErrorResponse(const Error& error) {
  HttpResponse response = ExceptionResponse(ExceptionFor(error.code), error.ToString());
  response.error = error;
  return response;
}

HttpResponse StatusResponse(int status, const std::string& message) {
  if (status == 400) return ErrorResponse({ErrorCode::kInvalidArgument, message, ""});
  if (status == 403) return ErrorResponse({ErrorCode::kPermissionDenied, message, ""});
  if (status == 404) return ErrorResponse({ErrorCode::kNotFound, message, ""});
  if (status == 503) return ErrorResponse({ErrorCode::kUnavailable, message, ""});
  return ExceptionResponse({status, "WebApplicationException", "javax.ws.rs."}, message);
}

std::string HttpDate(int64_t seconds_since_1970) {
  const auto time = static_cast<time_t>(seconds_since_1970);
  std::tm parts{};
  gmtime_r(&time, &parts);
  char text[64];
  const size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return std::string(text, length);
}

std::string HeaderValue(std::string_view text) {
  std::string value;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    value += byte < 0x20 || byte == 0x7f ? ' ' : c;
  }
  return value;
}

}  // namespace weir::platform
