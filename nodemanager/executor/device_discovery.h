// Finds the indices of a named resource type by asking a program of the administrator's.
//
// The program is run once when the NodeManager starts, as `PATH -L`, so that nvidia-smi serves as
// it is; how it runs is in script_runner.h, what it has to write in
// nodemanager/core/resource_indices.h (ParseDiscovery). Whoever can write to its file could act as
// the NodeManager's user: a file of another owner than that user and root, or one that others may
// write to, is refused. Blocks for as long as the program takes, at most `timeout`. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_DEVICE_DISCOVERY_H_
#define WEIR_NODEMANAGER_EXECUTOR_DEVICE_DISCOVERY_H_

#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "nodemanager/core/resource_indices.h"

namespace weir::nm {

struct DiscoveryProgram {
  std::string type;  // "yarn.io/gpu"
  std::string key;   // of the configuration, for messages
  std::string path;  // absolute; a directory: nvidia-smi in it; "" = nvidia-smi where it usually is
  Duration timeout = seconds(10);
};

// Every error names the type, the program and the key. kNotFound: there is no such program;
// kPermissionDenied: it may not be trusted; kDeadlineExceeded: it did not end in time and was
// killed; kFailedPrecondition: it failed, wrote too much, or a line that is no device (which is
// named by its number).
Result<std::vector<Device>> DiscoverDevices(const DiscoveryProgram& program);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_DEVICE_DISCOVERY_H_
