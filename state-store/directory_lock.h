// DirectoryLock: a store's directory belongs to one process at a time. The lock is the kernel's and
// goes with the process, however that ends; the file "weir.lock" says whose it is.
//
// Owner: a store, for its life. Move-only. Thread rule: none (one call).
#ifndef WEIR_STATE_STORE_DIRECTORY_LOCK_H_
#define WEIR_STATE_STORE_DIRECTORY_LOCK_H_

#include <string>

#include "common/result.h"
#include "platform/file_descriptor.h"

namespace weir::store {

class DirectoryLock {
 public:
  static constexpr char kFileName[] = "weir.lock";

  // Makes the directory (0700: it holds keys and tokens) if need be. kFailedPrecondition: "the
  // state store DIRECTORY is in use by another ResourceManager (process 12 on HOST since TIME)";
  // kPermissionDenied, kResourceExhausted, kUnavailable: the directory or file cannot be made.
  static Result<DirectoryLock> Take(const std::string& directory);

  DirectoryLock(DirectoryLock&&) = default;
  DirectoryLock& operator=(DirectoryLock&&) = default;

 private:
  explicit DirectoryLock(platform::FileDescriptor file) : file_(std::move(file)) {}

  platform::FileDescriptor file_;
};

// "process 12 on HOST since TIME": this process, as lock files and nodes say it.
std::string ThisHolder();

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_DIRECTORY_LOCK_H_
