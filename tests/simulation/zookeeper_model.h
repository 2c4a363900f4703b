// ZookeeperModel: what a ZooKeeper ensemble is to its clients: a tree of nodes with versions,
// changed by multis that are applied as a whole or not at all; sessions that end when nothing is
// heard of them for their timeout, and with them their ephemeral nodes; watches that fire once.
//
// It does not serve while it is stopped; sessions outlive that, as the time starts anew with it.
// How requests and answers travel, and what happens to them, is ZookeeperConnection's.
// Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_ZOOKEEPER_MODEL_H_
#define WEIR_TESTS_SIMULATION_ZOOKEEPER_MODEL_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/time.h"
#include "state-store/protocol/zk_operation.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/trace.h"

namespace weir::simulation {

class ZookeeperModel {
 public:
  static constexpr char kName[] = "zk";

  ZookeeperModel(EventQueue& queue, Trace& trace) : queue_(queue), trace_(trace) {}

  bool serving() const { return serving_; }
  void Stop();
  void Serve();

  // --- sessions; numbers are never used twice
  uint64_t OpenSession(Duration timeout);
  // It was heard of; false when it is over.
  bool Touch(uint64_t session);
  bool Lives(uint64_t session) const { return sessions_.contains(session); }
  void EndSession(uint64_t session);

  // --- nodes. Requires: the session lives.
  store::ZkOutcome Apply(uint64_t session, const std::vector<store::ZkOperation>& operations);
  store::ZkNode Read(uint64_t session, const std::string& path) const;
  // Once, when the node is made, changed or deleted.
  void Watch(uint64_t session, const std::string& path, std::function<void()> changed);

  // --- for whoever checks
  // By path; the node itself is not among them.
  std::vector<std::pair<std::string, std::string>> Below(const std::string& path) const;
  // After each change, with the operations that were applied.
  void OnApplied(std::function<void(const std::vector<store::ZkOperation>&)> applied) {
    applied_ = std::move(applied);
  }

 private:
  struct Node {
    std::string data;
    int32_t version = 0;
    uint64_t owner = 0;  // the session, of an ephemeral one
  };
  struct Session {
    Duration timeout{0};
    Instant deadline;
  };
  struct Watcher {
    uint64_t session = 0;
    std::function<void()> changed;
  };
  using Undo = std::vector<std::pair<std::string, std::optional<Node>>>;

  store::ZkCode ApplyOne(uint64_t session, const store::ZkOperation& operation, Undo& undo);
  bool HasChildren(const std::string& path) const;
  void Fire(const std::string& path);
  void ExpireLater(uint64_t session);

  EventQueue& queue_;
  Trace& trace_;
  bool serving_ = true;
  uint64_t last_session_ = 0;
  std::map<uint64_t, Session> sessions_;
  std::map<std::string, Node> nodes_;
  std::multimap<std::string, Watcher> watchers_;
  std::function<void(const std::vector<store::ZkOperation>&)> applied_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_ZOOKEEPER_MODEL_H_
