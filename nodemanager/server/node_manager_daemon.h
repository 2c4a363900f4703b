// NodeManagerDaemon: the composition root of weir-nodemanager. It makes every part, in order, and
// takes them down in the opposite order.
//
//   work directory, lock, identity, secret -> records and what else an earlier run left -> ports
//     -> executor
//     -> conversation with the RM -> core -> I/O -> address file ("serving") -> registration
//
// Threads: the core loop; the I/O loop (Thrift and HTTP); two for the RM; the executor's; one for
// the disk; the watchdogs. Owner: main. All methods are for main's thread.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_
#define WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_

#include <memory>
#include <optional>

#include "nodemanager/server/nm_options.h"
#include "platform/daemon_main.h"
#include "platform/hadoop_xml_config.h"

namespace weir::nm {

class NodeManagerDaemon {
 public:
  // `config` is asked again for the ResourceManager's address after every lost connection.
  NodeManagerDaemon(NmOptions options, platform::Configuration config);
  ~NodeManagerDaemon();  // as Stop
  NodeManagerDaemon(const NodeManagerDaemon&) = delete;
  NodeManagerDaemon& operator=(const NodeManagerDaemon&) = delete;

  // Serves when it returns nothing. After a failure, only destroy it.
  std::optional<platform::StartFailure> Start();
  // Stops all containers and takes leave of the ResourceManager, or, when it is supervised, leaves
  // both as they are; ends everything else; in bounded time. Idempotent.
  void Stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_
