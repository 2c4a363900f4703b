#include "platform/file_descriptor.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

namespace weir::platform {
namespace {

ErrorCode CodeOf(int cause) {
  switch (cause) {
    case ENOENT:
      return ErrorCode::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return ErrorCode::kAlreadyExists;
    case EACCES:
    case EPERM:
      return ErrorCode::kPermissionDenied;
    case ENOSPC:
    case EDQUOT:
    case EFBIG:  // over a limit on the size of files, a disk that is full to this process
      return ErrorCode::kResourceExhausted;
    default:
      return ErrorCode::kUnavailable;
  }
}

std::string RemedyFor(int cause) {
  switch (cause) {
    case ENOSPC:
    case EDQUOT:
      return "free space on this disk";
    case EMFILE:
    case ENFILE:
      return "raise the limit of open files (ulimit -n)";
    default:
      return "";
  }
}

}  // namespace

Error SystemError(const std::string& action, const std::string& path, int cause) {
  // generic_category, as strerror is not safe on threads.
  return Error{CodeOf(cause),
               "cannot " + action + " " + path + ": " + std::generic_category().message(cause),
               RemedyFor(cause)};
}

Result<OpenFile> OpenRegularFile(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd.valid()) return SystemError("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("stat", path, errno);
  if (!S_ISREG(info.st_mode)) {
    return Error{ErrorCode::kInvalidArgument, path + " is not a regular file", ""};
  }
  OpenFile file;
  file.fd = std::move(fd);
  file.size = info.st_size;
  return file;
}

size_t ReadAt(int fd, int64_t offset, char* buffer, size_t count) {
  while (true) {
    const ssize_t done = ::pread(fd, buffer, count, offset);
    if (done < 0 && errno == EINTR) continue;
    return done < 0 ? 0 : static_cast<size_t>(done);
  }
}

}  // namespace weir::platform
