// FailoverNode: a NodeManager whose containers are notes in a journal and nothing else. All but the
// executor is the real one: core, conversation with the ResourceManagers over two connections,
// container service with its tokens. It keeps no records: it outlives every ResourceManager.
//
// Threads: Start and Stop are for one thread; the rest is thread-safe.
#ifndef WEIR_TESTS_BENCH_FAILOVER_NODE_H_
#define WEIR_TESTS_BENCH_FAILOVER_NODE_H_

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "nodemanager/server/node_manager_server.h"
#include "platform/hadoop_xml_config.h"
#include "platform/thrift_server.h"
#include "tests/bench/failover_journal.h"

namespace weir::bench {

// Carries out what a core wants by noting it down. Used on the core loop only.
class JournalExecutor : public nm::ContainerExecutor {
 public:
  struct Masters {
    std::function<void(const ContainerId& id, const LaunchContext& launch)> begin;
    std::function<void(const ContainerId& id)> end;
  };
  JournalExecutor(FailoverJournal& journal, const Masters& masters, nm::EventSink sink)
      : journal_(journal), masters_(masters), sink_(std::move(sink)) {}

  void Localize(const ContainerTokenIdentifier& token,
                const LaunchContext& launch,
                const nm::StagingAccess& staging) override;
  void Reacquire(const ContainerTokenIdentifier& token,
                 const LaunchContext& launch,
                 bool runs) override;
  void CallOffLocalization(const ContainerId& id) override;
  using nm::ContainerExecutor::Launch;
  void Launch(const nm::Launch& wanted) override;
  void Resize(const nm::Resize& wanted) override;
  void SignalContainer(const ContainerId& id, nm::SignalKind kind) override;
  void CleanUp(const ContainerId& id) override;
  void Forget(const ContainerId& id) override;
  void CleanUpApplication(const ApplicationId& id) override;
  void UseDirectories(const nm::UseDirectories& good) override;

 private:
  FailoverJournal& journal_;
  const Masters& masters_;
  const nm::EventSink sink_;
  std::map<ContainerId, LaunchContext> running_;  // or about to
};

class FailoverNode {
 public:
  struct Surroundings {
    platform::EventLoop& core_loop;
    platform::ThriftServer& thrift;  // of a loop that runs
    const platform::Configuration& config;
    std::string cluster_id;
    std::string secret;
    FailoverJournal& journal;
    JournalExecutor::Masters masters;
    Resource capacity;
  };
  // The surroundings outlive it.
  FailoverNode(const Surroundings& around, int64_t number);
  // Requires: the core loop has stopped.
  ~FailoverNode();
  FailoverNode(const FailoverNode&) = delete;
  FailoverNode& operator=(const FailoverNode&) = delete;

  // Listens, and begins to register.
  Status Start();
  // Ends the conversation with the ResourceManagers.
  void Stop();

  // Of its last registration; 0 before the first.
  Epoch registered_under() const { return {registered_under_.load()}; }

 private:
  void Take(nm::Event event);

  const Surroundings& around_;
  const NodeId id_;
  nm::RmCredentials credentials_;
  nm::NmMetrics metrics_;
  std::atomic<int64_t> registered_under_{0};
  std::unique_ptr<JournalExecutor> executor_;
  std::unique_ptr<nm::RmClient> rm_;
  std::unique_ptr<nm::NodeManagerServer> server_;
};

}  // namespace weir::bench

#endif  // WEIR_TESTS_BENCH_FAILOVER_NODE_H_
