// Other sizes for containers that run, in a cluster of processes with real cgroups.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "platform/config_keys.h"
#include "tests/integration/container_fixture.h"

namespace weir::testing {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

namespace keys = platform::keys;

// Holds so many MiB until somebody ends it: `tail` keeps what it has read until the pipe has room
// for it, which it never has. It is the last that the shell waits for: when the kernel kills it,
// and it alone, for its memory, the container ends as well.
std::string Hold(int mib, const std::string& pipe) {
  const std::string bytes = std::to_string(int64_t{mib} << 20);
  return "mkfifo " + pipe + " && head -c " + bytes + " /dev/zero | tail -c " + bytes + " 1<>" +
         pipe;
}

// The file with the memory limit of the process's cgroup; "" when the kernel limits it nowhere.
std::string LimitFile(pid_t pid) {
  std::ifstream lines("/proc/" + std::to_string(pid) + "/cgroup");
  for (std::string line; std::getline(lines, line);) {
    const std::string path = line.substr(line.rfind(':') + 1);
    for (const std::string& file : {"/sys/fs/cgroup/memory" + path + "/memory.limit_in_bytes",
                                    "/sys/fs/cgroup" + path + "/memory.max",
                                    "/sys/fs/cgroup/unified" + path + "/memory.max"}) {
      if (path.find("container_") != std::string::npos && ::access(file.c_str(), F_OK) == 0) {
        return file;
      }
    }
  }
  return "";
}

class Resize : public ContainerFixture {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "making cgroups needs root";
  }
  static ClusterOptions LookedAtOften() {
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kNmMonitorInterval] = "100";
    return options;
  }
  // A worker that waits, with its pid, for the file "go", and then does the rest.
  std::string SubmitWaiting(const std::string& memory, const std::string& rest) {
    return SubmitShell({"-memory", memory},
                       "echo $$ >" + Scratch("pid") + "; until [ -e " + Scratch("go") +
                           " ]; do sleep 0.05; done; " + rest);
  }
  static int64_t MibIn(const std::string& file) {
    return std::stoll(ReadWholeFile(file)) / (int64_t{1} << 20);
  }
  int64_t AllocatedMib(const std::string& application) {
    return Application(application).value("allocatedMB", int64_t{0});
  }
  int64_t UsedMib() {
    return NodeRest("/ws/v1/node/info")["nodeInfo"]["resourceUtilization"].value(
        "aggregatedContainersPhysicalMemoryMB", int64_t{0});
  }
  int64_t NodeSaysMib(const std::string& container) {
    const Json answer = NodeRest("/ws/v1/node/containers/" + container);
    return answer.is_object() ? answer["container"].value("totalMemoryNeededMB", int64_t{0}) : 0;
  }
  int64_t QueueUsesMib() {
    return Rest("/ws/v1/cluster/metrics")["clusterMetrics"].value("allocatedMB", int64_t{0});
  }
};

TEST_F(Resize, AHogLivesInALargerContainerAndWhatIsGivenBackIsFree) {
  ASSERT_TRUE(StartCluster(LookedAtOften()));
  const std::string id = SubmitWaiting("128", Hold(200, Scratch("pipe")));
  const pid_t pid = AwaitPid(Scratch("pid"));
  const std::string worker = WorkerOf(id);
  const std::string file = LimitFile(pid);
  if (file.empty()) {
    KillAndAwait(id);
    GTEST_SKIP() << "no memory cgroups can be had here";
  }
  ASSERT_EQ(MibIn(file), 128);
  const int64_t before = AllocatedMib(id);
  const int64_t used_before = QueueUsesMib();

  const CommandResult up = Container({"-resize", worker, "-memory", "512", "-vcores", "2"});
  EXPECT_EQ(up.out, worker + " has <memory:512, vCores:2> now\n") << up.ToString();
  EXPECT_EQ(MibIn(file), 512);
  EXPECT_THAT(Status(worker), HasSubstr("Resource : <memory:512, vCores:2>"));
  EXPECT_EQ(AllocatedMib(id), before + 384);
  EXPECT_EQ(QueueUsesMib(), used_before + 384);
  EXPECT_EQ(NodeSaysMib(worker), 512);

  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(WaitUntil([&] { return UsedMib() >= 200; }, "it holds what it was too small for"));
  EXPECT_EQ(Application(id).value("state", ""), "RUNNING");

  // Less than it uses is refused, and nothing has changed.
  const CommandResult small = Container({"-resize", worker, "-memory", "64"});
  EXPECT_NE(small.exit_code, 0);
  EXPECT_THAT(small.err, HasSubstr(" MiB, more than the 64 MiB that it is to have"));
  EXPECT_THAT(small.err, IsOneLine());
  EXPECT_EQ(MibIn(file), 512);
  EXPECT_EQ(AllocatedMib(id), before + 384);

  const CommandResult down = Container({"-resize", worker, "-memory", "320"});
  EXPECT_EQ(down.out, worker + " has <memory:320, vCores:2> now\n") << down.ToString();
  EXPECT_EQ(MibIn(file), 320);
  EXPECT_EQ(QueueUsesMib(), used_before + 192);
  KillAndAwait(id);
}

TEST_F(Resize, AHogThatStaysSmallIsKilled) {
  ASSERT_TRUE(StartCluster(LookedAtOften()));
  const std::string id = SubmitWaiting("128", Hold(200, Scratch("pipe")));
  AwaitPid(Scratch("pid"));
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
  const std::string why = Application(id).value("diagnostics", "");
  EXPECT_THAT(why, HasSubstr("exit code -104"));
  EXPECT_THAT(why,
              AnyOf(HasSubstr("killed by the kernel at its memory limit: peak 128 MiB of 128 MiB"),
                    HasSubstr("of 128.0 MB physical memory used")));
}

TEST_F(Resize, TheSizeOutlivesTheNodeManager) {
  ASSERT_TRUE(StartCluster(LookedAtOften()));
  const std::string id = SubmitWaiting("128", "true");
  const pid_t pid = AwaitPid(Scratch("pid"));
  const std::string worker = WorkerOf(id);
  ASSERT_EQ(Container({"-resize", worker, "-memory", "512"}).exit_code, 0);
  cluster().node(0).Kill();
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  ASSERT_TRUE(WaitUntil([&] { return NodeSaysMib(worker) == 512; }, "the node says its size"));
  EXPECT_TRUE(IsAlive(pid));
  EXPECT_THAT(Status(worker), HasSubstr("Resource : <memory:512, vCores:1>"));
  // And it goes on being resized.
  const CommandResult up = Container({"-resize", worker, "-memory", "640"});
  EXPECT_EQ(up.exit_code, 0) << up.ToString();
  const std::string file = LimitFile(pid);
  EXPECT_TRUE(file.empty() || MibIn(file) == 640);
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
}

TEST_F(Resize, ANewResourceManagerIsToldTheSizeByTheNode) {
  ASSERT_TRUE(StartCluster(LookedAtOften()));
  const std::string id = SubmitWaiting("128", "true");
  const pid_t pid = AwaitPid(Scratch("pid"));
  const std::string worker = WorkerOf(id);
  const int64_t before = QueueUsesMib();
  ASSERT_EQ(Container({"-resize", worker, "-memory", "512"}).exit_code, 0);
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(cluster().WaitForNodes(1));
  ASSERT_TRUE(WaitUntil([&] { return QueueUsesMib() == before + 384; }, "the size is charged"));
  EXPECT_TRUE(IsAlive(pid));
  EXPECT_THAT(Status(worker), HasSubstr("Resource : <memory:512, vCores:1>"));
  const CommandResult down = Container({"-resize", worker, "-memory", "256"});
  EXPECT_EQ(down.out, worker + " has <memory:256, vCores:1> now\n") << down.ToString();
  EXPECT_EQ(QueueUsesMib(), before + 128);
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
}

TEST_F(Resize, IsForTheOwnerAndAdministratorsAlone) {
  const passwd* const account = ::getpwnam("nobody");
  if (account == nullptr) GTEST_SKIP() << "there is no account 'nobody'";
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitWaiting("128", "true");
  const std::string worker = WorkerOf(id);
  const auto as_nobody = [&](const std::vector<std::string>& args) {
    std::vector<std::string> argv = {"setpriv",
                                     "--reuid",
                                     std::to_string(account->pw_uid),
                                     "--regid",
                                     std::to_string(account->pw_gid),
                                     "--clear-groups",
                                     BinaryPath("weir"),
                                     "container"};
    argv.insert(argv.end(), args.begin(), args.end());
    return RunCommand(argv,
                      {{"WEIR_CONF_DIR", std::nullopt},
                       {"HADOOP_CONF_DIR", std::nullopt},
                       {"HOME", "/nonexistent"},
                       {"WEIR_OPTS", "'-Dweir.work.dir=" + cluster().work_dir() + "'"}});
  };
  for (const std::vector<std::string>& args :
       {std::vector<std::string>{"-resize", worker, "-memory", "256"},
        std::vector<std::string>{"-signal", worker, "FORCEFUL_SHUTDOWN"}}) {
    const CommandResult denied = as_nobody(args);
    EXPECT_NE(denied.exit_code, 0);
    EXPECT_THAT(denied.err,
                AllOf(HasSubstr("user nobody may not do "), HasSubstr("Container to " + id)));
  }
  EXPECT_THAT(Status(worker), HasSubstr("Resource : <memory:128, vCores:1>"));
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
}

TEST_F(Resize, WhatCannotBeHadIsRefusedInOneLineThatNamesIt) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitWaiting("128", "true");
  const std::string worker = WorkerOf(id);
  const std::string unknown = worker.substr(0, worker.size() - 6) + "000099";
  struct Case {
    std::vector<std::string> args;
    const char* words;
  };
  for (const Case& c : {Case{{"-resize", worker, "-memory", "4096"}, "left"},
                        Case{{"-resize", worker, "-memory", "900g"}, "memory"},
                        Case{{"-resize", worker}, "needs -memory MB or -vcores N"},
                        Case{{"-resize", worker, "-vcores", "0"}, "vcores"},
                        Case{{"-resize", "container_1", "-memory", "256"}, "container_1"},
                        Case{{"-resize", unknown, "-memory", "256"}, "there is no container"}}) {
    const CommandResult refused = Container(c.args);
    EXPECT_NE(refused.exit_code, 0) << refused.ToString();
    EXPECT_THAT(refused.err, HasSubstr(c.words));
    EXPECT_THAT(refused.err, IsOneLine());
    EXPECT_EQ(refused.out, "");
  }
  WriteWholeFile(Scratch("go"), "");
  ASSERT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  const CommandResult late = Container({"-resize", worker, "-memory", "256"});
  EXPECT_THAT(late.err, HasSubstr("is over (FINISH"));
}

}  // namespace
}  // namespace weir::testing
