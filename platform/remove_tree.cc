#include "platform/remove_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <vector>

#include "platform/file_descriptor.h"
#include "platform/open_beneath.h"

namespace weir::platform {
namespace {

constexpr int kOpenDirectory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
constexpr int kDepth = 64;        // directories open at once
constexpr int kNameTries = 1000;  // the tree may hold the names we move things to
constexpr size_t kBatch = 4096;   // names held at once

class TreeRemover {
 public:
  TreeRemover(std::string path, int root_fd, dev_t device)
      : path_(std::move(path)), root_fd_(root_fd), device_(device) {}

  // Empties the root. Passes repeat while directories from too deep were moved up to the root.
  Status Run() {
    do {
      moved_up_ = false;
      Empty(root_fd_, 0);
    } while (moved_up_ && failure_.ok());
    return failure_;
  }

 private:
  void Empty(int fd, int depth) {
    bool go_on = true;
    while (go_on) {
      const std::vector<std::string> names = NextNames(fd);
      const bool had_failure = !failure_.ok();
      for (const std::string& name : names) RemoveEntry(fd, name, depth);
      // What failed would be listed again: one pass over it is enough.
      go_on = names.size() == kBatch && failure_.ok() && !had_failure;
    }
  }

  // At most kBatch names, from the beginning of the directory.
  std::vector<std::string> NextNames(int fd) {
    std::vector<std::string> names;
    FileDescriptor own(::openat(fd, ".", kOpenDirectory));
    DIR* directory = own.valid() ? ::fdopendir(own.get()) : nullptr;
    if (directory == nullptr) {
      Fail("list a directory in", errno);
      return names;
    }
    own.release();
    while (names.size() < kBatch) {
      errno = 0;
      const dirent* entry = ::readdir(directory);
      if (entry == nullptr) {
        if (errno != 0) Fail("list a directory in", errno);
        break;
      }
      const std::string name = entry->d_name;
      if (name != "." && name != "..") names.push_back(name);
    }
    ::closedir(directory);
    return names;
  }

  void RemoveEntry(int fd, const std::string& name, int depth) {
    if (::unlinkat(fd, name.c_str(), 0) == 0 || errno == ENOENT) return;
    const int cause = errno;
    // Linux says EISDIR; POSIX also allows EPERM.
    if (cause != EISDIR && cause != EPERM) return Fail("remove '" + name + "' in", cause);
    if (depth >= kDepth) return MoveUp(fd, name);
    RemoveSubdirectory(fd, name, depth, cause);
  }

  void RemoveSubdirectory(int fd, const std::string& name, int depth, int unlink_cause) {
    FileDescriptor child = OpenBeneathOnMount(fd, name, kOpenDirectory);
    if (!child.valid() && errno == EACCES) {
      // Its owner took away the rights; ours to give when we own it.
      ::fchmodat(fd, name.c_str(), 0700, AT_SYMLINK_NOFOLLOW);
      child = OpenBeneathOnMount(fd, name, kOpenDirectory);
    }
    if (!child.valid()) {
      if (errno == ENOENT) return;
      // Of the same device too, where the numbers would not tell.
      if (errno == EXDEV) return Fail("remove the mount point '" + name + "' in", EBUSY);
      const bool no_directory = errno == ENOTDIR || errno == ELOOP;
      return Fail("remove '" + name + "' in", no_directory ? unlink_cause : errno);
    }
    struct stat info {};
    if (::fstat(child.get(), &info) != 0) return Fail("stat '" + name + "' in", errno);
    if (info.st_dev != device_) return Fail("remove the mount point '" + name + "' in", EBUSY);
    if ((info.st_mode & 0700) != 0700) ::fchmod(child.get(), 0700);
    Empty(child.get(), depth + 1);
    child.Close();
    if (::unlinkat(fd, name.c_str(), AT_REMOVEDIR) != 0 && errno != ENOENT) {
      Fail("remove directory '" + name + "' in", errno);
    }
  }

  void MoveUp(int fd, const std::string& name) {
    int cause = EEXIST;
    for (int i = 0; i < kNameTries && (cause == EEXIST || cause == ENOTEMPTY || cause == ENOTDIR);
         ++i) {
      const std::string target = ".removing-" + std::to_string(next_name_++);
      cause = ::renameat(fd, name.c_str(), root_fd_, target.c_str()) == 0 ? 0 : errno;
    }
    if (cause == 0) moved_up_ = true;
    if (cause != 0 && cause != ENOENT) Fail("move up the deeply nested '" + name + "' in", cause);
  }

  void Fail(const std::string& action, int cause) {
    if (failure_.ok()) failure_ = SystemError(action, path_, cause);
  }

  const std::string path_;
  const int root_fd_;
  const dev_t device_;
  Status failure_;
  bool moved_up_ = false;
  int64_t next_name_ = 0;
};

}  // namespace

Status RemoveDirectoryTree(const std::string& path) {
  if (::unlink(path.c_str()) == 0 || errno == ENOENT) return {};
  if (errno != EISDIR && errno != EPERM) return SystemError("remove", path, errno);
  FileDescriptor root(::open(path.c_str(), kOpenDirectory));
  if (!root.valid() && errno == EACCES &&
      ::fchmodat(AT_FDCWD, path.c_str(), 0700, AT_SYMLINK_NOFOLLOW) == 0) {
    root = FileDescriptor(::open(path.c_str(), kOpenDirectory));
  }
  if (!root.valid()) return SystemError("remove", path, errno);
  struct stat info {};
  if (::fstat(root.get(), &info) != 0) return SystemError("stat", path, errno);
  if ((info.st_mode & 0700) != 0700) ::fchmod(root.get(), 0700);
  WEIR_RETURN_IF_ERROR(TreeRemover(path, root.get(), info.st_dev).Run());
  if (::rmdir(path.c_str()) != 0 && errno != ENOENT) return SystemError("remove", path, errno);
  return {};
}

}  // namespace weir::platform
