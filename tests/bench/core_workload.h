// CoreWorkload: a whole ResourceManager core with nodes, applications and containers, driven as its
// server would drive it, without threads, sockets or a disk: every record counts as durable at
// once.
//
// Workload: node i is in rack i / 40; all applications are in one leaf queue and ask once for
// containers of one size; each container is told to its master and reported RUNNING by its node.
// Single-threaded.
#ifndef WEIR_TESTS_BENCH_CORE_WORKLOAD_H_
#define WEIR_TESTS_BENCH_CORE_WORKLOAD_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "resourcemanager/core/resource_manager_core.h"

namespace weir::bench {

struct CoreWorkloadShape {
  int64_t nodes = 5000;
  int64_t applications = 10'000;
  int64_t containers = 1'000'000;  // ApplicationMasters included; shared evenly
};

class CoreWorkload {
 public:
  explicit CoreWorkload(const CoreWorkloadShape& shape);

  // Nodes registered, applications RUNNING, nothing but their masters allocated.
  Status Start();
  // Every application asks for its share, is told, and its nodes report all as RUNNING.
  Status Fill();
  // Every master gives all of its containers back, and their nodes report their end.
  Status Release();

  // Heartbeats to be given to Beat again and again, one per node: each reports `statuses` RUNNING
  // containers of the node, that are known and have been reported before. After Fill.
  Result<std::vector<rm::Event>> Heartbeats(size_t statuses);
  // One heartbeat step, with the next sequence; false when it was not answered as expected.
  bool Beat(rm::Event& heartbeat);

  const rm::ResourceManagerCore& core() const { return *core_; }
  int64_t held() const { return core_->Summary().containers_allocated; }

 private:
  struct NodeState {
    NodeId id;
    int64_t session = 0;
    int64_t sequence = 0;
  };
  // The answer to the event's call; kInternal when there is none of this kind.
  template <typename Answer>
  Result<Answer> Call(rm::Event event);
  void Commit(const rm::Actions& actions);
  Result<NodeHeartbeatAnswer> Report(size_t node, std::vector<ContainerStatus> statuses);
  Status StartMasters();
  Status Drain();  // heartbeats until no node has anything to hear
  Result<AllocateAnswer> Allocate(size_t application, AllocateRequest request);
  size_t IndexOf(const NodeId& id) const;

  const CoreWorkloadShape shape_;
  Now now_;
  std::unique_ptr<rm::ResourceManagerCore> core_;
  std::vector<NodeState> nodes_;
  std::vector<AttemptId> masters_;
  std::vector<int64_t> sequences_;  // of each master's allocates
  uint64_t next_call_ = 1;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_CORE_WORKLOAD_H_
