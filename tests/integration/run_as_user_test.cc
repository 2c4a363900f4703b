// Somebody who is not root uses a cluster whose daemons run as root: his session, his job, his
// files and his logs; and what root may and may not do there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "platform/config_keys.h"
#include "platform/http_client.h"
#include "tests/integration/stream_job_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;
namespace keys = platform::keys;

// An account that every Debian has, with a uid above the smallest.
constexpr char kUser[] = "nobody";

class RunAsUser : public StreamJobTest {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to run containers as another user";
    const passwd* const account = ::getpwnam(kUser);
    if (account == nullptr) GTEST_SKIP() << "there is no account '" << kUser << "'";
    uid_ = account->pw_uid;
    gid_ = account->pw_gid;
  }
  // `weir ARGS` as the user.
  CommandResult WeirAs(const std::vector<std::string>& args) { return WeirAs(uid_, gid_, args); }
  CommandResult WeirAs(uid_t uid, gid_t gid, const std::vector<std::string>& args) {
    std::vector<std::string> argv = {"setpriv",
                                     "--reuid",
                                     std::to_string(uid),
                                     "--regid",
                                     std::to_string(gid),
                                     "--clear-groups",
                                     BinaryPath("weir")};
    argv.insert(argv.end(), args.begin(), args.end());
    return RunCommand(argv,
                      {{"WEIR_CONF_DIR", std::nullopt},
                       {"HADOOP_CONF_DIR", std::nullopt},
                       {"HOME", Scratch("")},
                       {"WEIR_OPTS", "'-Dweir.work.dir=" + cluster().work_dir() + "'"}});
  }
  // A directory that the user can write to.
  std::string UsersDirectory(const std::string& name) {
    const std::string path = Scratch(name);
    fs::create_directories(path);
    EXPECT_EQ(::chown(path.c_str(), uid_, gid_), 0);
    return path;
  }
  uid_t OwnerOf(const std::string& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
    return info.st_uid;
  }
  std::vector<uid_t> UidsOf(const std::string& program) {
    std::vector<uid_t> uids;
    for (const pid_t pid : ProcessesOf(program)) {
      uids.push_back(OwnerOf("/proc/" + std::to_string(pid)));
    }
    return uids;
  }

  uid_t uid_ = 0;
  gid_t gid_ = 0;
};

TEST_F(RunAsUser, CountsWordsInASessionAndReadsItsLogs) {
  ASSERT_TRUE(StartCluster(SmallContainers(2)));
  WriteWholeFile(Scratch("text"), "to be or not to be\n");
  const std::string output = UsersDirectory("of-user") + "/counts";
  const CommandResult started =
      WeirAs({"session", "start", "-d", "-jm", "256", "-tm", "256", "-s", "2"});
  ASSERT_EQ(started.exit_code, 0) << started.ToString();
  const std::string session = started.out.substr(0, started.out.find('\n'));
  const CommandResult counted = WeirAs({"run",
                                        "-id",
                                        session,
                                        "-p",
                                        "4",
                                        WordCount(),
                                        "--input",
                                        Scratch("text"),
                                        "--output",
                                        output});
  ASSERT_EQ(counted.exit_code, 0) << counted.ToString();
  EXPECT_EQ(Results(output), (std::vector<std::string>{"be 2", "not 1", "or 1", "to 2"}));
  for (const auto& entry : fs::directory_iterator(output)) {
    EXPECT_EQ(OwnerOf(entry.path()), uid_);
  }
  EXPECT_THAT(UidsOf("weir-appmaster"), AllOf(Each(uid_), ::testing::SizeIs(1)));
  EXPECT_THAT(UidsOf("weir-taskmanager"), AllOf(Each(uid_), Not(::testing::IsEmpty())));
  EXPECT_THAT(UidsOf("weir-launch"), Each(0u));
  const CommandResult logs = WeirAs({"logs", "-applicationId", session});
  EXPECT_EQ(logs.exit_code, 0) << logs.ToString();
  EXPECT_THAT(logs.out, AllOf(HasSubstr("am.cluster"), HasSubstr("tm.daemon")));
  const CommandResult stopped = WeirAs({"session", "stop", session});
  EXPECT_EQ(stopped.exit_code, 0) << stopped.ToString();
}

TEST_F(RunAsUser, CannotReadWhatIsRootsOnTheNodes) {
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  const CommandResult run = WeirAs({"application",
                                    "-submit",
                                    "-memory",
                                    "64",
                                    "-wait",
                                    "--",
                                    "/bin/sh",
                                    "-c",
                                    "id -un; cat " + cluster().work_dir() + "/cluster.secret"});
  EXPECT_NE(run.exit_code, 0) << run.ToString();
  EXPECT_THAT(run.ToString(), HasSubstr("Permission denied"));
}

TEST_F(RunAsUser, RootIsRefusedWithTheKeyUnlessItIsAllowed) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kRunAsAllowRoot] = "false";
  ASSERT_TRUE(StartCluster(options));
  const CommandResult refused =
      cluster().Weir({"application", "-submit", "-memory", "64", "-wait", "--", "/bin/true"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.ToString(),
              AllOf(HasSubstr("containers of user 'root' do not run on this node"),
                    HasSubstr("weir.nodemanager.run-as.allow-root")));
  const CommandResult others =
      WeirAs({"application", "-submit", "-memory", "64", "-wait", "--", "/bin/sh", "-c", "id -u"});
  EXPECT_EQ(others.exit_code, 0) << others.ToString();
  // The node says which accounts its containers get.
  platform::HttpCall call;
  call.server = cluster().Address(cluster().NodeAddresses(0), "http");
  for (const char* page : {"/", "/ws/v1/node/info"}) {
    call.target = page;
    const auto answer = platform::CallHttp(call);
    ASSERT_TRUE(answer.ok());
    EXPECT_THAT(answer->body, HasSubstr("containers run as the user who submitted"));
  }
  EXPECT_THAT(ReadWholeFile(cluster().LogFile("nm0")),
              HasSubstr("containers run as the user who submitted, from uid 1000 on; root's are "
                        "refused"));
}

TEST_F(RunAsUser, SystemAccountsAndBannedOnesAreRefusedAllTheWay) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kRunAsBanned] = "daemon,nobody";
  ASSERT_TRUE(StartCluster(options));
  struct Row {
    const char* user;
    const char* rule;
    const char* key;
  };
  for (const Row& row :
       {Row{"games", "has uid 5, below the smallest allowed one, 1000", "run-as.min-user-id"},
        Row{"daemon", "account 'daemon' is banned", "run-as.banned-users"},
        Row{"nobody", "account 'nobody' is banned", "run-as.banned-users"}}) {
    SCOPED_TRACE(row.user);
    const passwd* const account = ::getpwnam(row.user);
    if (account == nullptr) GTEST_SKIP() << "there is no account '" << row.user << "'";
    const CommandResult run = WeirAs(account->pw_uid,
                                     account->pw_gid,
                                     {"application",
                                      "-submit",
                                      "-memory",
                                      "64",
                                      "-wait",
                                      "--",
                                      "/usr/bin/touch",
                                      Scratch("ran")});
    EXPECT_NE(run.exit_code, 0);
    EXPECT_THAT(run.ToString(), AllOf(HasSubstr(row.rule), HasSubstr(row.key)));
  }
  EXPECT_FALSE(fs::exists(Scratch("ran")));
}

TEST_F(RunAsUser, OneAccountForAllTakesRootsContainersToo) {
  ClusterOptions options = SmallContainers(1);
  options.settings[keys::kRunAs] = "local-user";
  options.settings[keys::kNmLocalUser] = kUser;
  ASSERT_TRUE(StartCluster(options));
  const std::string file = UsersDirectory("of-user") + "/made";
  const CommandResult run = cluster().Weir(
      {"application", "-submit", "-memory", "64", "-wait", "--", "/usr/bin/touch", file});
  ASSERT_EQ(run.exit_code, 0) << run.ToString();
  EXPECT_EQ(OwnerOf(file), uid_);
}

}  // namespace
}  // namespace weir::testing
