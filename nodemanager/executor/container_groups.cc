#include "nodemanager/executor/container_groups.h"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "common/strings.h"
#include "platform/clock.h"

namespace weir::nm {
namespace {

using launch::GroupPaths;
using platform::MutexLock;

constexpr useconds_t kSweepPauseUs = 5'000;
constexpr size_t kNamesTold = 5;
constexpr int64_t kBytesPerMib = int64_t{1} << 20;

// By what is in it, for a group that an earlier run made with other settings.
void AddGroup(const std::string& directory, GroupPaths& paths) {
  const auto has = [&directory](const char* file) {
    return ::access((directory + "/" + file).c_str(), F_OK) == 0;
  };
  if (has("cgroup.events")) {
    paths.unified = directory;
  } else if (has("freezer.state")) {
    paths.freezer = directory;
  } else {
    paths.others.push_back(directory);
  }
}

}  // namespace

const ContainerGroups::NodeGroup* ContainerGroups::GroupOf(Controller controller) const {
  for (const NodeGroup& group : node_groups_) {
    if (group.controllers.contains(controller)) return &group;
  }
  return nullptr;
}

std::string ContainerGroups::DirectoryOf(const NodeGroup& group, const ContainerId& id) const {
  return group.Directory() + "/" + id.ToString();
}

GroupPaths ContainerGroups::PathsOf(const ContainerId& id) const {
  GroupPaths paths;
  for (const NodeGroup& group : node_groups_) {
    std::string directory = DirectoryOf(group, id);
    if (group.version == 2) {
      paths.unified = std::move(directory);
    } else if (group.controllers.contains(Controller::kFreezer)) {
      paths.freezer = std::move(directory);
    } else {
      paths.others.push_back(std::move(directory));
    }
  }
  return paths;
}

std::optional<int64_t> ContainerGroups::MemoryLimit(const Resource& resource, bool hard) const {
  if (!hard || !options_.memory_limits) return std::nullopt;
  return resource.memory_mib * kBytesPerMib;
}

Status ContainerGroups::Apply(const std::string& directory,
                              const std::vector<CgroupSetting>& settings) {
  for (const CgroupSetting& setting : settings) {
    Status written = driver_.Write(directory + "/" + setting.file, setting.value);
    if (!written.ok() && !setting.optional) return written;
  }
  return {};
}

// A group of this name is there only if an earlier run left it: its counters are not to be ours.
Status ContainerGroups::MakeFresh(const std::string& directory) {
  Status made = driver_.MakeGroup(directory);
  if (made.ok() || made.error().code != ErrorCode::kAlreadyExists) return made;
  if (const Status removed = driver_.RemoveGroup(directory); !removed.ok()) {
    return Error{ErrorCode::kAlreadyExists,
                 "the cgroup " + directory + " is in use: " + removed.error().message,
                 "end what runs in it"};
  }
  return driver_.MakeGroup(directory);
}

Status ContainerGroups::Limit(const ContainerId& id, const Resource& resource, bool hard) {
  if (const NodeGroup* group = GroupOf(Controller::kMemory)) {
    const std::string directory = DirectoryOf(*group, id);
    const auto limit = MemoryLimit(resource, hard);
    WEIR_RETURN_IF_ERROR(
        Apply(directory, MemorySettings(group->version, limit, options_.swap, false)));
  }
  if (const NodeGroup* group = GroupOf(Controller::kCpu)) {
    WEIR_RETURN_IF_ERROR(
        Apply(DirectoryOf(*group, id), CpuSettings(group->version, resource.vcores, options_.cpu)));
  }
  const NodeGroup* group = GroupOf(Controller::kPids);
  if (group == nullptr || options_.pids_limit == 0) return {};
  return Apply(DirectoryOf(*group, id), PidsSettings(options_.pids_limit));
}

Result<GroupPaths> ContainerGroups::Create(const ContainerId& id,
                                           const Resource& resource,
                                           bool hard_memory_limit,
                                           const std::vector<DeviceNode>& denied) {
  if (!usable()) return GroupPaths{};
  // Before they are there, so that no sweep takes them for left over.
  Adopt(id);
  Status status;
  for (const NodeGroup& group : node_groups_) {
    status = MakeFresh(DirectoryOf(group, id));
    if (!status.ok()) break;
  }
  if (status.ok()) status = Limit(id, resource, hard_memory_limit);
  if (const NodeGroup* group = GroupOf(Controller::kDevices); status.ok() && group != nullptr) {
    status = Apply(DirectoryOf(*group, id), DeviceSettings(denied));
  }
  if (status.ok()) return PathsOf(id);
  // What is in use stays; the rest is as it was.
  static_cast<void>(Remove(id));
  return std::move(status).error();
}

// Taken back can be what is only cached. In v2 a limit below the rest would kill at once.
bool ContainerGroups::IsUnreclaimableAbove(const std::string& directory,
                                           int version,
                                           int64_t limit) const {
  if (version != 2) return false;  // the kernel refuses it there
  const auto stat = driver_.Read(directory + "/memory.stat");
  if (!stat.ok()) return false;
  const int64_t used = ParseCounter(*stat, "anon").value_or(0) +
                       ParseCounter(*stat, "shmem").value_or(0) +
                       ParseCounter(*stat, "kernel").value_or(0);
  return used > limit;
}

int64_t ContainerGroups::ReadAmount(const std::string& file) const {
  const auto text = driver_.Read(file);
  return text.ok() ? ParseAmount(*text).value_or(0) : 0;
}

Status ContainerGroups::Resize(const ContainerId& id,
                               const Resource& resource,
                               bool hard_memory_limit) {
  if (const NodeGroup* group = GroupOf(Controller::kMemory)) {
    const std::string directory = DirectoryOf(*group, id);
    WEIR_ASSIGN_OR_RETURN(const std::string before,
                          driver_.Read(directory + "/" + MemoryLimitFile(group->version)));
    const auto old = ParseAmount(before);
    const auto limit = MemoryLimit(resource, hard_memory_limit);
    const bool growing = old && (!limit || *limit > *old);
    const auto refusal = [&] {
      const int64_t used = ReadAmount(directory + "/" + MemoryUsageFile(group->version));
      return Error{ErrorCode::kFailedPrecondition,
                   id.ToString() + " uses " + std::to_string(ToMibUp(used)) +
                       " MiB, more than the " + std::to_string(resource.memory_mib) +
                       " MiB that it is to have",
                   "let it use less first"};
    };
    if (limit && IsUnreclaimableAbove(directory, group->version, *limit)) return refusal();
    const auto back = MemorySettings(group->version, old, options_.swap, !growing);
    Status status = Apply(directory, MemorySettings(group->version, limit, options_.swap, growing));
    const bool refused = !status.ok() && status.error().code == ErrorCode::kFailedPrecondition;
    if (status.ok()) status = ResizeCpu(id, resource);
    if (status.ok()) return {};
    // What was lowered goes up again; what was raised may be in use by now, and stays then.
    static_cast<void>(Apply(directory, back));
    if (refused) return refusal();
    return status;
  }
  return ResizeCpu(id, resource);
}

Status ContainerGroups::ResizeCpu(const ContainerId& id, const Resource& resource) {
  const NodeGroup* group = GroupOf(Controller::kCpu);
  if (group == nullptr) return {};
  return Apply(DirectoryOf(*group, id), CpuSettings(group->version, resource.vcores, options_.cpu));
}

Status ContainerGroups::SetNodeMemoryLimit(std::optional<int64_t> mib) {
  const NodeGroup* group = GroupOf(Controller::kMemory);
  if (group == nullptr) {
    const auto why = why_not_.find(Controller::kMemory);
    return Error{ErrorCode::kFailedPrecondition,
                 "the memory of containers cannot be limited here: " +
                     (why == why_not_.end() ? "" : why->second),
                 ""};
  }
  std::optional<int64_t> limit;
  if (mib) limit = *mib * kBytesPerMib;
  const int64_t old =
      ReadAmount(group->Directory() + "/" + MemoryLimitFile(group->version));  // 0 = none
  const bool growing = old != 0 && (!limit || *limit > old);
  return Apply(group->Directory(), MemorySettings(group->version, limit, options_.swap, growing));
}

std::optional<GroupUsage> ContainerGroups::Usage(const ContainerId& id) const {
  const NodeGroup* group = GroupOf(Controller::kMemory);
  if (group == nullptr) return std::nullopt;
  const std::string base = DirectoryOf(*group, id) + "/";
  const auto used = driver_.Read(base + MemoryUsageFile(group->version));
  if (!used.ok()) return std::nullopt;
  const auto events = driver_.Read(base + MemoryEventsFile(group->version));
  return GroupUsage{.memory_bytes = ParseAmount(*used).value_or(0),
                    .memory_peak_bytes = ReadAmount(base + MemoryPeakFile(group->version)),
                    .oom_kills = events.ok() ? ParseCounter(*events, "oom_kill").value_or(0) : 0};
}

std::optional<GroupMemory> ContainerGroups::MemoryOf(const ContainerId& id) const {
  const auto usage = Usage(id);
  if (!usage) return std::nullopt;
  const NodeGroup* group = GroupOf(Controller::kMemory);
  const std::string base = DirectoryOf(*group, id) + "/";
  GroupMemory memory;
  const int64_t limit = ReadAmount(base + MemoryLimitFile(group->version));
  memory.peak_mib = ToMibUp(usage->memory_peak_bytes);
  memory.limit_mib = ToMibUp(limit);
  memory.oom_kills = usage->oom_kills;
  if (limit == 0 || memory.oom_kills == 0) return memory;
  if (group->version == 2) {
    const auto events = driver_.Read(base + MemoryEventsFile(2));
    memory.at_own_limit = events.ok() && ParseCounter(*events, "oom").value_or(0) > 0;
  } else {
    memory.at_own_limit = usage->memory_peak_bytes + kBytesPerMib > limit;
  }
  return memory;
}

Status ContainerGroups::Remove(const ContainerId& id) {
  for (const std::string& directory : PathsOf(id).All()) {
    WEIR_RETURN_IF_ERROR(driver_.RemoveGroup(directory));
  }
  MutexLock lock(mutex_);
  in_use_.erase(id.ToString());
  return {};
}

void ContainerGroups::Adopt(const ContainerId& id) {
  MutexLock lock(mutex_);
  in_use_.insert(id.ToString());
}

bool ContainerGroups::InUse(const std::string& name) const {
  MutexLock lock(mutex_);
  return in_use_.contains(name);
}

Result<size_t> ContainerGroups::SweepOthers(Duration patience) {
  std::set<std::string> names;
  // By directory: of one name there may be several, here and where an earlier run had them.
  std::vector<GroupPaths> left;
  std::vector<std::string> tops = former_;
  for (const NodeGroup& group : node_groups_) tops.push_back(group.Directory());
  for (const std::string& top : tops) {
    const auto children = driver_.Children(top);
    if (!children.ok()) continue;  // gone
    for (const std::string& name : *children) {
      if (InUse(name)) continue;
      names.insert(name);
      GroupPaths paths;
      AddGroup(top + "/" + name, paths);
      launch::KillGroup(paths);
      left.push_back(std::move(paths));
    }
  }
  const Instant deadline = platform::MonotonicNow() + patience;
  while (true) {
    std::erase_if(left, [this](const GroupPaths& paths) {
      return driver_.RemoveGroup(paths.Tracking()).ok();
    });
    if (left.empty()) break;
    if (platform::MonotonicNow() >= deadline) {
      std::vector<std::string> told;
      for (const GroupPaths& paths : left) {
        if (told.size() < kNamesTold) told.push_back(paths.Tracking());
      }
      return Error{ErrorCode::kDeadlineExceeded,
                   std::to_string(left.size()) + " cgroups cannot be emptied: " + Join(told, ", "),
                   "see what runs in them with 'cat <cgroup>/cgroup.procs'"};
    }
    ::usleep(kSweepPauseUs);
    for (const GroupPaths& paths : left) launch::KillGroup(paths);
  }
  for (const std::string& top : former_) {
    const auto children = driver_.Children(top);
    if (children.ok() && children->empty()) static_cast<void>(driver_.RemoveGroup(top));
  }
  return names.size();
}

}  // namespace weir::nm
