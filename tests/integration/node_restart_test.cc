// Whole clusters whose NodeManagers are killed or stopped and started again: what runs goes on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "platform/config_keys.h"
#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;

namespace keys = platform::keys;

class NodeRestart : public StreamJobTest {
 protected:
  void RestartNode(int index) {
    cluster().node(index).Kill();
    ASSERT_TRUE(cluster().StartNode(index));
    ASSERT_TRUE(cluster().WaitForNodes(1));
  }
};

TEST_F(NodeRestart, AnApplicationRunsOnThroughKillsOfItsNodeManager) {
  ExpectContainersGoOn([this] {
    for (int i = 0; i < 3; ++i) RestartNode(0);
  });
}

TEST_F(NodeRestart, WhatEndsWhileNoNodeManagerIsThereIsToldAsItEnded) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell({"-memory", "64"},
                                     "echo $$ >" + Scratch("pid") + "; until [ -e " +
                                         Scratch("go") + " ]; do sleep 0.05; done; exit 42");
  const pid_t worker = AwaitPid(Scratch("pid"));
  cluster().node(0).Kill();
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitGone(worker));
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  EXPECT_THAT(Application(id).value("diagnostics", ""), HasSubstr("exit status 42"));
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(NodeRestart, ASessionAndItsRunningJobGoOnThroughAKill) {
  ExpectSessionGoesOn([this] { RestartNode(0); });
}

TEST_F(NodeRestart, ASupervisedNodeManagerIsUpgradedWithoutAnyoneNoticing) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmRecoverySupervised] = "true";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitShell(
      {"-memory", "64"},
      "echo $$ >" + Scratch("pid") + "; until [ -e " + Scratch("go") + " ]; do sleep 0.05; done");
  const pid_t worker = AwaitPid(Scratch("pid"));
  EXPECT_EQ(cluster().EndNode(0), 0);
  EXPECT_TRUE(IsAlive(worker));
  ASSERT_TRUE(cluster().StartNode(0));
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(NodeRestart, ANodeThatIsCutOffEndsItsContainersBeforeTheyAreReplaced) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmExpiry] = "6000";
  ASSERT_TRUE(StartCluster(options));
  const auto submit = [&](const std::string& name, std::vector<std::string> more) {
    more.insert(more.end(), {"-memory", "64"});
    return SubmitShell(more, "echo $$ >" + Scratch(name) + "; exec sleep 1000");
  };
  submit("stops", {});
  const std::string kept = submit("stays", {"-keepOnLeaseEnd"});
  const pid_t stops = AwaitPid(Scratch("stops"));
  const pid_t stays = AwaitPid(Scratch("stays"));
  cluster().resource_manager().Signal(SIGSTOP);
  ASSERT_TRUE(AwaitGone(stops));
  EXPECT_TRUE(IsAlive(stays));
  cluster().resource_manager().Signal(SIGCONT);
  // By now the RM may have taken the node for lost, and then stops what is left by its id.
  cluster().Weir({"application", "-kill", kept});
  ASSERT_TRUE(AwaitGone(stays));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_TRUE(AwaitNoContainers());
}

}  // namespace
}  // namespace weir::testing
