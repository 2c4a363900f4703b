// BecomeUser: gives up root's rights for those of one account, for good.
//
// Called between fork and exec, by a process with one thread. Afterwards user and group ids (real,
// effective, saved), supplementary groups and all capability sets are the account's, no exec can
// give more (no_new_privs, bounding set), and no other process may look into this one. For uid 0
// only ids, groups and no_new_privs are set: that account keeps what root can do.
#ifndef WEIR_NODEMANAGER_LAUNCH_BECOME_USER_H_
#define WEIR_NODEMANAGER_LAUNCH_BECOME_USER_H_

#include <sys/types.h>

#include <vector>

namespace weir::nm::launch {

// To the system calls the number -1 says "leave it": nobody has it, and it is refused here.
inline constexpr uid_t kNobodysId = static_cast<uid_t>(-1);

struct Identity {
  uid_t uid = kNobodysId;
  gid_t gid = kNobodysId;
  std::vector<gid_t> groups;
};

// nullptr when it is done and verified; else the step that failed (a literal), with errno. The
// process is then in between and must end.
const char* BecomeUser(const Identity& identity);

}  // namespace weir::nm::launch

#endif  // WEIR_NODEMANAGER_LAUNCH_BECOME_USER_H_
