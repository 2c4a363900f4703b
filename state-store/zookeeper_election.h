// ZookeeperElection: takes part in the election of one process among several, over a ZooKeeper
// session of its own; see protocol/leader_election.h for the rules.
//
// Its session is not the store's: that one is busy with writes, and its end ends nothing.
//
// Threads: one of its own runs the election and calls the handlers, which must not block and must
// not call Stop. Owner: the process's composition root, which calls Start and Stop; the rest is
// thread-safe.
#ifndef WEIR_STATE_STORE_ZOOKEEPER_ELECTION_H_
#define WEIR_STATE_STORE_ZOOKEEPER_ELECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "state-store/zookeeper_session.h"

namespace weir::store {

struct ZookeeperElectionOptions {
  ZooKeeperOptions session;
  std::string base = "/weir-leader-election";  // absolute, without a slash at the end
  std::string cluster_id;
  // What the others read of a leader: different for each member, and the same in each run of one.
  std::string member;
  std::string name;  // of it, in the log
  // Whether bytes are such a text; none = all but no bytes are.
  std::function<bool(const std::string&)> is_member = nullptr;

  std::string lock() const { return base + "/" + cluster_id + "/lock"; }
};

class ZookeeperElection {
 public:
  struct Handlers {
    std::function<void()> elected;
    std::function<void(const std::string& why)> deposed;
    std::function<void(const std::string& leader)> leader_changed;  // "" = nobody is known
  };

  ZookeeperElection(const ZookeeperElectionOptions& options, Handlers handlers);
  ~ZookeeperElection();  // as Stop
  ZookeeperElection(const ZookeeperElection&) = delete;
  ZookeeperElection& operator=(const ZookeeperElection&) = delete;

  // Does not wait for a connection, nor stand. What cannot be reached is tried again.
  // kInvalidArgument: the servers' text cannot be read.
  Status Start();
  // Wants to lead, or not any more: who leads is told `deposed` and gives the lock back.
  void Stand();
  void Retire();
  // The process that leader_changed named has ended: it is not waited for, if we stand. Wrongly
  // said it costs an election, and no more.
  void LeaderGone(const std::string& leader);
  // For a process that is about to end without tidying up, such as one that hangs: gives the lock
  // back at once, so that nobody waits for the session's end. Waits at most `patience`; false when
  // ZooKeeper has not confirmed it. Works whatever the election's own thread does, which takes part
  // in nothing any more.
  bool GiveUp(Duration patience);
  // Ends the session, and with it the lock. Idempotent.
  void Stop();

  bool connected() const;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_ZOOKEEPER_ELECTION_H_
