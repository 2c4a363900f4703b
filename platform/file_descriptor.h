// FileDescriptor: owns one descriptor and closes it. Move-only; single-threaded. With it the few
// calls that need a descriptor rather than the FileSystem seam.
#ifndef WEIR_PLATFORM_FILE_DESCRIPTOR_H_
#define WEIR_PLATFORM_FILE_DESCRIPTOR_H_

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "common/result.h"

namespace weir::platform {

class FileDescriptor {
 public:
  FileDescriptor() = default;
  explicit FileDescriptor(int fd) : fd_(fd) {}  // -1 = none
  FileDescriptor(FileDescriptor&& other) noexcept : fd_(other.release()) {}
  FileDescriptor& operator=(FileDescriptor&& other) noexcept {
    if (this != &other) {
      Close();
      fd_ = other.release();
    }
    return *this;
  }
  ~FileDescriptor() { Close(); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  // For descriptors whose close cannot tell anything new.
  void Close() {
    if (fd_ >= 0) ::close(release());
  }

 private:
  int fd_ = -1;
};

// An errno as an Error of file_system.h's kinds: "cannot <action> <path>: <strerror>"; Requires:
// `cause` is an errno.
Error SystemError(const std::string& action, const std::string& path, int cause);

struct OpenFile {
  FileDescriptor fd;
  int64_t size = 0;
};
// For reading. Follows no symbolic link in the last part of `path`, does not wait for a pipe's
// writer. Errors: as file_system.h, kInvalidArgument: not a regular file.
Result<OpenFile> OpenRegularFile(const std::string& path);
// At most `count` bytes from `offset`; 0 at the end of the file or when it cannot be read.
size_t ReadAt(int fd, int64_t offset, char* buffer, size_t count);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_FILE_DESCRIPTOR_H_
