// ZooKeeperSession: one session with ZooKeeper, over the multi-threaded C client.
//
// The client has two threads: one speaks with the servers (and keeps the session alive whatever the
// rest of the process does), one calls callbacks. Callbacks given here run on the latter: they only
// post to somebody's queue, never wait and never close the session. Every operation is answered
// exactly once, in the order of the calls; those that are under way when the connection goes, or
// when the session is closed, with ZkCode::kUnknown.
//
// A session whose connection went comes back by itself, on any of the servers. One that has expired
// (or whose credential was refused) is over: its owner opens another one. The credential is a
// digest (user:password), given before anything else is sent and again on every connection.
//
// Owner: a store or an election, which closes it from its own thread. All calls are thread-safe but
// Close.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_SESSION_H_
#define WEIR_STATE_STORE_ZOOKEEPER_SESSION_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "state-store/protocol/zk_operation.h"

namespace weir::store {

struct ZooKeeperOptions {
  std::string servers;             // "host:2181,host2:2181/chroot"
  Duration timeout = seconds(10);  // of the session, as asked for: the servers may change it
  std::string user = "weir";       // of the digest
  std::string password;            // never in a log or message
  // Longest wait for an answer or a connection, of calls that wait (zookeeper_client.h).
  Duration patience = seconds(20);
};

class ZooKeeperSession {
 public:
  enum class State { kConnecting = 1, kConnected = 2, kExpired = 3, kRefused = 4 };
  using StateHandler = std::function<void(State)>;
  using MultiHandler = std::function<void(const ZkOutcome&)>;
  using NodeHandler = std::function<void(const ZkOutcome&, ZkNode)>;
  using ChildrenHandler = std::function<void(const ZkOutcome&, std::vector<std::string>)>;
  using WatchHandler = std::function<void()>;

  // Does not wait for the connection: `changed` tells of it. kInvalidArgument: the servers' text
  // cannot be read; kUnavailable: none of the names can be resolved.
  static Result<std::unique_ptr<ZooKeeperSession>> Open(const ZooKeeperOptions& options,
                                                        StateHandler changed);
  ~ZooKeeperSession();
  ZooKeeperSession(const ZooKeeperSession&) = delete;
  ZooKeeperSession& operator=(const ZooKeeperSession&) = delete;

  void Multi(std::vector<ZkOperation> operations, MultiHandler done);
  // `watch`, if there is one, is called when the node, if it is there, changes or goes: once, until
  // it is read with a watch again. A path has one watch; a later one takes its place.
  void Get(const std::string& path, NodeHandler done, WatchHandler watch = nullptr);
  void Children(const std::string& path, ChildrenHandler done);
  // What is read after it is at least as new as everything acknowledged before it to anybody.
  void Sync(const std::string& path, MultiHandler done);

  State state() const;
  // The session's timeout as the servers granted it; 0 before the first connection.
  Duration granted_timeout() const;
  // Answers what is under way, ends the session (its ephemeral nodes go). Idempotent.
  void Close();

 private:
  struct Handle;
  explicit ZooKeeperSession(std::unique_ptr<Handle> handle);

  std::unique_ptr<Handle> handle_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_SESSION_H_
