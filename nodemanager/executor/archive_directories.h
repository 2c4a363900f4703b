// The directories of log archives in the shared directory (log-archive/archive_paths.h), as
// NodeManagers make, give away and remove them.
//
// With root's rights this is dangerous: whoever could put a symbolic link or a directory of their
// own in the place of one would have root write there, or give away what is in there. So the shared
// directory, all above it and all below it down to an application's has to be ours
// (owned_directory.h), and is walked without following a link; what is not ours is refused, whoever
// made it. The shared directory itself may have the sticky bit (1777, as YARN's often has): who
// makes the directory of another user there keeps that user's logs from being collected, no more.
// Without root's rights only links are refused.
// Functions; they block on the disk; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_DIRECTORIES_H_
#define WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_DIRECTORIES_H_

#include <set>
#include <string>

#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "log-archive/archive_paths.h"
#include "nodemanager/executor/owned_directory.h"
#include "platform/file_descriptor.h"
#include "platform/file_system.h"

namespace weir::nm {

// The application's, with all above it that is missing. Everybody may look at the names. Errors: as
// in owned_directory.h; kPermissionDenied also when the user's name is no directory's.
Result<platform::FileDescriptor> MakeArchiveDirectory(const logs::ArchiveRoot& root,
                                                      const std::string& user,
                                                      const ApplicationId& id,
                                                      Ownership ownership = NeededOwnership());

// As root: the file becomes its user's, who is to read it; the group stays. A user without an
// account here is none of an error. Otherwise nothing. Errors: those of FileSystem;
// kPermissionDenied: it is no plain file with one name.
Status GiveArchiveToUser(const platform::FileDescriptor& directory,
                         const std::string& name,
                         const std::string& user);

// Removes the archives, of all users, of applications in whose directory nothing was written for
// longer than `retain`; `here`: not those. How many applications' were removed. What is not ours is
// passed over; what cannot be read or removed is logged and left for the next time. Several
// NodeManagers may do it at once.
size_t SweepArchives(platform::FileSystem& files,
                     const logs::ArchiveRoot& root,
                     const std::set<ApplicationId>& here,
                     Duration retain,
                     WallTime now,
                     Ownership ownership = NeededOwnership());

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_ARCHIVE_DIRECTORIES_H_
