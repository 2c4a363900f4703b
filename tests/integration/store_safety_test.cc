// Two ResourceManagers whose store in ZooKeeper is taken away, taken over or damaged: neither makes
// an empty cluster of it, and both say what is to be done.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>
#include <vector>

#include "platform/config_keys.h"
#include "platform/rpc_security.h"
#include "state-store/store_note.h"
#include "state-store/zookeeper_client.h"
#include "state-store/zookeeper_store.h"
#include "tests/integration/cluster_test.h"
#include "tests/integration/resource_manager_process.h"
#include "tests/support/temp_directory.h"
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
  ::testing::AssertionResult StartTwo(const ClusterOptions::Settings& settings = {}) {
    ClusterOptions options = SmallContainers(0);
    options.resource_managers = 2;
    options.settings.insert(settings.begin(), settings.end());
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
    for (const int number : {1, 2}) {
      // Each tries again from time to time, and does not answer then.
      EXPECT_TRUE(WaitUntil([&] { return cluster().RoleOf(number) == "STANDBY"; },
                            Id(number) + " is standby"));
    }
    EndBoth();
  }
  const auto store = store::OpenZookeeperStore(Store()).value();
  EXPECT_TRUE(store->Load()->records.empty()) << "nothing was made";
}

// Two that are standby, so that nobody has the store open and nobody is elected.
TEST_F(StoreSafety, AStoreIsNotRemovedWhileAnyOfThemRuns) {
  ASSERT_TRUE(StartTwo({{kRmHaAutomatic, "false"}}));
  ASSERT_EQ(cluster().Weir({"rmadmin", "-transitionToActive", "rm1"}).exit_code, 0);
  ASSERT_EQ(cluster().Weir({"rmadmin", "-transitionToStandby", "rm1"}).exit_code, 0);
  const std::vector<std::string> format = {"rm", "store", "format", "-yes"};
  const auto expect_refused = [](const CommandResult& refused, const std::string& by) {
    EXPECT_EQ(refused.exit_code, 6) << refused.ToString();
    EXPECT_THAT(refused.err, HasSubstr("the ResourceManager " + by));
    EXPECT_THAT(refused.err, HasSubstr("stop all ResourceManagers"));
  };
  expect_refused(cluster().Weir(format), "rm1 at ");
  EXPECT_EQ(cluster().EndResourceManager(1), 0);
  const CommandResult by_second = cluster().Weir(format);
  expect_refused(by_second, "rm2 at ");
  EXPECT_THAT(by_second.err, HasSubstr("runs (standby)"));
  // As from another machine, where it has no directory.
  std::vector<std::string> from_elsewhere = format;
  for (const std::string& setting :
       {"weir.work.dir=" + Scratch("elsewhere"),
        "weir.cluster.secret.file=" + cluster().work_dir() + "/cluster.secret"}) {
    from_elsewhere.insert(from_elsewhere.end(), {"-D", setting});
  }
  expect_refused(cluster().Weir(from_elsewhere), "rm2 at ");
  // It answers nobody, and its directory is its own all the same.
  cluster().resource_manager(2).Signal(SIGSTOP);
  const CommandResult by_lock = cluster().Weir(format);
  expect_refused(by_lock, "rm2 runs: ");
  EXPECT_THAT(by_lock.err,
              HasSubstr("(process " + std::to_string(cluster().resource_manager(2).pid())));
  cluster().resource_manager(2).Signal(SIGCONT);
  EXPECT_EQ(cluster().EndResourceManager(2), 0);
  const CommandResult nobody_here = cluster().Weir(from_elsewhere);
  EXPECT_EQ(nobody_here.exit_code, 6) << nobody_here.ToString();
  EXPECT_THAT(nobody_here.err, HasSubstr("run this where one does"));
  EXPECT_FALSE(store::OpenZookeeperStore(Store()).value()->Load()->records.empty());
  const CommandResult formatted = cluster().Weir(format);
  EXPECT_EQ(formatted.exit_code, 0) << formatted.ToString();
}

TEST_F(StoreSafety, AForeignNodeInTheLocksPlaceIsNamedWithTheRemedy) {
  const std::string lock = "/yarn-leader-election/weir/lock";
  ASSERT_TRUE(StartTwo({{kRmHaAutomatic, "true"}}));
  AwaitSomeActive();
  EndBoth();
  store::ZookeeperClient client(Store().session, [](uint64_t, store::ZooKeeperSession::State) {});
  ASSERT_TRUE(client.Renew().ok());
  ASSERT_TRUE(client.AwaitConnection().ok());
  using store::ZkOperation;
  ASSERT_EQ(
      client.Multi({{.kind = ZkOperation::Kind::kCreate, .path = lock, .data = "of YARN"}})->code,
      store::ZkCode::kOk);
  for (const int number : {1, 2}) {
    ASSERT_TRUE(cluster().StartResourceManager(number));
    EXPECT_TRUE(WaitUntil([&] { return TimesSaid(number, "nobody can be elected: " + lock) > 0; },
                          Id(number) + " names it"));
    EXPECT_EQ(TimesSaid(number, "zkCli.sh delete " + lock), 1) << "once";
    EXPECT_EQ(cluster().RoleOf(number), "STANDBY");
  }
  ASSERT_EQ(client.Multi({{.kind = ZkOperation::Kind::kDelete, .path = lock}})->code,
            store::ZkCode::kOk);
  EXPECT_NE(AwaitSomeActive(), 0);
}

// From a ResourceManager alone on LevelDB to two on ZooKeeper.
TEST_F(StoreSafety, ADumpOfALoneOneIsLoadedForTwo) {
  const TempDirectory directory;
  std::string id;
  {
    ResourceManagerProcess alone(directory.path());
    ASSERT_TRUE(alone.Start()) << alone.output();
    const auto weir = [&directory](std::vector<std::string> words) {
      words.insert(words.begin(), BinaryPath("weir"));
      words.insert(words.begin() + 2, {"-D", "weir.work.dir=" + directory.path()});
      return RunCommand(words);
    };
    const CommandResult submitted = weir({"application", "-submit", "-name", "moved", "/bin/true"});
    const size_t at = submitted.out.find("application_");
    ASSERT_NE(at, std::string::npos) << submitted.ToString();
    id = submitted.out.substr(at, submitted.out.find_first_of(" \n", at) - at);
    ASSERT_EQ(alone.Terminate(), 0) << alone.output();
    const CommandResult dump = weir({"rm", "store", "dump", "-o", "json", "-showSecrets"});
    ASSERT_EQ(dump.exit_code, 0) << dump.ToString();
    WriteWholeFile(directory / "dump", dump.out);
  }
  ASSERT_TRUE(StartTwo());
  AwaitSomeActive();
  EndBoth();
  EXPECT_EQ(cluster().Weir({"rm", "store", "format", "-yes"}).exit_code, 0);
  const CommandResult loaded = cluster().Weir({"rm", "store", "load", directory / "dump"});
  EXPECT_EQ(loaded.exit_code, 0) << loaded.ToString();
  EXPECT_EQ(cluster().Weir({"rm", "store", "verify"}).exit_code, 0);
  for (const int number : {1, 2}) ASSERT_TRUE(cluster().StartResourceManager(number));
  AwaitSomeActive();
  const CommandResult list = cluster().Weir({"application", "-list"});
  EXPECT_THAT(list.out, HasSubstr(id));
  EXPECT_THAT(list.out, HasSubstr("moved"));
  leaves_applications_ = true;  // it waits for a node
}

// Both begin anew, whoever is first, above every epoch that was.
TEST_F(StoreSafety, AfterAFormatAnEmptyStoreIsWhatBothExpect) {
  ASSERT_TRUE(StartTwo());
  int active = AwaitSomeActive();
  for (const int number : {1, 2}) {
    ASSERT_TRUE(WaitUntil([&] { return Exists(NoteOf(number)); }, Id(number) + " has noted it"));
  }
  int64_t least = 1;
  for (const bool same : {true, false}) {
    EndBoth();  // when the first goes the other may lead for a moment, under one more epoch
    const CommandResult formatted = cluster().Weir({"rm", "store", "format", "-yes"});
    ASSERT_EQ(formatted.exit_code, 0) << formatted.ToString();
    const size_t at = formatted.out.find("above ");
    ASSERT_NE(at, std::string::npos) << formatted.ToString();
    const int64_t above = std::stoll(formatted.out.substr(at + std::string("above ").size()));
    EXPECT_GE(above, least);
    least = above + 1;
    // First the one that has led, then the other.
    active = same ? active : Other(active);
    ASSERT_TRUE(cluster().StartResourceManager(active));
    ASSERT_TRUE(cluster().AwaitActive(active));
    EXPECT_EQ(Rest("/ws/v1/cluster/info")["clusterInfo"]["weirEpoch"], above + 1);
    ASSERT_TRUE(cluster().StartResourceManager(Other(active)));
  }
}

}  // namespace
}  // namespace weir::testing
