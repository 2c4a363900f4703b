// Localizer: puts the files a container asked for into its directory.
//
// staging:<sha256> comes from the RM's HTTP, file:/path from this machine. Size is exact, SHA-256
// and modification time are checked when given. A file with a SHA-256 is fetched once per cache
// directory, under a name beside, synced and renamed, and then linked; whoever wants the same file
// meanwhile waits, and takes over when the first one fails. Files are 0555: a container cannot
// change what another one sees.
//
// Errors name the URI, what was expected and what was there: kNotFound, kCorruption (size, hash,
// modification time), kResourceExhausted (disk full), kUnavailable, kDeadlineExceeded, kAborted
// (called off). Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_

#include <atomic>
#include <functional>
#include <set>
#include <string>

#include "common/container.h"
#include "common/result.h"
#include "nodemanager/core/run_as.h"
#include "nodemanager/executor/container_executor.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::nm {

class Localizer {
 public:
  explicit Localizer(platform::FileSystem& files) : files_(files) {}

  // `name`: for a temporary file of its own, so that no two containers share one.
  struct Request {
    const LocalResource& resource;
    const StagingAccess& staging;
    std::string target;           // path to be made
    std::string cache_directory;  // on the same file system
    std::string name;
    const std::atomic<bool>& called_off;
    const Account* reader = nullptr;  // with whose rights file: is read; nullptr = our own
  };
  Status Fetch(const Request& request);
  // After a called_off was set: waiters look at it.
  void WakeWaiters();

 private:
  Status EnsureCached(const std::string& cached, const Request& request);
  // Until this thread is the one to make the cached file, or it is there. True: make it.
  Result<bool> Claim(const std::string& cached, const Request& request);
  void Release(const std::string& cached);
  bool IsCached(const std::string& cached, const LocalResource& resource);
  Status FetchTo(const std::string& path, const Request& request);
  Status Transfer(const std::string& path, const Request& request);
  Status PauseBeforeRetry(int tries, const Request& request);

  platform::FileSystem& files_;
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::set<std::string> making_ WEIR_GUARDED_BY(mutex_);  // cached paths
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_
