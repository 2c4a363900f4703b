#include "nodemanager/server/cgroup_options.h"

#include <thread>

#include "common/strings.h"
#include "platform/config_keys.h"

namespace weir::nm {
namespace {

using namespace platform::keys;

constexpr int64_t kPidsMax = 4'194'304;  // the kernel's own
constexpr size_t kClusterBytes = 64;

CgroupVersions ReadVersions(platform::OptionReader& read) {
  const std::string wanted = ToLower(Trim(read.Text(kCgroups)));
  if (wanted == "auto") return CgroupVersions::kAny;
  if (wanted == "v1") return CgroupVersions::kV1Only;
  if (wanted == "v2") return CgroupVersions::kV2Only;
  if (wanted == "off") return CgroupVersions::kNone;
  read.Fault({ErrorCode::kInvalidArgument,
              std::string(kCgroups) + " is '" + wanted + "'",
              "one of auto, v1, v2, off"});
  return CgroupVersions::kNone;
}

// A path of groups: no way out of the hierarchy, nothing that the kernel would refuse.
std::string ReadPath(platform::OptionReader& read, const char* key) {
  std::string path(Trim(read.Text(key)));
  for (const std::string_view part : Split(path, '/')) {
    if (part != "." && part != "..") continue;
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(key) + " has a '" + std::string(part) + "' in it: " + path,
                ""});
  }
  return path;
}

}  // namespace

CgroupOptions ReadCgroupOptions(platform::OptionReader& read, int64_t node_vcores) {
  CgroupOptions options;
  options.placing.versions = ReadVersions(read);
  options.placing.parent = ReadPath(read, kCgroupsHierarchy);
  const std::pair<Controller, const char*> special[] = {
      {Controller::kMemory, kCgroupsMemoryParent},
      {Controller::kCpu, kCgroupsCpuParent},
      {Controller::kPids, kCgroupsPidsParent},
      {Controller::kFreezer, kCgroupsFreezerParent},
      {Controller::kTree, kCgroupsTreeParent}};
  for (const auto& [controller, key] : special) {
    if (std::string path = ReadPath(read, key); !path.empty()) {
      options.placing.parent_of[controller] = std::move(path);
    }
  }
  options.placing.mount_path = std::string(Trim(read.Text(kCgroupsMountPath)));
  if (read.Bool(kCgroupsMount)) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kCgroupsMount) + " is true, but a NodeManager mounts nothing",
                "mount the hierarchies before it starts (systemd does), and set it to false"});
  }
  options.memory_limits = read.Bool(kMemoryEnabled) && read.Bool(kMemoryEnforced);
  options.swap = read.Int(kMemorySwappiness, 0, 100) > 0;
  options.pids_limit = read.Int(kCgroupsPidsLimit, 0, kPidsMax);
  options.machine_cores = std::max(1u, std::thread::hardware_concurrency());
  options.cpu.strict = read.Bool(kCgroupsStrict);
  options.cpu.node_vcores = std::max<int64_t>(1, node_vcores);
  options.cpu.cores =
      options.machine_cores * static_cast<double>(read.Int(kCpuLimit, 1, 100)) / 100;
  options.required = read.Bool(kCgroupsRequired);
  return options;
}

std::string NodeGroupName(const std::string& cluster_id, const std::string& node_uuid) {
  std::string cluster = cluster_id.substr(0, kClusterBytes);
  for (char& c : cluster) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_';
    if (!plain) c = '_';
  }
  return "weir-" + cluster + "-" + node_uuid;
}

}  // namespace weir::nm
