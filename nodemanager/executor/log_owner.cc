#include "nodemanager/executor/log_owner.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/container_role.h"
#include "common/strings.h"
#include "nodemanager/executor/owned_directory.h"
#include "platform/file_descriptor.h"
#include "platform/open_beneath.h"

namespace weir::nm {
namespace {

using platform::FileDescriptor;

constexpr size_t kBytes = 4096;
constexpr int kMode = 0640;
constexpr size_t kRoleBytes = 64;
constexpr char kMaster[] = "am";
constexpr char kCommand[] = "command";

std::string PathOf(const ContainerDirectories& directories, const ContainerId& id) {
  return directories.Log(id) + ".about";
}

// Where it is made, before it gets its name.
std::string FirstPathOf(const ContainerDirectories& directories, const ContainerId& id) {
  return directories.Log(id) + "/.about";
}

// Letters, digits, '-' and '_': it stands in options and file headers.
bool IsRole(const std::string& text) {
  return !text.empty() && text.size() <= kRoleBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

// "" when it is not a plain file of the NodeManager's.
std::string ReadOurs(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string above = path.substr(0, slash);
  const FileDescriptor directory(
      ::open(above.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
  if (!directory.valid() || !CheckOwnership(directory, above, NeededOwnership()).ok()) return "";
  const FileDescriptor file =
      platform::OpenBeneath(directory.get(), path.substr(slash + 1), O_RDONLY);
  struct stat info {};
  if (!file.valid() || ::fstat(file.get(), &info) != 0 || !S_ISREG(info.st_mode)) return "";
  if (info.st_nlink != 1 || (info.st_uid != ::geteuid() && info.st_uid != 0)) return "";
  std::string text(kBytes, '\0');
  text.resize(platform::ReadAt(file.get(), 0, text.data(), text.size()));
  return text;
}

// A name that becomes a directory's.
bool IsUser(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
}

Status WriteFirst(platform::FileSystem& files, const std::string& path, const LogOwner& owner) {
  WEIR_ASSIGN_OR_RETURN(auto file, files.Create(path, kMode));
  WEIR_RETURN_IF_ERROR(file->Append("user " + owner.user + "\nrole " + owner.role + "\n"));
  return file->Close();
}

}  // namespace

std::string RoleOf(const ContainerId& id, const LaunchContext& launch) {
  if (id.is_application_master()) return kMaster;
  const auto said = launch.environment.find(kContainerRoleVariable);
  return said != launch.environment.end() && IsRole(said->second) ? said->second : kCommand;
}

Status WriteLogOwner(platform::FileSystem& files,
                     const ContainerDirectories& directories,
                     const ContainerId& id,
                     const LogOwner& owner) {
  // Among the container's own files: a file system puts what is made in one directory together, and
  // that of an application would be crowded by all its containers (decision 13).
  const std::string first = FirstPathOf(directories, id);
  Status status = WriteFirst(files, first, owner);
  if (status.ok()) status = files.Rename(first, PathOf(directories, id));
  if (!status.ok()) static_cast<void>(files.Remove(first).ok());
  return status;
}

std::optional<LogOwner> ReadLogOwner(const ContainerDirectories& directories,
                                     const ContainerId& id) {
  const std::string text = ReadOurs(PathOf(directories, id));
  LogOwner owner;
  for (const std::string_view line : Split(text, '\n')) {
    if (line.starts_with("user ")) owner.user = line.substr(5);
    if (line.starts_with("role ")) owner.role = line.substr(5);
  }
  if (!IsUser(owner.user) || !IsRole(owner.role)) return std::nullopt;
  return owner;
}

}  // namespace weir::nm
