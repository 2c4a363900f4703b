// Door: what stands before the handlers of one port. It knows the operations that the port has, who
// may do them, and writes down what came of it.
//
// A server asks it before a handler is entered, for every call; what it refuses, no handler sees.
// How a caller's identity is proven (a socket's peer, a secret, a token) is the server's affair:
// the door gets a Caller.
//
// Thread-safe; must not block. One per port, or several ports with the same operations. Outlives
// the server. Immutable but for what it writes down.
#ifndef WEIR_PLATFORM_DOOR_H_
#define WEIR_PLATFORM_DOOR_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "common/caller.h"
#include "common/result.h"
#include "platform/ended_call.h"
#include "security/operations.h"

namespace weir::platform {

class AuditLog;

class Door {
 public:
  virtual ~Door() = default;
  // By the name of its row: of a method, or "GET /path/{}". Null: nobody gets in.
  virtual const security::Operation* Find(std::string_view name) const = 0;
  // Whether the caller may; nothing: somebody must be asked first, see Ask.
  virtual std::optional<Status> Decide(const Caller& caller,
                                       const security::Operation& operation) const = 0;
  // Calls `answer` once, before it returns or later, on any thread.
  virtual void Ask(const Caller& caller,
                   const security::Operation& operation,
                   std::function<void(Status)> answer) const = 0;
  // Of every call that was let in or refused, when it has ended.
  virtual void OnEnded(const EndedCall& call) const = 0;
};

// Whether a user administers the cluster; may answer later, on any thread.
using AskAdministrator =
    std::function<void(const Caller& caller, std::function<void(bool administers)> answer)>;

// By the table of operations. `is_administrator` may be empty: then no user is one. `audit` may be
// null, and outlives the door otherwise.
std::shared_ptr<const Door> MakeDoor(security::Service service,
                                     AskAdministrator is_administrator = nullptr,
                                     AuditLog* audit = nullptr);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_DOOR_H_
