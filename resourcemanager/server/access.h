// AccessRules: who may administer this ResourceManager, and for whom a caller acts. What
// administrators and others may do is in security/operations.h.
// Immutable but for the groups, which are thread-safe. Owner: the daemon; outlives all handlers.
#ifndef WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_
#define WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/caller.h"
#include "platform/door.h"
#include "resourcemanager/server/administrators.h"
#include "resourcemanager/server/user_groups.h"

namespace weir::rm {

struct AccessRules {
  UserGroups& groups;
  std::string rm_user;            // the name of our own uid
  Administrators administrators;  // by yarn.admin.acl
};

// May act on what belongs to others: root, our own user, holders of the cluster secret, and whom
// yarn.admin.acl names.
inline bool IsAdministrator(const AccessRules& access,
                            const Caller& caller,
                            const std::vector<std::string>& groups) {
  if (caller.kind == CallerKind::kDaemon) return true;
  return caller.kind == CallerKind::kUser &&
         (caller.user == "root" || caller.user == access.rm_user ||
          access.administrators.Has(caller.user, groups));
}

// The user on whose behalf a caller acts. A holder of the cluster secret can read a file of ours,
// and so acts as our own user.
inline std::string ActingUser(const AccessRules& access, const Caller& caller) {
  return caller.kind == CallerKind::kDaemon ? access.rm_user : caller.user;
}

// For the doors of the ports that users come to. `access` outlives what it gives.
inline platform::AskAdministrator AdministratorsOf(const AccessRules& access) {
  return [&access](const Caller& caller, std::function<void(bool)> answer) {
    // Whoever needs no group for it does not wait for a directory of users that is slow.
    if (IsAdministrator(access, caller, {})) return answer(true);
    access.groups.Lookup(
        ActingUser(access, caller),
        [&access, caller, answer = std::move(answer)](const UserGroups::Groups& groups) {
          answer(IsAdministrator(access, caller, groups));
        });
  };
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_
