// Which cgroup controllers of this machine a NodeManager could use, and where: v1, v2 and both at
// once (hybrid), decided per controller. Pure functions of what the system says; whether a place
// can be written to shows when the node's group is made (container_groups.h).
//
// Terms. Hierarchy: one mounted tree of groups. Parent: the group below which the node's group is
// made; by default the daemon's own group in that hierarchy, so that limits put on the daemon hold
// for its containers. Place: a controller's hierarchy and parent. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CGROUP_PROBE_H_
#define WEIR_NODEMANAGER_EXECUTOR_CGROUP_PROBE_H_

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weir::nm {

// kTree is the v2 hierarchy itself, which tracks and kills also where it has no controllers;
// kFreezer and kDevices are v1 only.
enum class Controller { kMemory, kCpu, kPids, kFreezer, kDevices, kTree };
inline constexpr Controller kControllers[] = {Controller::kMemory,
                                              Controller::kCpu,
                                              Controller::kPids,
                                              Controller::kFreezer,
                                              Controller::kDevices,
                                              Controller::kTree};
// As the kernel names it; "unified" for the tree.
const char* ControllerName(Controller controller);

enum class CgroupVersions { kAny, kV1Only, kV2Only, kNone };

// A controller as libcgroup lists it.
struct MountedController {
  std::string name;
  std::string mount;
  int version = 1;
  bool operator==(const MountedController&) const = default;
};

struct CgroupFacts {
  std::vector<MountedController> controllers;
  std::string mountinfo;  // /proc/self/mountinfo
  std::string own;        // /proc/self/cgroup
  std::string fault;      // why there are no controllers, in libcgroup's words; "" = there are
};

struct CgroupPlacing {
  CgroupVersions versions = CgroupVersions::kAny;
  // "" = the daemon's own group; "/a/b" = from the hierarchy's root; "a/b" = below the own group.
  std::string parent;
  std::map<Controller, std::string> parent_of;  // for one controller, instead
  std::string mount_path;                       // only mounts at or below it count; "" = all
};

struct CgroupPlace {
  int version = 0;      // 0 = nowhere
  std::string mount;    // where the hierarchy is mounted
  std::string parent;   // from there: "" or "/a/b"
  bool is_own = false;  // the parent is the daemon's own group
  std::string why_not;  // when nowhere

  bool found() const { return version != 0; }
  std::string ParentDirectory() const { return mount + parent; }
};

// One entry for each Controller. A controller that v2 has is taken there, with the tree's parent;
// whether the parent was given it, the caller sees in the parent's cgroup.controllers.
std::map<Controller, CgroupPlace> PlaceControllers(const CgroupFacts& facts,
                                                   const CgroupPlacing& placing);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CGROUP_PROBE_H_
