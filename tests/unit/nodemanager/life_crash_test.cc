// The NodeManager's part of a container's life, killed at every single call to the file system: the
// test runs itself as a child that dies at call n, and then goes on as the next NodeManager does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <set>

#include "archive_writer.h"
#include "nodemanager/executor/leftovers.h"
#include "run_as_fixture.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using weir::testing::ReadWholeFile;
using weir::testing::WaitUntil;

constexpr char kTop[] = "WEIR_LIFE_TOP";  // of the child: its directory,
constexpr char kStep[] =
    "WEIR_LIFE_STEP";  // or the step, "CALL PART-OF-PATH", whichever comes first,
constexpr char kCall[] = "WEIR_LIFE_CALL";  // the call that it dies at,
constexpr char kUid[] = "WEIR_LIFE_UID";    // the account of the container, "" = our own
constexpr int64_t kManyCalls = 400;         // far more than there are

// Kills this process at the n-th call, having written into a file which one that is.
class DyingFileSystem : public weir::testing::FaultyFileSystem {
 public:
  DyingFileSystem(int64_t dies_at, const std::string& dies_in, std::string last_words)
      : FaultyFileSystem(platform::FileSystem::Real()),
        dies_at_(dies_at),
        call_(dies_in.substr(0, dies_in.find(' '))),
        path_(dies_in.substr(call_.empty() ? 0 : call_.size() + 1)),
        last_words_(std::move(last_words)) {}

  void Step(const std::string& call) {
    platform::MutexLock lock(mutex_);
    const bool named =
        !call_.empty() && call.starts_with(call_ + " ") && call.find(path_) != std::string::npos;
    if (++calls_ != dies_at_ && !named) return;
    weir::testing::WriteWholeFile(last_words_, call);
    ::kill(::getpid(), SIGKILL);
  }

  class File : public platform::WritableFile {
   public:
    File(DyingFileSystem& files, std::string path, std::unique_ptr<WritableFile> base)
        : files_(files), path_(std::move(path)), base_(std::move(base)) {}
    Status Append(std::string_view bytes) override {
      files_.Step("Append " + path_);
      return base_->Append(bytes);
    }
    Status Sync() override {
      files_.Step("Sync " + path_);
      return base_->Sync();
    }
    Status Close() override {
      files_.Step("Close " + path_);
      return base_->Close();
    }

   private:
    DyingFileSystem& files_;
    const std::string path_;
    const std::unique_ptr<WritableFile> base_;
  };

  Result<std::unique_ptr<platform::WritableFile>> Create(const std::string& path,
                                                         int mode) override {
    Step("Create " + path);
    WEIR_ASSIGN_OR_RETURN(auto file, FaultyFileSystem::Create(path, mode));
    return std::unique_ptr<platform::WritableFile>(
        std::make_unique<File>(*this, path, std::move(file)));
  }
  Status MakeDirectories(const std::string& path, int mode) override {
    Step("MakeDirectories " + path);
    return FaultyFileSystem::MakeDirectories(path, mode);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    Step("Rename " + to);
    return FaultyFileSystem::Rename(from, to);
  }
  Status Remove(const std::string& path) override {
    Step("Remove " + path);
    return FaultyFileSystem::Remove(path);
  }
  Status RemoveTree(const std::string& path) override {
    Step("RemoveTree " + path);
    return FaultyFileSystem::RemoveTree(path);
  }
  Status Link(const std::string& from, const std::string& to) override {
    Step("Link " + to);
    return FaultyFileSystem::Link(from, to);
  }
  Status SyncDirectory(const std::string& path) override {
    Step("SyncDirectory " + path);
    return FaultyFileSystem::SyncDirectory(path);
  }
  Status MakeSymbolicLink(const std::string& target, const std::string& path) override {
    Step("MakeSymbolicLink " + path);
    return FaultyFileSystem::MakeSymbolicLink(target, path);
  }

 private:
  const int64_t dies_at_;
  const std::string call_;
  const std::string path_;
  const std::string last_words_;
  platform::Mutex mutex_;
  int64_t calls_ WEIR_GUARDED_BY(mutex_) = 0;
};

// One NodeManager on a directory: the test's, or its child's.
class Node {
 public:
  Node(std::string top, platform::FileSystem& files, std::optional<Account> account)
      : top_(std::move(top)),
        files_(files),
        directories_({top_ + "/local"}, {top_ + "/log"}, top_ + "/notes"),
        account_(std::move(account)) {}

  void Start() {
    ProcessExecutorOptions options;
    options.launch_binary = std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch";
    options.run_as.mode = account_ ? RunAsMode::kSubmitter : RunAsMode::kOff;
    options.find_account = [this](const std::string&) -> Result<std::optional<Account>> {
      return account_;
    };
    auto executor = ProcessExecutor::Start(options, files_, directories_, box_.Sink());
    ASSERT_TRUE(executor.ok()) << executor.error().ToString();
    executor_ = std::move(executor).value();
  }
  ContainerTokenIdentifier Token(const ContainerId& id) const {
    ContainerTokenIdentifier token;
    token.id = id;
    token.user = "ann";
    token.resource = {512, 1};
    return token;
  }
  LaunchContext Program() const {
    LaunchContext launch;
    launch.command = {"/bin/sh",
                      "-c",
                      "test -e file -a -e tree/inside || exit 1; cat $WEIR_SECRETS_DIR/s >>" +
                          top_ + "/ran/mark; sleep 0.05; exit 5"};
    launch.secrets["s"] = "once\n";
    launch.local_resources["file"] = {.uri = "file:" + top_ + "/source", .size = 7};
    const std::string packed = top_ + "/packed.tar";
    launch.local_resources["tree"] = {.uri = "file:" + packed,
                                      .size = files_.Stat(packed)->size,
                                      .type = LocalResourceType::kArchive};
    return launch;
  }
  // What is told on the way is what the core would have recorded.
  void Record(const std::string& phase) { weir::testing::WriteWholeFile(top_ + "/" + phase, ""); }
  bool Recorded(const std::string& phase) const {
    return weir::testing::Exists(top_ + "/" + phase);
  }
  void Launch(const ContainerId& id) {
    executor_->Localize(Token(id), Program(), {});
    ASSERT_TRUE(box_.Await<LocalizationDone>(id));
    executor_->Launch(id);
    ASSERT_TRUE(box_.Await<Launched>(id));
    Record("launched");
  }
  ExitOutcome AwaitEnd(const ContainerId& id) {
    const auto exited = box_.Await<Exited>(id);
    EXPECT_TRUE(exited && box_.Await<Drained>(id));
    return exited ? exited->outcome : ExitOutcome{};
  }
  void End(const ContainerId& id) {
    Record("complete");
    executor_->CleanUp(id);
    ASSERT_TRUE(box_.Await<CleanedUp>(id));
    executor_->Forget(id);
    executor_->CleanUpApplication(id.attempt.application);
    const std::string application = directories_.Work("ann", id);
    ASSERT_TRUE(WaitUntil(
        [&] {
          return !weir::testing::Exists(application.substr(0, application.rfind('/'))) &&
                 !weir::testing::Exists(directories_.Notes(id));
        },
        "all to be removed"));
  }

  const std::string top_;
  platform::FileSystem& files_;
  const ContainerDirectories directories_;
  const std::optional<Account> account_;
  EventBox box_;
  std::unique_ptr<ProcessExecutor> executor_;
};

std::optional<Account> AccountOf(const std::string& uid) {
  if (uid.empty()) return std::nullopt;
  const int64_t number = std::atol(uid.c_str());
  return Account{"ann", number, number, {number}};
}

ContainerId IdOf(int64_t process, int64_t number) {
  return ContainerId::Make({{1'700'000'000'000 + process, 9}, 1}, Epoch{1}, number);
}

// Not a test by itself: what the one below runs, and kills.
TEST(LifeChild, LivesAsFarAsItIsLet) {
  if (::getenv(kTop) == nullptr) GTEST_SKIP() << "it is run by LifeCrash";
  const std::string top = ::getenv(kTop);
  const int64_t call = std::atol(::getenv(kCall));
  DyingFileSystem files(call, ::getenv(kStep), top + "/died-at");
  Node node(top, files, AccountOf(::getenv(kUid)));
  const ContainerId id = IdOf(::getppid(), call);
  node.Start();
  node.Launch(id);
  EXPECT_EQ(node.AwaitEnd(id).value, 5);
  node.End(id);
}

class LifeCrash : public ::testing::TestWithParam<bool> {
 protected:
  // As the core does with what is recorded and found. The outcome, if it is told again.
  static std::optional<int> GoOn(Node& node, const ContainerId& id) {
    RecoveredContainer container;
    container.record.token = node.Token(id);
    container.record.phase = node.Recorded("complete")   ? RecordedPhase::kComplete
                             : node.Recorded("launched") ? RecordedPhase::kLaunched
                                                         : RecordedPhase::kAccepted;
    container.launch = node.Program();
    Recovery recovery{.containers = {container}};
    EXPECT_TRUE(FindLeftovers(node.files_, node.directories_, seconds(20), recovery).ok());
    node.Start();
    if (container.record.phase == RecordedPhase::kComplete) return std::nullopt;
    const FoundContainer& found = recovery.containers[0].found;
    switch (found.found) {
      case Found::kNothing:
        node.Launch(id);
        return node.AwaitEnd(id).value;
      case Found::kRunning:
        node.executor_->Reacquire(node.Token(id), node.Program(), true);
        return node.AwaitEnd(id).value;
      case Found::kEnded:
        EXPECT_TRUE(found.outcome && found.outcome->kind == ExitKind::kExited);
        node.executor_->Reacquire(node.Token(id), node.Program(), false);
        return found.outcome ? found.outcome->value : -1;
    }
    return -1;
  }
  // A life that ends at a call, by number or by name, and what comes after it. The step that it
  // died in, "" when it did not.
  void Once(int64_t call, const std::string& dies_in, std::string& died_in) {
    const TemporaryDirectory directory;
    const std::string& top = directory.path();
    ASSERT_EQ(::chmod(top.c_str(), 0755), 0);
    weir::testing::WriteWholeFile(top + "/source", "content");
    Pack(top + "/packed.tar", Packing::kTar, {{.path = "inside", .content = "x"}});
    ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(top + "/ran", 0777).ok());
    ASSERT_EQ(::chmod((top + "/ran").c_str(), 0777), 0);
    const auto child = weir::testing::RunCommand(
        {"/proc/self/exe", "--gtest_filter=LifeChild.*"},
        {{kTop, top}, {kCall, std::to_string(call)}, {kStep, dies_in}, {kUid, uid_}});
    const std::string step =
        weir::testing::Exists(top + "/died-at") ? ReadWholeFile(top + "/died-at") : "";
    ASSERT_EQ(child.exit_code == 0, step.empty()) << child.ToString();
    Node node(top, platform::FileSystem::Real(), AccountOf(uid_));
    const ContainerId id = IdOf(::getpid(), call);
    const auto exit = GoOn(node, id);
    if (exit) {
      EXPECT_EQ(*exit, 5) << step;
    }
    EXPECT_EQ(ReadWholeFile(top + "/ran/mark"), "once\n") << step;
    node.End(id);
    const auto uid = uid_.empty() ? ContainerUid() : ContainerUid(std::atol(uid_.c_str()));
    EXPECT_TRUE(FindStrays(id, 0, uid).empty()) << step;
    died_in = step;
    if (const size_t below = step.find(top); below != std::string::npos) {
      died_in.erase(below, top.size());
    }
  }

  std::string uid_;  // of the account, "" = our own
};

TEST_P(LifeCrash, AtEveryCallItRunsOnceEndsAsItShouldAndLeavesNothing) {
  const bool with_account = GetParam();
  if (with_account && ::geteuid() != 0) GTEST_SKIP() << "needs root, to run it as another user";
  if (with_account) uid_ = std::to_string(300'000 + ::getpid());
  std::set<std::string> steps;
  std::string step = "the first";
  for (int64_t call = 1; call < kManyCalls && !step.empty() && !HasFailure(); ++call) {
    ASSERT_NO_FATAL_FAILURE(Once(call, "", step));
    steps.insert(step);
  }
  EXPECT_EQ(step, "") << "the last one is to reach its end";
  // What threads do side by side has no fixed number: the sweep may miss it.
  int64_t further = kManyCalls;
  for (const char* named : {"SyncDirectory /",
                            "Rename /local/",
                            "MakeSymbolicLink /",
                            "RemoveTree /local/usercache/",
                            "RemoveTree /notes/"}) {
    ASSERT_NO_FATAL_FAILURE(Once(further++, named, step));
    steps.insert(step);
  }
  // Where it died: the places that matter, by the ends of their names.
  for (const char* part : {"MakeDirectories /local/usercache/ann/appcache/",
                           "MakeDirectories /log/",
                           "MakeDirectories /notes/",
                           "/account",
                           ".about",
                           "Create /local/usercache/ann/appcache/",
                           "/.weir-secrets/s",
                           "/filecache/",
                           "Append /",
                           "Rename /",
                           "SyncDirectory /",
                           "/resources",
                           "/file",
                           "MakeSymbolicLink /",
                           "/tree",
                           "Create /notes/",
                           "/spec",
                           "/launch.sh",
                           "/launcher",
                           "RemoveTree /local/usercache/",
                           "RemoveTree /notes/"}) {
    EXPECT_THAT(steps, Contains(HasSubstr(part))) << part;
  }
}

INSTANTIATE_TEST_SUITE_P(Nodes, LifeCrash, ::testing::Bool(), [](const auto& row) {
  return row.param ? "WithAccounts" : "WithoutAccounts";
});

}  // namespace
}  // namespace weir::nm
