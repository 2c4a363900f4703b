// Localizer: puts what a container asked for into its directory: files as hard links of the cache
// (copies where there can be none), unpacked archives as symbolic links into it.
//
// All resources of a container are asked of the cache at once; when the last one is there they are
// linked, on a thread of `run`. The first failure, or being called off, ends the localization at
// once; what others wait for goes on. A resource that has vanished from the cache meanwhile is
// asked for again, a few times.
//
// Errors: those of ResourceCache, of files, kAborted (called off); the URI comes first.
// Owner: the ProcessExecutor; stop the cache before it goes. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/container.h"
#include "common/result.h"
#include "nodemanager/executor/resource_cache.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::nm {

class Localizer {
 public:
  using Run = std::function<void(const ContainerId&, std::function<void()>)>;
  Localizer(platform::FileSystem& files, ResourceCache& cache, Run run)
      : files_(files), cache_(cache), run_(std::move(run)) {}

  struct Request {
    ContainerId container;
    std::map<std::string, LocalResource> resources;  // by name in the directory
    SourceAccess access;
    std::string directory;  // of the container
    std::string notes;      // of the container: which resources it uses
  };
  using Done = std::function<void(Status)>;
  // `done` is called exactly once, perhaps from inside.
  void Start(Request request, Done done);
  void CallOff(const ContainerId& container);
  // How far each of those under way has come: "localizing: 3 of 5 files, 120 of 400 MiB".
  std::vector<std::pair<ContainerId, std::string>> Progress();
  // Ends those of which a transfer, or the linking, has made no progress for so long: with
  // kInternal, as servers that do not answer are given up long before, and the disk is left.
  void EndStalled(Duration limit);

 private:
  struct Item {
    std::string name;
    std::string path;  // in the cache, once granted
    int tries = 0;
  };
  struct Pending {
    Request request;
    Done done;
    std::vector<Item> items;
    size_t missing = 0;
    bool over = false;
    Instant linking_since = kNever;
  };

  std::string Describe(const Pending& pending) WEIR_REQUIRES(mutex_);
  void Ask(const std::shared_ptr<Pending>& pending, size_t item);
  void OnGrant(const std::shared_ptr<Pending>& pending, size_t item, Result<std::string> grant);
  void LinkAll(const std::shared_ptr<Pending>& pending);
  Status LinkOne(const Pending& pending, const Item& item);
  void Finish(const std::shared_ptr<Pending>& pending, Status status);

  platform::FileSystem& files_;
  ResourceCache& cache_;
  const Run run_;
  platform::Mutex mutex_;
  // Also guards what is in them.
  std::map<ContainerId, std::shared_ptr<Pending>> pending_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOCALIZER_H_
