// What weir-launch writes and reads: on a disk without room, and as other versions have written it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cstring>

#include "executor_fixture.h"
#include "nodemanager/executor/leftovers.h"
#include "tests/support/process.h"
#include "tests/support/temp_directory.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

// Bytes are one thing that can run out, names of files another.
class FullNotes : public ExecutorTest {
 protected:
  void TearDown() override {
    executor_.reset();
    for (const std::string& path : mounted_) EXPECT_EQ(::umount2(path.c_str(), MNT_DETACH), 0);
  }
  bool Mount(const std::string& path, const std::string& options) {
    executor_.reset();
    EXPECT_TRUE(files_.MakeDirectories(path, 0755).ok());
    if (::mount("tmpfs", path.c_str(), "tmpfs", 0, options.c_str()) != 0) return false;
    mounted_.push_back(path);
    Restart();
    return true;
  }
  static void Fill(const std::string& directory) {
    const int fd = ::open((directory + "/filler").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const std::string chunk(4096, 'x');
    while (::write(fd, chunk.data(), chunk.size()) > 0) continue;
    EXPECT_EQ(errno, ENOSPC);
    ::close(fd);
  }
  static void UseUpNames(const std::string& directory) {
    for (int i = 0;; ++i) {
      const std::string path = directory + "/name" + std::to_string(i);
      const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
      if (fd < 0) break;
      ::close(fd);
    }
    EXPECT_EQ(errno, ENOSPC);
  }
  std::vector<std::string> mounted_;
};

constexpr char kWaits[] = "until [ -e go ]; do sleep 0.02; done; exit 7";

TEST_F(FullNotes, AnEndThatCannotBeWrittenDownIsToldAllTheSame) {
  const std::string notes = temporary_.path() + "/notes";
  if (!Mount(notes, "size=256k,mode=0755"))
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  Start(1, Shell(kWaits));
  Fill(notes);
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

// The room comes back while weir-launch still tries, and a NodeManager that comes later reads it.
TEST_F(FullNotes, AnEndIsWrittenDownOnceThereIsRoom) {
  const std::string notes = temporary_.path() + "/notes";
  if (!Mount(notes, "size=256k,mode=0755"))
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  Start(1, Shell(kWaits));
  executor_.reset();
  Fill(notes);
  const std::string exit = directories_.Notes(IdOf(1)) + "/exit";
  ASSERT_TRUE((*files_.Create(Work(1) + "/go", 0600))->Close().ok());
  EXPECT_TRUE(testing::WaitUntil([&] { return files_.Stat(exit + ".new").ok(); }, "its first try"));
  EXPECT_FALSE(files_.Stat(exit).ok());
  ASSERT_TRUE(files_.Remove(notes + "/filler").ok());
  EXPECT_TRUE(testing::WaitUntil([&] { return files_.Stat(exit).ok(); }, "its end"));
  Restart();
  executor_->Reacquire(Token(1), Shell(""), true);
  EXPECT_EQ(AwaitEnd(1).value, 7);
}

TEST_F(FullNotes, OutputThatCannotBeOpenedIsTheNodesFault) {
  const std::string log = temporary_.path() + "/log";
  if (!Mount(log, "size=1m,nr_inodes=30,mode=0755")) {
    GTEST_SKIP() << "cannot mount: " << std::strerror(errno);
  }
  Localize(1, Shell("true"));
  ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(1)));
  UseUpNames(log);
  executor_->Launch(IdOf(1));
  launched_.push_back(IdOf(1));
  const auto failed = box_.Await<LaunchFailed>(IdOf(1));
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->of_node);
  EXPECT_THAT(failed->error.message, HasSubstr("open its stdout: No space left on device"));
}

// As the first NodeManagers have written them. A weir-launch of today starts it, and a NodeManager
// of today takes on what an old one has left.
TEST_F(ExecutorTest, TheNotesOfEarlierVersionsAreUnderstood) {
  ASSERT_TRUE(directories_.Prepare(files_, "ann", IdOf(1)).ok());
  const std::string notes = directories_.Notes(IdOf(1));
  const auto field = [](const std::string& key, const std::string& value) {
    return key + " " + std::to_string(value.size()) + "\n" + value + "\n";
  };
  const std::string log = directories_.Log(IdOf(1));
  weir::testing::WriteWholeFile(
      notes + "/spec",
      "weir-launch 1\n1\n" + field("directory", Work(1)) + field("stdout", log + "/stdout") +
          field("stderr", log + "/stderr") + field("exit", notes + "/exit") + "grace-ms 3\n250\n" +
          "argument 7\n/bin/sh\nargument 2\n-c\nargument 22\necho $A said; exit 9  \n" +
          "environment 5\nA=old\n");
  const auto run = weir::testing::RunCommand(
      {std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch", notes + "/spec"});
  EXPECT_EQ(run.exit_code, 9) << run.ToString();
  EXPECT_EQ(Output(1), "old said\n");
  EXPECT_THAT(weir::testing::ReadWholeFile(notes + "/exit"), HasSubstr("ended exited 9 "));

  weir::testing::WriteWholeFile(notes + "/launcher",
                                "999999 1234 00000000-0000-0000-0000-000000000000\n");
  weir::testing::WriteWholeFile(notes + "/account", "65534\n");
  const LaunchNotes read(files_, notes);
  ASSERT_TRUE(read.ReadLauncher());
  EXPECT_EQ(read.ReadLauncher()->pid, 999'999);
  EXPECT_EQ(read.ReadLauncher()->start_ticks, 1234);
  EXPECT_EQ(read.ReadAccount(), 65'534);
  const struct {
    const char* exit;
    ExitKind kind;
    int value;
    int64_t peak;
  } rows[] = {{"ended exited 9 20480\n", ExitKind::kExited, 9, 20},
              {"ended signaled 11 1024\n", ExitKind::kSignaled, 11, 1}};
  for (const auto& row : rows) {
    weir::testing::WriteWholeFile(notes + "/exit", row.exit);
    RecoveredContainer container;
    container.record.token = Token(1);
    container.record.phase = RecordedPhase::kLaunched;
    container.launch = Shell("");
    Recovery recovery{.containers = {container}};
    ASSERT_TRUE(FindLeftovers(files_, directories_, seconds(20), recovery).ok());
    const FoundContainer& found = recovery.containers[0].found;
    ASSERT_EQ(found.found, Found::kEnded);
    EXPECT_EQ(found.outcome->kind, row.kind);
    EXPECT_EQ(found.outcome->value, row.value);
    EXPECT_EQ(found.outcome->peak_memory_mib, row.peak);
  }
}

}  // namespace
}  // namespace weir::nm
