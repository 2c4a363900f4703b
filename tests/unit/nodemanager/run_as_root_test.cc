// Containers of users on a node that runs as root: what they are, what they cannot reach. Every
// attack is also made with the protection switched off, where it must succeed: so a row that proves
// nothing is seen.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "nodemanager/executor/container_tree.h"
#include "nodemanager/executor/leftovers.h"
#include "run_as_fixture.h"
#include "tests/support/process.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Ids(const Account& account) {
  return std::to_string(account.uid) + " " + std::to_string(account.gid);
}

TEST_F(RunAsTest, AProcessHasItsUsersIdsAndNothingMore) {
  const Account ann = AccountOf("ann");
  const std::string said = RunAs("ann",
                                 1,
                                 "id -u; id -g; id -G; ulimit -c; umask; pwd; echo $HOME $USER; "
                                 "grep -E '^(Uid|Gid|Cap|NoNewPrivs)' /proc/self/status; "
                                 "ls /proc/self/fd | tr '\\n' ' '");
  const std::string uid = std::to_string(ann.uid);
  const std::string gid = std::to_string(ann.gid);
  EXPECT_EQ(said,
            uid + "\n" + gid + "\n" + gid + " " + std::to_string(ann.groups[1]) + "\n0\n0027\n" +
                WorkOf("ann", 1) + "\n" + WorkOf("ann", 1) + " ann\n" + "Uid:\t" + uid + "\t" +
                uid + "\t" + uid + "\t" + uid + "\n" + "Gid:\t" + gid + "\t" + gid + "\t" + gid +
                "\t" + gid + "\n" +
                "CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\n"
                "CapEff:\t0000000000000000\nCapBnd:\t0000000000000000\n"
                "CapAmb:\t0000000000000000\nNoNewPrivs:\t1\n0 1 2 3 ");
}

TEST_F(RunAsTest, DirectoriesBelongToWhomTheyShould) {
  LaunchContext launch = Shell("sleep 1000");
  launch.secrets["am.token"] = "s3cret";
  StartWaiting("ann", 1, launch);
  const std::string work = WorkOf("ann", 1);
  const std::string application = work.substr(0, work.rfind('/'));
  const std::string log = directories_.Log(IdOf(1));
  const std::string ann = Ids(AccountOf("ann"));
  const std::string gid = std::to_string(AccountOf("ann").gid);
  const std::string local = temporary_.path() + "/local";
  EXPECT_EQ(Owner(local + "/usercache"), "0 0 711");
  EXPECT_EQ(Owner(local + "/usercache/ann"), "0 " + gid + " 710");
  EXPECT_EQ(Owner(local + "/usercache/ann/appcache"), "0 " + gid + " 710");
  EXPECT_EQ(Owner(application), "0 " + gid + " 710");
  EXPECT_EQ(Owner(work), ann + " 700");
  EXPECT_EQ(Owner(work + "/.weir-secrets"), ann + " 500");
  EXPECT_EQ(Owner(work + "/.weir-secrets/am.token"), ann + " 400");
  EXPECT_EQ(Owner(log.substr(0, log.rfind('/'))), "0 " + gid + " 710");
  EXPECT_EQ(Owner(log), std::to_string(AccountOf("ann").uid) + " 0 750");
  EXPECT_EQ(Owner(log + "/stdout"), ann + " 640");
  EXPECT_EQ(Owner(directories_.Notes(IdOf(1))), "0 0 700");
  Kill(1);
}

TEST_F(RunAsTest, LocalFilesAndSecretsCanBeReadAndAreNotTheUsersToChange) {
  const std::string source = temporary_.path() + "/input";
  ASSERT_TRUE(platform::WriteFileAtomically(files_, source, "hello", 0644).ok());
  LaunchContext launch =
      Shell("cat data $WEIR_SECRETS_DIR/key; echo changed >data || chmod u+w data || echo no");
  launch.secrets["key"] = "s3cret";
  launch.local_resources["data"].uri = "file:" + source;
  launch.local_resources["data"].size = 5;
  StartAs("ann", 1, launch);
  AwaitEnd(1);
  EXPECT_EQ(Output(1), "hellos3cretno\n");
}

TEST_F(RunAsTest, AFileThatTheUserMayNotReadIsNotReadForHim) {
  const std::string source = temporary_.path() + "/of-root";
  ASSERT_TRUE(platform::WriteFileAtomically(files_, source, "s3cret", 0600).ok());
  LaunchContext launch = Shell("cat data");
  launch.local_resources["data"].uri = "file:" + source;
  launch.local_resources["data"].size = 6;
  executor_->Localize(TokenOf(1, "ann"), launch, {});
  const auto failed = box_.Await<LocalizationFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_FALSE(failed->of_node);
  EXPECT_THAT(failed->error.message, HasSubstr("Permission denied (as user 'ann')"));
  // The thread has its own rights again, and the owner's are enough.
  const Account ann = AccountOf("ann");
  ASSERT_EQ(::chown(source.c_str(), static_cast<uid_t>(ann.uid), 0), 0);
  StartAs("ann", 2, launch);
  AwaitEnd(2);
  EXPECT_EQ(Output(2), "s3cret");
  Use(RunAsMode::kOff);
  ASSERT_EQ(::chown(source.c_str(), 0, 0), 0);
  StartAs("ann", 3, launch);
  AwaitEnd(3);
  EXPECT_EQ(Output(3), "s3cret") << "without the protection root would have read it";
}

TEST_F(RunAsTest, StartedAgainInItsPlaceItIsStillTheUsers) {
  LaunchContext launch = Shell("id -u; cat $WEIR_SECRETS_DIR/key; echo x >>left; cat left");
  launch.secrets["key"] = "s3cret ";
  StartAs("ann", 1, launch);
  AwaitEnd(1);
  executor_->Launch(IdOf(1));
  ASSERT_TRUE(box_.Await<Launched>(IdOf(1)));
  AwaitEnd(1);
  const std::string uid = std::to_string(AccountOf("ann").uid);
  EXPECT_EQ(Output(1), uid + "\ns3cret x\n" + uid + "\ns3cret x\nx\n");
}

// Between the two, all that could have run was ours: it is as if nothing had been prepared.
TEST_F(RunAsTest, KilledBetweenHandingOverAndTheProgramsStartItIsPreparedAnew) {
  for (const bool all : {false, true}) {  // or the log directory alone
    const int64_t number = all ? 2 : 1;
    LaunchContext launch = Shell("cat $WEIR_SECRETS_DIR/s");
    launch.secrets["s"] = "secret";
    executor_->Localize(TokenOf(number, "ann"), launch, {});
    ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(number)));
    executor_.reset();
    LaunchPlan plan;
    plan.directory = WorkOf("ann", number);
    plan.log_directory = directories_.Log(IdOf(number));
    plan.command = launch.command;
    ASSERT_TRUE(LaunchNotes(files_, directories_.Notes(IdOf(number))).WritePlan(plan).ok());
    const Account ann = AccountOf("ann");
    if (all) {
      ASSERT_TRUE(HandOver(directories_, "ann", IdOf(number), ann).ok());
    } else {
      ASSERT_EQ(::chown(plan.log_directory.c_str(), static_cast<uid_t>(ann.uid), 0), 0);
    }
    RecoveredContainer container;
    container.record.token = TokenOf(number, "ann");
    container.launch = launch;
    Recovery recovery{.containers = {container}};
    ASSERT_TRUE(FindLeftovers(files_, directories_, seconds(20), recovery).ok());
    EXPECT_EQ(recovery.containers[0].found.found, Found::kNothing);
    Restart();
    StartAs("ann", number, launch);
    AwaitEnd(number);
    EXPECT_EQ(Output(number), "secret");
  }
}

TEST_F(RunAsTest, WhoIsUnknownOrRootGetsNoContainer) {
  for (const char* user : {"root", "eve"}) {
    const int64_t number = user == std::string("root") ? 1 : 2;
    executor_->Localize(TokenOf(number, user), Shell("true"), {});
    const auto failed = box_.Await<LocalizationFailed>(IdOf(number));
    ASSERT_TRUE(failed);
    EXPECT_THAT(failed->error.message, HasSubstr("do not run on this node"));
    EXPECT_EQ(Owner(temporary_.path() + "/local/usercache/" + user), "");
  }
}

// Each rule of RunAsRules as far as the container's end, and nothing of it on the disk.
TEST_F(RunAsTest, WhoIsRefusedByARuleGetsNoContainerAndNoDirectory) {
  const std::map<std::string, Account> accounts = {
      {"games", {"games", 5, 60, {60}}},
      {"below", {"below", 999, 999, {999}}},
      {"mallory", {"mallory", 2000, 2000, {2000}}},
      {"wheel", {"wheel", 2001, 0, {0}}},
      {"operator", {"operator", 2002, 2002, {2002, 0}}},
      {"toor", {"toor", 0, 0, {0}}}};
  adjust_ = [&accounts](ProcessExecutorOptions& options) {
    options.run_as.mode = RunAsMode::kSubmitter;
    options.run_as.banned = {"mallory"};
    options.find_account = [&accounts](const std::string& name) -> Result<std::optional<Account>> {
      return std::optional<Account>(accounts.at(name));
    };
  };
  Restart();
  const std::map<std::string, const char*> rules = {{"games", "uid 5, below the smallest"},
                                                    {"below", "uid 999, below the smallest"},
                                                    {"mallory", "'mallory' is banned"},
                                                    {"wheel", "in root's group"},
                                                    {"operator", "in root's group"},
                                                    {"toor", "is root"}};
  int64_t number = 0;
  for (const auto& [user, rule] : rules) {
    SCOPED_TRACE(user);
    executor_->Localize(TokenOf(++number, user), Shell("true"), {});
    const auto failed = box_.Await<LocalizationFailed>(IdOf(number));
    ASSERT_TRUE(failed);
    EXPECT_FALSE(failed->of_node);
    EXPECT_THAT(failed->error.message, HasSubstr(rule));
    EXPECT_EQ(Owner(temporary_.path() + "/local/usercache/" + user), "");
    EXPECT_EQ(Owner(directories_.Log(IdOf(number))), "");
    EXPECT_EQ(Owner(directories_.Notes(IdOf(number))), "");
  }
}

TEST_F(RunAsTest, ExecMakesNobodyRootAgain) {
  // `id` as a set-uid program of root's.
  const std::string id = temporary_.path() + "/id";
  ASSERT_EQ(weir::testing::RunCommand({"cp", "/usr/bin/id", id}).exit_code, 0);
  ASSERT_EQ(::chmod(id.c_str(), 04755), 0);
  const std::string uid = std::to_string(AccountOf("ann").uid);
  const auto unprotected = weir::testing::RunCommand(
      {"setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", id, "-u"});
  ASSERT_EQ(unprotected.out, "0\n") << "the directory is on a file system that knows set-uid";
  EXPECT_EQ(RunAs("ann", 1, id + " -u"), uid + "\n");
}

// --- what a container could try against others. Succeeds: its exit status is 0.

struct Attack {
  const char* name;
  const char* script;
};

const Attack kAttacks[] = {
    {"ReadsASecret", "cat $VICTIM_WORK/.weir-secrets/key"},
    {"ListsTheDirectory", "ls $VICTIM_WORK"},
    {"ReadsTheOutput", "cat $VICTIM_LOG/stdout"},
    {"WritesToTheOutput", "echo forged >>$VICTIM_LOG/stdout"},
    {"ReplacesTheLog", "cd ${VICTIM_LOG%/*} && ln -sfn /etc/passwd stdout"},
    {"WritesIntoTheDirectory", "echo x >$VICTIM_WORK/planted"},
    {"MovesTheUsersDirectory", "mv $USERS/ann $USERS/mallory && mv $USERS/mallory $USERS/ann"},
    {"MovesItsOwnDirectory", "mv $PWD $PWD.old && mv $PWD.old $PWD"},
    {"PlantsANextContainer", "mkdir ${PWD%/*}/container_1700000000000_0007_01_000099"},
    {"ListsItsApplication", "ls ${PWD%/*}"},
    {"ReadsTheNotes", "cat $NOTES/*/spec"},
    {"ForgesAnExit", "echo 'ended exited 0 1' >$NOTES/planted"},
    {"ChangesTheCache", "echo x >$CACHE/planted"},
    {"ListsThePublicCache", "ls $CACHE"},
    {"PlantsInTheUsersCache", "echo x >$USERS/ann/filecache/planted"},
    {"ReadsTheUsersCache", "cat $USERS/ann/filecache/*"},
    {"ReplacesTheUsersCache", "cd $USERS/ann && mv filecache x && mv x filecache"},
    {"PlantsInTheApplicationsCache", "echo x >${VICTIM_WORK%/*}/filecache/planted"},
    {"ReadsTheApplicationsCache", "cat ${VICTIM_WORK%/*}/filecache/*"},
    {"ReplacesTheApplicationsCache", "cd ${VICTIM_WORK%/*} && mv filecache x && mv x filecache"},
    {"PlantsInItsOwnCache", "echo x >$USERS/bob/filecache/planted"},
    {"ReplacesItsOwnCache", "cd $USERS/bob && mv filecache x && mv x filecache"},
    {"ReplacesItsOwnApplicationsCache", "cd ${PWD%/*} && mv filecache x && mv x filecache"},
    {"ChangesACachedFileByItsOwnName", "echo x >>public"},
    {"MakesACachedFileWritable", "chmod u+w public"},
    {"SaysWhoseTheLogsAre", "echo 'user bob' >$VICTIM_LOG.about"},
    {"ReplacesWhatIsSaidOfItsOwnLogs", "ln -sfn /etc/passwd $LOG_DIRS.about"},
    {"RemovesWhatIsSaidOfItsOwnLogs", "rm $LOG_DIRS.about"},
    {"SignalsTheLauncher", "kill -0 $VICTIM_LAUNCHER"},
    {"SignalsItsOwnLauncher", "kill -0 $PPID"},
    {"SignalsTheNodeManager", "kill -0 $NM"},
    {"SignalsTheVictim", "kill -0 $VICTIM_PID"},
    {"LooksIntoItsLauncher", "cat /proc/$PPID/environ"},
    {"SeesTheLaunchersDescriptors", "ls -l /proc/$PPID/fd"},
    {"ReadsTheMemoryOfItsLauncher",
     "head -c 1 /proc/$PPID/mem; [ -r /proc/$PPID/maps ] && "
     "cat /proc/$PPID/maps"},
    {"SeesTheVictimsEnvironment", "cat /proc/$VICTIM_PID/environ"},
    {"BecomesRoot", "setpriv --reuid 0 --clear-groups true"},
    {"TakesAGroup", "setpriv --regid 0 --clear-groups true"},
    {"ReadsRootsFiles", "cat /etc/shadow"},
};

class Attacks : public RunAsTest, public ::testing::WithParamInterface<Attack> {
 protected:
  // For the caches to be there.
  std::map<std::string, LocalResource> OneOfEach() {
    const std::string source = temporary_.path() + "/input";
    EXPECT_TRUE(platform::WriteFileAtomically(files_, source, "hello", 0644).ok());
    const LocalResource file{.uri = "file:" + source, .size = 5};
    std::map<std::string, LocalResource> all = {
        {"public", file}, {"private", file}, {"application", file}};
    all["public"].visibility = LocalResourceVisibility::kPublic;
    all["private"].visibility = LocalResourceVisibility::kPrivate;
    all["application"].visibility = LocalResourceVisibility::kApplication;
    return all;
  }
  // The exit status of the attacker, bob, against a waiting container of ann's.
  int Try(const Attack& attack, int64_t victim, int64_t attacker) {
    LaunchContext waiting;
    waiting.secrets["key"] = "s3cret";
    waiting.local_resources = OneOfEach();
    StartWaiting("ann", victim, waiting);
    const auto launcher = LaunchNotes(files_, directories_.Notes(IdOf(victim))).ReadLauncher();
    EXPECT_TRUE(launcher);
    if (!launcher) return -1;
    const auto children = weir::testing::Descendants(launcher->pid);
    EXPECT_FALSE(children.empty());
    LaunchContext launch = Shell(attack.script);
    launch.local_resources = OneOfEach();
    launch.environment = {{"VICTIM_WORK", WorkOf("ann", victim)},
                          {"VICTIM_LOG", directories_.Log(IdOf(victim))},
                          {"VICTIM_LAUNCHER", std::to_string(launcher->pid)},
                          {"VICTIM_PID", std::to_string(children.empty() ? 0 : children.front())},
                          {"USERS", temporary_.path() + "/local/usercache"},
                          {"CACHE", temporary_.path() + "/local/filecache"},
                          {"NOTES", directories_.notes()},
                          {"NM", std::to_string(::getpid())}};
    StartAs("bob", attacker, launch);
    const ExitOutcome outcome = AwaitEnd(attacker);
    Kill(victim);
    return outcome.value;
  }
};

TEST_P(Attacks, FailForAUserAndWouldSucceedUnderTheNodeManagersAccount) {
  EXPECT_NE(Try(GetParam(), 1, 2), 0) << Output(2) << Output(2, "stderr");
  Use(RunAsMode::kOff);
  EXPECT_EQ(Try(GetParam(), 3, 4), 0) << Output(4) << Output(4, "stderr");
}

INSTANTIATE_TEST_SUITE_P(Rows, Attacks, ::testing::ValuesIn(kAttacks), [](const auto& row) {
  return std::string(row.param.name);
});

// --- the end

TEST_F(RunAsTest, KillingReachesAUsersProcessesWhereverTheyWent) {
  StartAs("ann",
          1,
          Shell("trap '' TERM; setsid sh -c \"trap '' TERM; sleep 1000 & sleep 1000\" & "
                "(sleep 1000 &) ; echo ready; sleep 1000"));
  for (int i = 0; i < 3000 && Output(1) != "ready\n"; ++i) ::usleep(10'000);
  Kill(1);
  EXPECT_TRUE(FindStrays(IdOf(1), 0, AccountOf("ann").uid).empty());
}

TEST_F(RunAsTest, WithItsLauncherKilledAUsersProcessesGoAndAForgersProcessStays) {
  StartWaiting("ann", 1, {});
  // Not a container's: somebody else's process that says it were.
  const std::string uid = std::to_string(AccountOf("bob").uid);
  weir::testing::ProcessOptions forger;
  forger.argv = {"setpriv", "--reuid", uid, "--regid", uid, "--clear-groups", "sleep", "1000"};
  forger.environment = {{"CONTAINER_ID", IdOf(1).ToString()}};
  weir::testing::Process process(forger);
  for (int i = 0; i < 3000 && FindStrays(IdOf(1), 0, AccountOf("bob").uid).empty(); ++i) {
    ::usleep(10'000);
  }
  ASSERT_FALSE(FindStrays(IdOf(1), 0, AccountOf("bob").uid).empty())
      << "without the owner's check it would be taken for the container's";
  const auto launcher = LaunchNotes(files_, directories_.Notes(IdOf(1))).ReadLauncher();
  ASSERT_TRUE(launcher);
  ASSERT_EQ(::kill(launcher->pid, SIGKILL), 0);
  EXPECT_EQ(AwaitEnd(1).kind, ExitKind::kLost);
  EXPECT_TRUE(FindStrays(IdOf(1), launcher->pid, AccountOf("ann").uid).empty());
  EXPECT_TRUE(process.IsRunning());
}

TEST_F(RunAsTest, WhatAUserLeavesIsRemovedHoweverItIsLeft) {
  const std::string outside = temporary_.path() + "/outside";
  ASSERT_TRUE(files_.MakeDirectories(outside, 0755).ok());
  ASSERT_TRUE(platform::WriteFileAtomically(files_, outside + "/kept", "x", 0644).ok());
  const std::string before = Owner(outside + "/kept") + Owner(outside);
  RunAs("ann",
        1,
        "mkdir -p a/b/c; echo x >a/b/c/f; ln -s " + outside + " link; ln -s " + outside +
            "/kept a/file; mkfifo pipe; chmod 0 a/b/c a/b; chmod 0 . ");
  executor_->CleanUp(IdOf(1));
  ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(1)));
  EXPECT_EQ(Owner(WorkOf("ann", 1)), "");
  EXPECT_EQ(Owner(outside + "/kept") + Owner(outside), before);
}

}  // namespace
}  // namespace weir::nm
