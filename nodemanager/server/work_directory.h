// The NodeManager's own directory: one NodeManager at a time, and the identity that it keeps.
#ifndef WEIR_NODEMANAGER_SERVER_WORK_DIRECTORY_H_
#define WEIR_NODEMANAGER_SERVER_WORK_DIRECTORY_H_

#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

// Held until the descriptor is closed, or the process ends however it does. kFailedPrecondition:
// another process holds it; kUnavailable: the file cannot be made.
Result<platform::FileDescriptor> LockDirectory(const std::string& lock_file);

// The uuid in the file, made and made durable at the first start. kCorruption: the file is no uuid.
Result<NodeId> ReadOrCreateNodeId(const std::string& id_file);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_WORK_DIRECTORY_H_
