// `weir logs` against a real cluster: of running, ended and crashed applications, from their nodes
// and from the shared directory.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <regex>
#include <thread>

#include "log-archive/archive_paths.h"
#include "log-archive/archive_reader.h"
#include "log-archive/archive_writer.h"
#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "platform/sockets.h"
#include "tests/integration/cluster_test.h"
#include "tests/support/temp_directory.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;
namespace keys = platform::keys;

// Somebody else's server at an address: who calls is hung up on.
class Squatter {
 public:
  explicit Squatter(const HostPort& address) : socket_(platform::ListenTcp(address)) {
    EXPECT_TRUE(socket_.ok()) << socket_.error().ToString();
    thread_ = std::thread([fd = socket_->fd.get()] {
      pollfd calls{fd, POLLIN, 0};
      // Ends when the socket is shut down.
      while (::poll(&calls, 1, -1) >= 0 && (calls.revents & POLLHUP) == 0) {
        ::close(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
      }
    });
  }
  ~Squatter() {
    ::shutdown(socket_->fd.get(), SHUT_RDWR);
    thread_.join();
  }

 private:
  Result<platform::BoundSocket> socket_;
  std::thread thread_;
};

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
    for (const fs::path& path : PathsBelow(Shared())) {
      if (fs::is_regular_file(path) && path.parent_path().filename() == id) found.push_back(path);
    }
    return found;
  }

  // All that is collected of the application.
  std::string Collected(const std::string& id) {
    std::string text;
    for (const std::string& path : Archives(id)) {
      auto archive = logs::LogArchive::Open(path);
      if (!archive.ok()) continue;
      for (const logs::ArchivedLog& log : archive->logs()) {
        const auto read = archive->Read(log, 0, -1, [&](std::string_view bytes) {
          text += bytes;
          return Status();
        });
        EXPECT_TRUE(read.ok());
      }
    }
    return text;
  }
  // `weir logs --follow` in the background; what it prints goes to Scratch("followed").
  std::unique_ptr<Process> Follow(const std::string& id, std::vector<std::string> options = {}) {
    ProcessOptions process;
    process.argv = {BinaryPath("weir"), "logs", "-applicationId", id, "--follow"};
    process.argv.insert(process.argv.end(), options.begin(), options.end());
    process.argv.insert(process.argv.end(),
                        {"-D",
                         "weir.work.dir=" + cluster().work_dir(),
                         "-D",
                         std::string(keys::kNmRemoteLogDir) + "=" + Shared()});
    process.log_file = Scratch("followed");
    return std::make_unique<Process>(process);
  }
  std::string Followed() const {
    return Exists(Scratch("followed")) ? ReadWholeFile(Scratch("followed")) : "";
  }
  ::testing::AssertionResult AwaitFollowed(const std::string& text) {
    return WaitUntil([&] { return Followed().find(text) != std::string::npos; }, text);
  }
  // Lines 1 to N, each once Scratch("go<number>") is there; the number of its shell in
  // Scratch("pid").
  std::string SubmitLines(int lines) {
    const std::string id = SubmitShell(
        {"-memory", "64"},
        "echo $$ >" + Scratch("pid") + "; i=0; while [ $i -lt " + std::to_string(lines) +
            " ]; do i=$((i+1)); until [ -e " + Scratch("go") +
            "$i ]; do sleep 0.02; done; echo line $i; touch " + Scratch("said") + "$i; done");
    EXPECT_NE(AwaitPid(Scratch("pid")), 0);
    return id;
  }
  // Has line `number` written.
  void Say(int number) {
    WriteWholeFile(Scratch("go" + std::to_string(number)), "");
    EXPECT_TRUE(AwaitFile(Scratch("said" + std::to_string(number))));
  }
  static std::string Lines(int count) {
    std::string lines;
    for (int i = 1; i <= count; ++i) {
      lines += "01_000002 command stdout| line " + std::to_string(i) + "\n";
    }
    return lines;
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

// It runs and says nothing for longer than logs of ended applications are kept; then its
// NodeManager is killed and comes back, which does not know at first what runs here.
TEST_F(Logs, OfAQuietRunningApplicationStayWhereItWritesThem) {
  ClusterOptions options = Aggregating(1);
  options.settings[keys::kNmLogRetain] = "0";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitLines(2);
  ASSERT_FALSE(id.empty());
  Say(1);
  for (int run = 0; run < 2; ++run) {
    const int64_t before = NodeLogs().value("rounds", int64_t{0});
    ASSERT_TRUE(WaitUntil([&] { return NodeLogs().value("rounds", int64_t{0}) >= before + 3; },
                          "some rounds"));
    EXPECT_TRUE(fs::exists(cluster().NodeDir(0) + "/logs/" + id));
    if (run == 1) break;
    cluster().node(0).Kill();
    ASSERT_TRUE(cluster().StartNode(0));
  }
  Say(2);
  ASSERT_TRUE(AwaitState(id, "FINISHED"));
  ASSERT_TRUE(WaitUntil([&] { return Collected(id).find("line 1\nline 2\n") != std::string::npos; },
                        "both lines to be collected"));
  EXPECT_TRUE(WaitUntil([&] { return !fs::exists(cluster().NodeDir(0) + "/logs/" + id); },
                        "the node to be relieved of them"));
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
  const auto follower = Follow(id);
  ASSERT_TRUE(AwaitFollowed("I am here"));
  EXPECT_TRUE(follower->IsRunning());
  follower->Signal(SIGINT);
  EXPECT_EQ(follower->Wait(), 130);
  Kill(id);
}

// The NodeManager is killed while it is followed, and the next one is there on the same port, or on
// another one because that is taken: every line comes once, and the end is seen.
TEST_F(Logs, FollowedOnesGoOnOverTheDeathOfTheirNodeManager) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  for (const bool same_port : {true, false}) {
    SCOPED_TRACE(same_port);
    for (const auto& entry : fs::directory_iterator(Scratch(""))) fs::remove_all(entry.path());
    const std::string id = SubmitLines(6);
    ASSERT_FALSE(id.empty());
    Say(1);
    const auto follower = Follow(id, {"-log_files", "stdout"});
    ASSERT_TRUE(AwaitFollowed("line 1\n"));
    Say(2);
    ASSERT_TRUE(AwaitFollowed("line 2\n"));
    const HostPort before = cluster().Address(cluster().NodeAddresses(0), "http");
    cluster().node(0).Kill();
    Say(3);
    std::optional<Squatter> squatter;
    if (!same_port) squatter.emplace(before);
    ASSERT_TRUE(cluster().StartNode(0));
    const HostPort after = cluster().Address(cluster().NodeAddresses(0), "http");
    ASSERT_EQ(after == before, same_port);
    ASSERT_TRUE(AwaitFollowed("line 3\n"));
    Say(4);
    ASSERT_TRUE(AwaitFollowed("line 4\n"));
    Say(5);
    Say(6);
    EXPECT_EQ(follower->Wait(), 0);
    EXPECT_EQ(Followed(), Lines(6));
    ASSERT_TRUE(AwaitState(id, "FINISHED"));
  }
}

// One is lost for good, and the container with it: the follower prints what is collected beyond
// what it has printed, and ends.
TEST_F(Logs, FollowedOnesEndWithTheirNodeAndWhatIsCollectedOfIt) {
  ClusterOptions options = Aggregating(1);
  options.settings[keys::kNmExpiry] = "2000";
  options.settings[keys::kRmMaxAttempts] = "1";
  ASSERT_TRUE(StartCluster(options));
  const std::string id = SubmitLines(1000);
  ASSERT_FALSE(id.empty());
  Say(1);
  const auto follower = Follow(id, {"-log_files", "stdout", "-size", "-7"});
  ASSERT_TRUE(AwaitFollowed("line 1\n"));
  Say(2);
  ASSERT_TRUE(AwaitFollowed("line 2\n"));
  // It asks for nothing more: line 3 is the answer to what it has asked for, but line 4 comes to it
  // by way of the shared directory.
  follower->Signal(SIGSTOP);
  for (const int line : {3, 4}) {
    Say(line);
    const std::string text = "line " + std::to_string(line) + "\n";
    ASSERT_TRUE(WaitUntil([&] { return Collected(id).find(text) != std::string::npos; }, text));
  }
  cluster().node(0).Kill();
  const pid_t shell = AwaitPid(Scratch("pid"));
  ::kill(shell, SIGKILL);
  follower->Signal(SIGCONT);
  EXPECT_EQ(follower->Wait(seconds(120)), 0) << Followed();
  EXPECT_EQ(Followed(), Lines(4));
  leaves_applications_ = true;
}

// Somebody wrote an archive with names that lead out of the directory they are saved in.
TEST_F(Logs, AreSavedWhereTheyAreToBeWhateverTheirArchiveSays) {
  ASSERT_TRUE(StartCluster(Aggregating(1)));
  const ApplicationId id{1'700'000'000'000, 7};
  const logs::ArchiveRoot root{Shared(), "logs"};
  ASSERT_TRUE(fs::create_directories(root.ApplicationDirectory("ann", id)));
  {
    auto writer = logs::LogArchiveWriter::Open(platform::FileSystem::Real(),
                                               root.File("ann", id, "host_1"),
                                               {id, "ann", "host_1", WallFromMillis(1)},
                                               0640);
    ASSERT_TRUE(writer.ok());
    uint64_t identity = 1;
    for (const std::string& name : {std::string("stdout"),
                                    std::string("../escaped"),
                                    Scratch("escaped"),
                                    std::string("../../escaped"),
                                    std::string(""),
                                    std::string("."),
                                    std::string(".."),
                                    std::string("a\0b", 3)}) {
      logs::LogPiece piece;
      piece.container = ContainerId::Make({id, 1}, Epoch{1}, 2);
      piece.name = name;
      piece.identity = identity++;
      piece.length = 4;
      ASSERT_TRUE((*writer)->Append(piece, "text").ok());
    }
  }
  const CommandResult saved = Show(id.ToString(), {"-out", Scratch("saved/here")});
  EXPECT_NE(saved.exit_code, 0);
  EXPECT_THAT(saved.err, HasSubstr("impossible name"));
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(Scratch(""))) {
    if (entry.is_regular_file()) files.push_back(entry.path().lexically_relative(Scratch("")));
  }
  EXPECT_THAT(files,
              ::testing::ElementsAre(
                  "saved/here/" + ContainerId::Make({id, 1}, Epoch{1}, 2).ToString() + "/stdout"));
  // A link that somebody put where a file is to be.
  fs::remove(Scratch(files.front()));
  fs::create_symlink(Scratch("target"), Scratch(files.front()));
  EXPECT_NE(Show(id.ToString(), {"-out", Scratch("saved/here")}).exit_code, 0);
  EXPECT_FALSE(fs::exists(Scratch("target")));
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
