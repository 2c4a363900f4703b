// LogOwner: whose logs these are. The NodeManager writes it beside a container's log directory
// ("<container>.about", where the container's user cannot write), so that it is known as long as
// the logs are, whatever became of the container, the NodeManager and the ResourceManager.
// Functions; they block on the disk; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_OWNER_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_OWNER_H_

#include <optional>
#include <string>
#include <vector>

#include "common/container.h"
#include "nodemanager/executor/container_directories.h"
#include "platform/file_system.h"

namespace weir::nm {

struct LogOwner {
  std::string user;
  std::string role;
};

// What a container does for its application: "am" for its ApplicationMaster, else what the
// environment variable kContainerRoleVariable of its launch context says, else "command".
std::string RoleOf(const ContainerId& id, const LaunchContext& launch);

// Whatever else is there under that name goes, and is not written to. Requires: the container's log
// directory is there, and still the NodeManager's. Errors: those of FileSystem.
Status WriteLogOwner(platform::FileSystem& files,
                     const ContainerDirectories& directories,
                     const ContainerId& id,
                     const LogOwner& owner);
// Nothing when it was not written or is damaged; or is not the NodeManager's own file, in a
// directory of its own: what a user says there is not believed.
std::optional<LogOwner> ReadLogOwner(const ContainerDirectories& directories,
                                     const ContainerId& id);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_OWNER_H_
