// NodeManagerDaemon: the composition root of weir-nodemanager. It makes every part, in order, and
// takes them down in the opposite order.
//
//   work directory, lock, identity, secret -> what an earlier run left -> ports -> executor
//     -> conversation with the RM -> core -> I/O -> address file ("serving") -> registration
//
// Threads: the core loop; the I/O loop (Thrift and HTTP); two for the RM; the executor's; one for
// the disk; the watchdogs. Owner: main. All methods are for main's thread.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_
#define WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_

#include <memory>
#include <optional>

#include "common/result.h"
#include "nodemanager/server/nm_options.h"
#include "platform/hadoop_xml_config.h"

namespace weir::nm {

// Exit codes of the process.
namespace exit_status {
inline constexpr int kFailure = 1;
inline constexpr int kConfiguration = 2;
inline constexpr int kPortInUse = 10;
inline constexpr int kDirectoryLocked = 11;
}  // namespace exit_status

struct StartFailure {
  int exit_code = exit_status::kFailure;
  Error error;
};

class NodeManagerDaemon {
 public:
  // `config` is asked again for the ResourceManager's address after every lost connection.
  NodeManagerDaemon(NmOptions options, platform::Configuration config);
  ~NodeManagerDaemon();  // as Stop
  NodeManagerDaemon(const NodeManagerDaemon&) = delete;
  NodeManagerDaemon& operator=(const NodeManagerDaemon&) = delete;

  // Serves when it returns nothing. After a failure, only destroy it.
  std::optional<StartFailure> Start();
  // Stops all containers, takes leave of the ResourceManager, ends everything; in bounded time.
  // Idempotent.
  void Stop();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_MANAGER_DAEMON_H_
