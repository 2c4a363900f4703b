// CoreCluster: a ResourceManagerCore with nodes and ApplicationMasters that do at once what they
// are told, in one thread and virtual time. Every record is durable as soon as it is appended.
//
// A node reports what it was told to start as RUNNING and what it was told to stop as COMPLETE with
// its next heartbeat. A master's poll stays parked until there is something to say.
//
// Owner: a benchmark. Single-threaded.
#ifndef WEIR_TESTS_BENCH_CORE_CLUSTER_H_
#define WEIR_TESTS_BENCH_CORE_CLUSTER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "resourcemanager/core/resource_manager_core.h"
#include "tests/bench/scheduler_workload.h"

namespace weir::bench {

class CoreCluster {
 public:
  struct Node {
    NodeId id;
    int64_t session = 0;
    int64_t sequence = 0;
    std::vector<ContainerId> running;        // reported so, when remember_running
    std::vector<ContainerStatus> to_report;  // changed since the last heartbeat
  };
  struct Master {
    AttemptId attempt;  // number 0 until it was started
    int64_t sequence = 0;
    int32_t node = -1;
    bool answered = true;  // no poll of it is parked
    int64_t granted = 0;
    int64_t completed = 0;
  };
  struct Options {
    QueueLines queues;
    bool remember_running = true;
  };

  explicit CoreCluster(const Options& options);

  // --- whole conversations, each until nothing more follows from it
  void AddNodes(int64_t count, const Resource& each);
  void AddApplication(const std::string& queue, const std::string& user, const Resource& master);
  // Starts those of all applications, which register.
  void StartMasters();
  // One heartbeat of every node, with what it has to report.
  void BeatAll();
  // Asks for `count` containers and parks; then again as long as there are answers.
  void Ask(size_t master, int32_t count, const Resource& each);
  // Every master whose poll was answered polls again.
  void PollAnswered();
  // Gives back all that it was granted. Requires: nothing of it has ended.
  void ReleaseAll(size_t master);
  // Its final status; its container ends with the next heartbeat.
  void Finish(size_t master);
  void Advance(Duration duration);

  // --- for benchmarks that time single steps
  rm::NodeHeartbeat Heartbeat(size_t node, std::vector<ContainerStatus> statuses);
  ContainerStatus Running(const ContainerId& id) const;
  ContainerStatus Complete(const ContainerId& id) const;
  rm::ResourceManagerCore& core() { return *core_; }
  Now now() const { return now_; }
  void set_now(Now now) { now_ = now; }
  // Deals with what a step wants done, and commits what it appended.
  void Take(rm::Actions actions);

  std::vector<Node>& nodes() { return nodes_; }
  std::vector<Master>& masters() { return masters_; }
  int64_t granted() const { return granted_; }
  // The first thing that must not happen and did.
  Status fault() const { return fault_; }

 private:
  void Step(const rm::Event& event);
  void Perform(const rm::Action& action);
  void OnReply(const rm::Reply& reply);
  void OnNodeAnswer(Node& node, const NodeHeartbeatAnswer& answer);
  void OnMasterAnswer(Master& master, const AllocateAnswer& answer);
  void Register(size_t master);
  void Poll(size_t master, std::vector<ContainerAsk> asks, std::vector<ContainerId> releases = {});
  void Report(Node& node, const ContainerId& id);
  Node& NodeOf(const NodeId& id);
  void Fail(const std::string& what);

  const Options options_;
  Now now_;
  std::unique_ptr<rm::ResourceManagerCore> core_;
  std::vector<Node> nodes_;
  std::vector<Master> masters_;  // by number of the application
  std::vector<rm::Action> held_;
  uint64_t appended_ = 0;
  uint64_t next_call_ = 1;
  int64_t granted_ = 0;
  Status fault_;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_CORE_CLUSTER_H_
