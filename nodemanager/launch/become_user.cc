#include "nodemanager/launch/become_user.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace weir::nm::launch {
namespace {

constexpr int kCapabilitiesMax = 64;

// What programs started from now on can have at most. Needs CAP_SETPCAP, so it comes first.
bool EmptyBoundingSet() {
  for (int number = 0; number < kCapabilitiesMax; ++number) {
    // Beyond the last one that the kernel knows.
    if (prctl(PR_CAPBSET_READ, number) < 0) return number > 0;
    if (prctl(PR_CAPBSET_DROP, number, 0, 0, 0) != 0) return false;
  }
  return true;
}

bool ClearCapabilities() {
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL) {
    return false;
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

bool HasNoCapabilities() {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {};
  if (syscall(SYS_capget, &header, sets) != 0) return false;
  for (const auto& set : sets) {
    if ((set.effective | set.permitted | set.inheritable) != 0) return false;
  }
  return true;
}

bool HasIds(const Identity& identity) {
  uid_t uids[3];
  gid_t gids[3];
  if (getresuid(&uids[0], &uids[1], &uids[2]) != 0) return false;
  if (getresgid(&gids[0], &gids[1], &gids[2]) != 0) return false;
  for (const uid_t uid : uids) {
    if (uid != identity.uid) return false;
  }
  for (const gid_t gid : gids) {
    if (gid != identity.gid) return false;
  }
  std::vector<gid_t> groups(identity.groups.size() + 1);
  const int count = getgroups(static_cast<int>(groups.size()), groups.data());
  if (count < 0) return false;
  groups.resize(static_cast<size_t>(count));
  std::vector<gid_t> wanted = identity.groups;
  std::sort(groups.begin(), groups.end());
  std::sort(wanted.begin(), wanted.end());
  return groups == wanted;
}

// The kernel would have to be wrong, or what we believe about it; then better nothing runs.
bool CanBecomeRootAgain() {
  return setuid(0) == 0 || seteuid(0) == 0 || setresuid(kNobodysId, kNobodysId, 0) == 0 ||
         setgroups(0, nullptr) == 0;
}

}  // namespace

const char* BecomeUser(const Identity& identity) {
  errno = EINVAL;
  if (identity.uid == kNobodysId || identity.gid == kNobodysId) return "tell whom to become";
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return "forbid itself new rights";
  const bool root = identity.uid == 0;
  if (!root && !EmptyBoundingSet()) return "empty its capability bounding set";
  if (setgroups(identity.groups.size(), identity.groups.data()) != 0) return "take its groups";
  if (setresgid(identity.gid, identity.gid, identity.gid) != 0) return "take its group id";
  if (setresuid(identity.uid, identity.uid, identity.uid) != 0) return "take its user id";
  errno = EPERM;
  if (!HasIds(identity)) return "verify its ids";
  if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1) return "verify that it forbade new rights";
  if (root) return nullptr;
  if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return "make itself unreadable";
  if (!ClearCapabilities()) return "clear its capabilities";
  errno = EPERM;
  if (!HasNoCapabilities()) return "verify its capabilities";
  if (CanBecomeRootAgain()) return "verify that it cannot become root again";
  return nullptr;
}

}  // namespace weir::nm::launch
