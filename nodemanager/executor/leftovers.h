// What an earlier run of this NodeManager left behind: containers whose processes may still run,
// and directories. Called once at start, before anything else touches the directories.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_
#define WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_

#include <vector>

#include "common/container.h"
#include "common/time.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

// Kills every container of an earlier run and waits until nothing of it is left (`patience` for
// all of them together; what outlasts it is logged as an error and told as ended nevertheless). The
// result says how each ended, for the RM: as it did itself before, or kAborted. Their notes stay
// until the RM has recorded that; their working directories are removed. kUnavailable: the notes
// cannot be listed.
Result<std::vector<ContainerStatus>> SweepLeftovers(platform::FileSystem& files,
                                                    const ContainerDirectories& directories,
                                                    Duration patience);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LEFTOVERS_H_
