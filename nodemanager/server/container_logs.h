// The log files of containers, running or ended, as they lie in their log directory.
//
// Names that come from a request are only compared with the directory's listing, never made into a
// path. Blocks on the disk; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_
#define WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

struct LogFile {
  std::string name;
  std::string path;
  int64_t size = 0;
  WallTime modified;
};

// Regular files only, by name, at most kLogFilesMax. kNotFound: the container never had logs here,
// or they are gone.
inline constexpr size_t kLogFilesMax = 1000;
Result<std::vector<LogFile>> ListLogs(platform::FileSystem& files,
                                      const ContainerDirectories& directories,
                                      const ContainerId& id);
// kNotFound: no such file among them; the message says which there are.
Result<LogFile> FindLog(platform::FileSystem& files,
                        const ContainerDirectories& directories,
                        const ContainerId& id,
                        const std::string& name);

// Which bytes: query parameters `size` or `length` (negative = the last so many; absent = all) and
// `offset`. kInvalidArgument: one is not a number.
struct LogRange {
  int64_t offset = 0;
  int64_t length = 0;
};
Result<LogRange> SelectRange(const std::map<std::string, std::string>& query, int64_t file_size);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_CONTAINER_LOGS_H_
