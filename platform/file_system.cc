#include "platform/file_system.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "platform/file_descriptor.h"
#include "platform/remove_tree.h"

namespace weir::platform {
namespace {

constexpr size_t kCopyChunk = 256 << 10;

Status WriteAll(int fd, const std::string& path, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0) {
      if (errno == EINTR) continue;
      return SystemError("write to", path, errno);
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

// One that has the mode already may belong to somebody else, who alone may set it.
Status GiveMode(int fd, const std::string& path, int mode) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return SystemError("stat", path, errno);
  const auto wanted = static_cast<mode_t>(mode);
  if ((info.st_mode & 07777) == wanted || ::fchmod(fd, wanted) == 0) return {};
  return SystemError("set the mode of", path, errno);
}

class PosixFile : public UnnamedFile {
 public:
  PosixFile(FileDescriptor fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

  Status Append(std::string_view bytes) override { return WriteAll(fd_.get(), path_, bytes); }
  Status Sync() override {
    if (::fdatasync(fd_.get()) != 0) return SystemError("sync", path_, errno);
    return {};
  }
  Status Close() override {
    // Linux closes the descriptor even when it reports EINTR.
    if (::close(fd_.release()) != 0 && errno != EINTR) return SystemError("close", path_, errno);
    return {};
  }
  Status GiveName() override {
    // By way of /proc: naming a descriptor directly takes a capability.
    const std::string self = "/proc/self/fd/" + std::to_string(fd_.get());
    if (::linkat(AT_FDCWD, self.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) == 0)
      return {};
    return SystemError("make", path_, errno);
  }

 private:
  FileDescriptor fd_;
  const std::string path_;
};

Status MakeDirectory(const std::string& path, int mode) {
  if (::mkdir(path.c_str(), static_cast<mode_t>(mode)) == 0) {
    // The umask of the daemon must not decide who can read a container's directory.
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) != 0) {
      return SystemError("set the mode of", path, errno);
    }
    return {};
  }
  const int cause = errno;
  struct stat info {};
  if (cause == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode)) return {};
  Error error = SystemError("make directory", path, cause);
  // A part of the path is there already, and no directory.
  if (cause == ENOTDIR) error.code = ErrorCode::kAlreadyExists;
  return error;
}

Status CopyContent(int from_fd, const std::string& from, int to_fd, const std::string& to) {
  std::string chunk(kCopyChunk, '\0');
  while (true) {
    const ssize_t count = ::read(from_fd, chunk.data(), chunk.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", from, errno);
    if (count == 0) return {};
    WEIR_RETURN_IF_ERROR(
        WriteAll(to_fd, to, std::string_view(chunk.data(), static_cast<size_t>(count))));
  }
}

// As link does: `to` must not exist; the mode stays.
Status CopyFile(const std::string& from, const std::string& to) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!source.valid()) return SystemError("open", from, errno);
  struct stat info {};
  if (::fstat(source.get(), &info) != 0) return SystemError("stat", from, errno);
  const mode_t mode = info.st_mode & 07777;
  FileDescriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!target.valid()) return SystemError("create", to, errno);
  Status status = CopyContent(source.get(), from, target.get(), to);
  if (status.ok() && ::fchmod(target.get(), mode) != 0) {
    status = SystemError("set the mode of", to, errno);
  }
  if (::close(target.release()) != 0 && status.ok()) status = SystemError("close", to, errno);
  if (!status.ok()) ::unlink(to.c_str());
  return status;
}

std::string DirectoryOf(const std::string& path) {
  const size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

class RealFileSystem : public FileSystem {
 public:
  Result<std::unique_ptr<WritableFile>> Create(const std::string& path, int mode) override {
    FileDescriptor fd(::open(path.c_str(),
                             O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW,
                             static_cast<mode_t>(mode)));
    if (!fd.valid()) return SystemError("create", path, errno);
    WEIR_RETURN_IF_ERROR(GiveMode(fd.get(), path, mode));
    return std::unique_ptr<WritableFile>(std::make_unique<PosixFile>(std::move(fd), path));
  }

  Result<std::unique_ptr<UnnamedFile>> CreateUnnamed(const std::string& path, int mode) override {
    FileDescriptor fd(::open(
        DirectoryOf(path).c_str(), O_WRONLY | O_TMPFILE | O_CLOEXEC, static_cast<mode_t>(mode)));
    if (!fd.valid()) {
      const int cause = errno;
      Error error = SystemError("create without a name", path, cause);
      // A kernel that does not know the flag opens the directory, which cannot be written.
      if (cause == EOPNOTSUPP || cause == EISDIR) error.code = ErrorCode::kFailedPrecondition;
      return error;
    }
    WEIR_RETURN_IF_ERROR(GiveMode(fd.get(), path, mode));
    return std::unique_ptr<UnnamedFile>(std::make_unique<PosixFile>(std::move(fd), path));
  }

  Result<std::unique_ptr<WritableFile>> OpenForAppending(const std::string& path,
                                                         int mode) override {
    const int flags = O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW;
    FileDescriptor fd(::open(path.c_str(), flags));
    if (!fd.valid() && errno == ENOENT) {
      fd =
          FileDescriptor(::open(path.c_str(), flags | O_CREAT | O_EXCL, static_cast<mode_t>(mode)));
      if (fd.valid()) WEIR_RETURN_IF_ERROR(GiveMode(fd.get(), path, mode));
    }
    if (!fd.valid()) return SystemError("open", path, errno);
    return std::unique_ptr<WritableFile>(std::make_unique<PosixFile>(std::move(fd), path));
  }

  Status Truncate(const std::string& path, int64_t size) override {
    if (::truncate(path.c_str(), size) != 0) return SystemError("cut", path, errno);
    return {};
  }

  Result<std::string> ReadFile(const std::string& path, int64_t limit) override {
    // O_NONBLOCK: opening a pipe must not wait for its writer.
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd.valid()) return SystemError("open", path, errno);
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return SystemError("stat", path, errno);
    if (!S_ISREG(info.st_mode)) {
      return Error{ErrorCode::kInvalidArgument, path + " is not a regular file", ""};
    }
    std::string content;
    std::string chunk(64 << 10, '\0');
    while (true) {
      const ssize_t count = ::read(fd.get(), chunk.data(), chunk.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return SystemError("read", path, errno);
      if (count == 0) return content;
      content.append(chunk, 0, static_cast<size_t>(count));
      if (static_cast<int64_t>(content.size()) > limit) {
        return Error{ErrorCode::kResourceExhausted,
                     path + " is larger than " + std::to_string(limit) + " bytes",
                     ""};
      }
    }
  }

  Result<FileInfo> Stat(const std::string& path) override {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return SystemError("stat", path, errno);
    return FileInfo{
        .size = info.st_size,
        .mtime_ms = int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1000000,
        .is_directory = S_ISDIR(info.st_mode),
        .device = info.st_dev,
        .inode = info.st_ino};
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return SystemError("list", path, errno);
    std::vector<std::string> names;
    errno = 0;
    while (const dirent* entry = ::readdir(directory)) {
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
      errno = 0;
    }
    const int cause = errno;
    ::closedir(directory);
    if (cause != 0) return SystemError("list", path, cause);
    std::sort(names.begin(), names.end());
    return names;
  }

  // From below, because most of the way is there most of the time.
  Status MakeDirectories(const std::string& path, int mode) override {
    Status made = MakeDirectory(path, mode);
    if (made.ok() || made.error().code != ErrorCode::kNotFound) return made;
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return made;
    WEIR_RETURN_IF_ERROR(MakeDirectories(path.substr(0, slash), mode));
    return MakeDirectory(path, mode);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0) {
      return SystemError("rename to " + to + " the file", from, errno);
    }
    return {};
  }

  Status Remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return SystemError("remove", path, errno);
    return {};
  }

  Status RemoveTree(const std::string& path) override { return RemoveDirectoryTree(path); }

  Status HardLink(const std::string& from, const std::string& to) override {
    if (::link(from.c_str(), to.c_str()) == 0) return {};
    const int cause = errno;
    Error error = SystemError("link to " + to + " the file", from, cause);
    // Another file system, one without links, too many links, or the kernel's protected_hardlinks.
    if (cause == EXDEV || cause == EPERM || cause == EMLINK || cause == EOPNOTSUPP) {
      error.code = ErrorCode::kFailedPrecondition;
    }
    return error;
  }

  Status Link(const std::string& from, const std::string& to) override {
    Status linked = HardLink(from, to);
    if (linked.ok() || linked.error().code != ErrorCode::kFailedPrecondition) return linked;
    return CopyFile(from, to);
  }

  Status SyncDirectory(const std::string& path) override {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd.valid()) return SystemError("open", path, errno);
    if (::fsync(fd.get()) != 0) return SystemError("sync", path, errno);
    return {};
  }

  Status MakeSymbolicLink(const std::string& target, const std::string& path) override {
    if (::symlink(target.c_str(), path.c_str()) == 0) return {};
    return SystemError("make the symbolic link", path, errno);
  }

  Status SetMode(const std::string& path, int mode) override {
    if (::chmod(path.c_str(), static_cast<mode_t>(mode)) == 0) return {};
    return SystemError("set the mode of", path, errno);
  }

  Result<int64_t> FreeBytes(const std::string& path) override {
    struct statvfs info {};
    if (::statvfs(path.c_str(), &info) != 0) return SystemError("measure", path, errno);
    return static_cast<int64_t>(info.f_bavail) * static_cast<int64_t>(info.f_frsize);
  }
};

Status WriteAndSync(FileSystem& files, const std::string& path, std::string_view bytes, int mode) {
  WEIR_ASSIGN_OR_RETURN(const auto file, files.Create(path, mode));
  Status status = file->Append(bytes);
  if (status.ok()) status = file->Sync();
  Status closed = file->Close();
  return status.ok() ? closed : status;
}

}  // namespace

FileSystem& FileSystem::Real() {
  static RealFileSystem* const real = new RealFileSystem;
  return *real;
}

Status WriteFileAtomically(FileSystem& files,
                           const std::string& path,
                           std::string_view bytes,
                           int mode) {
  const std::string beside = path + ".tmp";
  Status status = WriteAndSync(files, beside, bytes, mode);
  if (status.ok()) status = files.Rename(beside, path);
  if (!status.ok()) {
    // The first error is the one to report; what is left is overwritten by the next attempt.
    [[maybe_unused]] const Status removed = files.Remove(beside);
    return status;
  }
  return files.SyncDirectory(DirectoryOf(path));
}

}  // namespace weir::platform
