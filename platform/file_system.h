// FileSystem: the seam through which NodeManager, stores and staging touch files, so that tests can
// inject ENOSPC, EIO and crashes at every call. Real() is the operating system.
//
// Paths are absolute. Errors carry path and strerror: kNotFound (ENOENT), kAlreadyExists,
// kPermissionDenied, kResourceExhausted (ENOSPC, EDQUOT), kUnavailable (anything else). Modes are
// set exactly, whatever the umask.
// Thread-safe.
#ifndef WEIR_PLATFORM_FILE_SYSTEM_H_
#define WEIR_PLATFORM_FILE_SYSTEM_H_

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace weir::platform {

// A file open for writing. Single-threaded.
class WritableFile {
 public:
  virtual ~WritableFile() = default;
  virtual Status Append(std::string_view bytes) = 0;
  virtual Status Sync() = 0;   // data is on the device
  virtual Status Close() = 0;  // call once; errors of delayed writes come here
};

// A file without a name, that no listing shows: gone with this object, and with its process however
// that ends, unless it has got its name.
class UnnamedFile : public WritableFile {
 public:
  // The path it was made for. kAlreadyExists: there is a file of that name. After Close it cannot.
  virtual Status GiveName() = 0;
};

struct FileInfo {
  int64_t size = 0;
  int64_t mtime_ms = 0;
  bool is_directory = false;
  // Equal for the names of one file.
  uint64_t device = 0;
  uint64_t inode = 0;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  static FileSystem& Real();

  // Makes the file or empties it; a symbolic link in its place is kUnavailable.
  virtual Result<std::unique_ptr<WritableFile>> Create(const std::string& path, int mode) = 0;
  // In the directory of `path`. kFailedPrecondition: that file system has no files without a name.
  virtual Result<std::unique_ptr<UnnamedFile>> CreateUnnamed(const std::string& path, int mode) = 0;
  // Writes go to the end of the file, which is made if it is not there.
  virtual Result<std::unique_ptr<WritableFile>> OpenForAppending(const std::string& path,
                                                                 int mode) = 0;
  // Cuts the file to its first `size` bytes. Requires: it has as many.
  virtual Status Truncate(const std::string& path, int64_t size) = 0;
  // Also kResourceExhausted: larger than `limit`; kInvalidArgument: not a regular file.
  virtual Result<std::string> ReadFile(const std::string& path, int64_t limit) = 0;
  virtual Result<FileInfo> Stat(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> List(const std::string& path) = 0;  // names, sorted
  virtual Status MakeDirectories(const std::string& path, int mode) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;  // a file; absent is no error
  // Absent is no error; no symbolic link is followed, no mount point crossed.
  virtual Status RemoveTree(const std::string& path) = 0;
  // kAlreadyExists when `to` exists; kFailedPrecondition: there cannot be a hard link here.
  virtual Status HardLink(const std::string& from, const std::string& to) = 0;
  // A hard link, else a copy. kAlreadyExists when `to` exists.
  virtual Status Link(const std::string& from, const std::string& to) = 0;
  virtual Status SyncDirectory(const std::string& path) = 0;
  // kAlreadyExists when something is at `path`. `target` is taken as it is.
  virtual Status MakeSymbolicLink(const std::string& target, const std::string& path) = 0;
  virtual Status SetMode(const std::string& path, int mode) = 0;
  // Bytes that can still be written to the file system with `path`.
  virtual Result<int64_t> FreeBytes(const std::string& path) = 0;
};

// Writes beside, syncs, renames, syncs the directory: afterwards `path` holds all or the old.
// Requires: one writer per path at a time (the file beside is "<path>.tmp").
Status WriteFileAtomically(FileSystem& files,
                           const std::string& path,
                           std::string_view bytes,
                           int mode);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_FILE_SYSTEM_H_
