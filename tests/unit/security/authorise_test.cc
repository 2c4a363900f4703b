// Authorise, for every operation, every kind of caller, and everything a caller can be towards an
// object.
#include "security/authorise.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::security {
namespace {

Caller Of(CallerKind kind) {
  Caller caller;
  caller.kind = kind;
  caller.user = "ann";
  caller.attempt = {{1700000000000, 1}, 1};
  caller.address = "127.0.0.1:1";
  return caller;
}

struct Kind {
  const char* name;
  CallerKind kind;
  bool administrator;
  Roles is;      // by its credential
  Roles can_be;  // towards objects
};

const std::vector<Kind>& AllKinds() {
  static const std::vector<Kind> kinds = {
      {"nobody", CallerKind::kAnonymous, false, Role::kAnybody, {}},
      // Nothing makes an administrator of who is not a user.
      {"nobody, said to administer", CallerKind::kAnonymous, true, Role::kAnybody, {}},
      {"user",
       CallerKind::kUser,
       false,
       Role::kAnybody | Role::kUser,
       Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator},
      {"administrator",
       CallerKind::kUser,
       true,
       Role::kAnybody | Role::kUser | Role::kAdministrator,
       Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator},
      {"daemon",
       CallerKind::kDaemon,
       false,
       Role::kAnybody | Role::kUser | Role::kAdministrator | Role::kDaemon,
       Role::kOwner | Role::kQueueSubmitter | Role::kQueueAdministrator},
      {"AM",
       CallerKind::kApplicationMaster,
       true,
       Role::kAnybody | Role::kApplicationMaster,
       Role::kOwnContainer | Role::kOwnFile},
      {"container",
       CallerKind::kContainer,
       true,
       Role::kAnybody | Role::kContainerHolder,
       Role::kOwnFile},
      {"client of an application",
       CallerKind::kApplicationUser,
       true,
       Role::kAnybody | Role::kApplicationClient,
       {}},
      {"TaskManager", CallerKind::kTaskManager, true, Role::kAnybody | Role::kTaskManager, {}}};
  return kinds;
}

constexpr Role kTowardsObjects[] = {Role::kOwner,
                                    Role::kQueueSubmitter,
                                    Role::kQueueAdministrator,
                                    Role::kOwnContainer,
                                    Role::kOwnFile};

TEST(Authorise, LetsInWhoIsOrCouldBeAmongThoseWhoMay) {
  for (const Kind& kind : AllKinds()) {
    const Caller caller = Of(kind.kind);
    for (const Operation& operation : AllOperations()) {
      SCOPED_TRACE(std::string(kind.name) + " does " + std::string(operation.name));
      bool expected = false;
      for (const Role role : kAllRoles) {
        if (operation.may.Has(role) && (kind.is.Has(role) || kind.can_be.Has(role))) {
          expected = true;
        }
      }
      const Status status =
          Authorise(operation, {.caller = caller, .administrator = kind.administrator}, nullptr);
      EXPECT_EQ(status.ok(), expected);
      if (status.ok()) continue;
      EXPECT_EQ(status.error().code,
                kind.kind == CallerKind::kAnonymous ? ErrorCode::kUnauthenticated
                                                    : ErrorCode::kPermissionDenied);
      EXPECT_NE(status.error().message.find(operation.name), std::string::npos);
      EXPECT_FALSE(status.error().remedy.empty());
    }
  }
}

TEST(Authorise, DecidesByWhatTheCallerIsTowardsTheObject) {
  size_t by_object = 0;
  for (const Kind& kind : AllKinds()) {
    const Caller caller = Of(kind.kind);
    const Subject subject{.caller = caller, .administrator = kind.administrator};
    for (const Operation& operation : AllOperations()) {
      SCOPED_TRACE(std::string(kind.name) + " does " + std::string(operation.name));
      const bool by_itself = operation.may.Meets(kind.is);
      const Object stranger{.name = "it", .gives = {}, .remedy = ""};
      EXPECT_EQ(Authorise(operation, subject, &stranger).ok(), by_itself);
      for (const Role role : kTowardsObjects) {
        // Also for what such a caller cannot be: whoever says so is not believed.
        const Object object{.name = "it", .gives = role, .remedy = "ask ann"};
        const bool helps = operation.may.Has(role) && kind.can_be.Has(role);
        const Status status = Authorise(operation, subject, &object);
        EXPECT_EQ(status.ok(), by_itself || helps) << RoleName(role);
        if (helps && !by_itself) ++by_object;
        if (!status.ok()) {
          EXPECT_EQ(status.error().remedy, "ask ann");
        }
      }
    }
  }
  EXPECT_GT(by_object, 15u);
}

// Another role never takes anything away.
TEST(Authorise, OnlyEverGivesMoreForMoreRoles) {
  const Caller user = Of(CallerKind::kUser);
  for (const Operation& operation : AllOperations()) {
    for (const Role one : kTowardsObjects) {
      for (const Role other : kTowardsObjects) {
        const Object less{.name = "it", .gives = one, .remedy = ""};
        const Object more{.name = "it", .gives = one | other, .remedy = ""};
        for (const bool administrator : {false, true}) {
          const Subject subject{.caller = user, .administrator = administrator};
          if (Authorise(operation, subject, &less).ok()) {
            EXPECT_TRUE(Authorise(operation, subject, &more).ok());
            EXPECT_TRUE(Authorise(operation, {.caller = user, .administrator = true}, &less).ok());
          }
        }
      }
    }
  }
}

TEST(Authorise, SaysWhoMayNotDoWhatAndWhoMay) {
  const Caller eve = Of(CallerKind::kUser);
  const Operation& kill = OperationNamed(Service::kClient, "killApplication");
  const Object object{
      .name = "application_1_0001, which belongs to bob", .gives = {}, .remedy = "ask bob"};
  EXPECT_EQ(
      Authorise(kill, {.caller = eve}, &object).error(),
      (Error{ErrorCode::kPermissionDenied,
             "user ann may not do killApplication to application_1_0001, which belongs to bob",
             "ask bob"}));
  const Operation& drain = OperationNamed(Service::kAdmin, "drainNode");
  EXPECT_EQ(Authorise(drain, {.caller = eve}, nullptr).error(),
            (Error{ErrorCode::kPermissionDenied,
                   "user ann may not do drainNode",
                   "this is for a cluster administrator"}));
  const Caller nobody = Of(CallerKind::kAnonymous);
  EXPECT_EQ(Authorise(drain, {.caller = nobody}, nullptr).error().code,
            ErrorCode::kUnauthenticated);
}

}  // namespace
}  // namespace weir::security
