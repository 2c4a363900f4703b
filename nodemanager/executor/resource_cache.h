// ResourceCache: the files of local resources that a node holds, each fetched once for all.
//
// A resource is held under a name that tells its content: its SHA-256, else a hash of address, size
// and modification time. Without either nothing tells, and it is fetched for one container alone.
// It comes under a name beside, is synced and renamed; so a name that is there is complete, also
// after a crash. Files are 0555: a container cannot change what another one sees.
//
// Containers hold references; what nobody uses stays until its room is wanted, for another download
// or for the target size, and goes in the order of last use. Room on the disk is looked for before
// a byte is fetched. Several threads fetch, each one resource; who wants one that is on its way
// waits without a thread, and takes over when the one it came for is called off or fails.
//
// References outlive the NodeManager in the containers' notes ("resources"). Decisions are
// CacheIndex's. Owner: the ProcessExecutor. Thread-safe; Grant callbacks come from any thread, also
// from inside Acquire.
#ifndef WEIR_NODEMANAGER_EXECUTOR_RESOURCE_CACHE_H_
#define WEIR_NODEMANAGER_EXECUTOR_RESOURCE_CACHE_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nodemanager/executor/cache_index.h"
#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/lane_pool.h"
#include "nodemanager/executor/resource_fetch.h"
#include "platform/mutex.h"

namespace weir::nm {

struct ResourceCacheOptions {
  int64_t target_bytes = int64_t{10} << 30;  // of all local directories together
  // Shared out among the local directories, at least one each; as many again for the RM's staging.
  size_t fetch_threads = 4;
  size_t queue = 10'000;  // resources that wait for a thread
  SourcePatience patience;
  ArchiveLimits archive;
  // Runs a removal on a thread of that local directory; none = at once.
  std::function<void(const std::string& local, std::function<void()>)> on_disk = {};
};

class ResourceCache {
 public:
  ResourceCache(ResourceCacheOptions options,
                platform::FileSystem& files,
                const ContainerDirectories& directories);
  ~ResourceCache();  // as Stop
  ResourceCache(const ResourceCache&) = delete;
  ResourceCache& operator=(const ResourceCache&) = delete;

  // What an earlier run left: complete resources are taken up, with the references of containers
  // whose notes are there; the rest is removed. Call first. Errors are logged: a cache that cannot
  // be read is an empty one.
  void Recover();

  struct Request {
    ContainerId container;
    LocalResource resource;
    SourceAccess access;
  };
  // The path in the cache, which stays while the container has not been released.
  using Grant = std::function<void(Result<std::string>)>;
  void Acquire(Request request, Grant grant);
  // `path` was granted but is not there: it is fetched anew for whoever asks next.
  void Vanished(const std::string& path);
  // Who waits for the container gets kAborted.
  void CallOff(const ContainerId& container);
  // The container has ended, or never began.
  void Release(const ContainerId& container);
  // Its directories in that local directory are about to be removed.
  void Forget(const std::string& local, const ApplicationId& application);

  // Of its transfer, if one is under way.
  int64_t FetchedBytes(const Request& request) const;
  // For how long its transfer, if one has begun, has made no progress.
  Duration StalledFor(const Request& request) const;

  // Ends transfers early and joins; every wish is answered, those that come later too. Idempotent;
  // not from a callback.
  void Stop();

  struct Numbers {
    int64_t held_bytes = 0;
    int64_t downloads = 0;  // begun
    int64_t hits = 0;       // served without a download
    int64_t evictions = 0;
  };
  Numbers numbers() const;

 private:
  struct Wish {
    Request request;
    std::string path;
    std::string root;
    Grant grant;
    std::shared_ptr<FetchProgress> progress;  // of its transfer, once it owns one
  };

  std::string PathOf(const ContainerId& container,
                     const LocalResource& resource,
                     const std::string& user) const;
  enum class Removal {
    kNow,    // here: the room is waited for, or nobody is served yet
    kOnDisk  // on a thread of the disk
  };
  void CarryOut(CacheDecisions decisions, Removal removal = Removal::kOnDisk);
  void RemoveOnDisk(const std::string& path);
  static std::string LaneOf(const Wish& wish);
  void Fetch(const std::shared_ptr<Wish>& wish);
  Result<int64_t> FetchOnce(const std::shared_ptr<Wish>& wish);
  // False: nothing is left to evict.
  bool EvictForMore(const Wish& wish);
  // Bytes of what is there under a name of an earlier run; nothing when it is not to be kept.
  std::optional<int64_t> MeasureFound(const std::string& directory,
                                      const std::string& name,
                                      bool used);
  // Evicts until there is room for the transfer. kResourceExhausted: there is not enough.
  Status MakeRoom(const Wish& wish);
  void RemoveFromDisk(const std::string& path);
  void RecoverDirectory(const std::string& root,
                        const std::string& directory,
                        const std::map<std::string, std::vector<ContainerId>>& adopted);

  const ResourceCacheOptions options_;
  platform::FileSystem& files_;
  const ContainerDirectories& directories_;
  mutable platform::Mutex mutex_;
  CacheIndex index_ WEIR_GUARDED_BY(mutex_);
  std::map<CacheTicket, std::shared_ptr<Wish>> wishes_ WEIR_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<FetchProgress>> transfers_ WEIR_GUARDED_BY(mutex_);
  CacheTicket last_ticket_ WEIR_GUARDED_BY(mutex_) = 0;
  Numbers numbers_ WEIR_GUARDED_BY(mutex_);
  platform::ConditionVariable changed_;  // wakes pauses before another try
  bool ending_ WEIR_GUARDED_BY(mutex_) = false;
  std::atomic<uint64_t> last_number_ = 1;  // of temporary names
  LanePool fetchers_;                      // last: its threads use all of the above
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_RESOURCE_CACHE_H_
