// Start and end of ContainerGroups: the node's own groups, and what is said about them.
#include <unistd.h>

#include <algorithm>

#include "common/strings.h"
#include "nodemanager/executor/container_groups.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

constexpr int64_t kRecordBytes = 64 << 10;
constexpr int kRecordMode = 0600;
constexpr char kAsideSuffix[] = "-daemon";
constexpr char kSubtree[] = "/cgroup.subtree_control";

bool HasWord(std::string_view text, std::string_view word) {
  for (const std::string_view one : Split(Trim(text), ' ')) {
    if (one == word) return true;
  }
  return false;
}

bool IsLimit(Controller controller) {
  switch (controller) {
    case Controller::kMemory:
    case Controller::kCpu:
    case Controller::kPids:
      return true;
    case Controller::kFreezer:
    case Controller::kDevices:
    case Controller::kTree:
      return false;
  }
  return false;
}

std::string CoresText(double cores) {
  std::string text = std::to_string(cores);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text;
}

}  // namespace

ContainerGroups::ContainerGroups(CgroupOptions options,
                                 platform::FileSystem& files,
                                 CgroupDriver& driver)
    : options_(std::move(options)), files_(files), driver_(driver) {}

std::unique_ptr<ContainerGroups> ContainerGroups::Start(CgroupOptions options,
                                                        platform::FileSystem& files,
                                                        CgroupDriver& driver) {
  std::unique_ptr<ContainerGroups> groups(new ContainerGroups(std::move(options), files, driver));
  groups->SetUp();
  return groups;
}

void ContainerGroups::SetUp() {
  RecallFormer();
  CgroupFacts facts;
  if (options_.placing.versions != CgroupVersions::kNone) facts = driver_.Discover();
  auto places = PlaceControllers(facts, options_.placing);
  for (auto& [controller, place] : places) {
    // One that went aside and starts again without having gone back.
    const std::string aside = "/" + options_.name + kAsideSuffix;
    if (place.is_own && place.parent.ends_with(aside)) {
      place.parent.resize(place.parent.size() - aside.size());
    }
    if (!place.found()) why_not_[controller] = place.why_not;
  }
  SetUpTree(places);
  for (const Controller controller : kControllers) {
    const CgroupPlace& place = places.at(controller);
    if (place.version != 1) continue;
    // The freezer is for killing, which the tree does better.
    if (controller == Controller::kFreezer && GroupOf(Controller::kTree) != nullptr) continue;
    if (controller == Controller::kDevices && !options_.devices) continue;
    SetUpV1(controller, place);
  }
  LimitNodeCpu();
  LimitNodeMemory();
  Report();
  Remember();
}

// The tree is used for tracking and killing wherever it can be written to; its controllers as far
// as they are handed down to the node's group.
void ContainerGroups::SetUpTree(const std::map<Controller, CgroupPlace>& places) {
  const CgroupPlace& tree = places.at(Controller::kTree);
  if (!tree.found()) return;
  NodeGroup group;
  group.version = 2;
  group.mount = tree.mount;
  group.path = tree.parent + "/" + options_.name;
  if (const Status made = driver_.MakeNodeGroup("", tree.mount, group.path); !made.ok()) {
    for (const auto& [controller, place] : places) {
      if (place.version == 2) why_not_[controller] = made.error().message;
    }
    // That it is others' is nothing new to anybody, and v1 may do in its place.
    if (made.error().code != ErrorCode::kPermissionDenied) {
      platform::LogWarn("nm.cgroups",
                        "tree",
                        "the v2 tree is there and cannot be used",
                        {{"cause", made.error().ToString()}});
    }
    return;
  }
  group.controllers.insert(Controller::kTree);
  for (const auto& [controller, place] : places) {
    if (place.version == 2 && IsLimit(controller)) TakeFromTree(controller, tree, group);
  }
  node_groups_.push_back(std::move(group));
}

void ContainerGroups::TakeFromTree(Controller controller,
                                   const CgroupPlace& tree,
                                   NodeGroup& group) {
  Status status = HandDown(controller, group);
  // A group with processes in it hands nothing down, but for the root.
  if (!status.ok() && tree.is_own && !tree.parent.empty() && aside_.empty()) {
    if (const Status moved = StepAside(tree); moved.ok()) status = HandDown(controller, group);
  }
  if (status.ok()) {
    group.controllers.insert(controller);
    group.library_name = ControllerName(controller);
  } else {
    why_not_[controller] = status.error().message;
  }
}

Status ContainerGroups::HandDown(Controller controller, const NodeGroup& group) {
  const std::string name = ControllerName(controller);
  const Status made = driver_.MakeNodeGroup(name, group.mount, group.path);
  const auto has = driver_.Read(group.Directory() + "/cgroup.controllers");
  if (!has.ok() || !HasWord(*has, name)) {
    return Error{ErrorCode::kFailedPrecondition,
                 "the v2 controller '" + name + "' is not handed down to " + group.Directory() +
                     (made.ok() ? "" : ": " + made.error().message),
                 ""};
  }
  return driver_.Write(group.Directory() + kSubtree, "+" + name);
}

Status ContainerGroups::StepAside(const CgroupPlace& tree) {
  const std::string leaf = tree.ParentDirectory() + "/" + options_.name + kAsideSuffix;
  const Status made = driver_.MakeGroup(leaf);
  if (!made.ok() && made.error().code != ErrorCode::kAlreadyExists) return made;
  WEIR_RETURN_IF_ERROR(driver_.Write(leaf + "/cgroup.procs", "0"));
  aside_ = leaf;
  return {};
}

// Best effort: a group with only this daemon in it harms nobody.
void ContainerGroups::StepBack() {
  if (aside_.empty()) return;
  const std::string parent = aside_.substr(0, aside_.rfind('/'));
  for (const Controller controller : kControllers) {
    if (!IsLimit(controller)) continue;
    static_cast<void>(
        driver_.Write(parent + kSubtree, std::string("-") + ControllerName(controller)));
  }
  if (driver_.Write(parent + "/cgroup.procs", "0").ok()) {
    static_cast<void>(driver_.RemoveGroup(aside_));
  }
  aside_.clear();
}

void ContainerGroups::SetUpV1(Controller controller, const CgroupPlace& place) {
  const std::string path = place.parent + "/" + options_.name;
  // Controllers may share one hierarchy (cpu and cpuacct do on many machines).
  for (NodeGroup& group : node_groups_) {
    if (group.version != 1 || group.Directory() != place.mount + path) continue;
    group.controllers.insert(controller);
    return;
  }
  const Status made = driver_.MakeNodeGroup(ControllerName(controller), place.mount, path);
  if (!made.ok()) {
    why_not_[controller] = made.error().message;
    return;
  }
  NodeGroup group;
  group.controllers = {controller};
  group.library_name = ControllerName(controller);
  group.mount = place.mount;
  group.path = path;
  if (controller == Controller::kMemory) {
    // Before Linux 5.11 a group counted what is below it only if told to, while it was empty.
    static_cast<void>(driver_.Write(group.Directory() + "/memory.use_hierarchy", "1"));
  }
  node_groups_.push_back(std::move(group));
}

void ContainerGroups::LimitNodeCpu() {
  const NodeGroup* group = GroupOf(Controller::kCpu);
  if (group == nullptr || options_.cpu.cores >= options_.machine_cores) return;
  const Status status =
      Apply(group->Directory(), NodeCpuSettings(group->version, options_.cpu.cores));
  if (status.ok()) return;
  platform::LogWarn("nm.cgroups",
                    "cpu",
                    "the share of the processors cannot be limited",
                    {{"cause", status.error().ToString()}});
}

// Also when there is none: an earlier run may have had one.
void ContainerGroups::LimitNodeMemory() {
  if (GroupOf(Controller::kMemory) == nullptr) return;
  std::optional<int64_t> limit;
  if (options_.node_memory_mib > 0) limit = options_.node_memory_mib;
  if (const Status status = SetNodeMemoryLimit(limit); !status.ok()) {
    platform::LogWarn("nm.cgroups",
                      "memory",
                      "the memory of all containers together cannot be limited",
                      {{"cause", status.error().ToString()}});
  }
}

std::string ContainerGroups::mode() const {
  bool v1 = false;
  bool v2 = false;
  for (const NodeGroup& group : node_groups_) (group.version == 2 ? v2 : v1) = true;
  return v1 && v2 ? "hybrid" : v1 ? "v1" : v2 ? "v2" : "none";
}

Status ContainerGroups::CheckRequired() const {
  if (!options_.required) return {};
  std::string missing;
  for (const CgroupReportLine& line : report_) {
    if (!line.enforced) missing += (missing.empty() ? "" : "; ") + line.what + ": " + line.words;
  }
  if (missing.empty()) return {};
  return Error{ErrorCode::kFailedPrecondition,
               "cgroups are required and not all can be enforced: " + missing,
               "start it with rights to its cgroups, or set weir.nodemanager.cgroups.required to "
               "false"};
}

CgroupReportLine ContainerGroups::ReportOf(Controller controller, const std::string& how) const {
  CgroupReportLine line{.what = ControllerName(controller)};
  if (const NodeGroup* group = GroupOf(controller)) {
    line.enforced = true;
    line.words = how + ", v" + std::to_string(group->version) + ", " + group->Directory();
    return line;
  }
  const auto why = why_not_.find(controller);
  line.words = why == why_not_.end() ? "not looked for" : why->second;
  return line;
}

CgroupReportLine ContainerGroups::ReportKill() const {
  for (const NodeGroup& group : node_groups_) {
    if (group.version != 2) continue;
    return {"kill", true, "the whole group at once, v2, " + group.Directory()};
  }
  if (const NodeGroup* group = GroupOf(Controller::kFreezer)) {
    return {"kill", true, "the group frozen, then killed, v1, " + group->Directory()};
  }
  if (!node_groups_.empty()) {
    return {"kill", true, "what is in the group, v1, " + node_groups_.front().Directory()};
  }
  const auto why = why_not_.find(Controller::kTree);
  return {"kill",
          false,
          (why == why_not_.end() ? "" : why->second + "; ") +
              "containers are told by the descendants of weir-launch"};
}

void ContainerGroups::Report() {
  const std::string together =
      options_.node_memory_mib > 0
          ? "a limit of " + std::to_string(options_.node_memory_mib) + " MiB for all together"
          : "counted, no limit for each container";
  report_.push_back(ReportOf(
      Controller::kMemory, options_.memory_limits ? "a hard limit for each container" : together));
  report_.back().enforced &= options_.memory_limits || options_.node_memory_mib > 0;
  const std::string of_cores =
      CoresText(options_.cpu.cores) + " of " + CoresText(options_.machine_cores) + " processors";
  report_.push_back(ReportOf(
      Controller::kCpu,
      (options_.cpu.strict ? "a quota for each container, of " : "shares for each container, of ") +
          of_cores));
  report_.push_back(
      ReportOf(Controller::kPids,
               options_.pids_limit > 0
                   ? "at most " + std::to_string(options_.pids_limit) + " processes and threads"
                   : "counted, no limit"));
  report_.back().enforced = report_.back().enforced && options_.pids_limit > 0;
  if (options_.devices) {
    report_.push_back(ReportOf(Controller::kDevices,
                               "the device nodes of indices that a container does not hold"));
  }
  report_.push_back(ReportKill());
}

void ContainerGroups::RecallFormer() {
  if (options_.record_file.empty()) return;
  const auto text = files_.ReadFile(options_.record_file, kRecordBytes);
  if (!text.ok()) return;  // the first start
  for (const std::string_view line : Split(*text, '\n')) {
    if (line.starts_with('/')) former_.emplace_back(line);
  }
}

// Those of earlier runs stay on it until they are gone: a crash during the sweep loses none.
void ContainerGroups::Remember() {
  std::string record;
  for (const NodeGroup& group : node_groups_) {
    std::erase(former_, group.Directory());
    record += group.Directory() + "\n";
  }
  std::erase_if(former_, [](const std::string& top) { return ::access(top.c_str(), F_OK) != 0; });
  for (const std::string& top : former_) record += top + "\n";
  if (options_.record_file.empty()) return;
  const Status written =
      platform::WriteFileAtomically(files_, options_.record_file, record, kRecordMode);
  if (written.ok()) return;
  platform::LogWarn("nm.cgroups",
                    "-",
                    "where the cgroups are cannot be noted; with other settings the next start "
                    "would not find them",
                    {{"cause", written.error().ToString()}});
}

void ContainerGroups::End() {
  bool all = true;
  for (const NodeGroup& group : node_groups_) {
    all = driver_.RemoveNodeGroup(group.library_name, group.mount, group.path).ok() && all;
  }
  if (all) StepBack();
}

}  // namespace weir::nm
