// FailoverLoad: the nodes and ApplicationMasters of the bench 'failover', all in this process: they
// share three loops (cores of the nodes, their listeners, ApplicationMasters), and each has the
// threads and connections of the real client libraries.
//
// Threads: for one thread, from Start on. Owner: the bench.
#ifndef WEIR_TESTS_BENCH_FAILOVER_LOAD_H_
#define WEIR_TESTS_BENCH_FAILOVER_LOAD_H_

#include <map>
#include <memory>
#include <vector>

#include "platform/hadoop_xml_config.h"
#include "tests/bench/failover_master.h"
#include "tests/bench/failover_node.h"

namespace weir::bench {

class FailoverLoad {
 public:
  struct Options {
    int64_t nodes = 0;
    Resource node_capacity;
    std::string secret;
  };
  FailoverLoad(const platform::Configuration& config, const Options& options);
  ~FailoverLoad();
  FailoverLoad(const FailoverLoad&) = delete;
  FailoverLoad& operator=(const FailoverLoad&) = delete;

  // Begins with all nodes.
  Status Start();
  FailoverJournal& journal() { return journal_; }

  // Every node is registered under a later epoch than `epoch`.
  bool NodesBackSince(Epoch epoch) const;
  // The epoch under which the newest registration of an ApplicationMaster was.
  Epoch epoch();
  // There are so many ApplicationMasters, all are registered under a later epoch than `epoch`, and
  // what they want runs. An error when one of them gave up.
  Result<bool> MastersSettledSince(Epoch epoch, size_t count);
  // `count` ApplicationMasters, from the `first` one on, ask for one container more.
  void AskForOneMore(size_t first, size_t count);
  void GiveBack();
  // The first few ApplicationMasters that are not settled, for messages.
  std::string Unsettled();

 private:
  void BeginMaster(const ContainerId& id, const LaunchContext& launch);

  const platform::Configuration config_;
  const Options options_;
  FailoverJournal journal_;
  platform::EventLoop core_loop_{"bench-nodes"};
  platform::EventLoop io_loop_{"bench-io"};
  platform::EventLoop master_loop_{"bench-masters"};
  std::unique_ptr<FailoverNode::Surroundings> around_;
  std::unique_ptr<platform::ThriftServer> thrift_;
  std::vector<std::unique_ptr<FailoverNode>> nodes_;
  // Of the masters' loop, while it runs.
  std::map<ContainerId, std::unique_ptr<FailoverMaster>> masters_;
  std::string failure_;  // of one that could not begin
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_FAILOVER_LOAD_H_
