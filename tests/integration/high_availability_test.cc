// Two ResourceManagers over a real ZooKeeper, with nodes, applications and a session: one dies,
// hangs, is stopped or is told to make way, and what runs goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <memory>
#include <string>

#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/stream_job_test.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using namespace platform::keys;

class HighAvailability : public StreamJobTest {
 protected:
  void SetUp() override {
    if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  // What ExpectContainersGoOn and the like start.
  ClusterOptions Adjusted(ClusterOptions options) override {
    options.resource_managers = 2;
    options.settings[kZkAddress] = ensemble_->address();
    options.settings[kZkTimeout] = zk_timeout_;
    options.settings.insert(more_.begin(), more_.end());
    return options;
  }

  // The number of the active one, once there is one.
  int AwaitSomeActive() {
    int active = 0;
    EXPECT_TRUE(WaitUntil([&] { return (active = cluster().ActiveResourceManager()) != 0; },
                          "one is active"));
    return active;
  }
  static int Other(int number) { return 3 - number; }
  static std::string Id(int number) { return "rm" + std::to_string(number); }

  // `lose` does away with the active one; the other one leads on.
  template <typename Lose>
  void Replace(const Lose& lose) {
    const int before = AwaitSomeActive();
    lose(before);
    ASSERT_TRUE(cluster().AwaitActive(Other(before)));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
  std::string StateOf(int number) {
    return cluster().Weir({"rmadmin", "-getServiceState", Id(number)}).out;
  }
  CommandResult Admin(std::vector<std::string> words) {
    words.insert(words.begin(), "rmadmin");
    return cluster().Weir(words);
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  ClusterOptions::Settings more_;
  std::string zk_timeout_ = "1000";
};

TEST_F(HighAvailability, ContainersGoOnWhenTheActiveOneIsKilled) {
  ExpectContainersGoOn(
      [this] { Replace([this](int active) { cluster().resource_manager(active).Kill(); }); });
}

// Its session would last for as long as ZooKeeper lets one.
TEST_F(HighAvailability, TheEndOfTheSessionOfOneThatWasKilledIsNotWaitedFor) {
  zk_timeout_ = "60000";
  int killed = 0;
  ExpectContainersGoOn([&] {
    Replace([&](int active) {
      killed = active;
      cluster().resource_manager(active).Kill();
    });
  });
  EXPECT_THAT(ReadWholeFile(cluster().LogFile(Id(Other(killed)))),
              HasSubstr("the leader has gone"));
}

TEST_F(HighAvailability, ASessionAndItsJobGoOnWhenTheActiveOneIsKilled) {
  ExpectSessionGoesOn(
      [this] { Replace([this](int active) { cluster().resource_manager(active).Kill(); }); });
}

// It does not know that it was replaced until it goes on; then nothing it says counts.
TEST_F(HighAvailability, AnActiveOneThatWasStoppedIsStandbyWhenItGoesOn) {
  int stopped = 0;
  ExpectContainersGoOn([&] {
    Replace([&](int active) {
      stopped = active;
      cluster().resource_manager(active).Signal(SIGSTOP);
    });
    cluster().resource_manager(stopped).Signal(SIGCONT);
    EXPECT_TRUE(WaitUntil([&] { return StateOf(stopped) == "standby\n"; }, "it is standby"));
    EXPECT_EQ(StateOf(Other(stopped)), "active\n");
    EXPECT_TRUE(cluster().resource_manager(stopped).IsRunning()) << "as the same process";
  });
}

TEST_F(HighAvailability, AFailoverThatIsAskedForDisturbsNobodyThereAndBack) {
  ExpectContainersGoOn([this] {
    const int first = AwaitSomeActive();
    for (const int from : {first, Other(first), first}) {
      const CommandResult done = Admin({"-failover", Id(from), Id(Other(from))});
      ASSERT_EQ(done.exit_code, 0) << done.ToString();
      EXPECT_EQ(StateOf(from), "standby\n");
      EXPECT_EQ(StateOf(Other(from)), "active\n");
      ASSERT_TRUE(cluster().WaitForNodes(1));
    }
  });
}

// Nothing is killed, what was known can be read, a submission waits or says why it cannot be taken;
// the same one leads afterwards.
TEST_F(HighAvailability, WithoutZooKeeperWhatRunsGoesOn) {
  ExpectContainersGoOn([this] {
    const int active = AwaitSomeActive();
    ensemble_->StopAll();
    EXPECT_EQ(Rest("/ws/v1/cluster/info")["clusterInfo"]["haState"], "ACTIVE");
    EXPECT_EQ(cluster().Weir({"node", "-list"}).exit_code, 0);
    ensemble_->StartServer(0);
    const std::string id = SubmitShell({"-memory", "64"}, "true");
    EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
    EXPECT_EQ(AwaitSomeActive(), active);
  });
}

TEST_F(HighAvailability, AStandbyRefusesByNameAndSendsReadersOn) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const int active = AwaitSomeActive();
  const int standby = Other(active);
  EXPECT_EQ(StateOf(standby), "standby\n");
  const std::string all = Admin({"-getAllServiceState"}).out;
  EXPECT_THAT(all, HasSubstr("active"));
  EXPECT_THAT(all, HasSubstr("standby"));
  EXPECT_EQ(Admin({"-checkHealth", Id(standby)}).exit_code, 0);

  const auto addresses =
      platform::ReadAddressFile(cluster().work_dir() + "/rm-" + Id(standby) + "/address");
  ASSERT_TRUE(addresses.ok());
  platform::HttpCall call;
  call.server = *HostPort::Parse(addresses->at("http"));
  call.target = "/ws/v1/cluster/info";
  const auto info = platform::CallHttp(call);
  ASSERT_TRUE(info.ok());
  EXPECT_THAT(info->body, HasSubstr("\"haState\":\"STANDBY\""));
  EXPECT_THAT(info->body, HasSubstr("\"weirActive\":\"" + Id(active) + "\""));
  call.target = "/ws/v1/cluster/apps?states=RUNNING";
  const auto sent_on = platform::CallHttp(call);
  ASSERT_TRUE(sent_on.ok());
  EXPECT_EQ(sent_on->status, 307);
  EXPECT_THAT(sent_on->headers.at("location"),
              HasSubstr(cluster().ResourceManagerHttp().ToString() + call.target));

  const CommandResult refused = Admin({"-transitionToStandby", Id(active)});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("-failover"));
  EXPECT_THAT(Admin({"-getServiceState", "rm7"}).err, HasSubstr("names rm1, rm2"));
}

// Whoever is elected fails before it listens: it goes on as the standby that it was.
TEST_F(HighAvailability, OneThatCannotBecomeActiveCanStillBeFound) {
  ClusterOptions options = SmallContainers(0);
  options.queue_file =
      "<configuration><property><name>yarn.scheduler.capacity.root.queues</name><value>a</value>"
      "</property><property><name>yarn.scheduler.capacity.root.a.capacity</name><value>50</value>"
      "</property></configuration>";
  ASSERT_TRUE(StartCluster(options));
  for (const int number : {1, 2}) {
    const auto found_after_a_failure = [&] {
      const std::string log = ReadWholeFile(cluster().LogFile(Id(number)));
      return log.find("cannot become active") != std::string::npos &&
             Exists(cluster().work_dir() + "/rm-" + Id(number) + "/address");
    };
    EXPECT_TRUE(WaitUntil(found_after_a_failure, Id(number) + " failed and can be found"));
    EXPECT_EQ(StateOf(number), "standby\n");
  }
}

TEST_F(HighAvailability, WithoutElectionAnAdministratorSaysWhoIsActive) {
  more_[kRmHaAutomatic] = "false";
  ASSERT_TRUE(StartCluster(SmallContainers(0)));
  EXPECT_EQ(StateOf(1), "standby\n");
  EXPECT_EQ(StateOf(2), "standby\n");
  ASSERT_EQ(Admin({"-transitionToActive", "rm1"}).exit_code, 0);
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  const CommandResult second = Admin({"-transitionToActive", "rm2"});
  EXPECT_NE(second.exit_code, 0);
  EXPECT_THAT(second.err, HasSubstr("rm1 is active"));
  ASSERT_EQ(Admin({"-failover", "rm1", "rm2"}).exit_code, 0);
  EXPECT_EQ(StateOf(1), "standby\n");
  ASSERT_TRUE(cluster().WaitForNodes(1));
  // By force: the store shuts the other one out.
  ASSERT_EQ(Admin({"-transitionToActive", "--forceactive", "rm1"}).exit_code, 0);
  EXPECT_TRUE(WaitUntil([&] { return StateOf(2) == "standby\n"; }, "rm2 has noticed"));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  const std::string id = SubmitShell({"-memory", "64"}, "true");
  EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
}

}  // namespace
}  // namespace weir::testing
