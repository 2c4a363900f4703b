// Finding the ResourceManager that is active: commands, a NodeManager and an application, with real
// ResourceManagers that serve in one of two places, or in neither for a while.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "platform/config_keys.h"
#include "tests/integration/resource_manager_process.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"
#include "tests/support/zookeeper_ensemble.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace platform::keys;

using Settings = ClusterOptions::Settings;

// A host of the loopback net that no other test has: of this process and `place` (0 or 1).
std::string HostOf(int place) {
  const auto number = static_cast<uint32_t>(::getpid()) * 2 + static_cast<uint32_t>(place);
  constexpr uint32_t kPart = 64;
  return "127." + std::to_string(64 + number / kPart / kPart % kPart) + "." +
         std::to_string(number / kPart % kPart) + "." + std::to_string(1 + number % kPart);
}

// Two places, rm1 and rm2, with the default ports on a host each. What node and commands are told
// is all of it; what a ResourceManager is told is its own place.
class FindRm : public ::testing::Test {
 protected:
  FindRm() : cluster_(Options()) {}

  static ClusterOptions Options() {
    ClusterOptions options;
    options.settings = {{kMinimumMb, "64"},
                        {kNmSigkillDelay, "500"},
                        {kRmHaEnabled, "true"},
                        {kRmHaIds, "rm1,rm2"},
                        {std::string(kRmHost) + ".rm1", HostOf(0)},
                        {std::string(kRmHost) + ".rm2", HostOf(1)}};
    return options;
  }

  ResourceManagerProcess& Rm(int place) {
    auto& rm = rms_[place];
    if (rm) return *rm;
    const std::string host = HostOf(place);
    const std::string id = "rm" + std::to_string(place + 1);
    Settings settings = {{kMinimumMb, "64"},
                         {kRunAsAllowRoot, "true"},
                         {kRmClientAddress, host + ":8032"},
                         {kRmMasterAddress, host + ":8030"},
                         {kRmTrackerAddress, host + ":8031"},
                         {kRmAdminAddress, host + ":8033"},
                         {kRmHttpAddress, host + ":8088"},
                         {kRmStoreDir, cluster_.work_dir() + "/store"},
                         {kRmWorkDir, cluster_.work_dir() + "/rm-" + id}};
    if (ensemble_) {
      settings.merge(Options().settings);
      settings[kRmHaId] = id;
      settings[kRmStoreClass] = "zookeeper";
      settings[kZkAddress] = ensemble_->address();
      settings[kZkTimeout] = "1000";
    }
    rm = std::make_unique<ResourceManagerProcess>(cluster_.work_dir(), settings);
    return *rm;
  }
  // The ResourceManagers know of each other from now on.
  void ShareStore() {
    ensemble_ = std::make_unique<ZooKeeperEnsemble>(ZooKeeperSettings{.sync = false});
    ASSERT_TRUE(ensemble_->Start());
  }
  ::testing::AssertionResult AwaitNode() {
    return WaitUntil(
        [this] {
          const CommandResult nodes = cluster_.Weir({"node", "-list"});
          return nodes.exit_code == 0 && nodes.out.find("RUNNING") != std::string::npos;
        },
        "the node is registered");
  }
  // A command that reads a file which it has brought along.
  void ExpectApplicationWorks() {
    const std::string file = cluster_.work_dir() + "/words";
    WriteWholeFile(file, "found\n");
    const CommandResult done = cluster_.Weir({"application",
                                              "-submit",
                                              "-wait",
                                              "-memory",
                                              "64",
                                              "-file",
                                              file,
                                              "--",
                                              "/bin/sh",
                                              "-c",
                                              "test \"$(cat words)\" = found"});
    EXPECT_EQ(done.exit_code, 0) << done.ToString();
  }
  // A command that goes on while the test does something.
  std::unique_ptr<Process> Begin(const std::vector<std::string>& words, const std::string& log) {
    ProcessOptions options;
    options.argv = {BinaryPath("weir")};
    options.argv.insert(options.argv.end(), words.begin(), words.end());
    const platform::Configuration config = cluster_.Config();
    for (const std::string& key : config.Keys()) {
      options.argv.push_back("-D");
      options.argv.push_back(key + "=" + config.GetOr(key, ""));
    }
    options.log_file = log;
    return std::make_unique<Process>(options);
  }

  std::unique_ptr<ZooKeeperEnsemble> ensemble_;
  ProcessCluster cluster_;
  std::map<int, std::unique_ptr<ResourceManagerProcess>> rms_;
};

TEST_F(FindRm, TheSecondPlaceServesWhileNobodyListensInTheFirst) {
  ASSERT_TRUE(Rm(1).Start()) << Rm(1).output();
  ASSERT_TRUE(cluster_.StartNode(0));
  ASSERT_TRUE(AwaitNode());
  ExpectApplicationWorks();
  const CommandResult refreshed = cluster_.Weir({"rmadmin", "-refreshQueues"});
  EXPECT_THAT(refreshed.err, Not(HasSubstr("is active"))) << "an administrator finds it too";
  const CommandResult queues = cluster_.Weir({"queue", "-list"});
  EXPECT_EQ(queues.exit_code, 0) << queues.ToString();
}

TEST_F(FindRm, ANodeFollowsFromOnePlaceToTheOtherUnderTheNextEpoch) {
  ASSERT_TRUE(Rm(0).Start()) << Rm(0).output();
  ASSERT_TRUE(cluster_.StartNode(0));
  ASSERT_TRUE(AwaitNode());
  Rm(0).KillHard();
  // A command that comes meanwhile waits, says so once, and is carried out.
  const std::string log = cluster_.work_dir() + "/log/command";
  const auto command = Begin({"node", "-list"}, log);
  const auto told = [&] {
    return Exists(log) &&
           ReadWholeFile(log).find("no ResourceManager is active") != std::string::npos;
  };
  ASSERT_TRUE(WaitUntil(told, "the command says that it waits"));
  ASSERT_TRUE(Rm(1).Start()) << Rm(1).output();
  EXPECT_EQ(command->Wait(), 0);
  const std::string said = ReadWholeFile(log);
  EXPECT_EQ(said.find("no ResourceManager is active"), said.rfind("no ResourceManager is active"))
      << said;
  EXPECT_THAT(said, HasSubstr("waiting up to 30000 ms"));

  ASSERT_TRUE(AwaitNode());
  // The ResourceManager knows it before the node has heard of it.
  const auto logged = [this](const std::string& words) {
    return ReadWholeFile(cluster_.LogFile("nm0")).find(words) != std::string::npos;
  };
  EXPECT_TRUE(WaitUntil([&] { return logged("registered under epoch 2"); }, "it has registered"));
  EXPECT_TRUE(logged("registered under epoch 1"));
  ExpectApplicationWorks();
}

TEST_F(FindRm, AnApplicationGoesOnAtTheOtherPlace) {
  if (const std::string why = ZooKeeperEnsemble::WhyNot(); !why.empty()) GTEST_SKIP() << why;
  ShareStore();
  ASSERT_TRUE(Rm(0).Start()) << Rm(0).output();
  ASSERT_TRUE(cluster_.StartNode(0));
  ASSERT_TRUE(AwaitNode());
  const std::string starts = cluster_.work_dir() + "/starts";
  const std::string stop = cluster_.work_dir() + "/stop";
  const std::string script =
      "echo started >> " + starts + "; while [ ! -e " + stop + " ]; do sleep 0.1; done";
  const CommandResult submitted =
      cluster_.Weir({"application", "-submit", "-memory", "64", "--", "/bin/sh", "-c", script});
  ASSERT_EQ(submitted.exit_code, 0) << submitted.ToString();
  const size_t at = submitted.out.find("application_");
  ASSERT_NE(at, std::string::npos) << submitted.ToString();
  const std::string id = submitted.out.substr(at, submitted.out.find_first_of(" \n", at) - at);
  ASSERT_TRUE(WaitUntil([&] { return Exists(starts); }, "the container runs"));

  Rm(0).KillHard();
  ASSERT_TRUE(Rm(1).Start()) << Rm(1).output();
  const auto status = [&] { return cluster_.Weir({"application", "-status", id}).out; };
  ASSERT_TRUE(WaitUntil([&] { return status().find("State : RUNNING") != std::string::npos; },
                        "its ApplicationMaster has found the other one"))
      << status();
  WriteWholeFile(stop, "");
  EXPECT_TRUE(
      WaitUntil([&] { return status().find("Final-State : SUCCEEDED") != std::string::npos; },
                "its end is told to the other one"))
      << status();
  EXPECT_EQ(ReadWholeFile(starts), "started\n") << "nothing was started again";
}

TEST_F(FindRm, ACommandWaitsNoLongerThanItIsToldTo) {
  const CommandResult gone =
      cluster_.Weir({"application", "-list", "-D", std::string(kRmMaxWait) + "=100"});
  EXPECT_EQ(gone.exit_code, 5) << gone.ToString();
  EXPECT_THAT(gone.err,
              AllOf(HasSubstr("waiting up to 100 ms"),
                    HasSubstr("no ResourceManager is active: none of 2 places serves"),
                    HasSubstr(cluster_.work_dir() + "/rm-rm1/client.sock"),
                    HasSubstr(cluster_.work_dir() + "/rm-rm2/client.sock")));
}

TEST_F(FindRm, WrongPlacesAreToldByEverybodyWhoLooksForThem) {
  const std::string wrong = std::string(kRmTrackerAddress) + ".rm1=nowhere";
  const std::string fault = std::string(kRmTrackerAddress) + ".rm1 is 'nowhere'";
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"application", "-list", "-D", wrong},
        std::vector<std::string>{"rmadmin", "-refreshQueues", "-D", wrong}}) {
    const CommandResult refused = cluster_.Weir(words);
    EXPECT_EQ(refused.exit_code, 2) << refused.ToString();
    EXPECT_THAT(refused.err, HasSubstr(fault));
  }
  const CommandResult node = RunCommand({BinaryPath("weir-nodemanager"),
                                         "-D",
                                         std::string(kWorkDir) + "=" + cluster_.work_dir(),
                                         "-D",
                                         std::string(kRmHaEnabled) + "=true",
                                         "-D",
                                         std::string(kRmHaIds) + "=rm1,rm2",
                                         "-D",
                                         wrong});
  EXPECT_EQ(node.exit_code, 2) << node.ToString();
  EXPECT_THAT(node.err,
              AllOf(HasSubstr(std::string(kRmHost) + ".rm1 is not set"),
                    HasSubstr(std::string(kRmHost) + ".rm2 is not set")));
}

}  // namespace
}  // namespace weir::testing
