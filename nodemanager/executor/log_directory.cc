#include "nodemanager/executor/log_directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <set>
#include <utility>

#include "common/strings.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

constexpr int kAlways = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;  // a pipe does not hold us up
constexpr mode_t kNewMode = 0640;
constexpr int kBlockBytes = 512;  // of st_blocks

// `name` beneath `directory`, without a symbolic link on the way.
FileDescriptor OpenBeneath(int directory, const std::string& name, int flags) {
  open_how how{};
  how.flags = static_cast<unsigned>(flags | kAlways);
  if ((flags & O_CREAT) != 0) how.mode = kNewMode;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
  if (fd >= 0 || errno != ENOSYS) return FileDescriptor(static_cast<int>(fd));
  // A kernel before 5.6: the same for a name without '/', and ours have none.
  errno = EACCES;
  const bool one_step = name != ".." && name.find('/') == std::string::npos;
  return FileDescriptor(one_step ? ::openat(directory, name.c_str(), flags | kAlways, kNewMode)
                                 : -1);
}

// When the file was made tells it from a later one with the same number.
uint64_t IdentityOf(int fd, const struct stat& info) {
  struct statx extended {};
  uint64_t made = 0;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_BTIME, &extended) == 0 &&
      (extended.stx_mask & STATX_BTIME) != 0) {
    made = static_cast<uint64_t>(extended.stx_btime.tv_sec) * 1'000'000'000u +
           extended.stx_btime.tv_nsec;
  }
  return static_cast<uint64_t>(info.st_ino) ^ (made * 0x9E3779B97F4A7C15u);
}

LogFile Describe(int fd, const std::string& name, const struct stat& info) {
  LogFile file;
  file.name = name;
  file.end = info.st_size;
  file.allocated = int64_t{info.st_blocks} * kBlockBytes;
  file.identity = IdentityOf(fd, info);
  file.modified =
      WallFromMillis(int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000);
  // Only a file with a hole can have been cut.
  if (file.allocated < file.end) {
    const off_t data = ::lseek(fd, 0, SEEK_DATA);
    if (data >= 0) file.begin = std::min<int64_t>(data, file.end);
    if (data < 0 && errno == ENXIO) file.begin = file.end;
  }
  return file;
}

// False: `visit` has seen enough.
bool VisitBelow(int directory, int depth, const std::function<bool(int64_t)>& visit) {
  const int again = ::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = again < 0 ? nullptr : ::fdopendir(again);
  if (listing == nullptr) {
    if (again >= 0) ::close(again);
    return true;
  }
  bool more = true;
  while (const dirent* entry = more ? ::readdir(listing) : nullptr) {
    const std::string name = entry->d_name;
    struct stat info {};
    if (name == "." || name == ".." ||
        ::fstatat(directory, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
      continue;
    }
    more = visit(int64_t{info.st_blocks} * kBlockBytes);
    if (!more || !S_ISDIR(info.st_mode) || depth == 0) continue;
    const FileDescriptor below = OpenBeneath(directory, name, O_RDONLY | O_DIRECTORY);
    if (below.valid()) more = VisitBelow(below.get(), depth - 1, visit);
  }
  ::closedir(listing);
  return more;
}

// The smaller, the more.
int Importance(const std::string& name) {
  if (name == "stdout" || name == "stderr") return 0;
  for (const char* begin : {"stdout", "stderr", "syslog", "messages"}) {
    if (name.starts_with(begin)) return 1;
  }
  return name.find(".log") != std::string::npos ? 2 : 3;
}

Error NotALog(const std::string& name) {
  return {ErrorCode::kNotFound, "'" + name.substr(0, 200) + "' is no log file", ""};
}

}  // namespace

LogDirectory::LogDirectory(ContainerId id, std::string path, FileDescriptor fd, LogLookup lookup)
    : id_(id), path_(std::move(path)), fd_(std::move(fd)), lookup_(lookup) {
  struct stat info {};
  if (::fstat(fd_.get(), &info) == 0) owner_ = info.st_uid;
}

Result<LogDirectory> LogDirectory::Open(const ContainerDirectories& directories,
                                        const ContainerId& id,
                                        LogLookup lookup) {
  const std::string path = directories.Log(id);
  const std::string beneath = id.attempt.application.ToString() + "/" + id.ToString();
  const std::string root = path.substr(0, path.size() - beneath.size() - 1);
  const FileDescriptor top(::open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!top.valid()) return SystemError("open", root, errno);
  const FileDescriptor application =
      OpenBeneath(top.get(), id.attempt.application.ToString(), O_RDONLY | O_DIRECTORY);
  FileDescriptor fd = application.valid()
                          ? OpenBeneath(application.get(), id.ToString(), O_RDONLY | O_DIRECTORY)
                          : FileDescriptor();
  if (fd.valid()) return LogDirectory(id, path, std::move(fd), lookup);
  if (errno != ENOENT) return SystemError("open", path, errno);
  return Error{ErrorCode::kNotFound,
               "this node has no logs of " + id.ToString(),
               "they are kept for yarn.nodemanager.log.retain-seconds, or until they are "
               "aggregated: see 'weir logs'"};
}

Result<std::vector<std::string>> LogDirectory::Names() const {
  // A descriptor of its own, as reading moves it.
  const int again = ::openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR* const listing = again < 0 ? nullptr : ::fdopendir(again);
  if (listing == nullptr) {
    const int cause = errno;
    if (again >= 0) ::close(again);
    return SystemError("list", path_, cause);
  }
  std::vector<std::string> names;
  while (const dirent* entry = ::readdir(listing)) {
    // What has no type here is looked at; what is something else for sure is not.
    if (entry->d_type == DT_REG || entry->d_type == DT_UNKNOWN) names.emplace_back(entry->d_name);
  }
  ::closedir(listing);
  std::sort(names.begin(), names.end());
  return names;
}

Result<OpenLog> LogDirectory::OpenOne(const std::string& name, int flags) const {
  FileDescriptor fd =
      lookup_ == LogLookup::kGuarded
          ? OpenBeneath(fd_.get(), name, flags)
          : FileDescriptor(::open((path_ + "/" + name).c_str(), flags | O_CLOEXEC | O_NONBLOCK));
  if (!fd.valid()) return SystemError("open", name, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("stat", name, errno);
  const bool other_ones = info.st_nlink > 1 && info.st_uid != owner_;
  if (!S_ISREG(info.st_mode) || (other_ones && lookup_ == LogLookup::kGuarded)) {
    return NotALog(name);
  }
  OpenLog log;
  log.file = Describe(fd.get(), name, info);
  log.descriptor = std::make_shared<FileDescriptor>(std::move(fd));
  return log;
}

Result<LogListing> LogDirectory::Look() const {
  WEIR_ASSIGN_OR_RETURN(auto names, Names());
  std::stable_sort(names.begin(), names.end(), [](const auto& one, const auto& other) {
    return Importance(one) < Importance(other);
  });
  LogListing listing;
  for (const std::string& name : names) {
    if (listing.files.size() >= kFilesMax) {
      ++listing.left_out;
      continue;
    }
    // Gone meanwhile, or none of ours: the others count.
    if (auto log = OpenOne(name, O_RDONLY); log.ok()) listing.files.push_back(std::move(log->file));
  }
  std::sort(listing.files.begin(), listing.files.end(), [](const auto& one, const auto& other) {
    return one.name < other.name;
  });
  return listing;
}

Result<std::vector<LogFile>> LogDirectory::List() const {
  WEIR_ASSIGN_OR_RETURN(auto listing, Look());
  return std::move(listing.files);
}

Result<OpenLog> LogDirectory::OpenFile(const std::string& name, LogAccess access) const {
  const int flags = access == LogAccess::kRead ? O_RDONLY : O_RDWR;
  if (lookup_ == LogLookup::kUnguarded) return OpenOne(name, flags);
  WEIR_ASSIGN_OR_RETURN(const auto names, Names());
  if (std::binary_search(names.begin(), names.end(), name)) {
    auto log = OpenOne(name, flags);
    if (log.ok() || log.error().code != ErrorCode::kNotFound) return log;
  }
  WEIR_ASSIGN_OR_RETURN(const auto files, List());
  std::vector<std::string> there;
  for (const LogFile& file : files) there.push_back(file.name);
  return Error{ErrorCode::kNotFound,
               id_.ToString() + " has no log file '" + name.substr(0, 200) + "'",
               there.empty() ? "" : "there are: " + Join(there, ", ")};
}

Result<std::shared_ptr<FileDescriptor>> LogDirectory::CreateFile(const std::string& name) const {
  WEIR_RETURN_IF_ERROR(RemoveFile(name));
  auto fd =
      std::make_shared<FileDescriptor>(OpenBeneath(fd_.get(), name, O_WRONLY | O_CREAT | O_EXCL));
  if (!fd->valid()) return SystemError("create", PathOf(name), errno);
  return fd;
}

Status LogDirectory::RemoveFile(const std::string& name) const {
  if (::unlinkat(fd_.get(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return SystemError("remove", PathOf(name), errno);
}

void LogDirectory::ForEachBelow(const std::function<bool(int64_t)>& visit) const {
  VisitBelow(fd_.get(), kDepth, visit);
}

std::vector<ContainerId> ContainersWithLogs(const ContainerDirectories& directories,
                                            const ApplicationId& application) {
  std::set<ContainerId> found;
  for (const std::string& log : directories.log()) {
    const auto names = platform::FileSystem::Real().List(log + "/" + application.ToString());
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const auto id = ContainerId::Parse(name);
      if (id.ok() && id->attempt.application == application) found.insert(*id);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace weir::nm
