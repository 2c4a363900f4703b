// OpenBeneath: opens what is below a directory, whatever somebody makes of the path meanwhile.
#ifndef WEIR_PLATFORM_OPEN_BENEATH_H_
#define WEIR_PLATFORM_OPEN_BENEATH_H_

#include <string>

#include "platform/file_descriptor.h"

namespace weir::platform {

// `path` is relative to `directory` and cannot leave it: neither by "..", nor by a symbolic link
// anywhere in it, the last part included, nor by a magic link of /proc. `flags` as of open, without
// O_CREAT; O_CLOEXEC, O_NOFOLLOW and O_NONBLOCK are added. Not valid with errno: EXDEV (would leave
// it), ELOOP (a link), those of open. Thread-safe.
FileDescriptor OpenBeneath(int directory, const std::string& path, int flags);
// Also refuses to enter another mount, by EXDEV.
FileDescriptor OpenBeneathOnMount(int directory, const std::string& path, int flags);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_OPEN_BENEATH_H_
