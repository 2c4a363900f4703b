#include "tests/integration/fault_cluster.h"

#include <algorithm>
#include <csignal>

#include "platform/config_keys.h"

namespace weir::testing {
namespace {

namespace keys = platform::keys;

constexpr int kServers = 3;
constexpr int kFirstFar = 2;  // nodes from here on have the label

// Half of everything may be ApplicationMasters; the label is for all.
constexpr char kQueues[] = R"(<configuration>
  <property><name>yarn.scheduler.capacity.root.queues</name><value>default</value></property>
  <property><name>yarn.scheduler.capacity.root.default.capacity</name><value>100</value></property>
  <property><name>yarn.scheduler.capacity.root.default.maximum-am-resource-percent</name>
    <value>1</value></property>
  <property><name>yarn.scheduler.capacity.root.default.accessible-node-labels</name>
    <value>far</value></property>
  <property><name>yarn.scheduler.capacity.root.default.accessible-node-labels.far.capacity</name>
    <value>100</value></property>
</configuration>
)";

}  // namespace

std::string FaultCluster::why_no_namespaces_;

void FaultCluster::SetUpTestSuite() {
  why_no_namespaces_ = NodeNetwork::WhyNot();
  if (why_no_namespaces_.empty() && !NodeNetwork::EnterOwn()) {
    why_no_namespaces_ = "this process could not enter a network namespace";
  }
}

void FaultCluster::SetUp() {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
}

std::string FaultCluster::HostOf(int node) const {
  const auto network = networks_.find(node);
  return network == networks_.end() ? "127.66.200." + std::to_string(10 + node)
                                    : network->second->host();
}

int FaultCluster::NodeOf(const std::string& host) const {
  for (int node = 0; node < kNodes; ++node) {
    if (HostOf(node) == host) return node;
  }
  ADD_FAILURE() << "no node has the host '" << host << "'";
  return 0;
}

std::string FaultCluster::ZooKeeperAddressOf(int resource_manager) const {
  std::string text;
  for (const auto& proxy : proxies_.at(resource_manager)) {
    text += (text.empty() ? "" : ",") + std::string("127.0.0.1:") + std::to_string(proxy->port());
  }
  return text;
}

ClusterOptions FaultCluster::Options() {
  ClusterOptions options = SmallContainers(kNodes);
  options.resource_managers = kResourceManagers;
  options.queue_file = kQueues;
  options.settings[keys::kZkTimeout] = std::to_string(ToMillis(kSession));
  options.settings[keys::kNmExpiry] = std::to_string(ToMillis(kNodeExpiry));
  options.settings[keys::kRmMaxAttempts] = "1000";
  options.settings[keys::kRmMaxWait] = "60000";
  // Some of the applications have a shell for their ApplicationMaster, which says nothing.
  options.settings[keys::kAmExpiry] = "86400000";
  for (int number = 1; number <= kResourceManagers; ++number) {
    for (size_t server = 0; server < ensemble_->size(); ++server) {
      proxies_[number].push_back(std::make_unique<CuttingProxy>(ensemble_->port(server)));
    }
    options.of_resource_manager[number][keys::kZkAddress] = ZooKeeperAddressOf(number);
  }
  for (int node = 0; node < kNodes; ++node) {
    options.of_node[node] = {{keys::kNmAddress, HostOf(node) + ":0"},
                             {keys::kNmHttpAddress, HostOf(node) + ":0"}};
    const auto network = networks_.find(node);
    if (network != networks_.end()) options.node_prefix[node] = network->second->Prefix();
  }
  return options;
}

void FaultCluster::StartFaultCluster() {
  for (int node = kFirstFar; node < kNodes && why_no_namespaces_.empty(); ++node) {
    networks_[node] = std::make_unique<NodeNetwork>(node);
    ASSERT_TRUE(networks_[node]->ok());
  }
  ensemble_ =
      std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.servers = kServers, .sync = false});
  ASSERT_TRUE(ensemble_->Start());
  ASSERT_TRUE(StartCluster(Options()));
  const CommandResult label = cluster().Weir(
      {"rmadmin", "-addToClusterNodeLabels", std::string(kFar) + "(exclusive=true)"});
  ASSERT_EQ(label.exit_code, 0) << label.ToString();
  std::string far;
  for (int node = kFirstFar; node < kNodes; ++node) {
    const auto address = cluster().Address(cluster().NodeAddresses(node), "container");
    far += (far.empty() ? "" : " ") + address.ToString() + "=" + kFar;
  }
  const CommandResult replaced = cluster().Weir({"rmadmin", "-replaceLabelsOnNode", far});
  ASSERT_EQ(replaced.exit_code, 0) << replaced.ToString();
}

int FaultCluster::AwaitSomeActive() {
  int active = 0;
  EXPECT_TRUE(WaitUntil([&] { return (active = cluster().ActiveResourceManager()) != 0; },
                        "one is active"));
  return active;
}

::testing::AssertionResult FaultCluster::AwaitWhole() {
  const auto serving = WaitUntil([&] { return ensemble_->IsServing() && ensemble_->Leader() >= 0; },
                                 "ZooKeeper is whole");
  if (!serving) return serving;
  const auto led = WaitUntil(
      [&] {
        const std::string first = cluster().RoleOf(1);
        const std::string second = cluster().RoleOf(2);
        return (first == "ACTIVE" && second == "STANDBY") ||
               (first == "STANDBY" && second == "ACTIVE");
      },
      "one ResourceManager is active and the other standby");
  if (!led) return led;
  return cluster().WaitForNodes(kNodes);
}

FaultCluster::Heal FaultCluster::Inject(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::kKillActive: {
      const int active = AwaitSomeActive();
      cluster().resource_manager(active).Kill();
      return [this, active] { EXPECT_TRUE(cluster().StartResourceManager(active)); };
    }
    case FaultKind::kStopActive: {
      const int active = AwaitSomeActive();
      cluster().resource_manager(active).Signal(SIGSTOP);
      return [this, active] { cluster().resource_manager(active).Signal(SIGCONT); };
    }
    case FaultKind::kKillNode:
      cluster().node(fault.node).Kill();
      return [this, node = fault.node] { EXPECT_TRUE(cluster().StartNode(node)); };
    case FaultKind::kKillMaster:
      KillMaster();
      return [] {};
    case FaultKind::kKillLeader: {
      int leader = -1;
      EXPECT_TRUE(WaitUntil([&] { return (leader = ensemble_->Leader()) >= 0; }, "one leads"));
      return StopServers({static_cast<size_t>(std::max(leader, 0))});
    }
    case FaultKind::kStopEnsemble:
      return StopServers({0, 1, 2});
    case FaultKind::kCutZooKeeper:
      return CutZooKeeper(fault);
    case FaultKind::kUnplugNode:
      return UnplugNode(fault);
  }
  return [] {};
}

FaultCluster::Heal FaultCluster::StopServers(const std::vector<size_t>& servers) {
  for (const size_t server : servers) ensemble_->StopServer(server);
  return [this, servers] {
    for (const size_t server : servers) ensemble_->StartServer(server);
  };
}

FaultCluster::Heal FaultCluster::CutZooKeeper(const Fault& fault) {
  const int active = AwaitSomeActive();
  const int number = fault.of_standby ? kResourceManagers + 1 - active : active;
  const auto set = [this, number, manner = fault.manner](bool on) {
    for (const auto& proxy : proxies_.at(number)) {
      switch (manner) {
        case CutManner::kClosed:
          proxy->Close(on);
          break;
        case CutManner::kSilent:
          proxy->Hold(on);
          break;
        case CutManner::kNoAnswers:
          proxy->SwallowAnswers(on);
          // A connection with a gap in it is of no use any more.
          if (!on) proxy->Cut();
          break;
      }
    }
  };
  set(true);
  return [set] { set(false); };
}

FaultCluster::Heal FaultCluster::UnplugNode(const Fault& fault) {
  const int node = NodeToUnplug();
  networks_.at(node)->Unplug();
  return [this, node, length = fault.length] {
    OnUnplugged(node, length);
    networks_.at(node)->Plug();
  };
}

}  // namespace weir::testing
