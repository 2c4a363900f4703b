#include "nodemanager/executor/log_owner.h"

#include "common/container_role.h"
#include "common/strings.h"

namespace weir::nm {
namespace {

constexpr int64_t kBytes = 4096;
constexpr int kMode = 0640;
constexpr size_t kRoleBytes = 64;
constexpr char kMaster[] = "am";
constexpr char kCommand[] = "command";

std::string PathOf(const ContainerDirectories& directories, const ContainerId& id) {
  return directories.Log(id) + ".about";
}

// Letters, digits, '-' and '_': it stands in options and file headers.
bool IsRole(const std::string& text) {
  return !text.empty() && text.size() <= kRoleBytes &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_") == std::string::npos;
}

// A name that becomes a directory's.
bool IsUser(const std::string& text) {
  return !text.empty() && text != "." && text != ".." && text.find('/') == std::string::npos;
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
  WEIR_ASSIGN_OR_RETURN(auto file, files.Create(PathOf(directories, id), kMode));
  WEIR_RETURN_IF_ERROR(file->Append("user " + owner.user + "\nrole " + owner.role + "\n"));
  return file->Close();
}

std::optional<LogOwner> ReadLogOwner(platform::FileSystem& files,
                                     const ContainerDirectories& directories,
                                     const ContainerId& id) {
  const auto text = files.ReadFile(PathOf(directories, id), kBytes);
  if (!text.ok()) return std::nullopt;
  LogOwner owner;
  for (const std::string_view line : Split(*text, '\n')) {
    if (line.starts_with("user ")) owner.user = line.substr(5);
    if (line.starts_with("role ")) owner.role = line.substr(5);
  }
  if (!IsUser(owner.user) || !IsRole(owner.role)) return std::nullopt;
  return owner;
}

}  // namespace weir::nm
