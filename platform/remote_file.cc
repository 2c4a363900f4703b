#include "platform/remote_file.h"

#include <curl/curl.h>

#include <cstdlib>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/resource_uri.h"
#include "platform/http_client.h"

namespace weir::platform {
namespace {

constexpr long kOk = 200;
constexpr size_t kAnswerLimit = 64u << 10;  // of answers that are no file
constexpr size_t kShownAnswer = 300;
constexpr int64_t kMillis = 1000;
constexpr char kTrustedFile[] = "SSL_CERT_FILE";

struct FreeHandle {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};

// What a webhdfs server says went wrong, or the beginning of the answer.
std::string CauseIn(const std::string& answer) {
  const auto json = nlohmann::json::parse(answer, nullptr, false);
  if (json.is_object() && json.contains("RemoteException")) {
    const auto& exception = json["RemoteException"];
    if (exception.is_object() && exception.contains("message") &&
        exception["message"].is_string()) {
      return exception["message"].get<std::string>().substr(0, kShownAnswer);
    }
  }
  return "";
}

ErrorCode CodeOfStatus(long status) {
  if (status == 404 || status == 410) return ErrorCode::kNotFound;
  if (status == 401 || status == 403) return ErrorCode::kPermissionDenied;
  if (status == 429 || status >= 500) return ErrorCode::kUnavailable;
  return ErrorCode::kFailedPrecondition;
}

std::string IsoOfMillis(int64_t millis) {
  return ToIso8601(WallFromMillis(millis));
}

// One request. Single-threaded.
class Request {
 public:
  Request(std::string shown, std::string url, const RemoteFileOptions& options)
      : shown_(std::move(shown)), url_(std::move(url)), options_(options) {}

  // The answer's body goes to `sink`, or is kept when there is none.
  Status Run(bool head, const std::function<Status(std::string_view)>* sink) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    handle_.reset(curl_easy_init());
    if (handle_ == nullptr) return Error{ErrorCode::kResourceExhausted, "no memory", ""};
    sink_ = sink;
    SetOptions(head);
    const CURLcode code = curl_easy_perform(handle_.get());
    if (stopped_) return std::move(*stopped_);
    if (code != CURLE_OK) return Explain(code);
    WEIR_RETURN_IF_ERROR(CheckStatus());
    return Announced();
  }

  void Expect(const RemoteFileInfo& expected, bool with_time) {
    expected_ = expected;
    check_time_ = with_time;
  }
  const std::string& answer() const { return answer_; }
  RemoteFileInfo info() const {
    curl_off_t size = -1;
    curl_off_t time = -1;
    curl_easy_getinfo(handle_.get(), CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    curl_easy_getinfo(handle_.get(), CURLINFO_FILETIME_T, &time);
    return {size, time < 0 ? 0 : time * kMillis};
  }

 private:
  template <typename Value>
  void Set(CURLoption option, Value value) {
    // They are all known to this version: what can fail is memory, and then the request does.
    static_cast<void>(curl_easy_setopt(handle_.get(), option, value));
  }

  void SetOptions(bool head) {
    const bool secure = url_.starts_with("https://");
    Set(CURLOPT_URL, url_.c_str());
    // libcurl itself looks at the system's only.
    if (const char* trusted = ::secure_getenv(kTrustedFile);
        trusted != nullptr && *trusted != '\0') {
      Set(CURLOPT_CAINFO, trusted);
      Set(CURLOPT_CAPATH, static_cast<const char*>(nullptr));
    }
    Set(CURLOPT_PROTOCOLS_STR, secure ? "https" : "http");
    Set(CURLOPT_REDIR_PROTOCOLS_STR, secure ? "https" : "http,https");
    Set(CURLOPT_FOLLOWLOCATION, 1L);
    Set(CURLOPT_MAXREDIRS, static_cast<long>(options_.redirects));
    Set(CURLOPT_NOSIGNAL, 1L);
    Set(CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
    Set(CURLOPT_USERAGENT, "weir");
    Set(CURLOPT_FILETIME, 1L);
    Set(CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(ToMillis(options_.connect)));
    Set(CURLOPT_LOW_SPEED_LIMIT, static_cast<long>(options_.slowest));
    Set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(ToMillis(options_.stall) / kMillis));
    Set(CURLOPT_NOPROGRESS, 0L);
    Set(CURLOPT_XFERINFOFUNCTION, &Request::OnProgress);
    Set(CURLOPT_XFERINFODATA, this);
    Set(CURLOPT_WRITEFUNCTION, &Request::OnBody);
    Set(CURLOPT_WRITEDATA, this);
    if (head) Set(CURLOPT_NOBODY, 1L);
  }

  static int OnProgress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    auto* request = static_cast<Request*>(self);
    const auto& called_off = request->options_.called_off;
    if (called_off == nullptr || !called_off()) return 0;
    request->stopped_ = Error{ErrorCode::kAborted, request->shown_ + ": called off", ""};
    return 1;
  }

  static size_t OnBody(char* bytes, size_t one, size_t count, void* self) {
    return static_cast<Request*>(self)->Take({bytes, one * count}) ? one * count : 0;
  }

  bool Take(std::string_view bytes) {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (sink_ == nullptr || status != kOk) {
      answer_.append(bytes.substr(0, kAnswerLimit - std::min(kAnswerLimit, answer_.size())));
      return true;
    }
    Status taken = began_ ? Status() : Announced();
    began_ = true;
    if (taken.ok()) taken = (*sink_)(bytes);
    if (taken.ok()) return true;
    stopped_ = std::move(taken).error();
    return false;
  }

  // What the server says of the file, against what is expected.
  Status Announced() const {
    if (!expected_) return {};
    const RemoteFileInfo said = info();
    if (said.size >= 0 && said.size != expected_->size) {
      return Error{ErrorCode::kCorruption,
                   shown_ + ": expected " + std::to_string(expected_->size) +
                       " bytes, the server has " + std::to_string(said.size),
                   "submit again with the file as it is now"};
    }
    if (!check_time_ || expected_->mtime_ms == 0) return {};
    if (said.mtime_ms / kMillis == expected_->mtime_ms / kMillis) return {};
    return Error{ErrorCode::kCorruption,
                 shown_ + ": expected the file of " + IsoOfMillis(expected_->mtime_ms) +
                     (said.mtime_ms == 0 ? ", the server does not say its time"
                                         : ", it was changed at " + IsoOfMillis(said.mtime_ms)),
                 "submit again with the file as it is now"};
  }

  Status CheckStatus() const {
    long status = 0;
    curl_easy_getinfo(handle_.get(), CURLINFO_RESPONSE_CODE, &status);
    if (status == kOk) return {};
    const std::string cause = CauseIn(answer_);
    return Error{CodeOfStatus(status),
                 shown_ + ": the server answered " + std::to_string(status) +
                     (cause.empty() ? "" : ": " + cause),
                 ""};
  }

  Error Explain(CURLcode code) const {
    Error error{ErrorCode::kUnavailable, shown_ + ": " + curl_easy_strerror(code), ""};
    if (code == CURLE_OPERATION_TIMEDOUT) {
      error = {ErrorCode::kDeadlineExceeded,
               shown_ + ": the transfer stalled: no connection in " +
                   std::to_string(ToMillis(options_.connect) / kMillis) + " s, or less than " +
                   std::to_string(options_.slowest) + " bytes a second for " +
                   std::to_string(ToMillis(options_.stall) / kMillis) + " s",
               "see whether the server and the way to it are well"};
    } else if (code == CURLE_TOO_MANY_REDIRECTS) {
      error.code = ErrorCode::kInvalidArgument;
      error.message = shown_ + ": more than " + std::to_string(options_.redirects) + " redirects";
    } else if (code == CURLE_UNSUPPORTED_PROTOCOL) {
      error.code = ErrorCode::kInvalidArgument;
      error.message = shown_ + ": it redirects to something that is not followed";
      error.remedy = "only http and https are, and from https only https";
    } else if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CONNECT_ERROR) {
      error.code = ErrorCode::kFailedPrecondition;
    }
    return error;
  }

  const std::string shown_;
  const std::string url_;
  const RemoteFileOptions& options_;
  std::unique_ptr<CURL, FreeHandle> handle_;
  const std::function<Status(std::string_view)>* sink_ = nullptr;
  std::optional<RemoteFileInfo> expected_;
  bool check_time_ = false;
  bool began_ = false;
  std::string answer_;
  std::optional<Error> stopped_;
};

// The HTTP address of an operation on a webhdfs file.
std::string WebHdfsUrl(const std::string& uri,
                       const std::string& operation,
                       const RemoteFileOptions& options) {
  const bool secure = uri.starts_with("s");
  const std::string rest = uri.substr(uri.find("://") + 3);
  const size_t slash = rest.find('/');
  std::string url = (secure ? "https://" : "http://") + rest.substr(0, slash) + "/webhdfs/v1" +
                    rest.substr(slash) + "?op=" + operation;
  if (!options.user.empty()) url += "&user.name=" + UrlEncode(options.user);
  return url;
}

bool IsWebHdfs(ResourceScheme scheme) {
  return scheme == ResourceScheme::kWebHdfs || scheme == ResourceScheme::kSecureWebHdfs;
}

Status CheckUri(const std::string& uri) {
  WEIR_RETURN_IF_ERROR(CheckResourceUri(uri));
  if (IsRemote(SchemeOf(uri))) return {};
  return Error{ErrorCode::kInvalidArgument, uri + " is on no server", ""};
}

Result<RemoteFileInfo> StatWebHdfs(const std::string& uri, const RemoteFileOptions& options) {
  Request request(uri, WebHdfsUrl(uri, "GETFILESTATUS", options), options);
  WEIR_RETURN_IF_ERROR(request.Run(false, nullptr));
  const Error odd{ErrorCode::kFailedPrecondition,
                  uri + ": the answer is no file status of webhdfs",
                  "give the HTTP port of the name node"};
  const auto json = nlohmann::json::parse(request.answer(), nullptr, false);
  if (!json.is_object() || !json.contains("FileStatus")) return odd;
  const auto& status = json["FileStatus"];
  if (!status.is_object()) return odd;
  for (const char* field : {"length", "modificationTime"}) {
    if (!status.contains(field) || !status[field].is_number_integer()) return odd;
  }
  if (!status.contains("type") || status["type"] != "FILE") {
    return Error{ErrorCode::kInvalidArgument, uri + " is not a file", "give a file"};
  }
  return RemoteFileInfo{status["length"].get<int64_t>(), status["modificationTime"].get<int64_t>()};
}

Status ExpectStatus(const std::string& uri,
                    const RemoteFileInfo& expected,
                    const RemoteFileInfo& actual) {
  if (actual.size != expected.size) {
    return Error{ErrorCode::kCorruption,
                 uri + ": expected " + std::to_string(expected.size) + " bytes, there are " +
                     std::to_string(actual.size),
                 "submit again with the file as it is now"};
  }
  if (expected.mtime_ms == 0 || actual.mtime_ms == expected.mtime_ms) return {};
  return Error{ErrorCode::kCorruption,
               uri + ": expected the file of " + IsoOfMillis(expected.mtime_ms) +
                   ", it was changed at " + IsoOfMillis(actual.mtime_ms),
               "submit again with the file as it is now"};
}

}  // namespace

Result<RemoteFileInfo> StatRemoteFile(const std::string& uri, const RemoteFileOptions& options) {
  WEIR_RETURN_IF_ERROR(CheckUri(uri));
  if (IsWebHdfs(SchemeOf(uri))) return StatWebHdfs(uri, options);
  Request request(uri, uri, options);
  WEIR_RETURN_IF_ERROR(request.Run(true, nullptr));
  if (request.info().size >= 0) return request.info();
  return Error{ErrorCode::kFailedPrecondition,
               uri + ": the server does not say how large the file is",
               "put the file on a server that answers HEAD with Content-Length"};
}

Status ReadRemoteFile(const std::string& uri,
                      const RemoteFileInfo& expected,
                      const RemoteFileOptions& options,
                      const std::function<Status(std::string_view)>& sink) {
  WEIR_RETURN_IF_ERROR(CheckUri(uri));
  if (IsWebHdfs(SchemeOf(uri))) {
    WEIR_ASSIGN_OR_RETURN(const RemoteFileInfo actual, StatWebHdfs(uri, options));
    WEIR_RETURN_IF_ERROR(ExpectStatus(uri, expected, actual));
    Request request(uri, WebHdfsUrl(uri, "OPEN", options), options);
    request.Expect(expected, false);
    return request.Run(false, &sink);
  }
  Request request(uri, uri, options);
  request.Expect(expected, true);
  return request.Run(false, &sink);
}

}  // namespace weir::platform
