#include "platform/open_beneath.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>

namespace weir::platform {
namespace {

constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
constexpr uint64_t kBeneath = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;

FileDescriptor Open(int directory, const std::string& path, int flags, uint64_t resolve) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | kAlways);
  how.resolve = resolve;
  const long fd = ::syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how);
  if (fd >= 0 || errno != ENOSYS) return FileDescriptor(static_cast<int>(fd));
  // A kernel before 5.6: for a path of one part the old call does the same.
  const bool one_part = path != ".." && path.find('/') == std::string::npos;
  errno = ENOSYS;
  return FileDescriptor(one_part ? ::openat(directory, path.c_str(), flags | kAlways) : -1);
}

}  // namespace

FileDescriptor OpenBeneath(int directory, const std::string& path, int flags) {
  return Open(directory, path, flags, kBeneath);
}

FileDescriptor OpenBeneathOnMount(int directory, const std::string& path, int flags) {
  return Open(directory, path, flags, kBeneath | RESOLVE_NO_XDEV);
}

}  // namespace weir::platform
