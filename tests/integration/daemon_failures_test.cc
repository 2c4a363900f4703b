// Daemons and ApplicationMasters that are killed, and daemons that cannot start: what is known
// afterwards, what is cleaned up, and what is said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <csignal>
#include <filesystem>

#include "platform/config_keys.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

namespace fs = std::filesystem;
namespace keys = platform::keys;

class DaemonFailures : public ClusterTest {
 protected:
  // A container of 64 MiB that writes its process number to scratch/NAME and then sleeps.
  std::string SubmitSleeper(const std::string& name, const std::string& memory = "64") {
    return SubmitShell({"-memory", memory, "-name", name},
                       "echo $$ > " + Scratch(name) + "; exec sleep 1000");
  }
  std::string RunToItsEnd() {
    const CommandResult run = cluster().Weir(
        {"application", "-submit", "-memory", "64", "-wait", "--", "/bin/echo", "done"});
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
    return run.out.substr(0, run.out.find('\n'));
  }
  std::string Diagnostics(const std::string& id) {
    return Application(id).value("diagnostics", "");
  }
  // Containers of `large` MiB and the master (64 MiB) are never on the same node.
  static ClusterOptions TwoNodesThatHoldOneContainerEach() {
    ClusterOptions options = SmallContainers(2);
    options.node_memory_mb = "512";
    options.settings[keys::kNmExpiry] = "4000";
    return options;
  }
  // The node on which the process runs, by the directory it works in.
  int NodeOf(pid_t pid) {
    const std::string directory = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd");
    return directory.starts_with(cluster().NodeDir(0)) ? 0 : 1;
  }
  std::string NodeState(int index) {
    const CommandResult status =
        cluster().Weir({"node", "-status", node_names_.at(static_cast<size_t>(index))});
    const std::string key = "Node-State : ";
    const size_t at = status.out.find(key);
    if (at == std::string::npos) return status.ToString();
    const size_t begin = at + key.size();
    return status.out.substr(begin, status.out.find('\n', at) - begin);
  }
  void RememberNodes(int count) {
    for (int i = 0; i < count; ++i) {
      node_names_.push_back(cluster().NodeAddresses(i).at("container"));
    }
  }

  std::vector<std::string> node_names_;
};

TEST_F(DaemonFailures, AKillOfTheResourceManagerDisturbsNothing) {
  ClusterOptions options = SmallContainers(2);
  options.node_memory_mb =
      "512";  // a master (256 MiB) and its containers; two masters are the AM limit
  ASSERT_TRUE(StartCluster(options));
  const std::string finished = RunToItsEnd();
  const std::string first = SubmitSleeper("first");
  const std::string second = SubmitSleeper("second");
  const pid_t first_pid = AwaitPid(Scratch("first"));
  const pid_t second_pid = AwaitPid(Scratch("second"));
  // More than the nodes can hold: some of these wait.
  std::vector<std::string> waiting;
  for (int i = 0; i < 10; ++i) waiting.push_back(SubmitShell({"-memory", "192"}, "sleep 1000"));

  for (int round = 0; round < 3; ++round) {
    cluster().resource_manager().Kill();
    ASSERT_TRUE(cluster().StartResourceManager());
    EXPECT_EQ(Application(finished).at("state"), "FINISHED");
    EXPECT_EQ(Application(finished).at("finalStatus"), "SUCCEEDED");
    EXPECT_TRUE(cluster().WaitForNodes(2)) << "the NodeManagers find the new one by themselves";
    for (const std::string& id : {first, second}) EXPECT_TRUE(AwaitState(id, "RUNNING"));
  }
  EXPECT_TRUE(IsAlive(first_pid));
  EXPECT_TRUE(IsAlive(second_pid));
  for (const std::string& id : waiting) {
    EXPECT_EQ(Application(id).at("state"), "ACCEPTED") << id;
    EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
  }
  // What ran is led as ever: it is killed, and gives its room to others.
  for (const std::string& id : {first, second}) {
    EXPECT_EQ(cluster().Weir({"application", "-kill", id}).exit_code, 0);
    EXPECT_TRUE(AwaitState(id, "KILLED"));
  }
  EXPECT_TRUE(AwaitGone(first_pid));
  EXPECT_TRUE(AwaitGone(second_pid));
  EXPECT_TRUE(AwaitNoContainers());
  RunToItsEnd();
  const CommandResult logs = cluster().Weir({"logs", "-applicationId", finished});
  EXPECT_THAT(logs.out + logs.err, Not(IsEmpty()));
}

TEST_F(DaemonFailures, WhatEndsWhileNoResourceManagerRunsEndsAsItDid) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitShell(
      {"-memory", "64"},
      "echo $$ > " + Scratch("pid") + "; until [ -e " + Scratch("go") + " ]; do sleep 0.05; done");
  const pid_t pid = AwaitPid(Scratch("pid"));
  EXPECT_EQ(cluster().EndResourceManager(), 0);
  WriteWholeFile(Scratch("go"), "");
  EXPECT_TRUE(AwaitGone(pid));
  ASSERT_TRUE(cluster().StartResourceManager());
  ASSERT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_EQ(Application(id).at("finalStatus"), "SUCCEEDED");
  EXPECT_TRUE(AwaitNoContainers());
}

TEST_F(DaemonFailures, AClientThatWaitsSurvivesARestartOfTheResourceManager) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  ProcessOptions waiting;
  waiting.argv = {BinaryPath("weir")};
  for (const char* word : {"application", "-submit", "-memory", "64", "-wait"}) {
    waiting.argv.emplace_back(word);
  }
  waiting.argv.push_back("-D" + std::string(keys::kWorkDir) + "=" + cluster().work_dir());
  for (const std::string& word : {std::string("--"),
                                  std::string("/bin/sh"),
                                  std::string("-c"),
                                  "echo $$ > " + Scratch("pid") + "; until [ -e " + Scratch("go") +
                                      " ]; do sleep 0.05; done"}) {
    waiting.argv.push_back(word);
  }
  waiting.log_file = Scratch("client.log");
  Process client(waiting);
  ASSERT_NE(AwaitPid(Scratch("pid")), 0);
  cluster().resource_manager().Kill();
  ASSERT_TRUE(cluster().StartResourceManager());
  WriteWholeFile(Scratch("go"), "");
  EXPECT_EQ(client.Wait(), 0) << ReadWholeFile(Scratch("client.log"));
}

TEST_F(DaemonFailures, AKilledNodeManagerIsLostAndItsApplicationFailsWithThatCause) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmExpiry] = "4000";
  ASSERT_TRUE(StartCluster(options));
  RememberNodes(1);
  const std::string id = SubmitSleeper("sleeper");
  const pid_t pid = AwaitPid(Scratch("sleeper"));
  cluster().node(0).Kill();
  EXPECT_TRUE(IsAlive(pid)) << "containers outlive their NodeManager";
  ASSERT_TRUE(AwaitState(id, "FAILED"));
  EXPECT_THAT(Diagnostics(id), AllOf(HasSubstr(node_names_[0]), HasSubstr("lost")));
  EXPECT_EQ(NodeState(0), "LOST");
  // The next one ends what is left at once: its lease is over.
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_TRUE(AwaitGone(pid));
  RunToItsEnd();
}

TEST_F(DaemonFailures, AnApplicationHearsThatTheNodeOfAWorkerIsLost) {
  ASSERT_TRUE(StartCluster(TwoNodesThatHoldOneContainerEach()));
  RememberNodes(2);
  const std::string id = SubmitSleeper("worker", "512");  // does not fit beside its master
  const pid_t worker = AwaitPid(Scratch("worker"));
  const int node = NodeOf(worker);
  cluster().node(node).Kill();
  ASSERT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_EQ(Application(id).at("finalStatus"), "FAILED");
  EXPECT_THAT(Diagnostics(id),
              AllOf(HasSubstr("container_"),
                    HasSubstr(node_names_[static_cast<size_t>(node)]),
                    HasSubstr("lost")));
  ASSERT_TRUE(cluster().StartNode(node));
  EXPECT_TRUE(AwaitGone(worker));
  ASSERT_TRUE(cluster().WaitForNodes(2));
}

TEST_F(DaemonFailures, WithoutRecoveryANodeManagerReportsWhatItLost) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmRecoveryEnabled] = "false";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitSleeper("sleeper");
  const pid_t pid = AwaitPid(Scratch("sleeper"));
  cluster().node(0).Kill();
  ASSERT_TRUE(cluster().StartNode(0));
  EXPECT_FALSE(IsAlive(pid));
  ASSERT_TRUE(AwaitState(id, "FAILED"));
  EXPECT_THAT(Diagnostics(id), HasSubstr("NodeManager"));
  RunToItsEnd();
}

TEST_F(DaemonFailures, ANodeManagerThatEndsPolitelyStopsItsContainers) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  RememberNodes(1);
  const std::string id = SubmitSleeper("sleeper");
  const pid_t pid = AwaitPid(Scratch("sleeper"));
  EXPECT_EQ(cluster().EndNode(0), 0);
  EXPECT_FALSE(IsAlive(pid));
  EXPECT_EQ(NodeState(0), "SHUTDOWN");
  // The AM may have the time to tell of its worker's end before its own: then it has FINISHED.
  ASSERT_TRUE(AwaitFinalStatus(id, "FAILED"));
}

TEST_F(DaemonFailures, AnApplicationWhoseMasterIsKilledFailsAndNothingOfItIsLeft) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string id = SubmitSleeper("sleeper");
  const pid_t worker = AwaitPid(Scratch("sleeper"));
  const std::vector<pid_t> masters = ProcessesOf("weir-command-master");
  ASSERT_THAT(masters, SizeIs(1));
  ASSERT_EQ(::kill(masters[0], SIGKILL), 0);
  ASSERT_TRUE(AwaitState(id, "FAILED"));
  EXPECT_THAT(Diagnostics(id), AllOf(HasSubstr("AM container"), HasSubstr("SIGKILL")));
  EXPECT_TRUE(AwaitGone(worker));
}

TEST_F(DaemonFailures, AnApplicationWhoseMasterFallsSilentFailsAndNothingOfItIsLeft) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kAmExpiry] = "4000";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitSleeper("sleeper");
  const pid_t worker = AwaitPid(Scratch("sleeper"));
  const std::vector<pid_t> masters = ProcessesOf("weir-command-master");
  ASSERT_THAT(masters, SizeIs(1));
  ASSERT_EQ(::kill(masters[0], SIGSTOP), 0);
  ASSERT_TRUE(AwaitState(id, "FAILED"));
  EXPECT_THAT(Diagnostics(id), HasSubstr("was silent for 4000 ms"));
  EXPECT_TRUE(AwaitGone(masters[0]));
  EXPECT_TRUE(AwaitGone(worker));
}

TEST_F(DaemonFailures, ANodeManagerThatWasTakenForLostComesBackWithoutItsContainers) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmExpiry] = "4000";
  ASSERT_TRUE(StartCluster(options));
  RememberNodes(1);
  const std::string id = SubmitSleeper("sleeper");
  const pid_t pid = AwaitPid(Scratch("sleeper"));
  cluster().node(0).Signal(SIGSTOP);
  ASSERT_TRUE(AwaitState(id, "FAILED"));
  EXPECT_EQ(NodeState(0), "LOST");
  EXPECT_TRUE(IsAlive(pid)) << "nobody could stop it";
  cluster().node(0).Signal(SIGCONT);
  ASSERT_TRUE(cluster().WaitForNodes(1));
  EXPECT_TRUE(AwaitGone(pid));
  EXPECT_TRUE(AwaitNoContainers());
  RunToItsEnd();
}

TEST_F(DaemonFailures, AContainerWhoseLauncherIsKilledFailsAndNothingOfItIsLeft) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id = SubmitSleeper("sleeper");
  const pid_t worker = AwaitPid(Scratch("sleeper"));
  pid_t launcher = 0;
  for (const pid_t pid : ProcessesOf("weir-launch")) {
    for (const pid_t child : Descendants(pid)) {
      if (child == worker) launcher = pid;
    }
  }
  ASSERT_NE(launcher, 0);
  ASSERT_EQ(::kill(launcher, SIGKILL), 0);
  ASSERT_TRUE(AwaitState(id, "FINISHED"));
  EXPECT_EQ(Application(id).at("finalStatus"), "FAILED");
  // Killed while the container runs, or already while it is being started.
  EXPECT_THAT(Diagnostics(id), ::testing::AnyOf(HasSubstr("launcher"), HasSubstr("weir-launch")));
  EXPECT_TRUE(AwaitGone(worker));
}

// --- daemons that cannot start

class DaemonStart : public ::testing::Test {
 protected:
  static constexpr const char* kDaemons[] = {"weir-resourcemanager", "weir-nodemanager"};

  CommandResult Start(const std::string& daemon, std::vector<std::string> words) {
    std::vector<std::string> argv = {BinaryPath(daemon)};
    for (const char* key : {keys::kRmClientAddress,
                            keys::kRmMasterAddress,
                            keys::kRmTrackerAddress,
                            keys::kRmAdminAddress,
                            keys::kRmHttpAddress,
                            keys::kNmAddress,
                            keys::kNmHttpAddress}) {
      argv.insert(argv.end(), {"-D", std::string(key) + "=127.0.0.1:0"});
    }
    argv.insert(argv.end(), {"-D", std::string(keys::kWorkDir) + "=" + directory_ / "work"});
    argv.insert(argv.end(), words.begin(), words.end());
    return RunCommand(argv,
                      {{"WEIR_CONF_DIR", std::nullopt},
                       {"HADOOP_CONF_DIR", std::nullopt},
                       {"WEIR_OPTS", std::nullopt}},
                      "",
                      seconds(60));
  }
  std::string Conf(const std::string& text) {
    const std::string conf = directory_ / "conf";
    fs::create_directory(conf);
    WriteWholeFile(conf + "/yarn-site.xml", text);
    return conf;
  }

  static std::string PortOf(const std::string& address) {
    return address.substr(address.find(':') + 1);
  }

  TempDirectory directory_;
};

TEST_F(DaemonStart, NamesFileAndLineOfAFaultyConfigurationAndChangesNothing) {
  struct Faulty {
    std::string text;
    std::string place;
  };
  const std::vector<Faulty> all = {
      {"<configuration>\n  <property>\n    <name>a</name>\n", "yarn-site.xml:"},
      {"<configuration>\n  <property>\n    <name>a</name>\n    <value>1</value><speed/>\n  "
       "</property>\n"
       "</configuration>\n",
       "yarn-site.xml:"},
      {"", "yarn-site.xml"},
      {"not xml at all\n", "yarn-site.xml"},
      {"<configuration>\n<property>\n<name>weir.log.level</name>\n<value>loud</value>\n"
       "</property>\n</configuration>\n",
       "yarn-site.xml:"},
  };
  for (const Faulty& faulty : all) {
    const std::string conf = Conf(faulty.text);
    for (const char* daemon : kDaemons) {
      const CommandResult result = Start(daemon, {"--conf", conf});
      EXPECT_EQ(result.exit_code, 2) << faulty.text << result.ToString();
      EXPECT_THAT(result.err, AllOf(IsOneLine(), HasSubstr(faulty.place))) << faulty.text;
    }
    EXPECT_FALSE(fs::exists(directory_ / "work"));
    const CommandResult command = RunCommand({BinaryPath("weir"), "node", "-list", "--conf", conf});
    EXPECT_NE(command.exit_code, 0) << faulty.text;
  }
}

TEST_F(DaemonStart, RefusesUnknownOptionsAndADirectoryThatIsNotThere) {
  for (const char* daemon : kDaemons) {
    const CommandResult option = Start(daemon, {"--fast"});
    EXPECT_EQ(option.exit_code, 2) << option.ToString();
    EXPECT_THAT(option.err, AllOf(IsOneLine(), HasSubstr("--fast")));
    const CommandResult word = Start(daemon, {"-D", "nonsense"});
    EXPECT_EQ(word.exit_code, 2) << word.ToString();
    EXPECT_THAT(word.err, AllOf(IsOneLine(), HasSubstr("nonsense")));
    const CommandResult conf = Start(daemon, {"--conf", directory_ / "nowhere"});
    EXPECT_EQ(conf.exit_code, 2) << conf.ToString();
    EXPECT_THAT(conf.err, AllOf(IsOneLine(), HasSubstr("nowhere")));
  }
}

TEST_F(DaemonStart, NamesALogFileThatCannotBeOpenedAndTheCause) {
  fs::create_directory(directory_ / "taken");
  WriteWholeFile(directory_ / "file", "");
  const std::vector<std::pair<std::string, std::string>> all = {
      {directory_ / "taken", "Is a directory"},
      {directory_ / "file/log", "Not a directory"},
  };
  for (const auto& [file, cause] : all) {
    for (const char* daemon : kDaemons) {
      const CommandResult result = Start(daemon, {"-D", std::string(keys::kLogFile) + "=" + file});
      EXPECT_EQ(result.exit_code, 2) << result.ToString();
      EXPECT_THAT(result.err,
                  AllOf(IsOneLine(), HasSubstr(file), HasSubstr(cause), HasSubstr(keys::kLogFile)));
    }
    EXPECT_FALSE(fs::exists(directory_ / "work"));
  }
}

TEST_F(DaemonStart, RefusesASecretThatOthersCanRead) {
  fs::create_directory(directory_ / "work");
  WriteWholeFile(directory_ / "work/cluster.secret", std::string(64, 'a') + "\n");
  ASSERT_EQ(::chmod((directory_ / "work/cluster.secret").c_str(), 0644), 0);
  for (const char* daemon : kDaemons) {
    const CommandResult result = Start(daemon, {});
    EXPECT_THAT(result.exit_code, AnyOf(1, 4)) << result.ToString();
    EXPECT_THAT(result.err, AllOf(IsOneLine(), HasSubstr("cluster.secret")));
  }
}

TEST_F(DaemonStart, RefusesPortsAndDirectoriesThatAreTaken) {
  ProcessCluster cluster(ClusterOptions{.nodes = 1});
  ASSERT_TRUE(cluster.Start());
  const auto rm = cluster.ResourceManagerAddresses();
  const auto nm = cluster.NodeAddresses(0);
  struct Taken {
    const char* daemon;
    std::string key;
    std::string value;
    int exit_code;
    std::string names;
  };
  const std::vector<Taken> all = {
      {"weir-resourcemanager",
       keys::kRmClientAddress,
       rm.at("client"),
       10,
       PortOf(rm.at("client"))},
      {"weir-resourcemanager", keys::kRmHttpAddress, rm.at("http"), 10, PortOf(rm.at("http"))},
      {"weir-resourcemanager",
       keys::kRmStoreDir,
       cluster.work_dir() + "/rm/store",
       11,
       cluster.work_dir()},
      {"weir-nodemanager", keys::kNmAddress, nm.at("container"), 10, PortOf(nm.at("container"))},
      {"weir-nodemanager", keys::kNmHttpAddress, nm.at("http"), 10, PortOf(nm.at("http"))},
      {"weir-nodemanager", keys::kNmWorkDir, cluster.NodeDir(0), 11, cluster.NodeDir(0)},
  };
  for (const Taken& taken : all) {
    const CommandResult result = Start(taken.daemon, {"-D", taken.key + "=" + taken.value});
    EXPECT_EQ(result.exit_code, taken.exit_code) << result.ToString();
    EXPECT_THAT(result.err, HasSubstr(taken.names));
  }
  EXPECT_TRUE(cluster.WaitForNodes(1)) << "those that run are not disturbed";
}

}  // namespace
}  // namespace weir::testing
