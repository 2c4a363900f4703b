// Which logs may go: without aggregation those of applications of which nothing runs here and
// nothing was written for longer than yarn.nodemanager.log.retain-seconds.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_

#include <set>
#include <string>

#include "common/ids.h"
#include "common/time.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

// How many applications' logs were removed. A directory that cannot be read or removed is logged
// and left for the next time. Thread-safe.
size_t SweepLogs(platform::FileSystem& files,
                 const ContainerDirectories& directories,
                 const std::set<ApplicationId>& present,
                 Duration retain,
                 WallTime now);

// When something was last written to what is at `path`: a file, or a directory with files. Errors:
// those of FileSystem.
Result<WallTime> LastWrite(platform::FileSystem& files, const std::string& path);
// When something was last written to the application's logs here. kNotFound: it has none.
Result<WallTime> LastLogWrite(platform::FileSystem& files,
                              const ContainerDirectories& directories,
                              const ApplicationId& id);

// Removes an application's logs or archives at `path` (`name`: for the log) when nothing was
// written there for longer than `retain`. True: they are gone. What cannot be read or removed is
// logged.
bool RemoveIfOld(platform::FileSystem& files,
                 const std::string& path,
                 const std::string& name,
                 Duration retain,
                 WallTime now);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_
