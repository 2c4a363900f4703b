#include "nodemanager/executor/content_source.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <limits>
#include <utility>

#include "common/resource_uri.h"
#include "common/strings.h"
#include "nodemanager/executor/open_as.h"
#include "platform/clock.h"
#include "platform/file_descriptor.h"
#include "platform/http_client.h"
#include "platform/remote_file.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

constexpr std::string_view kStaging = "staging:";
constexpr std::string_view kFile = "file:";
constexpr size_t kChunk = 256u << 10;
constexpr int kOk = 200;
constexpr int kForbidden = 403;
constexpr int kUnauthorized = 401;

Error CalledOff(const LocalResource& resource) {
  return {ErrorCode::kAborted, "fetching " + resource.uri + " was called off", ""};
}

Status CheckModified(const LocalResource& resource, int64_t mtime_ms) {
  if (resource.mtime_ms == 0 || mtime_ms == resource.mtime_ms) return {};
  return WrongContent(resource,
                      "expected the file of " + ToIso8601(WallFromMillis(resource.mtime_ms)) +
                          ", it was changed at " + ToIso8601(WallFromMillis(mtime_ms)));
}

// What everybody on the node gets must be for everybody to read.
Status CheckPublic(const LocalResource& resource, mode_t mode) {
  if (resource.visibility != LocalResourceVisibility::kPublic || (mode & S_IROTH) != 0) return {};
  return Error{ErrorCode::kPermissionDenied,
               resource.uri + " is PUBLIC, but not everybody may read the file",
               "make it readable by all, or ask for it as PRIVATE or APPLICATION"};
}

Status ReadLocal(const LocalResource& resource, const SourceAccess& access, ContentSink& sink) {
  const std::string path = resource.uri.substr(kFile.size());
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor fd,
                        OpenAs(access.reader ? &*access.reader : nullptr, path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("stat", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, path + " is not a regular file", ""};
  }
  WEIR_RETURN_IF_ERROR(CheckPublic(resource, info.st_mode));
  WEIR_RETURN_IF_ERROR(CheckModified(
      resource, int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000));
  std::string chunk(kChunk, '\0');
  while (true) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path, errno);
    if (count == 0) return {};
    WEIR_RETURN_IF_ERROR(sink.Take({chunk.data(), static_cast<size_t>(count)}));
  }
}

ErrorCode CodeOfStaging(int status) {
  if (status >= 500) return ErrorCode::kUnavailable;
  if (status == kForbidden || status == kUnauthorized) return ErrorCode::kPermissionDenied;
  return ErrorCode::kNotFound;
}

Status ReadStaged(const LocalResource& resource,
                  const StagingAccess& staging,
                  const SourcePatience& patience,
                  const FetchProgress& progress,
                  ContentSink& sink) {
  platform::HttpCall call;
  call.timeout = patience.stall;
  call.called_off = [&progress] { return progress.called_off.load(); };
  call.server = staging.server;
  call.target = "/staging/" + ToLower(resource.uri.substr(kStaging.size()));
  call.headers["X-Weir-Token"] = staging.token_text;
  // The sink says when it is too much.
  call.body_limit = std::numeric_limits<int64_t>::max();
  const auto answer = platform::CallHttpStreaming(
      call, [&sink](std::string_view bytes) { return sink.Take(bytes); });
  WEIR_RETURN_IF_ERROR(answer);
  if (answer->status == kOk) return {};
  return Error{CodeOfStaging(answer->status),
               "the ResourceManager's staging at " + call.server.ToString() + " answered " +
                   std::to_string(answer->status),
               ""};
}

}  // namespace

bool IsStaged(const LocalResource& resource) {
  return resource.uri.starts_with(kStaging);
}

Error OwnFault(Error error) {
  switch (error.code) {
    case ErrorCode::kUnavailable:
    case ErrorCode::kPermissionDenied:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kFailedPrecondition:
      error.code = ErrorCode::kInternal;
      break;
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
    case ErrorCode::kAlreadyExists:
    case ErrorCode::kUnauthenticated:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kNotActive:
    case ErrorCode::kFenced:
    case ErrorCode::kResync:
    case ErrorCode::kCorruption:
    case ErrorCode::kAborted:
    case ErrorCode::kInternal:
      break;
  }
  return error;
}

Status OwnFault(Status status) {
  if (status.ok()) return status;
  return OwnFault(std::move(status).error());
}

bool IsOwnFault(const Error& error) {
  return error.code == ErrorCode::kInternal;
}

Error WrongContent(const LocalResource& resource, const std::string& what) {
  return {ErrorCode::kCorruption,
          resource.uri + ": " + what,
          "submit again with the file as it is now"};
}

Status ContentSink::Take(std::string_view bytes) {
  if (progress_.called_off.load()) return CalledOff(resource_);
  size_ += static_cast<int64_t>(bytes.size());
  if (size_ > resource_.size) {
    return WrongContent(resource_,
                        "expected " + std::to_string(resource_.size) + " bytes, there are more");
  }
  hash_.Update(bytes);
  WEIR_RETURN_IF_ERROR(OwnFault(file_->Append(bytes)));
  progress_.bytes = size_;
  progress_.moved_at = ToMillis(platform::MonotonicNow().time_since_epoch());
  return {};
}

Status ContentSink::Finish(bool sync) {
  if (size_ != resource_.size) {
    return WrongContent(resource_,
                        "expected " + std::to_string(resource_.size) + " bytes, there are " +
                            std::to_string(size_));
  }
  const std::string actual = hash_.FinishHex();
  if (!resource_.sha256.empty() && actual != ToLower(resource_.sha256)) {
    return WrongContent(resource_, "expected SHA-256 " + resource_.sha256 + ", it is " + actual);
  }
  if (sync) WEIR_RETURN_IF_ERROR(OwnFault(file_->Sync()));
  return OwnFault(file_->Close());
}

Status ReadContent(const LocalResource& resource,
                   const SourceAccess& access,
                   const SourcePatience& patience,
                   const FetchProgress& progress,
                   ContentSink& sink) {
  if (progress.called_off.load()) return CalledOff(resource);
  switch (SchemeOf(resource.uri)) {
    case ResourceScheme::kStaging:
      return ReadStaged(resource, access.staging, patience, progress, sink);
    case ResourceScheme::kFile:
      return ReadLocal(resource, access, sink);
    case ResourceScheme::kHttp:
    case ResourceScheme::kHttps:
    case ResourceScheme::kWebHdfs:
    case ResourceScheme::kSecureWebHdfs: {
      platform::RemoteFileOptions options;
      options.user = access.user;
      options.connect = patience.connect;
      options.stall = patience.stall;
      options.called_off = [&progress] { return progress.called_off.load(); };
      return platform::ReadRemoteFile(resource.uri,
                                      {resource.size, resource.mtime_ms},
                                      options,
                                      [&sink](std::string_view bytes) { return sink.Take(bytes); });
    }
    case ResourceScheme::kUnknown:
      break;
  }
  return CheckResourceUri(resource.uri);
}

bool MayPass(const LocalResource& resource, const Error& error) {
  if (IsStaged(resource)) {
    return error.code == ErrorCode::kUnavailable || error.code == ErrorCode::kDeadlineExceeded;
  }
  return error.code == ErrorCode::kUnavailable && !resource.uri.starts_with(kFile);
}

}  // namespace weir::nm
