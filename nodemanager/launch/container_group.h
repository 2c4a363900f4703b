// The cgroups of one container, as both weir-launch and the NodeManager handle them: enter, look,
// kill. Making, limiting and removing them is the NodeManager's alone.
//
// Terms. Tracking group: the one that says which processes are the container's; the v2 one if
// there is one (also where v2 has no controllers), else the v1 freezer's, else any other.
// weir-launch itself stays outside of all of them: whatever befalls the group, somebody is there to
// reap its processes and to write down how they ended.
//
// Needs nothing but the C library. A process of another group of the same user can leave the group
// only if that user may write to the hierarchy. Errors: by errno. Thread-safe, but for EnterGroups
// and ForkIntoGroups, which are for a process with one thread.
#ifndef WEIR_NODEMANAGER_LAUNCH_CONTAINER_GROUP_H_
#define WEIR_NODEMANAGER_LAUNCH_CONTAINER_GROUP_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace weir::nm::launch {

// Absolute directories; "" = not there.
struct GroupPaths {
  std::string unified;              // in the v2 tree
  std::string freezer;              // v1
  std::vector<std::string> others;  // v1: memory, cpu, pids

  bool empty() const { return unified.empty() && freezer.empty() && others.empty(); }
  // "" when there is none at all.
  std::string Tracking() const;
  std::vector<std::string> All() const;
};

// fork(), with the child born inside the v2 group where the kernel can do that. `inside` tells the
// child whether it was.
pid_t ForkIntoGroups(const GroupPaths& groups, bool& inside);
// In the child, before exec: enters the groups it is not in yet. False with errno.
bool EnterGroups(const GroupPaths& groups, bool inside);

// The processes in the tracking group and below it; a snapshot.
std::vector<pid_t> GroupMembers(const GroupPaths& groups);
// No living process is in it or below it; also when there is no such group.
bool IsGroupEmpty(const GroupPaths& groups);
// To all that are in it and below it, once; what is forked meanwhile may escape. Never reaches a
// process that is outside, also if that has got the number of one that was inside.
void SignalGroup(const GroupPaths& groups, int signal);
// SIGKILL to all that are in it and below it, so that none can fork away: cgroup.kill, or frozen,
// killed and thawed, or with forking forbidden. They may take a moment to be gone.
void KillGroup(const GroupPaths& groups);

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_CONTAINER_GROUP_H_
