// The directories of a container that runs under another account than the NodeManager's: made by
// root, given to the user, never through anything that the user could have replaced.
//
//   <local>/usercache                          0711  the NodeManager's
//     <user>, appcache, <application>          0710  the NodeManager's, of the user's group: the
//                                                    user gets through and can change nothing
//       <container>                            0700  the user's, from HandOver on
//         .weir-secrets                        0500  the user's, with files of 0400
//   <log>/<application>                        0710  the NodeManager's, of the user's group
//     <container>                              0750  the user's, of the NodeManager's group
//   .../filecache of user and application      0710  the NodeManager's, of the user's group
//
// Every step goes through the descriptor of the directory above, by openat2 beneath the configured
// directory and without following a link; owners and modes are set by descriptor. All that the
// NodeManager puts into a container's directory is there before HandOver, so no process of the user
// can ever be between. Thread-safe functions; they need root's rights.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_TREE_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_TREE_H_

#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "nodemanager/core/run_as.h"
#include "nodemanager/executor/container_directories.h"

namespace weir::nm {

// What is not there of the above, all still the NodeManager's. kPermissionDenied: a directory on
// the way belongs to somebody else, who could replace what is in it; kUnavailable and those of
// FileSystem: the system refuses.
Status MakeContainerTree(const ContainerDirectories& directories,
                         const std::string& user,
                         const ContainerId& id,
                         const Account& account);

// Secrets, logs and, last, the working directory become the account's. Of a container that was
// handed over before nothing is touched. Errors: as above; kPermissionDenied also when a secret is
// not a plain file of the NodeManager's.
Status HandOver(const ContainerDirectories& directories,
                const std::string& user,
                const ContainerId& id,
                const Account& account);

// The directories above the given ones, and they themselves, that not everybody can get through:
// containers of others than root would not reach theirs. Each once.
std::vector<std::string> ImpassableDirectories(const std::vector<std::string>& paths);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_TREE_H_
