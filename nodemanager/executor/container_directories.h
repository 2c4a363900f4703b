// ContainerDirectories: where a container's files are, in YARN's layout.
//
//   <local>/usercache/<user>/appcache/<application>/<container>/   its working directory, 0700
//   <local>/filecache/<sha256>                                     fetched files, shared by linking
//   <log>/<application>/<container>/{stdout,stderr,...}            kept after it ends
//   <notes>/<container>/                                           the NodeManager's own notes,
//   0700
//
// With several local or log directories a container's is chosen by its number, so that it is found
// again without a record. Immutable value; the functions that touch the disk are thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_

#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "platform/file_system.h"

namespace weir::nm {

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
  // On the same file system as the container's directory, so that linking works.
  std::string Cache(const ContainerId& id) const;
  std::vector<std::string> Caches() const;  // all of them
  const std::vector<std::string>& local() const { return local_; }
  const std::vector<std::string>& log() const { return log_; }
  const std::string& notes() const { return notes_; }

  // The directories that all containers share. Errors: those of FileSystem.
  Status PrepareNode(platform::FileSystem& files) const;
  // Working, log and notes directories of one container.
  Status Prepare(platform::FileSystem& files, const std::string& user, const ContainerId& id) const;
  // Its working directory, for every user (there is one).
  Status RemoveWork(platform::FileSystem& files, const ContainerId& id) const;
  Status RemoveNotes(platform::FileSystem& files, const ContainerId& id) const;
  Status RemoveApplication(platform::FileSystem& files, const ApplicationId& id) const;

 private:
  const std::string& Choose(const std::vector<std::string>& from, const ContainerId& id) const;
  std::string Application(const std::string& local,
                          const std::string& user,
                          const ApplicationId& id) const;

  const std::vector<std::string> local_;
  const std::vector<std::string> log_;
  const std::string notes_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_DIRECTORIES_H_
