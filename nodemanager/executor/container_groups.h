// ContainerGroups: the cgroups of all containers of this node.
//
//   <parent>/weir-<cluster>-<node>/            the node's group, one in each hierarchy used
//   <parent>/weir-<cluster>-<node>/<container> one container: made before its process, which is
//   born
//                                              inside; removed when nothing lives in it any more
//
// A container's group is its identity: what lives in it is the container's, whatever it did to its
// session, parents or environment. weir-launch stays outside (launch/container_group.h).
//
// Each of memory, cpu, pids, devices and tracking is taken where it can be had (v2, v1, either) and
// is not enforced where it cannot; report() says which and why. Without any, Create gives no groups
// and containers are told by weir-launch's descendants alone.
//
// State is in the kernel; this object only knows which containers are in use, so that a sweep
// leaves them alone. Groups outlive it, as containers do. Owner: the daemon. Start and End are for
// one thread; everything else is thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CONTAINER_GROUPS_H_
#define WEIR_NODEMANAGER_EXECUTOR_CONTAINER_GROUPS_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/resource.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/core/events.h"
#include "nodemanager/executor/cgroup_driver.h"
#include "nodemanager/executor/cgroup_probe.h"
#include "nodemanager/executor/group_limits.h"
#include "nodemanager/launch/container_group.h"
#include "platform/file_system.h"
#include "platform/mutex.h"

namespace weir::nm {

struct CgroupOptions {
  CgroupPlacing placing;
  std::string name;             // of the node's groups: "weir-<cluster>-<node>"
  bool memory_limits = true;    // a hard limit for each container, unless it is told otherwise
  int64_t node_memory_mib = 0;  // of all containers together; 0 = no limit
  bool swap = false;            // containers may be swapped out
  CpuRule cpu;
  double machine_cores = 1;
  bool required = false;      // memory, cpu and pids have to be enforced
  int64_t pids_limit = 0;     // processes and threads of one container; 0 = no limit
  bool devices = false;       // device nodes are to be denied to containers
  std::string record_file{};  // remembers where the node's groups are; "" = nowhere
};

// What is enforced of one thing, in words for the log.
struct CgroupReportLine {
  std::string what;  // "memory", "cpu", "pids", "devices", "kill"
  bool enforced = false;
  std::string words;  // how and where, or why not and what to do
};

struct GroupUsage {
  int64_t memory_bytes = 0;
  int64_t memory_peak_bytes = 0;
  int64_t oom_kills = 0;
};

class ContainerGroups {
 public:
  // Finds what can be used and makes the node's groups. Never fails: what cannot be had is in the
  // report.
  static std::unique_ptr<ContainerGroups> Start(CgroupOptions options,
                                                platform::FileSystem& files,
                                                CgroupDriver& driver = CgroupDriver::Real());
  // Removes the node's groups if nothing is in them.
  void End();

  const std::vector<CgroupReportLine>& report() const { return report_; }
  // kFailedPrecondition: something is required and not enforced; the message says what and why.
  Status CheckRequired() const;
  // "v1", "v2", "hybrid" or "none".
  std::string mode() const;
  // Containers have groups at all.
  bool usable() const { return !node_groups_.empty(); }

  // Makes the container's groups with its limits; nothing in them may open the nodes of `denied`.
  // Nothing is left behind by a failure. Without cgroups: none, and no failure. kAlreadyExists: it
  // has groups with processes in them.
  Result<launch::GroupPaths> Create(const ContainerId& id,
                                    const Resource& resource,
                                    bool hard_memory_limit = true,
                                    const std::vector<DeviceNode>& denied = {});
  // Where they are (or would be).
  launch::GroupPaths PathsOf(const ContainerId& id) const;

  // New limits while it runs: all or, when the first cannot be had, none. kFailedPrecondition: it
  // uses more memory than the new limit and that cannot be taken back; kNotFound: no such group.
  Status Resize(const ContainerId& id, const Resource& resource, bool hard_memory_limit = true);
  // Of all containers together; nothing = none. kFailedPrecondition: memory is not enforced here,
  // or more is in use.
  Status SetNodeMemoryLimit(std::optional<int64_t> mib);
  // Nothing when its memory is not counted here.
  std::optional<GroupUsage> Usage(const ContainerId& id) const;

  bool IsEmpty(const ContainerId& id) const { return launch::IsGroupEmpty(PathsOf(id)); }
  // SIGKILL to all in it; comes back before they are gone.
  void Kill(const ContainerId& id) const { launch::KillGroup(PathsOf(id)); }
  // What the kernel counted. Nothing when memory is not enforced here.
  std::optional<GroupMemory> MemoryOf(const ContainerId& id) const;
  // Requires: it is empty. kFailedPrecondition: it is not. Absent is no error.
  Status Remove(const ContainerId& id);

  // A container of an earlier run that lives on: sweeps leave it alone from now on.
  void Adopt(const ContainerId& id);
  // Kills and removes every group of this node, also of earlier runs and other places, that is not
  // of a container made or adopted by this object; waits for them at most `patience` together. How
  // many containers' groups were removed. kDeadlineExceeded: some are left, by name.
  Result<size_t> SweepOthers(Duration patience);

 private:
  struct NodeGroup {
    std::set<Controller> controllers;  // that it enforces
    int version = 1;
    std::string library_name;  // of a controller, for the driver; "" = none
    std::string mount;
    std::string path;  // from the mount
    std::string Directory() const { return mount + path; }
  };

  ContainerGroups(CgroupOptions options, platform::FileSystem& files, CgroupDriver& driver);
  void SetUp();
  void SetUpTree(const std::map<Controller, CgroupPlace>& places);
  void TakeFromTree(Controller controller, const CgroupPlace& tree, NodeGroup& group);
  Status HandDown(Controller controller, const NodeGroup& group);
  Status StepAside(const CgroupPlace& tree);
  void StepBack();
  void SetUpV1(Controller controller, const CgroupPlace& place);
  void LimitNodeCpu();
  void LimitNodeMemory();
  void Report();
  CgroupReportLine ReportOf(Controller controller, const std::string& how) const;
  CgroupReportLine ReportKill() const;
  void RecallFormer();
  void Remember();
  const NodeGroup* GroupOf(Controller controller) const;
  std::string DirectoryOf(const NodeGroup& group, const ContainerId& id) const;
  std::optional<int64_t> MemoryLimit(const Resource& resource, bool hard) const;
  Status Apply(const std::string& directory, const std::vector<CgroupSetting>& settings);
  Status ResizeCpu(const ContainerId& id, const Resource& resource);
  Status Limit(const ContainerId& id, const Resource& resource, bool hard);
  Status MakeFresh(const std::string& directory);
  int64_t ReadAmount(const std::string& file) const;
  bool IsUnreclaimableAbove(const std::string& directory, int version, int64_t limit) const;
  bool InUse(const std::string& name) const;

  const CgroupOptions options_;
  platform::FileSystem& files_;
  CgroupDriver& driver_;
  std::vector<NodeGroup> node_groups_;  // fixed after Start
  std::vector<std::string> former_;     // node groups of earlier runs, elsewhere
  std::map<Controller, std::string> why_not_;
  std::string
      aside_;  // where the daemon itself went, so that its own group may hand down to others
  std::vector<CgroupReportLine> report_;
  mutable platform::Mutex mutex_;
  std::set<std::string> in_use_ WEIR_GUARDED_BY(mutex_);  // names of containers
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CONTAINER_GROUPS_H_
