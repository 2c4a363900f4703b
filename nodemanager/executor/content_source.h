// Where the bytes of a local resource come from, and the check that they are the right ones.
//
// staging:<sha256> comes from the RM's HTTP, file:/path from this machine, the rest from the
// servers of platform/remote_file.h. The bytes are read once, from begin to end, and handed to a
// ContentSink, which counts and hashes them: size is exact, SHA-256 is checked when given, the
// modification time by the source when given.
//
// Errors name the URI, what was expected and what was there: kNotFound, kPermissionDenied,
// kCorruption (size, hash, modification time), kUnavailable, kDeadlineExceeded, kAborted (called
// off), and OwnFault of those of the file that is written. Thread-safe functions.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTENT_SOURCE_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTENT_SOURCE_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/container.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/core/run_as.h"
#include "nodemanager/executor/container_executor.h"
#include "platform/crypto.h"
#include "platform/file_system.h"

namespace weir::nm {

// Shared by the thread that fetches and those that watch it.
struct FetchProgress {
  std::atomic<int64_t> bytes = 0;
  std::atomic<bool> called_off = false;
  std::atomic<int64_t> moved_at{0};  // monotonic ms, when bytes came last; 0 = not begun
};

// On whose behalf a resource is read.
struct SourceAccess {
  StagingAccess staging;
  std::string user;
  std::optional<Account> reader = std::nullopt;  // whose rights file: is read with; nothing = ours
};

// How long to wait for servers.
struct SourcePatience {
  Duration connect = seconds(10);
  Duration stall = seconds(30);  // with less than some hundred bytes a second
  // The RM's staging may be gone for the time of its restart: so long it is tried again.
  Duration staging = seconds(60);
};

// Where the bytes go: a file of its own, with size and hash taken on the way. Single-threaded.
class ContentSink {
 public:
  ContentSink(const LocalResource& resource,
              FetchProgress& progress,
              std::unique_ptr<platform::WritableFile> file)
      : resource_(resource), progress_(progress), file_(std::move(file)) {}

  // kAborted when the fetch was called off; kCorruption: more than there should be.
  Status Take(std::string_view bytes);
  // Checks size and hash. `sync`: the data is on the device afterwards.
  Status Finish(bool sync);

 private:
  const LocalResource& resource_;
  FetchProgress& progress_;
  const std::unique_ptr<platform::WritableFile> file_;
  platform::Sha256Stream hash_;
  int64_t size_ = 0;
};

// What the node's own disk refuses, because it is broken or may not be written, is no fault of who
// wants the file: kInternal, which no source gives. Errors that the application can have caused
// stay; so does kResourceExhausted, as what it wants to have here may be what fills the disk.
Error OwnFault(Error error);
Status OwnFault(Status status);
// Whether the error is one of those.
bool IsOwnFault(const Error& error);

// kCorruption with the URI and what is wrong.
Error WrongContent(const LocalResource& resource, const std::string& what);

// All of it into the sink, once; Finish is the caller's.
Status ReadContent(const LocalResource& resource,
                   const SourceAccess& access,
                   const SourcePatience& patience,
                   const FetchProgress& progress,
                   ContentSink& sink);
// It comes from the RM.
bool IsStaged(const LocalResource& resource);
// Whether another try may help with this error.
bool MayPass(const LocalResource& resource, const Error& error);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTENT_SOURCE_H_
