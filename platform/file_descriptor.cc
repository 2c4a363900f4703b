#include "platform/file_descriptor.h"

#include <unistd.h>

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

void FileDescriptor::Close() {
  if (fd_ >= 0) ::close(release());
}

Error SystemError(const std::string& action, const std::string& path, int cause) {
  // generic_category, as strerror is not safe on threads.
  return Error{CodeOf(cause),
               "cannot " + action + " " + path + ": " + std::generic_category().message(cause),
               RemedyFor(cause)};
}

}  // namespace weir::platform
