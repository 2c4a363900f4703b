// Two ResourceManagers over a real ZooKeeper, with nodes, applications and a session: one dies,
// hangs, is stopped or is told to make way, and what runs goes on.
#include "tests/integration/high_availability_test.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "client/ha_client.h"
#include "common/exit_status.h"
#include "platform/address_file.h"
#include "platform/config_keys.h"
#include "platform/http_client.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using namespace platform::keys;

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

// Before a standby could notice, of which there is none here.
TEST_F(HighAvailability, TheEndOfTheSessionOfAFormerRunIsNotWaitedFor) {
  zk_timeout_ = "60000";
  ASSERT_TRUE(StartCluster(SmallContainers(0)));
  const int first = AwaitSomeActive();
  ASSERT_TRUE(cluster().EndResourceManager(Other(first)).has_value());
  cluster().resource_manager(first).Kill();
  ASSERT_TRUE(cluster().StartResourceManager(first));
  ASSERT_TRUE(cluster().AwaitActive(first));
  EXPECT_THAT(LogOf(first), HasSubstr("the leader has gone leader=\"" + Id(first) + " "));
  EXPECT_EQ(cluster().Weir({"node", "-list"}).exit_code, 0);
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

// Who makes way ends first, and only then lets another one in.
TEST_F(HighAvailability, WhoCedesEndsBeforeTheOtherBeginsAndTakesOverAsSoonAsThatGoes) {
  ASSERT_TRUE(StartCluster(SmallContainers(0)));
  const int first = AwaitSomeActive();
  ASSERT_TRUE(cli::HaClient(cluster().Config(), Id(first)).Cede(seconds(600)).ok());
  ASSERT_TRUE(cluster().AwaitActive(Other(first)));
  const std::string log = LogOf(first);
  const size_t ended = log.rfind(" rm.role " + Id(first) + " standby");
  const size_t given_back = log.find("why=\"it was asked to\"");
  ASSERT_NE(ended, std::string::npos);
  ASSERT_NE(given_back, std::string::npos);
  EXPECT_LT(ended, given_back);
  cluster().resource_manager(Other(first)).Kill();
  EXPECT_TRUE(cluster().AwaitActive(first)) << "it does not wait until its ten minutes are over";
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

// Who was told of the next key by one is told by the other when it signs; those that are connected
// to neither any more have tokens that hold.
TEST_F(HighAvailability, ARollOfTheTokenKeysGoesOnUnderWhoLeadsOn) {
  more_ = {{kNmExpiry, "8000"}, {kAmExpiry, "8000"}};
  const auto kill = [this](int active) { cluster().resource_manager(active).Kill(); };
  const auto start_again = [this] {
    for (const int number : {1, 2}) {
      if (!cluster().resource_manager(number).IsRunning()) {
        ASSERT_TRUE(cluster().StartResourceManager(number));
      }
    }
  };
  const auto roll = [this] { return Admin({"-rollTokenKeys"}).out; };
  ExpectContainersGoOn([&] {
    EXPECT_THAT(roll(), HasSubstr("Key 2 is being made known"));
    Replace(kill);
    start_again();
    EXPECT_THAT(roll(), HasSubstr("Key 2 is being made known"));
    ASSERT_TRUE(AwaitSigningKey(2));
    EXPECT_THAT(roll(), HasSubstr("Key 3 is being made known"));
    ASSERT_TRUE(AwaitSigningKey(3));
    Replace(kill);
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
  EXPECT_EQ(InfoOf(standby, "haState"), "STANDBY");
  EXPECT_EQ(InfoOf(standby, "weirActive"), Id(active));
  platform::HttpCall call;
  call.server = HttpOf(standby);
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

// What a monitor asks: of the active one whether it works, of a standby whether it could take over.
TEST_F(HighAvailability, AStandbyIsWellOnlyWhileItCouldTakeOver) {
  ASSERT_TRUE(StartCluster(SmallContainers(0)));
  const int active = AwaitSomeActive();
  const int standby = Other(active);
  const auto becomes = [this](int number, const std::string& state, int exit_code) {
    return WaitUntil(
        [&] {
          return InfoOf(number, "haZooKeeperConnectionState") == state &&
                 Admin({"-checkHealth", Id(number)}).exit_code == exit_code;
        },
        Id(number) + " is " + state);
  };
  for (const int number : {active, standby})
    EXPECT_TRUE(becomes(number, "CONNECTED", exit_status::kOk));
  ensemble_->StopAll();
  EXPECT_TRUE(becomes(standby, "DISCONNECTED", exit_status::kUnavailable));
  const CommandResult ill = Admin({"-checkHealth", Id(standby)});
  EXPECT_THAT(ill.err,
              HasSubstr("weir: the standby " + Id(standby) +
                        " cannot be elected: it has no connection to "
                        "ZooKeeper at " +
                        ensemble_->address()));
  EXPECT_TRUE(becomes(active, "DISCONNECTED", exit_status::kOk)) << "it still leads";
  EXPECT_EQ(StateOf(standby), "standby\n");
  ensemble_->StartServer(0);
  for (const int number : {1, 2}) EXPECT_TRUE(becomes(number, "CONNECTED", exit_status::kOk));
}

// It takes part in the election again when it is told to.
TEST_F(HighAvailability, OneThatIsMadeStandbyByForceIsNotElected) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const int first = AwaitSomeActive();
  for (const int number : {first, Other(first)}) {
    ASSERT_TRUE(cluster().AwaitActive(number));
    const CommandResult done = Admin({"-transitionToStandby", "--forcemanual", Id(number)});
    ASSERT_EQ(done.exit_code, 0) << done.ToString();
    EXPECT_EQ(StateOf(number), "standby\n");
  }
  // Nobody stands.
  EXPECT_EQ(StateOf(first), "standby\n");
  const CommandResult done = Admin({"-transitionToActive", "--forcemanual", Id(first)});
  ASSERT_EQ(done.exit_code, 0) << done.ToString();
  EXPECT_EQ(StateOf(first), "active\n");
  EXPECT_EQ(Admin({"-checkHealth", Id(first)}).exit_code, 0);
  ASSERT_TRUE(cluster().WaitForNodes(1));
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

TEST_F(HighAvailability, WithoutElectionTheActiveOneIsMadeStandbyAndNobodyLeadsThen) {
  more_[kRmHaAutomatic] = "false";
  ASSERT_TRUE(StartCluster(SmallContainers(0)));
  ASSERT_EQ(Admin({"-transitionToActive", "rm1"}).exit_code, 0);
  EXPECT_EQ(InfoOf(1, "haZooKeeperConnectionState"), "automatic failover is off");
  EXPECT_EQ(Admin({"-checkHealth", "rm1"}).exit_code, 0);
  const CommandResult done = Admin({"-transitionToStandby", "rm1"});
  ASSERT_EQ(done.exit_code, 0) << done.ToString();
  for (const int number : {1, 2}) {
    EXPECT_EQ(StateOf(number), "standby\n");
    EXPECT_TRUE(WaitUntil(
        [&] {
          return Admin({"-checkHealth", Id(number)}).exit_code == 0;
        },
        Id(number) + " is well"));
  }
  // A standby that has no session for an election tells by what it cannot read.
  ensemble_->StopAll();
  CommandResult ill;
  EXPECT_TRUE(WaitUntil(
      [&] {
        return (ill = Admin({"-checkHealth", "rm2"})).exit_code != 0;
      },
      "rm2 is not well"));
  EXPECT_THAT(ill.err,
              HasSubstr("weir: the standby rm2 cannot follow the state store: ZooKeeper at"));
  ensemble_->StartServer(0);
  ASSERT_EQ(Admin({"-transitionToActive", "rm2"}).exit_code, 0);
  EXPECT_EQ(StateOf(1), "standby\n");
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
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
