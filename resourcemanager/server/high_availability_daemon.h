// HighAvailabilityDaemon: one ResourceManager of several. It is standby until it is elected, or
// told to be active, and becomes standby again without ending.
//
// Active and standby are two servers that follow one another on the same addresses: a
// ResourceManagerDaemon per time of being active, with its own recovery and epoch, and a
// StandbyServer per time of being standby. Which of them is to be there is RolePolicy's; here it is
// done, on one loop, one change after the other. A new active one opens the state store, which
// shuts out the former one for good, before it listens.
//
// While another one leads, its process is watched (PeerWatch): when that has ended, the election is
// told, and the end of its session is not waited for.
//
// A ResourceManager whose loops hang gives the election's lock back and ends its process: nothing
// less can be relied on to stop it.
//
// Threads: the role loop; the election's; those of the two servers. Owner: main, for Start and
// Stop. RoleControl is thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_HIGH_AVAILABILITY_DAEMON_H_
#define WEIR_RESOURCEMANAGER_SERVER_HIGH_AVAILABILITY_DAEMON_H_

#include <memory>
#include <optional>

#include "platform/daemon_main.h"
#include "resourcemanager/server/rm_options.h"

namespace weir::rm {

class HighAvailabilityDaemon {
 public:
  // Requires: options.ha.enabled.
  explicit HighAvailabilityDaemon(RmOptions options);
  ~HighAvailabilityDaemon();  // as Stop
  HighAvailabilityDaemon(const HighAvailabilityDaemon&) = delete;
  HighAvailabilityDaemon& operator=(const HighAvailabilityDaemon&) = delete;

  // Serves as standby, and takes part in the election, when it returns nothing. ZooKeeper need not
  // be there yet.
  std::optional<platform::StartFailure> Start();
  // Ends what is there, then gives the lock back. Idempotent.
  void Stop();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_HIGH_AVAILABILITY_DAEMON_H_
