// StandbyServer: what a ResourceManager that is not active listens for, on the same addresses as an
// active one.
//
// The ports for clients, nodes and ApplicationMasters refuse every hello with kNotActive and the
// name of who is active, before a credential is looked at (its keys are in the store). The admin
// port does the same but for a hello with any_role, which gets idl/ha.thrift. HTTP answers
// /ws/v1/cluster/info, /healthz, /readyz and /metrics for itself and sends every other reading to
// the active one.
//
// Threads: two loops of its own. Owner: the HighAvailabilityDaemon; Start and Stop are for its
// thread, SetLeader is thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_STANDBY_SERVER_H_
#define WEIR_RESOURCEMANAGER_SERVER_STANDBY_SERVER_H_

#include <memory>
#include <string>

#include "common/result.h"
#include "resourcemanager/server/election_member.h"
#include "resourcemanager/server/listen_addresses.h"
#include "resourcemanager/server/rm_options.h"
#include "resourcemanager/server/role_control.h"

namespace weir::rm {

class StandbyServer {
 public:
  // All outlive it. `secret`: the cluster's.
  StandbyServer(const RmOptions& options,
                const std::string& secret,
                ListenAddresses& addresses,
                RoleControl& roles);
  ~StandbyServer();  // as Stop
  StandbyServer(const StandbyServer&) = delete;
  StandbyServer& operator=(const StandbyServer&) = delete;

  // Listens and publishes the addresses. kUnavailable: a port cannot be bound.
  Status Start();
  // Closes everything. Idempotent; the addresses stay published.
  void Stop();
  // Whom to name; an empty id = nobody is known.
  void SetLeader(const ElectionMember& leader);

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_STANDBY_SERVER_H_
