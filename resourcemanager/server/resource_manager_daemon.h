// ResourceManagerDaemon: the composition root of weir-resourcemanager. It makes every part, in
// order, and takes them down in the opposite order.
//
//   work directory, secret -> store (lock, load, epoch) -> token keys -> staging -> core
//     -> ports -> recovery's decisions -> I/O -> address file ("serving")
//
// Threads: the core loop; the I/O loop (Thrift and HTTP); the files loop (staging); the store's
// writer; the watchdogs. Owner: main. Start and Stop are for main's thread.
#ifndef WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_
#define WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_

#include <memory>
#include <optional>

#include "platform/daemon_main.h"
#include "resourcemanager/server/rm_options.h"

namespace weir::rm {

class ResourceManagerDaemon {
 public:
  explicit ResourceManagerDaemon(RmOptions options);
  ~ResourceManagerDaemon();  // as Stop
  ResourceManagerDaemon(const ResourceManagerDaemon&) = delete;
  ResourceManagerDaemon& operator=(const ResourceManagerDaemon&) = delete;

  // Serves when it returns nothing. After a failure, only destroy it.
  std::optional<platform::StartFailure> Start();
  // Ends all conversations, waits for the store, removes the address file. Idempotent.
  void Stop();
  // The core has stepped down: the process is to end with kFailure. It has sent itself SIGTERM.
  bool stepped_down() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_RESOURCE_MANAGER_DAEMON_H_
