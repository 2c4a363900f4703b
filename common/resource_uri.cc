#include "common/resource_uri.h"

#include <algorithm>
#include <string>

#include "common/strings.h"

namespace weir {
namespace {

constexpr size_t kUriBytes = 8192;
constexpr size_t kShownBytes = 200;
constexpr int64_t kPortMax = 65'535;

Error Invalid(std::string_view uri, const std::string& what) {
  return {ErrorCode::kInvalidArgument,
          "'" + std::string(uri.substr(0, kShownBytes)) + "' " + what,
          "use staging:<sha256>, file:/PATH, http(s)://HOST[:PORT]/PATH or "
          "(s)webhdfs://HOST:PORT/PATH"};
}

constexpr std::string_view kSchemes[] = {
    "staging:", "file:", "http:", "https:", "webhdfs:", "swebhdfs:"};

std::string VisibilityWord(LocalResourceVisibility visibility) {
  switch (visibility) {
    case LocalResourceVisibility::kPublic:
      return "public";
    case LocalResourceVisibility::kPrivate:
      return "private";
    case LocalResourceVisibility::kApplication:
      return "application";
  }
  return "";
}

bool IsUriCharacter(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte > 0x20 && byte < 0x7f &&
         std::string_view("\"<>\\^`{|}").find(c) == std::string_view::npos;
}

Status CheckAuthority(std::string_view uri, std::string_view authority) {
  if (authority.find('@') != std::string_view::npos) {
    return Invalid("(hidden)", "has user information, which would be shown in logs");
  }
  // [::1]:80
  const size_t bracket = authority.rfind(']');
  const size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  const std::string_view host = authority.substr(0, colon);
  if (host.empty()) return Invalid(uri, "names no host");
  if (colon == std::string_view::npos) return {};
  const auto port = ParseInt64(std::string(authority.substr(colon + 1)));
  if (!port || *port < 1 || *port > kPortMax) return Invalid(uri, "has a port that is none");
  return {};
}

}  // namespace

ResourceScheme SchemeOf(std::string_view uri) {
  if (uri.starts_with("staging:")) return ResourceScheme::kStaging;
  if (uri.starts_with("file:/")) return ResourceScheme::kFile;
  if (uri.starts_with("http://")) return ResourceScheme::kHttp;
  if (uri.starts_with("https://")) return ResourceScheme::kHttps;
  if (uri.starts_with("webhdfs://")) return ResourceScheme::kWebHdfs;
  if (uri.starts_with("swebhdfs://")) return ResourceScheme::kSecureWebHdfs;
  return ResourceScheme::kUnknown;
}

bool IsRemote(ResourceScheme scheme) {
  switch (scheme) {
    case ResourceScheme::kUnknown:
    case ResourceScheme::kStaging:
    case ResourceScheme::kFile:
      return false;
    case ResourceScheme::kHttp:
    case ResourceScheme::kHttps:
    case ResourceScheme::kWebHdfs:
    case ResourceScheme::kSecureWebHdfs:
      return true;
  }
  return false;
}

Status CheckResourceUri(std::string_view uri) {
  const ResourceScheme scheme = SchemeOf(uri);
  if (scheme == ResourceScheme::kUnknown) return Invalid(uri, "cannot be fetched");
  if (!IsRemote(scheme)) return {};
  const std::string_view rest = uri.substr(uri.find("://") + 3);
  const size_t slash = rest.find('/');
  WEIR_RETURN_IF_ERROR(CheckAuthority(uri, rest.substr(0, slash)));
  if (uri.size() > kUriBytes) return Invalid(uri, "is longer than addresses are");
  if (!std::all_of(uri.begin(), uri.end(), IsUriCharacter)) {
    return Invalid(uri, "has characters that are to be percent-encoded");
  }
  if (uri.find('#') != std::string_view::npos) return Invalid(uri, "has a fragment");
  if (slash == std::string_view::npos || slash + 1 == rest.size()) {
    return Invalid(uri, "names no file");
  }
  return {};
}

std::string ToArgument(const NamedResource& named) {
  const LocalResource& resource = named.resource;
  return named.name + "=" + resource.uri + "," + std::to_string(resource.size) + "," +
         std::to_string(resource.mtime_ms) + "," + resource.sha256 + "," +
         (resource.type == LocalResourceType::kArchive ? "archive" : "file") + "," +
         VisibilityWord(resource.visibility);
}

Result<NamedResource> ParseResourceArgument(const std::string& text) {
  const Error malformed{ErrorCode::kInvalidArgument,
                        "the local resource '" + text + "' is malformed",
                        "write NAME=URI,SIZE,MTIME,SHA256,file|archive,public|private|application"};
  // The scheme tells where the address begins, the fields are counted from the end.
  size_t equals = std::string::npos;
  for (const std::string_view scheme : kSchemes) {
    equals = std::min(equals, text.find("=" + std::string(scheme)));
  }
  if (equals == std::string::npos || equals == 0) return malformed;
  const std::string address = text.substr(equals + 1);
  const auto parts = Split(address, ',');
  constexpr size_t kFields = 5;
  if (parts.size() <= kFields) return malformed;
  const auto* field = &parts[parts.size() - kFields];
  const auto size = ParseInt64(std::string(field[0]));
  const auto mtime = ParseInt64(std::string(field[1]));
  if (!size || *size < 0 || !mtime || *mtime < 0) return malformed;
  NamedResource named;
  named.name = text.substr(0, equals);
  named.resource.uri = address.substr(0, static_cast<size_t>(field[0].data() - address.data()) - 1);
  named.resource.size = *size;
  named.resource.mtime_ms = *mtime;
  named.resource.sha256 = field[2];
  if (field[3] != "file" && field[3] != "archive") return malformed;
  if (field[3] == "archive") named.resource.type = LocalResourceType::kArchive;
  for (const auto visibility : {LocalResourceVisibility::kPublic,
                                LocalResourceVisibility::kPrivate,
                                LocalResourceVisibility::kApplication}) {
    if (field[4] != VisibilityWord(visibility)) continue;
    named.resource.visibility = visibility;
    return named;
  }
  return malformed;
}

}  // namespace weir
