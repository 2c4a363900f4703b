// AccessRules: who may administer this ResourceManager, and for whom a caller acts.
// Immutable but for the groups, which are thread-safe. Owner: the daemon; outlives all handlers.
#ifndef WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_
#define WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "common/caller.h"
#include "common/result.h"
#include "platform/thrift_server.h"
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

inline Error NotAdministrator(const AccessRules& access, const Caller& caller) {
  return {ErrorCode::kPermissionDenied,
          caller.user + " may not administer this ResourceManager",
          "use root or " + access.rm_user +
              ", the account it runs under, or be named in yarn.admin.acl"};
}

// Calls `then` with the caller if it may administer; fails `responder` otherwise.
template <typename Answer>
void AsAdministrator(const AccessRules& access,
                     const Caller& caller,
                     const platform::Responder<Answer>& responder,
                     std::function<void(const Caller&)> then) {
  access.groups.Lookup(
      ActingUser(access, caller),
      [responder, then = std::move(then), caller, &access](const UserGroups::Groups& groups) {
        if (!IsAdministrator(access, caller, groups)) {
          return responder.Fail(NotAdministrator(access, caller));
        }
        then(caller);
      });
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_ACCESS_H_
