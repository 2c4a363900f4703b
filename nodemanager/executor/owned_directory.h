// Directories in which a NodeManager with root's rights may make, give away and remove things:
// those that nobody but root and the NodeManager can change.
//
// Ours: belongs to the NodeManager's user or to root, and neither its group nor others can write
// it. What is in a directory of ours was put there by the NodeManager; a path of which every part
// is in one can be used by name, as nobody can put anything else in its place.
//
// Everything is opened by the descriptor of the directory above, without following a symbolic link.
// Functions; they block on the disk; thread-safe. Errors: those of FileSystem; kPermissionDenied:
// not ours, with what an administrator can do.
#ifndef WEIR_NODEMANAGER_EXECUTOR_OWNED_DIRECTORY_H_
#define WEIR_NODEMANAGER_EXECUTOR_OWNED_DIRECTORY_H_

#include <sys/types.h>

#include <string>
#include <vector>

#include "common/result.h"
#include "platform/file_descriptor.h"

namespace weir::nm {

// kAny: whose they are does not matter (the NodeManager has no rights but its user's); symbolic
// links are not followed in any case.
enum class Ownership { kOurs, kAny };
// What this process has to ask for: kOurs as root.
Ownership NeededOwnership();

// kPermissionDenied: `path` `what`, and what to do.
Error NotOurs(const std::string& path, const std::string& what);

Status CheckOwnership(const platform::FileDescriptor& directory,
                      const std::string& path,
                      Ownership ownership);

// `path`, made with what is missing of it. kOurs: also everything above is root's or the
// NodeManager's and closed to others, or has the sticky bit, so that nobody else can put something
// in its place; `path` itself may have the sticky bit, too. A symbolic link on the way is followed
// if it is root's or the NodeManager's.
Result<platform::FileDescriptor> MakeTopDirectory(const std::string& path,
                                                  mode_t mode,
                                                  Ownership ownership);
// The same without making anything.
Result<platform::FileDescriptor> OpenTopDirectory(const std::string& path, Ownership ownership);

// `name`: one part; `path`: of it, for the errors.
Result<platform::FileDescriptor> OpenDirectory(const platform::FileDescriptor& above,
                                               const std::string& name,
                                               const std::string& path,
                                               Ownership ownership);
// Made if it is not there.
Result<platform::FileDescriptor> MakeDirectory(const platform::FileDescriptor& above,
                                               const std::string& name,
                                               const std::string& path,
                                               mode_t mode,
                                               Ownership ownership);

// Whether `path`, which is `top` or below it, can be used by name: every part of it from `top` on
// is a directory and no symbolic link, and whose they are is as `ownership` says.
Status CheckWay(const std::string& top, const std::string& path, Ownership ownership);
// The same; what is not there is made, with `mode`.
Status MakeWay(const std::string& top, const std::string& path, mode_t mode, Ownership ownership);

// All but "." and "..", sorted.
Result<std::vector<std::string>> NamesIn(const platform::FileDescriptor& directory,
                                         const std::string& path);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_OWNED_DIRECTORY_H_
