// ResourceManagerDaemon: the composition root of a ResourceManager that is active. It makes every
// part, in order, and takes them down in the opposite order.
//
//   work directory, secret -> store (lock, load, epoch) -> token keys -> staging -> core
//     -> ports -> recovery's decisions -> I/O -> address file ("serving")
//
// Threads: the core loop; the I/O loop (Thrift and HTTP); the files loop (staging); the store's
// writer; the watchdogs. Owner: main or the HighAvailabilityDaemon. Start and Stop are for the
// owner's thread.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_
#define WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "platform/daemon_main.h"
#include "resourcemanager/server/listen_addresses.h"
#include "resourcemanager/server/rm_options.h"
#include "resourcemanager/server/role_control.h"
#include "resourcemanager/server/store_follower.h"
#include "state-store/state_store.h"

namespace weir::rm {

// Makes the work directories and, if there is none, the cluster secret, which it gives.
Result<std::string> PrepareDirectories(const RmOptions& options);

class ResourceManagerDaemon {
 public:
  // None of them may block; all but `step_down` may be empty.
  struct Hooks {
    // The core has stepped down: it is to be stopped. Once, on the core loop.
    std::function<void(const Error&)> step_down;
    // On the thread of Start, when everything is recovered and the ports are taken next.
    std::function<void()> before_listening;
    // A loop is silent although there is something to do, or still is. On a watchdog's thread.
    // Empty: it is logged.
    std::function<void(const std::string& loop, Duration silent)> hangs;
    RoleControl* roles = nullptr;  // null: it is the only one
    // The state store, for whoever has one that has followed another's writes, and what was made of
    // that; null: it is opened, or loaded.
    std::function<FollowedStore()> take_store;
  };

  // `addresses` outlives it.
  ResourceManagerDaemon(RmOptions options, ListenAddresses& addresses, Hooks hooks);
  ~ResourceManagerDaemon();  // as Stop
  ResourceManagerDaemon(const ResourceManagerDaemon&) = delete;
  ResourceManagerDaemon& operator=(const ResourceManagerDaemon&) = delete;

  // Serves when it returns nothing. After a failure, only destroy it.
  std::optional<platform::StartFailure> Start();
  // Ends all conversations, waits for the store, withdraws the addresses. Idempotent.
  void Stop();
  // The core has stepped down.
  bool stepped_down() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_
