// Which cached resources a container uses, in a file among its notes, for the NodeManager that
// comes after a crash. Thread-safe functions.
#ifndef WEIR_NODEMANAGER_EXECUTOR_RESOURCE_NOTES_H_
#define WEIR_NODEMANAGER_EXECUTOR_RESOURCE_NOTES_H_

#include <map>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "platform/file_system.h"

namespace weir::nm {

// `directory`: ContainerDirectories::Notes. Not synced: after a crash of the machine no container
// is left that could use anything.
Status WriteResourceNote(platform::FileSystem& files,
                         const std::string& directory,
                         const std::vector<std::string>& paths);
// By path, of every container with notes below `notes`. What cannot be read is left out.
std::map<std::string, std::vector<ContainerId>> ReadResourceNotes(platform::FileSystem& files,
                                                                  const std::string& notes);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_RESOURCE_NOTES_H_
