// Authorise: whether a caller may do an operation to an object, by the table of operations.
//
// It is asked twice where the answer depends on the object. First at the port, before any handler
// is entered: then whoever could be, say, an owner is let in. Then by who knows the object (a core,
// a store), before anything is done to it. Where it depends on the caller alone, the port's answer
// is the last one. Pure functions; thread-safe.
#ifndef WEIR_SECURITY_AUTHORISE_H_
#define WEIR_SECURITY_AUTHORISE_H_

#include <string>

#include "common/caller.h"
#include "common/result.h"
#include "security/operations.h"

namespace weir::security {

// Who asks.
struct Subject {
  const Caller& caller;
  bool administrator = false;  // of the cluster; counts for users
};

// What is known of the object.
struct Object {
  std::string name;    // "application_1_0001, which belongs to ann"
  Roles gives;         // what the caller is towards it
  std::string remedy;  // "ask ann"; empty = who may, by the table
};

// What a caller is by its credential. Who holds the cluster secret can read a file of the
// ResourceManager's own user, and so is a user and an administrator too.
Roles RolesOf(const Subject& subject);

// An `object` of null: not known yet, so the roles towards one count that such a caller can have.
// kUnauthenticated: nothing is proven of the caller, and that does not do;
// kPermissionDenied: it is not among those who may.
Status Authorise(const Operation& operation, const Subject& subject, const Object* object);

}  // namespace weir::security

#endif  // WEIR_SECURITY_AUTHORISE_H_
