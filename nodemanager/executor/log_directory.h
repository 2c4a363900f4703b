// LogDirectory: the log directory of one container, opened once and read through its descriptor.
//
// Terms. Position: where a byte stands in a log, counted from the first byte ever written to the
// file. The size limit takes bytes away at the front (log_limit.h) without moving the others, so
// positions stay true while a file is cut. begin..end is what is there now.
//
// The directory and what is in it belong to the container's user, who can put anything there while
// it is read. Therefore: a name is looked up in the listing and never becomes part of a path; every
// step is opened beneath the log directory without following a symbolic link (openat2); only
// regular files count, and one with several names only if it belongs to the directory's owner, as
// it may be another one's file. Blocks on the disk; immutable, thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_DIRECTORY_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_DIRECTORY_H_

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

struct LogFile {
  std::string name;
  int64_t begin = 0;      // position of the first byte that is still there
  int64_t end = 0;        // position behind the last
  int64_t allocated = 0;  // bytes it takes of the disk
  uint64_t identity = 0;  // another file, although of the same name, has another
  WallTime modified;

  int64_t size() const { return end - begin; }
};

struct LogListing {
  std::vector<LogFile> files;  // by name
  size_t left_out = 0;         // how many more there are
};

struct OpenLog {
  LogFile file;  // as it was when it was opened
  std::shared_ptr<platform::FileDescriptor> descriptor;
};

enum class LogAccess { kRead, kWrite };

// kUnguarded joins the name to the directory's path and opens that: only for the test that shows
// that its attacks would work.
enum class LogLookup { kGuarded, kUnguarded };

class LogDirectory {
 public:
  // Of List.
  static constexpr size_t kFilesMax = 1000;

  // kNotFound: the container never had logs here, or they are gone.
  static Result<LogDirectory> Open(const ContainerDirectories& directories,
                                   const ContainerId& id,
                                   LogLookup lookup = LogLookup::kGuarded);

  // At most kFilesMax; if there are more, what matters most: stdout and stderr, then names that
  // begin like them or like a system's log, then "*.log*", then by name. So whoever makes a
  // thousand files hides nothing. Errors: those of FileSystem.
  Result<LogListing> Look() const;
  Result<std::vector<LogFile>> List() const;  // its files
  // kNotFound: no such file among them; the remedy says which there are.
  Result<OpenLog> OpenFile(const std::string& name, LogAccess access = LogAccess::kRead) const;

  // A new file, instead of one of this name. Errors: those of FileSystem.
  Result<std::shared_ptr<platform::FileDescriptor>> CreateFile(const std::string& name) const;
  // Absent is no error. Errors: those of FileSystem.
  Status RemoveFile(const std::string& name) const;
  // The bytes of the disk that each thing in the directory and below it takes, until `visit` says
  // false; not deeper than kDepth, and not what cannot be looked at.
  static constexpr int kDepth = 16;
  void ForEachBelow(const std::function<bool(int64_t)>& visit) const;

  const ContainerId& id() const { return id_; }
  // For messages only: what is opened is opened beneath the directory.
  std::string PathOf(const std::string& name) const { return path_ + "/" + name; }

 private:
  LogDirectory(ContainerId id, std::string path, platform::FileDescriptor fd, LogLookup lookup);
  Result<std::vector<std::string>> Names() const;
  Result<OpenLog> OpenOne(const std::string& name, int flags) const;

  ContainerId id_;
  std::string path_;
  platform::FileDescriptor fd_;
  LogLookup lookup_;
  uid_t owner_ = 0;
};

// The containers of an application with a log directory here, in order; none if it has none.
std::vector<ContainerId> ContainersWithLogs(const ContainerDirectories& directories,
                                            const ApplicationId& application);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_DIRECTORY_H_
