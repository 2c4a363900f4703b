// FaultCluster: a fixture with a cluster that can be harmed in every way of fault_plan.h, and be
// whole again: three ZooKeeper servers, two ResourceManagers, each with proxies of its own in front
// of ZooKeeper, and four NodeManagers.
//
// Nodes 0 and 1 are of the default partition, 2 and 3 have the label "far". Where namespaces can be
// had (NodeNetwork) the far ones have networks of their own, whose links can be taken down.
// Single-threaded: owned by the test.
#ifndef WEIR_TESTS_INTEGRATION_FAULT_CLUSTER_H_
#define WEIR_TESTS_INTEGRATION_FAULT_CLUSTER_H_

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/integration/fault_plan.h"
#include "tests/integration/stream_job_test.h"
#include "tests/support/cutting_proxy.h"
#include "tests/support/node_network.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {

class FaultCluster : public StreamJobTest {
 protected:
  static constexpr int kNodes = 4;
  static constexpr int kResourceManagers = 2;
  static constexpr char kFar[] = "far";
  static constexpr Duration kSession = seconds(1);
  static constexpr Duration kNodeExpiry = seconds(20);

  static void SetUpTestSuite();
  void SetUp() override;
  void StartFaultCluster();

  // Does what `kill`, `unplug` and so on say, and gives what ends it. Faults that need one to be
  // active, or to lead, wait for that.
  using Heal = std::function<void()>;
  Heal Inject(const Fault& fault);
  // Which ApplicationMaster is killed, and which node is unplugged, is up to the test.
  virtual void KillMaster() = 0;
  virtual int NodeToUnplug() = 0;
  virtual void OnUnplugged(int node, Duration length) = 0;

  // One active, one standby, a leader of three servers, all nodes.
  ::testing::AssertionResult AwaitWhole();
  // The number of the active one, once there is one.
  int AwaitSomeActive();
  std::string HostOf(int node) const;
  int NodeOf(const std::string& host) const;
  // "" = nodes can be unplugged.
  static const std::string& why_no_namespaces() { return why_no_namespaces_; }

 private:
  ClusterOptions Options();
  Heal CutZooKeeper(const Fault& fault);
  Heal StopServers(const std::vector<size_t>& servers);
  Heal UnplugNode(const Fault& fault);
  std::string ZooKeeperAddressOf(int resource_manager) const;

  static std::string why_no_namespaces_;
  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  std::map<int, std::vector<std::unique_ptr<CuttingProxy>>> proxies_;  // by ResourceManager
  std::map<int, std::unique_ptr<NodeNetwork>> networks_;               // by node
};

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_FAULT_CLUSTER_H_
