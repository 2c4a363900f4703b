// The id of a ResourceManager's own directory: a uuid in a file there, made at the first start. Who
// has the directory's lock knows by it what an earlier process has left elsewhere under its name.
//
// Requires: the lock on the directory. Single-threaded.
#ifndef WEIR_RESOURCEMANAGER_SERVER_DIRECTORY_ID_H_
#define WEIR_RESOURCEMANAGER_SERVER_DIRECTORY_ID_H_

#include <string>

#include "common/result.h"

namespace weir::rm {

// What is not a uuid gives way to a new one: all that is lost is that a former process's lock is
// waited for once. Errors: file_system.h.
Result<std::string> ReadOrMakeDirectoryId(const std::string& file);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_DIRECTORY_ID_H_
