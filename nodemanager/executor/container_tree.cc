#include "nodemanager/executor/container_tree.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "nodemanager/core/launch_check.h"
#include "nodemanager/executor/owned_directory.h"
#include "platform/file_descriptor.h"
#include "platform/open_beneath.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;
using platform::SystemError;

constexpr int kDirectory = O_RDONLY | O_DIRECTORY;
constexpr mode_t kGroupPasses = 0710;
constexpr mode_t kAllPass = 0711;
constexpr mode_t kOwners = 0700;
constexpr mode_t kSecretsDirectory = 0500;
constexpr mode_t kSecret = 0400;
constexpr mode_t kLogs = 0750;
constexpr char kCacheName[] = "filecache";

// A path in two: the configured directory, and the parts below it that are ours to make.
struct Place {
  std::string top;
  std::vector<std::string> parts;
};

Place SplitPlace(const std::string& path, size_t parts) {
  Place place{path, {}};
  for (size_t i = 0; i < parts; ++i) {
    const size_t slash = place.top.rfind('/');
    place.parts.insert(place.parts.begin(), place.top.substr(slash + 1));
    place.top.resize(slash);
  }
  return place;
}

// usercache/<user>/appcache/<application>/<container>
Result<Place> WorkPlace(const ContainerDirectories& directories,
                        const std::string& user,
                        const ContainerId& id) {
  Place place = SplitPlace(directories.Work(user, id), 5);
  if (place.parts[0] == "usercache" && place.parts[1] == user && IsPlainFileName(user)) {
    return place;
  }
  return Error{ErrorCode::kPermissionDenied, "user '" + user + "' cannot have a directory", ""};
}
// <application>/<container>
Place LogPlace(const ContainerDirectories& directories, const ContainerId& id) {
  return SplitPlace(directories.Log(id), 2);
}

Result<struct stat> Describe(const FileDescriptor& fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return SystemError("stat", path, errno);
  return info;
}

// Owner, group and mode, where they differ. A gid of nothing stays.
Status Set(const FileDescriptor& fd,
           const std::string& path,
           uid_t uid,
           std::optional<gid_t> gid,
           mode_t mode) {
  WEIR_ASSIGN_OR_RETURN(const struct stat info, Describe(fd, path));
  const gid_t group = gid.value_or(info.st_gid);
  // First what takes rights away, then who has them: between the two nobody has more.
  if ((info.st_mode & 07777) != mode && ::fchmod(fd.get(), mode) != 0) {
    return SystemError("set the mode of", path, errno);
  }
  if ((info.st_uid != uid || info.st_gid != group) && ::fchown(fd.get(), uid, group) != 0) {
    return SystemError("set the owner of", path, errno);
  }
  return {};
}

Result<FileDescriptor> OpenTop(const std::string& path) {
  FileDescriptor fd(::open(path.c_str(), kDirectory | O_CLOEXEC));
  if (!fd.valid()) return SystemError("open", path, errno);
  WEIR_RETURN_IF_ERROR(CheckOwnership(fd, path, Ownership::kOurs));
  return fd;
}

// The caches of the user and of the application are where the localizer has put them, if it has.
Status OpenCacheToGroup(const FileDescriptor& above, const std::string& path, gid_t gid) {
  const std::string cache = path + "/" + kCacheName;
  const FileDescriptor fd = platform::OpenBeneath(above.get(), kCacheName, kDirectory);
  if (!fd.valid() && errno == ENOENT) return {};
  if (!fd.valid()) return SystemError("open", cache, errno);
  WEIR_RETURN_IF_ERROR(CheckOwnership(fd, cache, Ownership::kOurs));
  return Set(fd, cache, ::geteuid(), gid, kGroupPasses);
}

mode_t ModeOf(std::string_view name) {
  return name == "usercache" ? kAllPass : kGroupPasses;
}

// All parts but the last get what lets the account through; the last stays the NodeManager's alone.
Status MakeParts(const Place& place, gid_t gid) {
  WEIR_ASSIGN_OR_RETURN(FileDescriptor above, OpenTop(place.top));
  std::string path = place.top;
  for (size_t i = 0; i < place.parts.size(); ++i) {
    const std::string& name = place.parts[i];
    path += "/" + name;
    const bool last = i + 1 == place.parts.size();
    WEIR_ASSIGN_OR_RETURN(FileDescriptor fd,
                          MakeDirectory(above, name, path, kOwners, Ownership::kOurs));
    const mode_t mode = last ? kOwners : ModeOf(name);
    WEIR_RETURN_IF_ERROR(Set(fd,
                             path,
                             ::geteuid(),
                             last || mode == kAllPass ? std::nullopt : std::optional<gid_t>(gid),
                             mode));
    above = std::move(fd);
  }
  return {};
}

// The directory above the last part, checked on the way; `path` becomes its path.
Result<FileDescriptor> OpenParent(const Place& place, std::string& path) {
  WEIR_ASSIGN_OR_RETURN(FileDescriptor above, OpenTop(place.top));
  path = place.top;
  for (size_t i = 0; i + 1 < place.parts.size(); ++i) {
    path += "/" + place.parts[i];
    WEIR_ASSIGN_OR_RETURN(FileDescriptor fd,
                          OpenDirectory(above, place.parts[i], path, Ownership::kOurs));
    above = std::move(fd);
  }
  return above;
}

Status HandOverSecrets(const FileDescriptor& work,
                       const std::string& path,
                       const Account& account) {
  const auto uid = static_cast<uid_t>(account.uid);
  const auto gid = static_cast<gid_t>(account.gid);
  auto opened = OpenDirectory(work, kSecretsName, path, Ownership::kOurs);
  if (!opened.ok() && opened.error().code == ErrorCode::kNotFound) return {};  // it has none
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor directory, std::move(opened));
  WEIR_ASSIGN_OR_RETURN(const auto names, NamesIn(directory, path));
  for (const std::string& name : names) {
    const std::string file = path + "/" + name;
    const FileDescriptor fd = platform::OpenBeneath(directory.get(), name, O_RDONLY);
    if (!fd.valid()) return SystemError("open", file, errno);
    WEIR_ASSIGN_OR_RETURN(const struct stat info, Describe(fd, file));
    if (!S_ISREG(info.st_mode) || info.st_nlink != 1 || info.st_uid != ::geteuid()) {
      return NotOurs(file, "is no plain file of the NodeManager's");
    }
    WEIR_RETURN_IF_ERROR(Set(fd, file, uid, gid, kSecret));
  }
  return Set(directory, path, uid, gid, kSecretsDirectory);
}

Status HandOverLogs(const Place& place, const Account& account) {
  std::string path;
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor above, OpenParent(place, path));
  path += "/" + place.parts.back();
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor logs,
                        OpenDirectory(above, place.parts.back(), path, Ownership::kAny));
  return Set(logs, path, static_cast<uid_t>(account.uid), ::getegid(), kLogs);
}

Status OpenCaches(const Place& work, gid_t gid) {
  // Beside appcache, and beside the container.
  for (const size_t depth : {size_t{3}, work.parts.size()}) {
    Place place{work.top, {work.parts.begin(), work.parts.begin() + static_cast<long>(depth)}};
    std::string path;
    WEIR_ASSIGN_OR_RETURN(const FileDescriptor above, OpenParent(place, path));
    WEIR_RETURN_IF_ERROR(OpenCacheToGroup(above, path, gid));
  }
  return {};
}

}  // namespace

Status MakeContainerTree(const ContainerDirectories& directories,
                         const std::string& user,
                         const ContainerId& id,
                         const Account& account) {
  const auto gid = static_cast<gid_t>(account.gid);
  WEIR_ASSIGN_OR_RETURN(const Place work, WorkPlace(directories, user, id));
  WEIR_RETURN_IF_ERROR(MakeParts(work, gid));
  return MakeParts(LogPlace(directories, id), gid);
}

Status HandOver(const ContainerDirectories& directories,
                const std::string& user,
                const ContainerId& id,
                const Account& account) {
  WEIR_ASSIGN_OR_RETURN(const Place place, WorkPlace(directories, user, id));
  const auto uid = static_cast<uid_t>(account.uid);
  const auto gid = static_cast<gid_t>(account.gid);
  std::string path;
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor above, OpenParent(place, path));
  path += "/" + place.parts.back();
  WEIR_ASSIGN_OR_RETURN(const FileDescriptor work,
                        OpenDirectory(above, place.parts.back(), path, Ownership::kAny));
  WEIR_ASSIGN_OR_RETURN(const struct stat info, Describe(work, path));
  // It is started again in its place: since the first time the user has had the say in there.
  if (info.st_uid == uid && uid != ::geteuid()) return {};
  WEIR_RETURN_IF_ERROR(CheckOwnership(work, path, Ownership::kOurs));
  WEIR_RETURN_IF_ERROR(OpenCaches(place, gid));
  WEIR_RETURN_IF_ERROR(HandOverLogs(LogPlace(directories, id), account));
  WEIR_RETURN_IF_ERROR(HandOverSecrets(work, path + "/" + kSecretsName, account));
  return Set(work, path, uid, gid, kOwners);
}

std::vector<std::string> ImpassableDirectories(const std::vector<std::string>& paths) {
  std::set<std::string> found;
  for (std::string path : paths) {
    while (!path.empty()) {
      struct stat info {};
      if (::stat(path.c_str(), &info) == 0 && (info.st_mode & S_IXOTH) == 0) found.insert(path);
      path.resize(path.rfind('/'));
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace weir::nm
