// CgroupDriver: the seam between the NodeManager and the kernel's cgroups, so that tests can let
// any call fail. Real() is the operating system: libcgroup for what happens once per start (finding
// the hierarchies, the node's own groups), plain files for what happens per container, where
// libcgroup's way costs several times as much
// (docs/decisions/0008-cgroups-by-file-on-the-way-of-a-launch.md) and for what it has no call for
// (cgroup.kill, cgroup.events, counters).
//
// Paths are absolute directories of groups. Errors carry path and strerror: kNotFound,
// kAlreadyExists, kPermissionDenied, kResourceExhausted, kFailedPrecondition (EBUSY: processes are
// in it, or a limit below what is in use), kUnavailable (anything else). Thread-safe, but for
// Discover and the node groups: those are for one thread, at start and end.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CGROUP_DRIVER_H_
#define WEIR_NODEMANAGER_EXECUTOR_CGROUP_DRIVER_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "nodemanager/executor/cgroup_probe.h"

namespace weir::nm {

// One file of a group and what to write there.
struct CgroupSetting {
  std::string file;  // "memory.max"
  std::string value;
  bool optional = false;  // its refusal is no failure: not every kernel has it
  bool operator==(const CgroupSetting&) const = default;
};

class CgroupDriver {
 public:
  virtual ~CgroupDriver() = default;
  static CgroupDriver& Real();

  virtual CgroupFacts Discover() = 0;
  // The group `path` ("/a/b", from the mount) with its parents, in the hierarchy of `controller` (a
  // kernel's name; "" = the v2 tree without one), which must be one that Discover told. Being there
  // already is no error. In v2 the controller is handed down as far as the group.
  virtual Status MakeNodeGroup(const std::string& controller,
                               const std::string& mount,
                               const std::string& path) = 0;
  // kFailedPrecondition: something is in it.
  virtual Status RemoveNodeGroup(const std::string& controller,
                                 const std::string& mount,
                                 const std::string& path) = 0;

  virtual Status MakeGroup(const std::string& group) = 0;
  virtual Status Write(const std::string& file, std::string_view value) = 0;
  virtual Result<std::string> Read(const std::string& file) = 0;
  virtual Result<std::vector<std::string>> Children(const std::string& group) = 0;  // names, sorted
  // With the groups below it; absent is no error.
  virtual Status RemoveGroup(const std::string& group) = 0;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CGROUP_DRIVER_H_
