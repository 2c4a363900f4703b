// Two ResourceManagers whose store in ZooKeeper is taken away, taken over or damaged: neither makes
// an empty cluster of it, and both say what is to be done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "platform/config_keys.h"
#include "platform/rpc_security.h"
#include "state-store/store_note.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using namespace platform::keys;

class StoreSafety : public ClusterTest {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  ::testing::AssertionResult StartTwo() {
    ClusterOptions options = SmallContainers(0);
    options.resource_managers = 2;
    options.settings[kZkAddress] = ensemble_->address();
    options.settings[kZkTimeout] = "1000";
    return StartCluster(options);
  }
  void EndBoth() {
    for (const int number : {1, 2}) EXPECT_EQ(cluster().EndResourceManager(number), 0);
  }
  static std::string Id(int number) { return "rm" + std::to_string(number); }
  static int Other(int number) { return 3 - number; }
  int AwaitSomeActive() {
    int active = 0;
    EXPECT_TRUE(WaitUntil([&] { return (active = cluster().ActiveResourceManager()) != 0; },
                          "one is active"));
    return active;
  }
  std::string NoteOf(int number) {
    return cluster().work_dir() + "/rm-" + Id(number) + "/store-note";
  }
  // How often that ResourceManager has said it, over all its starts.
  int TimesSaid(int number, const std::string& text) {
    const std::string log = ReadWholeFile(cluster().LogFile(Id(number)));
    int times = 0;
    for (size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1)) ++times;
    return times;
  }
  store::ZookeeperStoreOptions Store() {
    store::ZookeeperStoreOptions options;
    options.session.servers = ensemble_->address();
    const auto secret = platform::ReadSecretFile(cluster().work_dir() + "/cluster.secret");
    EXPECT_TRUE(secret.ok());
    if (secret.ok()) options.session.password = store::ZookeeperPassword(*secret);
    options.cluster_id = "weir";
    return options;
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
};

TEST_F(StoreSafety, NeitherBeginsAnewWhereThereWasAStore) {
  ASSERT_TRUE(StartTwo());
  const int active = AwaitSomeActive();
  for (const int number : {1, 2}) {
    ASSERT_TRUE(WaitUntil([&] { return Exists(NoteOf(number)); }, Id(number) + " has noted it"));
  }
  EndBoth();
  ASSERT_TRUE(store::FormatZookeeperStore(Store()).ok());  // and nobody was told
  for (const int first : {Other(active), active}) {
    for (const int number : {first, Other(first)}) {
      const std::string remedy = "run 'weir rm store format'";
      const int before = TimesSaid(number, remedy);
      ASSERT_TRUE(cluster().StartResourceManager(number));
      EXPECT_TRUE(WaitUntil([&] { return TimesSaid(number, remedy) > before; },
                            Id(number) + " refuses with the remedy"));
    }
    for (const int number : {1, 2}) EXPECT_EQ(cluster().RoleOf(number), "STANDBY");
    EndBoth();
  }
  const auto store = store::OpenZookeeperStore(Store()).value();
  EXPECT_TRUE(store->Load()->records.empty()) << "nothing was made";
}

}  // namespace
}  // namespace weir::testing
