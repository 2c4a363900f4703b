// Nodes that say that they are not well, that are taken out of the cluster, and that come back:
// real daemons, real scripts, real files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "platform/config_keys.h"
#include "tests/integration/node_fixture.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;
namespace keys = platform::keys;

class NodeHealthTest : public NodeFixture {
 protected:
  std::string File(const std::string& name) const { return directory_.path() + "/" + name; }
  TempDirectory directory_;
};

TEST_F(NodeHealthTest, AHealthScriptTurnsTheNodeAndTurnsItBack) {
  WriteWholeFile(File("check"),
                 "#!/bin/sh\n[ -e " + File("broken") + " ] && echo ERROR the fan stands still\n");
  ASSERT_EQ(::chmod(File("check").c_str(), 0755), 0);
  ClusterOptions options = SmallContainers(1);
  options.settings["yarn.nodemanager.health-checker.script.path"] = File("check");
  options.settings[keys::kNmHealthInterval] = "50";
  ASSERT_TRUE(StartCluster(options));
  ASSERT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
  WriteWholeFile(File("broken"), "");
  ASSERT_TRUE(
      AwaitNode(NameOf(0), "UNHEALTHY", "health script 'script': ERROR the fan stands still"));
  const CommandResult list = cluster().Weir({"node", "-list", "-states", "UNHEALTHY"});
  EXPECT_THAT(list.out, AllOf(HasSubstr("Total Nodes:1"), HasSubstr(NameOf(0))));
  fs::remove(File("broken"));
  EXPECT_TRUE(AwaitNode(NameOf(0), "RUNNING"));
}

// One node of two cannot start anything: no application fails.
TEST_F(NodeHealthTest, ANodeThatCannotStartContainersFailsNobody) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  // Where the node keeps its notes about containers there is a file.
  fs::remove_all(cluster().NodeDir(0) + "/containers");
  WriteWholeFile(cluster().NodeDir(0) + "/containers", "in the way");
  for (int i = 0; i < 8; ++i) {
    const CommandResult run = RunShell("true");
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
  }
  EXPECT_TRUE(AwaitNode(NameOf(0), "UNHEALTHY", "suspected: 3 containers in a row"));
  EXPECT_TRUE(AwaitNode(NameOf(1), "RUNNING"));
  fs::remove(cluster().NodeDir(0) + "/containers");
}

TEST_F(NodeHealthTest, ADrainLetsWhatRunsEndAndTheNodeComesBack) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string name = NameOf(0);
  const std::string go = Scratch("go");
  const std::string id = SubmitShell(
      {"-memory", "64"},
      "echo $$ > " + Scratch("pid") + "; while [ ! -e " + go + " ]; do sleep 0.05; done");
  ASSERT_GT(AwaitPid(Scratch("pid")), 0);
  const CommandResult drain = cluster().Weir({"node", "-drain", name, "-timeout", "10m"});
  EXPECT_EQ(drain.exit_code, 0) << drain.ToString();
  EXPECT_TRUE(AwaitNode(name, "DECOMMISSIONING", "2 containers are left"));
  const CommandResult status = cluster().Weir({"node", "-status", name});
  EXPECT_THAT(status.out, AllOf(HasSubstr("DECOMMISSIONING"), HasSubstr("Decommission-By : 20")));
  // What comes now waits; what runs goes on.
  const std::string later = SubmitWaiting("true");
  EXPECT_THAT(StatusText(later), HasSubstr("ACCEPTED"));
  EXPECT_THAT(StatusText(id), HasSubstr("RUNNING"));
  WriteWholeFile(go, "");
  EXPECT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_TRUE(AwaitNode(name, "DECOMMISSIONED"));
  // Its NodeManager asks again and again, slowly.
  EXPECT_TRUE(WaitUntil(
      [&] {
        return ReadWholeFile(cluster().LogFile("nm0")).find("was decommissioned by") !=
               std::string::npos;
      },
      "the NodeManager says why it is not let in"));
  EXPECT_EQ(cluster().Weir({"node", "-drain", name, "-undo"}).exit_code, 0);
  EXPECT_TRUE(AwaitNode(name, "RUNNING"));
  EXPECT_TRUE(AwaitState(later, "FINISHED"));
}

TEST_F(NodeHealthTest, ADrainWhoseTimeIsOverStopsTheRestAndOutlivesTheResourceManager) {
  ClusterOptions options = SmallContainers(2);
  ASSERT_TRUE(StartCluster(options));
  const std::string id =
      SubmitShell({"-memory", "64"}, "echo $$ > " + Scratch("pid") + "; exec sleep 1000");
  const pid_t pid = AwaitPid(Scratch("pid"));
  const std::string directory = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd");
  const int index = directory.starts_with(cluster().NodeDir(0)) ? 0 : 1;
  const std::string name = NameOf(index);
  ASSERT_EQ(cluster().Weir({"node", "-drain", name, "-timeout", "0"}).exit_code, 0);
  EXPECT_TRUE(AwaitGone(pid));
  EXPECT_TRUE(AwaitNode(name, "DECOMMISSIONED"));
  const CommandResult list = cluster().Weir({"node", "-list", "-all"});
  EXPECT_THAT(list.out, HasSubstr("DECOMMISSIONED"));
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  EXPECT_TRUE(AwaitNode(name, "DECOMMISSIONED"));
  EXPECT_TRUE(AwaitNode(NameOf(1 - index), "RUNNING"));
  EXPECT_EQ(cluster().Weir({"node", "-drain", name, "-undo"}).exit_code, 0);
  EXPECT_TRUE(AwaitNode(name, "RUNNING"));
  // It was repeated elsewhere, and goes on.
  EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  EXPECT_TRUE(AwaitState(id, "KILLED"));
}

TEST_F(NodeHealthTest, TheExcludeFileTakesNodesOutAndLetsThemBack) {
  WriteWholeFile(File("exclude"), "# nobody\n");
  ClusterOptions options = SmallContainers(2);
  options.settings[keys::kRmExcludePath] = File("exclude");
  ASSERT_TRUE(StartCluster(options));
  const std::string name = NameOf(0);
  WriteWholeFile(File("exclude"), "not/a/host\n");
  const CommandResult bad = cluster().Weir({"rmadmin", "-refreshNodes"});
  EXPECT_EQ(bad.exit_code, 2) << bad.ToString();
  EXPECT_THAT(bad.err, HasSubstr("exclude:1: 'not/a/host' is not a host"));
  WriteWholeFile(File("exclude"), name + "\n");
  EXPECT_TRUE(AwaitNode(name, "RUNNING")) << "until the file is read";
  const CommandResult refresh = cluster().Weir({"rmadmin", "-refreshNodes", "-g", "60", "-client"});
  EXPECT_EQ(refresh.exit_code, 0) << refresh.ToString();
  EXPECT_THAT(refresh.out, HasSubstr("decommissioning completed"));
  EXPECT_TRUE(AwaitNode(name, "DECOMMISSIONED"));
  EXPECT_TRUE(AwaitNode(NameOf(1), "RUNNING"));
  WriteWholeFile(File("exclude"), "");
  const CommandResult back = cluster().Weir({"rmadmin", "-refreshNodes"});
  EXPECT_EQ(back.exit_code, 0) << back.ToString();
  EXPECT_EQ(back.out + back.err, "");
  EXPECT_TRUE(AwaitNode(name, "RUNNING"));
}

}  // namespace
}  // namespace weir::testing
