// A look at one local or log directory: can it be written, and how much room is there?
//
// What containers need in it is made again when it is missing (a disk that was mounted empty). A
// small file is written and removed each time: a read-only or broken file system shows itself only
// so. May block as long as the disk does. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_DIRECTORY_CHECK_H_
#define WEIR_NODEMANAGER_EXECUTOR_DIRECTORY_CHECK_H_

#include <string>

#include "nodemanager/core/node_health.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

DirectorySample CheckDirectory(platform::FileSystem& files,
                               const std::string& path,
                               DirectoryKind kind);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_DIRECTORY_CHECK_H_
