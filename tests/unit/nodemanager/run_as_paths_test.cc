// What a user puts in root's way on the disk, and what is put in the way of weir-launch: nothing
// outside is made, changed, given away or removed. With the protection off each row does harm.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

#include "nodemanager/executor/container_tree.h"
#include "nodemanager/executor/leftovers.h"
#include "nodemanager/executor/log_owner.h"
#include "nodemanager/executor/open_as.h"
#include "nodemanager/launch/launch_format.h"
#include "run_as_fixture.h"
#include "tests/support/process.h"
#include "tests/support/process_cluster.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE

// Everything below a directory: names, owners, modes.
std::string Picture(const std::string& top) {
  std::string picture = Owner(top) + "\n";
  for (const auto& entry : fs::recursive_directory_iterator(top)) {
    picture += entry.path().string() + " " + Owner(entry.path()) + "\n";
  }
  return picture;
}

class InTheWay : public RunAsTest {
 protected:
  void SetUp() override {
    RunAsTest::SetUp();
    if (IsSkipped()) return;
    fs::create_directories(outside_ + "/sub");
    std::ofstream(outside_ + "/file") << "kept";
    std::ofstream(outside_ + "/sub/file") << "kept";
  }
  const std::string outside_ = temporary_.path() + "/outside";
  const std::string users_ = temporary_.path() + "/local/usercache";
};

// --- while directories are made

struct Trap {
  const char* name;
  // Below <local>/usercache, or the log directory for a leading "log".
  const char* link;
};

const Trap kTraps[] = {
    {"UserDirectory", "ann"},
    {"ApplicationCache", "ann/appcache"},
    {"Application", "ann/appcache/APPLICATION"},
    {"Container", "ann/appcache/APPLICATION/CONTAINER"},
    {"LogOfApplication", "log/APPLICATION"},
    {"LogOfContainer", "log/APPLICATION/CONTAINER"},
};

class Traps : public InTheWay, public ::testing::WithParamInterface<Trap> {
 protected:
  std::string TrapPath(int64_t number) {
    std::string path = GetParam().link;
    path = path.starts_with("log/") ? temporary_.path() + "/" + path : users_ + "/" + path;
    const auto replace = [&path](const std::string& word, const std::string& by) {
      if (const size_t at = path.find(word); at != std::string::npos) {
        path.replace(at, word.size(), by);
      }
    };
    replace("APPLICATION", IdOf(number).attempt.application.ToString());
    replace("CONTAINER", IdOf(number).ToString());
    return path;
  }
};

TEST_P(Traps, ALinkWhereADirectoryIsToBeIsNotFollowed) {
  const std::string trap = TrapPath(1);
  fs::create_directories(fs::path(trap).parent_path());
  fs::create_directory_symlink(outside_, trap);
  const std::string before = Picture(outside_);
  const Status made = MakeContainerTree(directories_, "ann", IdOf(1), AccountOf("ann"));
  EXPECT_FALSE(made.ok());
  EXPECT_EQ(Picture(outside_), before);
  // Made by their paths they would be outside, or be what is there.
  EXPECT_TRUE(directories_.Prepare(files_, "ann", IdOf(1)).ok());
  const std::string log = directories_.Log(IdOf(1));
  const bool reached = Picture(outside_) != before ||
                       fs::canonical(WorkOf("ann", 1)).string().starts_with(outside_) ||
                       fs::canonical(log).string().starts_with(outside_);
  EXPECT_TRUE(reached) << "the row proves nothing";
}

TEST_P(Traps, ADirectoryOfTheUsersWhereOursIsToBeIsNotUsed) {
  const std::string trap = TrapPath(1);
  fs::create_directories(trap);
  const auto ann = static_cast<uid_t>(AccountOf("ann").uid);
  ASSERT_EQ(::chown(trap.c_str(), ann, ann), 0);
  const Status made = MakeContainerTree(directories_, "ann", IdOf(1), AccountOf("ann"));
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("belongs to user"));
  EXPECT_EQ(Owner(trap).substr(0, Owner(trap).find(' ')), std::to_string(ann));
}

INSTANTIATE_TEST_SUITE_P(Rows, Traps, ::testing::ValuesIn(kTraps), [](const auto& row) {
  return std::string(row.param.name);
});

TEST_F(InTheWay, NamesThatLeaveTheDirectoryHaveNone) {
  for (const char* user : {"..", ".", "", "../../outside", "ann/../../outside", "/etc", "a/b"}) {
    const std::string before = Picture(outside_);
    EXPECT_FALSE(MakeContainerTree(directories_, user, IdOf(1), AccountOf("ann")).ok()) << user;
    EXPECT_FALSE(HandOver(directories_, user, IdOf(1), AccountOf("ann")).ok()) << user;
    EXPECT_EQ(Picture(outside_), before) << user;
  }
}

// --- while they are handed over

TEST_F(InTheWay, NothingButOurOwnSecretsIsGivenAway) {
  const Account ann = AccountOf("ann");
  struct {
    const char* name;
    std::function<void(const std::string& secrets)> plant;
  } const kRows[] = {
      {"a symbolic link",
       [&](const std::string& s) { fs::create_symlink(outside_ + "/file", s + "/key"); }},
      {"a hard link",
       [&](const std::string& s) { fs::create_hard_link(outside_ + "/file", s + "/key"); }},
      {"a directory", [&](const std::string& s) { fs::create_directory(s + "/key"); }},
      {"a pipe", [&](const std::string& s) { ASSERT_EQ(::mkfifo((s + "/key").c_str(), 0600), 0); }},
      {"a link for the directory",
       [&](const std::string& s) {
         fs::remove(s);
         fs::create_directory_symlink(outside_, s);
       }},
  };
  int64_t number = 1;
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    const ContainerId id = IdOf(number++);
    ASSERT_TRUE(MakeContainerTree(directories_, "ann", id, ann).ok());
    const std::string secrets = directories_.Secrets("ann", id);
    ASSERT_TRUE(files_.MakeDirectories(secrets, 0700).ok());
    row.plant(secrets);
    const std::string before = Picture(outside_);
    EXPECT_FALSE(HandOver(directories_, "ann", id, ann).ok());
    EXPECT_EQ(Picture(outside_), before);
    EXPECT_THAT(Owner(directories_.Work("ann", id)), ::testing::StartsWith("0 "));
  }
}

TEST_F(InTheWay, WhatWasHandedOverIsNotTouchedAgain) {
  const Account ann = AccountOf("ann");
  ASSERT_TRUE(MakeContainerTree(directories_, "ann", IdOf(1), ann).ok());
  const std::string secrets = directories_.Secrets("ann", IdOf(1));
  ASSERT_TRUE(files_.MakeDirectories(secrets, 0700).ok());
  ASSERT_TRUE(HandOver(directories_, "ann", IdOf(1), ann).ok());
  // The user swaps the secrets for a directory of root's with root's file in it.
  fs::remove(secrets);
  fs::rename(outside_, secrets);
  const std::string before = Picture(secrets);
  EXPECT_TRUE(HandOver(directories_, "ann", IdOf(1), ann).ok());
  EXPECT_EQ(Picture(secrets), before);
  fs::rename(secrets, outside_);
}

// --- while they are removed

TEST_F(InTheWay, SwappingADirectoryForALinkDuringRemovalRemovesNothingOutside) {
  const std::string before = Picture(outside_);
  const std::string work = WorkOf("ann", 1);
  const std::string directory = work + "/a/directory";
  const std::string link = work + "/b";
  for (int round = 0; round < 200; ++round) {
    fs::create_directories(directory + "/sub");
    std::ofstream(directory + "/sub/file") << "x";
    fs::create_directory_symlink(outside_, link);
    std::atomic<bool> ending = false;
    std::atomic<int> swaps = 0;
    // Two names change places for as long as both are there, one of them a link to the outside.
    std::thread user([&] {
      for (; !ending; ++swaps) {
        ::syscall(SYS_renameat2, AT_FDCWD, directory.c_str(), AT_FDCWD, link.c_str(), kExchange);
      }
    });
    while (swaps == 0) std::this_thread::yield();
    const Status removed = directories_.RemoveWork(files_, IdOf(1));
    ending = true;
    user.join();
    // What changed its place may be left: the next removal has it.
    if (!removed.ok()) {
      EXPECT_TRUE(directories_.RemoveWork(files_, IdOf(1)).ok());
    }
    ASSERT_EQ(Picture(outside_), before) << "round " << round;
  }
}

// --- the caches beside the users' directories

struct CacheTrap {
  const char* name;
  const char* path;  // below the local directory
  LocalResourceVisibility visibility;
};

const CacheTrap kCacheTraps[] = {
    {"Public", "filecache", LocalResourceVisibility::kPublic},
    {"Private", "usercache/ann/filecache", LocalResourceVisibility::kPrivate},
    {"Application",
     "usercache/ann/appcache/APPLICATION/filecache",
     LocalResourceVisibility::kApplication},
};

class CacheTraps : public InTheWay, public ::testing::WithParamInterface<CacheTrap> {
 protected:
  void SetUp() override {
    InTheWay::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(MakeContainerTree(directories_, "ann", IdOf(9), AccountOf("ann")).ok());
    path_ = GetParam().path;
    const std::string word = "APPLICATION";
    if (const size_t at = path_.find(word); at != std::string::npos) {
      path_.replace(at, word.size(), IdOf(9).attempt.application.ToString());
    }
    path_ = temporary_.path() + "/local/" + path_;
    fs::remove(path_);
  }
  // Of a container with a file of that kind.
  std::optional<LocalizationFailed> Localize(int64_t number) {
    const std::string source = temporary_.path() + "/input";
    EXPECT_TRUE(platform::WriteFileAtomically(files_, source, "hello", 0644).ok());
    LaunchContext launch = Shell("true");
    launch.local_resources["data"] = {
        .uri = "file:" + source, .size = 5, .visibility = GetParam().visibility};
    executor_->Localize(TokenOf(number, "ann"), launch, {});
    std::optional<LocalizationFailed> failed;
    EXPECT_TRUE(weir::testing::WaitUntil(
        [&] {
          failed = box_.Poll<LocalizationFailed>(IdOf(number));
          return failed || box_.Poll<LocalizationDone>(IdOf(number));
        },
        "its localization"));
    return failed;
  }
  std::string path_;
};

TEST_P(CacheTraps, ALinkInItsPlaceIsNotFollowed) {
  fs::create_directory_symlink(outside_, path_);
  const std::string before = Picture(outside_);
  const auto failed = Localize(1);
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->error.message, HasSubstr(path_ + ": "));
  EXPECT_EQ(Picture(outside_), before);
  Use(RunAsMode::kOff);
  EXPECT_FALSE(Localize(2));
  EXPECT_NE(Picture(outside_), before) << "the row proves nothing";
}

TEST_P(CacheTraps, ADirectoryOfTheUsersInItsPlaceIsNotUsed) {
  fs::create_directory(path_);
  const auto ann = static_cast<uid_t>(AccountOf("ann").uid);
  ASSERT_EQ(::chown(path_.c_str(), ann, ann), 0);
  const auto failed = Localize(1);
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->error.message, HasSubstr(path_ + " belongs to user"));
  EXPECT_TRUE(fs::is_empty(path_));
  Use(RunAsMode::kOff);
  EXPECT_FALSE(Localize(2));
  const std::string uid = std::to_string(ann);
  const auto forged = weir::testing::RunCommand(
      {"setpriv",
       "--reuid",
       uid,
       "--regid",
       uid,
       "--clear-groups",
       "sh",
       "-c",
       "cd " + path_ + " && for f in *; do mv $f x && echo forged >$f; done"});
  EXPECT_EQ(forged.exit_code, 0) << "the row proves nothing: " << forged.ToString();
}

TEST_P(CacheTraps, OneThatOthersCanWriteIsNotUsed) {
  fs::create_directory(path_);
  ASSERT_EQ(::chmod(path_.c_str(), 0777), 0);
  const auto failed = Localize(1);
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->error.message, HasSubstr(path_ + " can be written by others"));
  EXPECT_TRUE(fs::is_empty(path_));
}

// What a start finds in a cache and does not know is removed.
TEST_P(CacheTraps, AStartRemovesNothingThroughALink) {
  fs::create_directory_symlink(outside_, path_);
  const std::string before = Picture(outside_);
  EXPECT_THAT(*files_.List(path_), ::testing::Contains("file")) << "by its path it is reached";
  Restart();
  EXPECT_EQ(Picture(outside_), before);
}

INSTANTIATE_TEST_SUITE_P(Rows, CacheTraps, ::testing::ValuesIn(kCacheTraps), [](const auto& row) {
  return std::string(row.param.name);
});

// A local directory that had another use before, where users have directories of their own.
TEST_F(InTheWay, NothingIsRemovedByWayOfWhatIsNotOurs) {
  const ContainerId id = IdOf(1);
  const std::string application = id.attempt.application.ToString();
  fs::create_directories(outside_ + "/appcache/" + application + "/" + id.ToString());
  fs::create_directories(outside_ + "/" + application + "/" + id.ToString());
  fs::create_directories(outside_ + "/" + id.ToString());
  struct {
    const char* name;
    std::string link;  // below usercache
    std::string then;  // the rest of the way to the container
  } const kRows[] = {
      {"the user's directory", "ann", "/appcache/" + application + "/" + id.ToString()},
      {"appcache", "ann/appcache", "/" + application + "/" + id.ToString()},
      {"the application's", "ann/appcache/" + application, "/" + id.ToString()},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    fs::remove_all(users_ + "/ann");
    const std::string link = users_ + "/" + row.link;
    fs::create_directories(fs::path(link).parent_path());
    fs::create_directory_symlink(outside_, link);
    const std::string before = Picture(outside_);
    EXPECT_FALSE(directories_.RemoveWork(files_, id).ok());
    EXPECT_EQ(Picture(outside_), before);
    if (row.link != "ann/appcache/" + application) {
      const std::string local = temporary_.path() + "/local";
      EXPECT_FALSE(
          ContainerDirectories::RemoveApplicationIn(files_, local, id.attempt.application).ok());
      EXPECT_EQ(Picture(outside_), before);
    }
    Recovery recovery;
    EXPECT_TRUE(FindLeftovers(files_, directories_, seconds(1), recovery).ok());
    EXPECT_EQ(Picture(outside_), before);
    fs::remove_all(users_ + "/ann");
    fs::create_directories(fs::path(link).parent_path());
    fs::create_directory_symlink(outside_, link);
    EXPECT_TRUE(files_.RemoveTree(link + row.then).ok());
    EXPECT_NE(Picture(outside_), before) << "the row proves nothing";
  }
}

// --- whose logs they are

class About : public InTheWay {
 protected:
  void SetUp() override {
    InTheWay::SetUp();
    if (IsSkipped()) return;
    ASSERT_TRUE(MakeContainerTree(directories_, "ann", IdOf(1), AccountOf("ann")).ok());
    std::ofstream(outside_ + "/forged") << "user mallory\nrole am\n";
  }
  const std::string path_ = directories_.Log(IdOf(1)) + ".about";
};

TEST_F(About, WhatAUserSaysThereIsNotBelieved) {
  const auto ann = static_cast<uid_t>(AccountOf("ann").uid);
  const std::string directory = path_.substr(0, path_.rfind('/'));
  struct {
    const char* name;
    std::function<void()> plant;
  } const kRows[] = {
      {"a symbolic link", [&] { fs::create_symlink(outside_ + "/forged", path_); }},
      {"a second name", [&] { fs::create_hard_link(outside_ + "/forged", path_); }},
      {"the user's file",
       [&] {
         fs::copy_file(outside_ + "/forged", path_);
         ASSERT_EQ(::chown(path_.c_str(), ann, ann), 0);
       }},
      {"in the user's directory",
       [&] {
         fs::copy_file(outside_ + "/forged", path_);
         ASSERT_EQ(::chown(directory.c_str(), ann, ann), 0);
       }},
      {"in one that all can write",
       [&] {
         fs::copy_file(outside_ + "/forged", path_);
         ASSERT_EQ(::chmod(directory.c_str(), 0777), 0);
       }},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    fs::remove(path_);
    row.plant();
    EXPECT_THAT(*files_.ReadFile(path_, 100), HasSubstr("user mallory")) << "it proves nothing";
    EXPECT_FALSE(ReadLogOwner(directories_, IdOf(1)));
    ASSERT_EQ(::chown(directory.c_str(), 0, 0), 0);
    ASSERT_EQ(::chmod(directory.c_str(), 0710), 0);
  }
  fs::remove(path_);
  fs::copy_file(outside_ + "/forged", path_);
  EXPECT_EQ(ReadLogOwner(directories_, IdOf(1))->user, "mallory") << "it is ours now";
}

TEST_F(About, WhatIsInItsPlaceIsNotWrittenTo) {
  struct {
    const char* name;
    std::function<void()> plant;
  } const kRows[] = {
      {"a symbolic link", [&] { fs::create_symlink(outside_ + "/file", path_); }},
      {"a second name", [&] { fs::create_hard_link(outside_ + "/file", path_); }},
      {"a pipe", [&] { ASSERT_EQ(::mkfifo(path_.c_str(), 0666), 0); }},
  };
  for (const auto& row : kRows) {
    SCOPED_TRACE(row.name);
    fs::remove(path_);
    row.plant();
    ASSERT_TRUE(WriteLogOwner(files_, directories_, IdOf(1), {"ann", "am"}).ok());
    EXPECT_EQ(*files_.ReadFile(outside_ + "/file", 100), "kept");
    EXPECT_EQ(ReadLogOwner(directories_, IdOf(1))->user, "ann");
    EXPECT_EQ(Owner(path_), "0 0 640");
    fs::remove(path_);
    row.plant();
    if (fs::is_fifo(path_)) continue;  // whoever opens it waits for ever
    std::ofstream(path_, std::ios::trunc) << "gone";
    EXPECT_EQ(*files_.ReadFile(outside_ + "/file", 100), "gone") << "the row proves nothing";
    std::ofstream(outside_ + "/file", std::ios::trunc) << "kept";
  }
}

// --- weir-launch itself

class Launcher : public InTheWay {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  Fields Good(const std::string& number) const {
    return {{launch::kVersionKey, launch::kVersion},
            {launch::kDirectoryKey, "/"},
            {launch::kStdoutKey, outside_ + "/stdout" + number},
            {launch::kStderrKey, outside_ + "/stderr" + number},
            {launch::kExitFileKey, outside_ + "/exit"},
            {launch::kGraceKey, "100"}};
  }
  // The exit code of weir-launch, whose report goes nowhere.
  int Launch(const Fields& fields,
             const std::map<std::string, std::optional<std::string>>& environment = {}) {
    std::string spec;
    for (const auto& [key, value] : fields) {
      spec += key + " " + std::to_string(value.size()) + "\n" + value + "\n";
    }
    const std::string path = temporary_.path() + "/spec";
    std::ofstream(path, std::ios::trunc) << spec;
    weir::testing::ProcessOptions options;
    options.argv = {weir::testing::BinaryPath("weir-launch"), path};
    options.environment = environment;
    return weir::testing::Process(options).Wait().value_or(-1);
  }
  Fields With(Fields fields, const Fields& more) const {
    fields.insert(fields.end(), more.begin(), more.end());
    return fields;
  }
};

constexpr int kRefused = 125;

TEST_F(Launcher, AnAccountThatIsNoneStartsNothing) {
  ASSERT_EQ(::chmod(outside_.c_str(), 0777), 0);
  const Fields program = {{launch::kArgumentKey, "/bin/true"}};
  const std::string uid = std::to_string(AccountOf("ann").uid);
  ASSERT_EQ(Launch(With(With(Good("1"), {{"uid", uid}, {"gid", uid}}), program)), 0);
  // The first means "leave it as it is" to the system: as root, that is.
  for (const char* bad : {"4294967295",
                          "4294967296",
                          "18446744073709551616",
                          "-1",
                          "0x0",
                          "",
                          " 0",
                          "+0",
                          "0 ",
                          "root",
                          "1e3"}) {
    EXPECT_EQ(Launch(With(With(Good("2"), {{"uid", bad}, {"gid", uid}}), program)), kRefused)
        << bad;
    EXPECT_EQ(Launch(With(With(Good("3"), {{"uid", uid}, {"gid", bad}}), program)), kRefused)
        << bad;
    EXPECT_EQ(
        Launch(With(With(Good("4"), {{"uid", uid}, {"gid", uid}, {"supplementary-group", bad}}),
                    program)),
        kRefused)
        << bad;
  }
  EXPECT_EQ(Launch(With(With(Good("5"), {{"uid", uid}}), program)), kRefused) << "without a group";
  EXPECT_EQ(Launch(With(With(Good("6"), {{"gid", uid}, {"uid", uid}}), program)), kRefused)
      << "a group before whose it is";
  EXPECT_EQ(Owner(outside_ + "/stdout2") + Owner(outside_ + "/stdout5"), "");
}

TEST_F(Launcher, TheLoaderAndThePathOfTheEnvironmentDoNotReachIt) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "with a sanitizer weir-launch is no static program";
#endif
  ASSERT_EQ(::chmod(outside_.c_str(), 0777), 0);
  const std::string marker = outside_ + "/loaded";
  const std::map<std::string, std::optional<std::string>> environment = {
      {"LD_PRELOAD", WEIR_TEST_PRELOADED_LIBRARY},
      {"LD_LIBRARY_PATH", outside_},
      {"PATH", outside_},
      {"WEIR_TEST_PRELOADED", marker}};
  weir::testing::ProcessOptions dynamic;
  dynamic.argv = {"/bin/true"};
  dynamic.environment = environment;
  ASSERT_EQ(weir::testing::Process(dynamic).Wait(), 0);
  ASSERT_TRUE(fs::exists(marker)) << "the environment would work";
  fs::remove(marker);
  const std::string uid = std::to_string(AccountOf("ann").uid);
  // `true` is found, although not in that PATH: the program's own environment counts.
  EXPECT_EQ(Launch(With(Good("1"),
                        {{"uid", uid},
                         {"gid", uid},
                         {launch::kArgumentKey, "true"},
                         {launch::kEnvironmentKey, "PATH=/bin"}}),
                   environment),
            0);
  EXPECT_FALSE(fs::exists(marker));
}

TEST_F(Launcher, ThereIsNoSetUidProgram) {
  for (const auto& entry : fs::directory_iterator(weir::testing::BinaryPath(""))) {
    struct stat info {};
    ASSERT_EQ(::stat(entry.path().c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & (S_ISUID | S_ISGID), 0u) << entry.path();
  }
}

TEST_F(Launcher, ALogThatIsSomethingElseIsNotWrittenTo) {
  ASSERT_EQ(::chmod(outside_.c_str(), 0777), 0);
  const std::string uid = std::to_string(AccountOf("ann").uid);
  const Fields rest = {{"uid", uid},
                       {"gid", uid},
                       {launch::kArgumentKey, "/bin/echo"},
                       {launch::kArgumentKey, "forged"}};
  std::ofstream(outside_ + "/anybodys") << "kept";
  ASSERT_EQ(::chmod((outside_ + "/anybodys").c_str(), 0666), 0);
  fs::create_symlink(outside_ + "/anybodys", outside_ + "/stdout1");
  EXPECT_EQ(Launch(With(Good("1"), rest)), kRefused);
  EXPECT_EQ(*files_.ReadFile(outside_ + "/anybodys", 100), "kept");
  ASSERT_EQ(::mkfifo((outside_ + "/stdout2").c_str(), 0666), 0);
  ASSERT_EQ(::chmod((outside_ + "/stdout2").c_str(), 0666), 0);
  EXPECT_EQ(Launch(With(Good("2"), rest)), kRefused) << "and it does not wait for a reader";
  const int reader = ::open((outside_ + "/stdout2").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  EXPECT_EQ(Launch(With(Good("2"), rest)), kRefused) << "nor write to one";
  ::close(reader);
}

TEST_F(RunAsTest, ArgumentsAndVariablesCannotSayWhoRuns) {
  const std::string uid = std::to_string(AccountOf("ann").uid);
  const std::string forged = "x\n3\nuid 1\n0\ngid 1\n0\n";
  LaunchContext launch = Shell("id -u");
  launch.command.insert(launch.command.end(), {forged, "uid 1", "--help", "-v", "\nuid 1\n0\n"});
  launch.environment = {{"FORGED", forged}, {"uid", "0"}, {"LD_PRELOAD", "/nonexistent.so"}};
  StartAs("ann", 1, launch);
  AwaitEnd(1);
  EXPECT_EQ(Output(1), uid + "\n");
}

TEST_F(RunAsTest, AnArgumentThatTheSystemDoesNotTakeIsALaunchFailure) {
  LaunchContext launch = Shell("true");
  launch.command.emplace_back(256 << 10, 'x');
  executor_->Localize(TokenOf(1, "ann"), launch, {});
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  executor_->Launch(IdOf(1));
  const auto failed = box_.Await<LaunchFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_THAT(failed->error.message, HasSubstr("Argument list too long"));
  EXPECT_FALSE(failed->of_node);
}

}  // namespace
}  // namespace weir::nm
