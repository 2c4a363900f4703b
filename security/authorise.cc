#include "security/authorise.h"

#include <utility>

namespace weir::security {
namespace {

// What a caller with `roles` can be towards some object.
Roles PossibleTowardsObjects(Roles roles) {
  Roles possible;
  if (roles.Has(Role::kUser)) {
    possible = possible | Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator;
  }
  if (roles.Has(Role::kApplicationMaster)) {
    possible = possible | Role::kOwnContainer | Role::kOwnFile;
  }
  if (roles.Has(Role::kContainerHolder)) possible = possible | Role::kOwnFile;
  return possible;
}

Error Refusal(const Operation& operation, const Caller& caller, const Object* object) {
  Error error;
  // It would help to say who one is.
  const bool unknown = caller.kind == CallerKind::kAnonymous;
  error.code = unknown ? ErrorCode::kUnauthenticated : ErrorCode::kPermissionDenied;
  error.message = caller.Who() + " may not do " + std::string(operation.name);
  if (object != nullptr) error.message += " to " + object->name;
  const bool told = object != nullptr && !object->remedy.empty();
  error.remedy = told ? object->remedy : "this is for " + operation.may.ToString();
  return error;
}

}  // namespace

Roles RolesOf(const Subject& subject) {
  switch (subject.caller.kind) {
    case CallerKind::kAnonymous:
      return Role::kAnybody;
    case CallerKind::kUser: {
      const Roles user = Role::kAnybody | Role::kUser;
      return subject.administrator ? user | Role::kAdministrator : user;
    }
    case CallerKind::kDaemon:
      return Role::kAnybody | Role::kDaemon | Role::kUser | Role::kAdministrator;
    case CallerKind::kApplicationMaster:
      return Role::kAnybody | Role::kApplicationMaster;
    case CallerKind::kContainer:
      return Role::kAnybody | Role::kContainerHolder;
    case CallerKind::kApplicationUser:
      return Role::kAnybody | Role::kApplicationClient;
    case CallerKind::kTaskManager:
      return Role::kAnybody | Role::kTaskManager;
  }
  return {};
}

Status Authorise(const Operation& operation, const Subject& subject, const Object* object) {
  const Roles by_itself = RolesOf(subject);
  // A claim to be something towards the object is worth nothing from a caller that cannot be.
  const Roles possible = PossibleTowardsObjects(by_itself);
  const Roles towards = object == nullptr ? possible : possible & object->gives;
  if (operation.may.Meets(by_itself | towards)) return {};
  return Refusal(operation, subject.caller, object);
}

}  // namespace weir::security
