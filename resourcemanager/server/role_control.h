// RoleControl: what administrators ask of the role of one ResourceManager of several. Thread-safe;
// nothing here waits for a change of role. Owner: the HighAvailabilityDaemon.
#ifndef WEIR_RESOURCEMANAGER_SERVER_ROLE_CONTROL_H_
#define WEIR_RESOURCEMANAGER_SERVER_ROLE_CONTROL_H_

#include <functional>
#include <string>

#include "common/result.h"
#include "common/time.h"

namespace weir::rm {

class ResourceManagerServer;

struct RoleChange {
  enum class Kind { kToActive = 1, kToStandby = 2, kCede = 3 };
  Kind kind = Kind::kToActive;
  bool forced = false;  // of the first two
  Duration time{};      // of kCede
};

struct RoleReport {
  std::string id;      // of yarn.resourcemanager.ha.rm-ids
  std::string leader;  // the id of who is elected; "" = nobody is known
  bool automatic = true;
  // Of the election's session: CONNECTED or DISCONNECTED, as YARN says it; or why there is none.
  std::string zookeeper;
};

class RoleControl {
 public:
  virtual ~RoleControl() = default;
  virtual RoleReport Describe() const = 0;
  // Of a standby. kUnavailable: it could not take over now, and why.
  virtual Status Health() const = 0;
  // `done` gets, on a thread of the daemon's, whether it is accepted. Errors: role_policy.h.
  virtual void Change(const RoleChange& change, std::function<void(Status)> done) = 0;
};

// RoleReport::zookeeper, also of the only ResourceManager that there is.
inline std::string ZookeeperStateOf(const RoleControl* roles) {
  return roles == nullptr ? "high availability is off" : roles->Describe().zookeeper;
}

// What the calls about roles work with. Immutable; outlives all handlers.
struct HaEnvironment {
  RoleControl* roles = nullptr;             // null: there is one ResourceManager only
  ResourceManagerServer* server = nullptr;  // null: standby, and there are several
  std::string store_name;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_ROLE_CONTROL_H_
