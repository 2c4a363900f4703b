// RemoveDirectoryTree: what FileSystem::RemoveTree does on the operating system, apart because the
// trees that containers leave are hostile: symbolic links, directories without rights, endless
// nesting, and changes while they are being removed. Thread-safe.
#ifndef WEIR_PLATFORM_REMOVE_TREE_H_
#define WEIR_PLATFORM_REMOVE_TREE_H_

#include <string>

#include "common/result.h"

namespace weir::platform {

// Removes a file, a symbolic link or a whole directory; absent is no error. Follows no symbolic
// link below `path`, leaves other file systems mounted below it alone (kUnavailable), needs a fixed
// number of descriptors however deep the tree is. Goes on after a failure and reports the first.
Status RemoveDirectoryTree(const std::string& path);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_REMOVE_TREE_H_
