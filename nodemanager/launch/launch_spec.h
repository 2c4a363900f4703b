// LaunchSpec: what weir-launch is to start, as its spec file says. Immutable value.
#ifndef WEIR_NODEMANAGER_LAUNCH_LAUNCH_SPEC_H_
#define WEIR_NODEMANAGER_LAUNCH_LAUNCH_SPEC_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "nodemanager/launch/become_user.h"
#include "nodemanager/launch/container_group.h"

namespace weir::nm::launch {

struct LaunchSpec {
  static constexpr long kUnsaid = -1;

  std::string directory;
  std::string stdout_path;
  std::string stderr_path;
  std::string exit_file;
  long grace_ms = 0;
  long retry = kUnsaid;
  std::vector<std::string> arguments;
  std::vector<std::string> environment;
  std::optional<Identity> identity;
  bool core_dumps = false;
  GroupPaths groups;
};

inline constexpr size_t kSpecBytes = 8u << 20;

// What its first field says, which every version has; nothing when it is no spec.
std::optional<long> VersionOfSpec(std::string_view content);

// False when the file cannot be read (errno says why), is of a newer version than this program's
// (EPROTONOSUPPORT) or is not a spec (EINVAL).
bool ReadLaunchSpec(const char* path, LaunchSpec& spec);
bool ParseLaunchSpec(std::string_view content, LaunchSpec& spec);

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_LAUNCH_SPEC_H_
