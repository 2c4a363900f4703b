// ContainerDirectories: where a container's files are, in YARN's layout.
//
//   <local>/usercache/<user>/appcache/<application>/<container>/   its working directory, 0700
//   <local>/filecache/<name>                                       fetched files: PUBLIC,
//   <local>/usercache/<user>/filecache/<name>                      PRIVATE,
//   <local>/usercache/<user>/appcache/<application>/filecache/<name>   APPLICATION ones
//   <log>/<application>/<container>/{stdout,stderr,...}            kept after it ends
//   <notes>/<container>/                                           the NodeManager's own notes,
//   0700
//
// With several local or log directories a container's are chosen among the good ones (UseGood) when
// they are prepared, by its number. They are found again whatever became good or bad since: where
// they are is remembered until RemoveNotes; beyond that it is looked up on the disks, for logs only
// on those that have some of the application: a disk that hangs is not touched for what was never
// on it. Copies share what is good and what is remembered. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/container.h"
#include "common/ids.h"
#include "common/result.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::nm {

// Within a container's working directory.
inline constexpr char kSecretsName[] = ".weir-secrets";

class ContainerDirectories {
 public:
  // Requires: at least one of each; absolute paths.
  ContainerDirectories(std::vector<std::string> local,
                       std::vector<std::string> log,
                       std::string notes);

  std::string Work(const std::string& user, const ContainerId& id) const;
  std::string Secrets(const std::string& user, const ContainerId& id) const;
  std::string Log(const ContainerId& id) const;
  std::string Notes(const ContainerId& id) const;
  // The local directory that the container's is in.
  std::string Local(const ContainerId& id) const;
  // For what a container fetches; in its local directory, so that linking works.
  std::string Cache(LocalResourceVisibility visibility,
                    const std::string& user,
                    const ContainerId& id) const;
  // Of every user that has one, in one local directory.
  static std::vector<std::string> ApplicationCaches(platform::FileSystem& files,
                                                    const std::string& local,
                                                    const ApplicationId& id);
  // All there are, each with its local directory.
  std::vector<std::pair<std::string, std::string>> AllCaches(platform::FileSystem& files) const;
  const std::vector<std::string>& local() const { return local_; }
  const std::vector<std::string>& log() const { return log_; }
  const std::string& notes() const { return notes_; }

  // From now on new containers go into these only; none = into any. Requires: they are among
  // local() and log().
  void UseGood(std::vector<std::string> local, std::vector<std::string> log) const;
  std::vector<std::string> good_local() const;

  // What all containers share in one local or log directory. Errors: those of FileSystem.
  static Status PrepareLocal(platform::FileSystem& files, const std::string& local);
  static Status PrepareLog(platform::FileSystem& files, const std::string& log);
  // The directories that all containers share. One that cannot be prepared is left to the health
  // check, as long as there is another of its kind. Errors: those of FileSystem.
  Status PrepareNode(platform::FileSystem& files) const;
  // Chooses where the container's are to be, as Prepare does, and remembers it.
  void Settle(const ContainerId& id) const { RememberPlace(id); }
  // Looks on the disks where a container of an earlier run is, and remembers that.
  void Adopt(const std::string& user, const ContainerId& id) const;
  // Names the disks that the container's directories are on.
  std::string Lane(const ContainerId& id) const;
  // Those that its working directory can be in: one, when it is remembered.
  std::vector<std::string> LocalOf(const ContainerId& id) const;
  // Working, log and notes directories of one container.
  Status Prepare(platform::FileSystem& files, const std::string& user, const ContainerId& id) const;
  // Its working directory, for every user (there is one); in all local directories, or in one. What
  // one user's or disk's refuses does not keep the others: the first error is told.
  Status RemoveWork(platform::FileSystem& files, const ContainerId& id) const;
  static Status RemoveWorkIn(platform::FileSystem& files,
                             const std::string& local,
                             const ContainerId& id);
  // Its log directory. For a container of which nothing has ever run: the logs of others stay.
  Status RemoveLog(platform::FileSystem& files, const ContainerId& id) const;
  Status RemoveNotes(platform::FileSystem& files, const ContainerId& id) const;
  static Status RemoveApplicationIn(platform::FileSystem& files,
                                    const std::string& local,
                                    const ApplicationId& id);

 private:
  // Of every user that has one: the application's directory, or what is below it. None is reached
  // by way of anything but our own directories.
  static Status RemoveOfUsers(platform::FileSystem& files,
                              const std::string& local,
                              const ApplicationId& id,
                              const std::string& below);
  struct Place {
    std::string local;
    std::string log;
  };
  struct Shared {
    platform::Mutex mutex;
    std::vector<std::string> good_local WEIR_GUARDED_BY(mutex);  // empty = all
    std::vector<std::string> good_log WEIR_GUARDED_BY(mutex);
    std::map<ContainerId, Place> places WEIR_GUARDED_BY(mutex);  // from Prepare to RemoveNotes
    // In which log directories there are logs of an application, or have been. Bounded: of
    // applications up to `unsure`, the older ones, it is not known.
    std::map<ApplicationId, std::set<std::string>> logs WEIR_GUARDED_BY(mutex);
    ApplicationId unsure WEIR_GUARDED_BY(mutex);
    bool listed WEIR_GUARDED_BY(mutex) = false;           // what was there before this process
    std::set<std::string> spread WEIR_GUARDED_BY(mutex);  // see Spread
  };

  // Chosen now, or as it was before.
  Place PlaceOf(const ContainerId& id) const;
  bool IsRemembered(const ContainerId& id) const;
  void NoteLogs(const std::string& log, const ApplicationId& id) const;
  // Good ones first.
  std::vector<std::string> LogsOf(const ApplicationId& id) const;
  Place RememberPlace(const ContainerId& id) const;
  // Containers made in there need not be near each other; the file system is told once.
  void Spread(const std::string& directory) const;
  // The one of `from` in which `below` exists, the likely one first; that one when there is none.
  static std::string Find(const std::vector<std::string>& from,
                          const std::string& likely,
                          const std::string& below);
  static std::string Application(const std::string& local,
                                 const std::string& user,
                                 const ApplicationId& id);

  const std::vector<std::string> local_;
  const std::vector<std::string> log_;
  const std::string notes_;
  const std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_
