#include "nodemanager/executor/owned_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>

#include "platform/open_beneath.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr mode_t kWritableByOthers = 0022;
constexpr int kLinksMax = 40;  // as the kernel has it

// What is in it can be replaced by nobody but the NodeManager's user and root, or, if `sticky` is
// enough, what is ours in it.
Status CheckClosed(const struct stat& info, const std::string& path, bool sticky) {
  if (info.st_uid != ::geteuid() && info.st_uid != 0) {
    return NotOurs(path, "belongs to user " + std::to_string(info.st_uid));
  }
  const bool open = (info.st_mode & kWritableByOthers) != 0;
  if (open && !(sticky && (info.st_mode & S_ISVTX) != 0)) {
    return NotOurs(path, "can be written by others");
  }
  return {};
}

std::deque<std::string> PartsOf(std::string_view path) {
  std::deque<std::string> parts;
  while (!path.empty()) {
    const size_t slash = std::min(path.find('/'), path.size());
    if (slash > 0) parts.emplace_back(path.substr(0, slash));
    path.remove_prefix(std::min(slash + 1, path.size()));
  }
  return parts;
}

// A walk from "/" on, link by link.
class Walk {
 public:
  Walk(const std::string& path, std::optional<mode_t> make, Ownership ownership)
      : make_(make), ownership_(ownership), left_(PartsOf(path)) {}

  Result<FileDescriptor> Run() {
    WEIR_RETURN_IF_ERROR(Restart());
    while (!left_.empty()) {
      const std::string name = std::move(left_.front());
      left_.pop_front();
      if (name != ".") WEIR_RETURN_IF_ERROR(Enter(name));
    }
    // Opened by path only so far: that cannot be listed.
    FileDescriptor fd(::openat(at_.get(), ".", kDirectory | O_CLOEXEC));
    if (!fd.valid()) return SystemError("open", walked_, errno);
    return fd;
  }

 private:
  Status Restart() {
    at_ = FileDescriptor(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
    walked_.clear();
    if (!at_.valid()) return SystemError("open", "/", errno);
    struct stat info {};
    if (::fstat(at_.get(), &info) != 0) return SystemError("stat", "/", errno);
    return Check(info, "/");
  }

  Status Check(const struct stat& info, const std::string& path) const {
    return ownership_ == Ownership::kAny ? Status() : CheckClosed(info, path, true);
  }

  Status Enter(const std::string& name) {
    const std::string path = walked_ + "/" + name;
    FileDescriptor next(::openat(at_.get(), name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
    if (!next.valid() && errno == ENOENT && make_) {
      WEIR_ASSIGN_OR_RETURN(next, MakeDirectory(at_, name, path, *make_, Ownership::kAny));
    }
    if (!next.valid()) return SystemError("open", path, errno);
    struct stat info {};
    if (::fstat(next.get(), &info) != 0) return SystemError("stat", path, errno);
    if (S_ISLNK(info.st_mode)) return Follow(next, info, path);
    if (!S_ISDIR(info.st_mode)) return SystemError("open", path, ENOTDIR);
    WEIR_RETURN_IF_ERROR(Check(info, path));
    at_ = std::move(next);
    walked_ = path;
    return {};
  }

  Status Follow(const FileDescriptor& link, const struct stat& info, const std::string& path) {
    if (ownership_ == Ownership::kOurs && info.st_uid != ::geteuid() && info.st_uid != 0) {
      return NotOurs(path, "is a symbolic link of user " + std::to_string(info.st_uid));
    }
    if (++links_ > kLinksMax) return SystemError("open", path, ELOOP);
    std::array<char, PATH_MAX> room{};
    const ssize_t length = ::readlinkat(link.get(), "", room.data(), room.size());
    if (length < 0) return SystemError("read the link", path, errno);
    const std::string_view target(room.data(), static_cast<size_t>(length));
    auto parts = PartsOf(target);
    left_.insert(left_.begin(), parts.begin(), parts.end());
    return target.starts_with('/') ? Restart() : Status();
  }

  const std::optional<mode_t> make_;
  const Ownership ownership_;
  std::deque<std::string> left_;
  FileDescriptor at_;
  std::string walked_;
  int links_ = 0;
};

}  // namespace

Error NotOurs(const std::string& path, const std::string& what) {
  return {ErrorCode::kPermissionDenied,
          path + " " + what + ": with root's rights nothing is put there",
          "remove it, or chown it to root and take others' write permission away"};
}

Ownership NeededOwnership() {
  return ::geteuid() == 0 ? Ownership::kOurs : Ownership::kAny;
}

Status CheckOwnership(const FileDescriptor& directory,
                      const std::string& path,
                      Ownership ownership) {
  if (ownership == Ownership::kAny) return {};
  struct stat info {};
  if (::fstat(directory.get(), &info) != 0) return SystemError("stat", path, errno);
  return CheckClosed(info, path, false);
}

Result<FileDescriptor> MakeTopDirectory(const std::string& path, mode_t mode, Ownership ownership) {
  return Walk(path, mode, ownership).Run();
}

Result<FileDescriptor> OpenTopDirectory(const std::string& path, Ownership ownership) {
  return Walk(path, std::nullopt, ownership).Run();
}

Result<FileDescriptor> OpenDirectory(const FileDescriptor& above,
                                     const std::string& name,
                                     const std::string& path,
                                     Ownership ownership) {
  FileDescriptor fd = platform::OpenBeneath(above.get(), name, kDirectory);
  if (!fd.valid()) return SystemError("open", path, errno);
  WEIR_RETURN_IF_ERROR(CheckOwnership(fd, path, ownership));
  return fd;
}

Result<FileDescriptor> MakeDirectory(const FileDescriptor& above,
                                     const std::string& name,
                                     const std::string& path,
                                     mode_t mode,
                                     Ownership ownership) {
  const bool made = ::mkdirat(above.get(), name.c_str(), mode) == 0;
  if (!made && errno != EEXIST) return SystemError("make directory", path, errno);
  WEIR_ASSIGN_OR_RETURN(FileDescriptor fd, OpenDirectory(above, name, path, ownership));
  // The umask of the daemon must not decide who can read it.
  if (made && ::fchmod(fd.get(), mode) != 0) return SystemError("set the mode of", path, errno);
  return fd;
}

namespace {

// `enter`: gives the descriptor of a part, by that of the directory above.
template <typename Enter>
Status WalkDown(const std::string& top,
                const std::string& path,
                Ownership ownership,
                const Enter& enter) {
  FileDescriptor at(::open(top.c_str(), kDirectory | O_CLOEXEC));
  if (!at.valid()) return SystemError("open", top, errno);
  WEIR_RETURN_IF_ERROR(CheckOwnership(at, top, ownership));
  std::string walked = top;
  for (const std::string& name : PartsOf(std::string_view(path).substr(top.size()))) {
    walked += "/" + name;
    WEIR_ASSIGN_OR_RETURN(FileDescriptor next, enter(at, name, walked));
    at = std::move(next);
  }
  return {};
}

}  // namespace

Status CheckWay(const std::string& top, const std::string& path, Ownership ownership) {
  return WalkDown(top, path, ownership, [&](const auto& above, const auto& name, const auto& way) {
    return OpenDirectory(above, name, way, ownership);
  });
}

Status MakeWay(const std::string& top, const std::string& path, mode_t mode, Ownership ownership) {
  return WalkDown(top, path, ownership, [&](const auto& above, const auto& name, const auto& way) {
    return MakeDirectory(above, name, way, mode, ownership);
  });
}

Result<std::vector<std::string>> NamesIn(const FileDescriptor& directory, const std::string& path) {
  FileDescriptor own(::openat(directory.get(), ".", kDirectory | O_CLOEXEC));
  DIR* listing = own.valid() ? ::fdopendir(own.get()) : nullptr;
  if (listing == nullptr) return SystemError("list", path, errno);
  own.release();
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(listing)) {
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    errno = 0;
  }
  const int cause = errno;
  ::closedir(listing);
  if (cause != 0) return SystemError("list", path, cause);
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace weir::nm
