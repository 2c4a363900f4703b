#include "nodemanager/executor/spread_hint.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

#include "platform/file_descriptor.h"

namespace weir::nm {

void HintToSpreadIn(const std::string& directory) {
  const platform::FileDescriptor fd(
      ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  int flags = 0;
  if (!fd.valid() || ::ioctl(fd.get(), FS_IOC_GETFLAGS, &flags) != 0) return;
  if ((flags & FS_TOPDIR_FL) != 0) return;
  flags |= FS_TOPDIR_FL;
  static_cast<void>(::ioctl(fd.get(), FS_IOC_SETFLAGS, &flags));
}

}  // namespace weir::nm
