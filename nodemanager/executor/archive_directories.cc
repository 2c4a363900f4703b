#include "nodemanager/executor/archive_directories.h"

#include <fcntl.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "nodemanager/core/launch_check.h"
#include "nodemanager/executor/log_retention.h"
#include "platform/log.h"
#include "platform/open_beneath.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

constexpr mode_t kMode = 0755;
// Of the directories between a user's and an application's.
constexpr int kDepth = 3;

// By its descriptor, whatever is at the path by now.
std::string PathBelow(const FileDescriptor& directory, const std::string& name) {
  return "/proc/self/fd/" + std::to_string(directory.get()) + "/" + name;
}

struct Sweep {
  platform::FileSystem& files;
  const std::set<ApplicationId>& here;
  Duration retain;
  WallTime now;
  Ownership ownership;
  std::string bucket;  // "bucket-<suffix>"
  size_t removed = 0;

  void Applications(const FileDescriptor& directory, const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      const auto id = ApplicationId::Parse(name);
      if (!id.ok() || here.contains(*id)) continue;
      // What is ours is removed only.
      if (!OpenDirectory(directory, name, name, ownership).ok()) continue;
      if (RemoveIfOld(files, PathBelow(directory, name), name, retain, now)) ++removed;
    }
  }

  // `depth`: 0 = the shared directory, with users; then buckets' tops, buckets, applications.
  void Below(const FileDescriptor& directory, const std::string& path, int depth) {
    const auto names = NamesIn(directory, path);
    if (!names.ok()) return;
    if (depth == kDepth) return Applications(directory, *names);
    for (const std::string& name : *names) {
      if (depth == 1 && name != bucket) continue;
      const std::string below = path + "/" + name;
      const auto fd = OpenDirectory(directory, name, below, ownership);
      if (fd.ok()) Below(*fd, below, depth + 1);
    }
  }
};

}  // namespace

Result<FileDescriptor> MakeArchiveDirectory(const logs::ArchiveRoot& root,
                                            const std::string& user,
                                            const ApplicationId& id,
                                            Ownership ownership) {
  if (!IsPlainFileName(user)) {
    return Error{
        ErrorCode::kPermissionDenied, "user '" + user + "' cannot have a directory of logs", ""};
  }
  std::string path = root.directory;
  WEIR_ASSIGN_OR_RETURN(FileDescriptor above, MakeTopDirectory(path, kMode, ownership));
  for (const std::string& part : root.Parts(user, id)) {
    path += "/" + part;
    WEIR_ASSIGN_OR_RETURN(above, MakeDirectory(above, part, path, kMode, ownership));
  }
  return above;
}

Status GiveArchiveToUser(const FileDescriptor& directory,
                         const std::string& name,
                         const std::string& user) {
  if (::geteuid() != 0) return {};
  std::array<char, 4096> room{};
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(user.c_str(), &entry, room.data(), room.size(), &found) != 0 || !found) {
    return {};
  }
  const FileDescriptor fd = platform::OpenBeneath(directory.get(), name, O_RDONLY);
  struct stat info {};
  if (!fd.valid() || ::fstat(fd.get(), &info) != 0) return SystemError("open", name, errno);
  if (!S_ISREG(info.st_mode) || info.st_nlink != 1) return NotOurs(name, "is no plain file");
  if (info.st_uid == entry.pw_uid) return {};
  if (::fchown(fd.get(), entry.pw_uid, static_cast<gid_t>(-1)) == 0) return {};
  return SystemError("set the owner of", name, errno);
}

size_t SweepArchives(platform::FileSystem& files,
                     const logs::ArchiveRoot& root,
                     const std::set<ApplicationId>& here,
                     Duration retain,
                     WallTime now,
                     Ownership ownership) {
  const auto top = OpenTopDirectory(root.directory, ownership);
  if (!top.ok()) {
    if (top.error().code == ErrorCode::kNotFound) return 0;
    platform::LogWarn("nm.aggregation",
                      "-",
                      "old log archives cannot be looked for",
                      {{"cause", top.error().ToString()}});
    return 0;
  }
  Sweep sweep{files, here, retain, now, ownership, "bucket-" + root.suffix};
  sweep.Below(*top, root.directory, 0);
  return sweep.removed;
}

}  // namespace weir::nm
