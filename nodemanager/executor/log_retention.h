// Which logs may go: without aggregation those of applications of which nothing runs here and
// nothing was written for longer than yarn.nodemanager.log.retain-seconds; of log archives those in
// which nothing was written for longer than yarn.log-aggregation.retain-seconds.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_

#include <set>
#include <string>

#include "common/ids.h"
#include "common/time.h"
#include "log-archive/archive_paths.h"
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

// When something was last written to the application's logs here. kNotFound: it has none.
Result<WallTime> LastLogWrite(platform::FileSystem& files,
                              const ContainerDirectories& directories,
                              const ApplicationId& id);

// How many applications' archives were removed, of all users; `here`: not those. Several
// NodeManagers may do it at once. Thread-safe.
size_t SweepArchives(platform::FileSystem& files,
                     const logs::ArchiveRoot& root,
                     const std::set<ApplicationId>& here,
                     Duration retain,
                     WallTime now);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_RETENTION_H_
