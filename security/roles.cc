#include "security/roles.h"

namespace weir::security {

std::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAnybody:
      return "anybody who reaches the port";
    case Role::kUser:
      return "a user";
    case Role::kAdministrator:
      return "a cluster administrator";
    case Role::kDaemon:
      return "a node";
    case Role::kApplicationMaster:
      return "an ApplicationMaster";
    case Role::kContainerHolder:
      return "a container";
    case Role::kApplicationClient:
      return "a client of the application";
    case Role::kTaskManager:
      return "a TaskManager of the attempt";
    case Role::kOwner:
      return "the application's owner";
    case Role::kQueueSubmitter:
      return "who may submit to the queue";
    case Role::kQueueAdministrator:
      return "an administrator of the queue";
    case Role::kOwnContainer:
      return "the container's own ApplicationMaster";
    case Role::kOwnFile:
      return "the ApplicationMaster and containers of an application that refers to the file";
  }
  return "nobody";
}

std::string Roles::ToString() const {
  std::string text;
  for (const Role role : kAllRoles) {
    if (!Has(role)) continue;
    if (!text.empty()) text += ", ";
    text += RoleName(role);
  }
  return text.empty() ? "nobody" : text;
}

}  // namespace weir::security
