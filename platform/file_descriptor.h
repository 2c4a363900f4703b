// FileDescriptor: owns one descriptor and closes it. Move-only; single-threaded.
// SystemError: an errno as an Error of file_system.h's kinds.
#ifndef WEIR_PLATFORM_FILE_DESCRIPTOR_H_
#define WEIR_PLATFORM_FILE_DESCRIPTOR_H_

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
  void Close();  // for descriptors whose close cannot tell anything new

 private:
  int fd_ = -1;
};

// "cannot <action> <path>: <strerror>"; Requires: `cause` is an errno.
Error SystemError(const std::string& action, const std::string& path, int cause);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_FILE_DESCRIPTOR_H_
