// `weir logs` against a real cluster: of running, ended and crashed applications, from their nodes
// and from the shared directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <regex>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;
namespace keys = platform::keys;

class Logs : public ClusterTest {
 protected:
  // Not of the cluster's scratch directory, which is there only once the cluster is.
  std::string Shared() const { return shared_ / "collected"; }
  ClusterOptions Aggregating(int nodes) {
    ClusterOptions options = SmallContainers(nodes);
    options.settings[keys::kLogAggregation] = "true";
    options.settings[keys::kNmRemoteLogDir] = Shared();
    options.settings[keys::kNmLogRoll] = "1";
    return options;
  }
  CommandResult Show(const std::string& id, std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"logs", "-applicationId", id});
    return cluster().Weir(options);
  }
  ::testing::AssertionResult AwaitLog(const std::string& id,
                                      const std::string& text,
                                      const std::string& kind) {
    return WaitUntil(
        [&] {
          const CommandResult shown = Show(id);
          return shown.out.find(text) != std::string::npos &&
                 shown.out.find("LogAggregationType:" + kind) != std::string::npos;
        },
        text + " from " + kind);
  }
  void Kill(const std::string& id) {
    const CommandResult killed = cluster().Weir({"application", "-kill", id});
    EXPECT_EQ(killed.exit_code, 0) << killed.ToString();
    EXPECT_TRUE(AwaitState(id, "KILLED"));
  }
  // What node 0 says of its logs.
  Json NodeLogs() {
    platform::HttpCall call;
    call.server = cluster().Address(cluster().NodeAddresses(0), "http");
    call.target = "/ws/v1/node/logs";
    const auto answer = platform::CallHttp(call);
    return answer.ok() ? Json::parse(answer->body).at("logs") : Json::object();
  }
  // The archive files of an application.
  std::vector<std::string> Archives(const std::string& id) {
    std::vector<std::string> found;
    if (!fs::exists(Shared())) return found;
    for (const auto& entry : fs::recursive_directory_iterator(Shared())) {
      if (entry.is_regular_file() && entry.path().parent_path().filename() == id) {
        found.push_back(entry.path());
      }
    }
    return found;
  }

 private:
  const TempDirectory shared_;
};

TEST_F(Logs, AreCollectedWhenAnApplicationEndsAndOutliveEverybody) {
  ASSERT_TRUE(StartCluster(Aggregating(1)));
  const std::string id = SubmitShell({"-memory", "64"}, "echo what was done; echo wrong >&2");
  ASSERT_TRUE(AwaitState(id, "FINISHED"));
  ASSERT_TRUE(AwaitLog(id, "what was done\n", "AGGREGATED"));
  EXPECT_TRUE(WaitUntil([&] { return !fs::exists(cluster().NodeDir(0) + "/logs/" + id); },
                        "the node to be relieved of them"));
  ASSERT_EQ(Archives(id).size(), 1u);
  EXPECT_THAT(Archives(id).front(), HasSubstr("/bucket-logs/0001/" + id + "/"));

  EXPECT_EQ(Show(id, {"-log_files", "stderr"}).out.find("what was done"), std::string::npos);
  EXPECT_THAT(Show(id, {"-log_files", "stdout", "-size", "-5"}).out, HasSubstr("\ndone\n"));
  cluster().node(0).Kill();
  ASSERT_TRUE(cluster().EndResourceManager());
  const CommandResult alone = Show(id);
  EXPECT_EQ(alone.exit_code, 0) << alone.ToString();
  EXPECT_THAT(alone.out, AllOf(HasSubstr("what was done\n"), HasSubstr("wrong\n")));
  const CommandResult followed = Show(id, {"--follow"});
  EXPECT_EQ(followed.exit_code, 0) << followed.ToString();
  EXPECT_THAT(followed.out, HasSubstr("command stdout| what was done\n"));
  leaves_applications_ = true;
}

TEST_F(Logs, OfARunningApplicationAreThereAlthoughItsNodeWasKilled) {
  ASSERT_TRUE(StartCluster(Aggregating(1)));
  const std::string id = SubmitShell(
      {"-memory", "64"}, "echo as far as this; echo $$ >" + Scratch("pid") + "; sleep 1000");
  ASSERT_NE(AwaitPid(Scratch("pid")), 0);
  ASSERT_TRUE(AwaitLog(id, "as far as this\n", "LOCAL"));
  ASSERT_TRUE(WaitUntil([&] { return !Archives(id).empty(); }, "the archive"));
  // The round that began it may still be writing.
  const int64_t seen = NodeLogs().value("lastSuccess", int64_t{0});
  ASSERT_TRUE(WaitUntil([&] { return NodeLogs().value("lastSuccess", int64_t{0}) > seen; },
                        "a whole round of collecting"));
  cluster().node(0).Kill();
  ASSERT_TRUE(AwaitLog(id, "as far as this\n", "AGGREGATED"));
  // The next run of the NodeManager goes on with the same archive.
  ASSERT_TRUE(cluster().StartNode(0));
  ASSERT_TRUE(WaitUntil([&] { return NodeLogs().value("lastSuccess", int64_t{0}) > 0; },
                        "a round of the next run"));
  EXPECT_EQ(Archives(id).size(), 1u);
  leaves_applications_ = true;
}

TEST_F(Logs, FollowedOnesComeLineByLineWithTheirOriginUntilTheEnd) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  const std::string id =
      SubmitShell({"-memory", "64", "-containers", "2"},
                  "for i in 1 2 3; do echo line $i of $WEIR_CONTAINER_INDEX; until [ -e " +
                      Scratch("go") + "$i ]; do sleep 0.05; done; done");
  WriteWholeFile(Scratch("go1"), "");
  WriteWholeFile(Scratch("go2"), "");
  // As soon as one container has begun; that others have not is no failure.
  EXPECT_TRUE(WaitUntil(
      [&] {
        return Show(id, {"-show_container_log_info", "-o", "json"}).exit_code == 0;
      },
      "the first log of the application"));
  WriteWholeFile(Scratch("go3"), "");
  const CommandResult followed = Show(id, {"--follow", "-log_files", "stdout"});
  EXPECT_EQ(followed.exit_code, 0) << followed.ToString();
  for (const char* index : {"0", "1"}) {
    const std::regex lines("01_00000[23] command stdout\\| line 1 of " + std::string(index) +
                           "\n(.*\n)*01_00000[23] command stdout\\| line 3 of " + index + "\n");
    EXPECT_TRUE(std::regex_search(followed.out, lines)) << followed.out;
  }
  EXPECT_TRUE(AwaitState(id, "FINISHED"));
}

TEST_F(Logs, CtrlCEndsFollowingWith130) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id =
      SubmitShell({"-memory", "64"}, "echo I am here; echo $$ >" + Scratch("pid") + "; sleep 1000");
  ASSERT_NE(AwaitPid(Scratch("pid")), 0);
  ProcessOptions options;
  options.argv = {BinaryPath("weir"), "logs", "-applicationId", id, "--follow"};
  for (const auto& [key, value] :
       {std::pair<std::string, std::string>("weir.work.dir", cluster().work_dir())}) {
    options.argv.insert(options.argv.end(), {"-D", key + "=" + value});
  }
  options.log_file = Scratch("followed");
  Process follower(options);
  ASSERT_TRUE(WaitUntil(
      [&] {
        return Exists(Scratch("followed")) &&
               ReadWholeFile(Scratch("followed")).find("I am here") != std::string::npos;
      },
      "what was written"));
  EXPECT_TRUE(follower.IsRunning());
  follower.Signal(SIGINT);
  EXPECT_EQ(follower.Wait(), 130);
  Kill(id);
}

TEST_F(Logs, AreChosenByRoleAttemptFileAndSize) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const std::string id =
      SubmitShell({"-memory", "64", "-wait"}, "echo hello; cp /etc/hostname $LOG_DIRS/own.log");
  const std::string attempt =
      std::regex_replace(id, std::regex("application"), "appattempt") + "_000001";
  EXPECT_THAT(Show(id, {"--role", "command"}).out, HasSubstr("hello\n"));
  EXPECT_THAT(Show(id, {"--role", "am"}).out,
              AllOf(HasSubstr("_000001 on"), Not(HasSubstr("hello"))));
  for (const char* which : {"1", "-1", "ALL"}) {
    EXPECT_THAT(Show(id, {"-am", which}).out,
                AllOf(HasSubstr("_000001 on"), Not(HasSubstr("hello"))));
  }
  EXPECT_THAT(cluster().Weir({"logs", "-applicationAttemptId", attempt}).out, HasSubstr("hello"));
  EXPECT_THAT(Show(id, {"-log_files_pattern", "own\\."}).out,
              AllOf(HasSubstr("LogType:own.log"), Not(HasSubstr("LogType:stdout"))));
  EXPECT_THAT(Show(id, {"-list_nodes"}).out, HasSubstr("127.0.0.1:"));
  EXPECT_THAT(Show(id, {"-show_container_log_info"}).out,
              AllOf(HasSubstr("own.log"), HasSubstr("command"), HasSubstr("LOCAL")));
  const CommandResult saved = Show(id, {"-out", Scratch("saved")});
  EXPECT_EQ(saved.exit_code, 0) << saved.ToString();
  size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(Scratch("saved"))) {
    files += entry.is_regular_file() && entry.path().filename() == "own.log" ? 1U : 0U;
  }
  EXPECT_EQ(files, 1u);

  struct Row {
    std::vector<std::string> options;
    int exit_code;
    const char* says;
  };
  const Row rows[] = {
      {{"--role", "taskmanager"}, 3, "the roles are am, command"},
      {{"-am", "0"}, 2, "-am '0'"},
      {{"-am", "x"}, 2, "-am 'x'"},
      {{"-log_files_pattern", "("}, 2, "no regular expression"},
      {{"-log_files_pattern", "zzz"}, 3, "there are own.log, stderr, stdout"},
      {{"-size", "x"}, 2, "size"},
      {{"-size_limit_mb", "-2"}, 2, "size_limit_mb"},
      {{"--follow", "-list_nodes"}, 2, "exclude each other"},
      {{"--follow", "-out", "x"}, 2, "-out"},
      {{"-containerId", "container_e01_1_0001_01_000001"}, 2, "different applications"},
      {{"-applicationAttemptId", "nonsense"}, 2, "nonsense"},
  };
  for (const Row& row : rows) {
    const CommandResult result = Show(id, row.options);
    EXPECT_EQ(result.exit_code, row.exit_code) << row.options.front() << result.ToString();
    EXPECT_THAT(result.err, AllOf(IsOneLine(), HasSubstr(row.says))) << row.options.front();
  }
}

TEST_F(Logs, AContainerWhoseLogsFillTheDiskIsKilledWithItsCause) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kNmLogMonitor] = "true";
  options.settings[keys::kNmLogMonitorInterval] = "50";
  options.settings[keys::kNmLogMonitorDirectory] = "1000000";
  options.settings[keys::kRmMaxAttempts] = "1";
  ASSERT_TRUE(StartCluster(options));
  const std::string id =
      SubmitShell({"-memory", "64"},
                  "dd if=/dev/zero of=$LOG_DIRS/big bs=64k count=32 2>/dev/null; sleep 1000");
  ASSERT_TRUE(WaitUntil([&] { return Application(id).at("finalStatus") == "FAILED"; }, "its end"));
  EXPECT_THAT(StatusText(id), HasSubstr("its log directory holds"));
}

}  // namespace
}  // namespace weir::testing
