#include "nodemanager/executor/localizer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "nodemanager/executor/open_as.h"
#include "platform/crypto.h"
#include "platform/file_descriptor.h"
#include "platform/http_client.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::MutexLock;
using platform::SystemError;

constexpr std::string_view kStaging = "staging:";
constexpr std::string_view kFile = "file:";
constexpr size_t kChunk = 256u << 10;
constexpr int kFileMode = 0555;
constexpr int kTries = 5;  // of a staging server that cannot be reached, of a file swept away
constexpr Duration kFirstPause = milliseconds(200);
constexpr int kOk = 200;

Error Wrong(const LocalResource& resource, const std::string& what) {
  return {ErrorCode::kCorruption,
          resource.uri + ": " + what,
          "submit again with the file as it is now"};
}

Error CalledOff(const LocalResource& resource) {
  return {ErrorCode::kAborted, "fetching " + resource.uri + " was called off", ""};
}

// Where the bytes go: a file beside the target, with size and hash taken on the way.
class Sink {
 public:
  Sink(const LocalResource& resource, std::unique_ptr<platform::WritableFile> file)
      : resource_(resource), file_(std::move(file)) {}

  Status Take(std::string_view bytes) {
    size_ += static_cast<int64_t>(bytes.size());
    if (size_ > resource_.size) {
      return Wrong(resource_,
                   "expected " + std::to_string(resource_.size) + " bytes, there are more");
    }
    hash_.Update(bytes);
    return file_->Append(bytes);
  }
  Status Finish() {
    if (size_ != resource_.size) {
      return Wrong(resource_,
                   "expected " + std::to_string(resource_.size) + " bytes, there are " +
                       std::to_string(size_));
    }
    const std::string actual = hash_.FinishHex();
    if (!resource_.sha256.empty() && actual != ToLower(resource_.sha256)) {
      return Wrong(resource_, "expected SHA-256 " + resource_.sha256 + ", it is " + actual);
    }
    WEIR_RETURN_IF_ERROR(file_->Sync());
    return file_->Close();
  }

 private:
  const LocalResource& resource_;
  std::unique_ptr<platform::WritableFile> file_;
  platform::Sha256Stream hash_;
  int64_t size_ = 0;
};

Status ReadLocal(const Localizer::Request& request, Sink& sink) {
  const LocalResource& resource = request.resource;
  const std::string path = resource.uri.substr(kFile.size());
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor fd, OpenAs(request.reader, path));
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("stat", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, path + " is not a regular file", ""};
  }
  const int64_t mtime = int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
  if (resource.mtime_ms != 0 && mtime != resource.mtime_ms) {
    return Wrong(resource,
                 "expected the file of " + ToIso8601(WallFromMillis(resource.mtime_ms)) +
                     ", it was changed at " + ToIso8601(WallFromMillis(mtime)));
  }
  std::string chunk(kChunk, '\0');
  while (!request.called_off.load()) {
    const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", path, errno);
    if (count == 0) return {};
    WEIR_RETURN_IF_ERROR(sink.Take({chunk.data(), static_cast<size_t>(count)}));
  }
  return CalledOff(resource);
}

Status ReadStaged(const Localizer::Request& request, Sink& sink) {
  const LocalResource& resource = request.resource;
  platform::HttpCall call;
  call.server = request.staging.server;
  call.target = "/staging/" + ToLower(resource.uri.substr(kStaging.size()));
  call.headers["X-Weir-Token"] = request.staging.token_text;
  call.body_limit = resource.size + static_cast<int64_t>(kChunk);
  const auto answer = platform::CallHttpStreaming(call, [&](std::string_view bytes) -> Status {
    if (request.called_off.load()) return CalledOff(resource);
    return sink.Take(bytes);
  });
  WEIR_RETURN_IF_ERROR(answer);
  if (answer->status == kOk) return {};
  const ErrorCode code = answer->status >= 500 ? ErrorCode::kUnavailable : ErrorCode::kNotFound;
  return Error{code,
               "the ResourceManager's staging at " + call.server.ToString() + " answered " +
                   std::to_string(answer->status),
               ""};
}

// The URI leads, and a full disk is called by its name.
Error Explain(const LocalResource& resource, const std::string& path, Error error) {
  if (error.code == ErrorCode::kResourceExhausted) {
    error.message = "disk full while fetching to " + path + ": " + error.message;
    error.remedy = "free space there, or give the node another local directory";
  }
  if (!error.message.starts_with(resource.uri)) error.message = resource.uri + ": " + error.message;
  return error;
}

}  // namespace

Status Localizer::Fetch(const Request& request) {
  const LocalResource& resource = request.resource;
  if (request.called_off.load()) return CalledOff(resource);
  if (resource.sha256.empty()) return FetchTo(request.target, request);
  const std::string cached = request.cache_directory + "/" + ToLower(resource.sha256);
  for (int tries = 1;; ++tries) {
    WEIR_RETURN_IF_ERROR(EnsureCached(cached, request));
    const Status linked = files_.Link(cached, request.target);
    if (linked.ok()) return {};
    // The cache was swept in between.
    const bool again = linked.error().code == ErrorCode::kNotFound && tries < kTries;
    if (!again) return Explain(resource, request.target, linked.error());
  }
}

Status Localizer::EnsureCached(const std::string& cached, const Request& request) {
  WEIR_ASSIGN_OR_RETURN(const bool make, Claim(cached, request));
  if (!make) return {};
  Status fetched = FetchTo(cached, request);
  Release(cached);
  return fetched;
}

void Localizer::WakeWaiters() {
  changed_.NotifyAll();
}

Result<bool> Localizer::Claim(const std::string& cached, const Request& request) {
  MutexLock lock(mutex_);
  while (making_.contains(cached)) {
    if (request.called_off.load()) return CalledOff(request.resource);
    // The flag is set outside of this lock: look again now and then.
    changed_.WaitFor(mutex_, milliseconds(100));
  }
  if (IsCached(cached, request.resource)) return false;
  making_.insert(cached);
  return true;
}

void Localizer::Release(const std::string& cached) {
  {
    MutexLock lock(mutex_);
    making_.erase(cached);
  }
  changed_.NotifyAll();
}

bool Localizer::IsCached(const std::string& cached, const LocalResource& resource) {
  const auto info = files_.Stat(cached);
  return info.ok() && !info->is_directory && info->size == resource.size;
}

Status Localizer::FetchTo(const std::string& path, const Request& request) {
  for (int tries = 1;; ++tries) {
    const std::string beside = path + "." + request.name + ".new";
    Status status = Transfer(beside, request);
    if (status.ok()) status = files_.Rename(beside, path);
    if (status.ok()) status = files_.SyncDirectory(path.substr(0, path.rfind('/')));
    if (status.ok()) return {};
    // A removal that fails leaves a file that the sweep at the next start takes.
    static_cast<void>(files_.Remove(beside).ok());
    const bool again = status.error().code == ErrorCode::kUnavailable &&
                       request.resource.uri.starts_with(kStaging) && tries < kTries;
    if (!again) return Explain(request.resource, path, std::move(status).error());
    WEIR_RETURN_IF_ERROR(PauseBeforeRetry(tries, request));
  }
}

Status Localizer::Transfer(const std::string& path, const Request& request) {
  WEIR_ASSIGN_OR_RETURN(auto file, files_.Create(path, kFileMode));
  Sink sink(request.resource, std::move(file));
  if (request.resource.uri.starts_with(kStaging)) {
    WEIR_RETURN_IF_ERROR(ReadStaged(request, sink));
  } else {
    WEIR_RETURN_IF_ERROR(ReadLocal(request, sink));
  }
  return sink.Finish();
}

Status Localizer::PauseBeforeRetry(int tries, const Request& request) {
  MutexLock lock(mutex_);
  // A wake-up for another's sake only shortens the pause.
  changed_.WaitFor(mutex_, kFirstPause * (1 << (tries - 1)));
  if (request.called_off.load()) return CalledOff(request.resource);
  return {};
}

}  // namespace weir::nm
