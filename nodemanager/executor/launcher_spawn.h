// Starts weir-launch, with nothing of this process but one end of a pipe for its report.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LAUNCHER_SPAWN_H_
#define WEIR_NODEMANAGER_EXECUTOR_LAUNCHER_SPAWN_H_

#include <sys/types.h>

#include <string>

#include "common/result.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

// `marker` is all of its environment. The caller reaps it. Errors: those of posix_spawn.
Result<pid_t> SpawnLauncher(std::string binary,
                            std::string spec,
                            std::string marker,
                            const platform::FileDescriptor& report);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LAUNCHER_SPAWN_H_
