// A node whose disk is full: its containers fail with that cause, the NodeManager goes on.
//
// The disk is a small tmpfs, mounted for the test; without the right to mount, the tests are
// skipped.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "platform/config_keys.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;
namespace keys = platform::keys;

// A file system of `megabytes` in a directory of its own; unmounted with the object.
class SmallDisk {
 public:
  explicit SmallDisk(int megabytes) {
    const std::string size = "size=" + std::to_string(megabytes) + "m,mode=0755";
    mounted_ = ::mount("tmpfs", path().c_str(), "tmpfs", 0, size.c_str()) == 0;
    error_ = errno;
  }
  ~SmallDisk() {
    if (mounted_) {
      EXPECT_EQ(::umount2(path().c_str(), MNT_DETACH), 0);
    }
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool mounted() const { return mounted_; }
  std::string WhyNot() const {
    return std::string("cannot mount a tmpfs: ") + std::strerror(error_);
  }
  const std::string& path() const { return directory_.path(); }
  // All but the last `bytes` that are free.
  void FillUpTo(int64_t bytes) {
    const auto space = fs::space(path());
    filler_ = path() + "/filler";
    WriteWholeFile(
        filler_,
        std::string(static_cast<size_t>(static_cast<int64_t>(space.available) - bytes), 'x'));
  }
  void MakeRoom() { fs::remove(filler_); }

 private:
  TempDirectory directory_;
  bool mounted_ = false;
  int error_ = 0;
  std::string filler_;
};

class FullDisk : public ClusterTest {
 protected:
  FullDisk() : disk_(4) {}
  void SetUp() override {
    if (!disk_.mounted()) GTEST_SKIP() << disk_.WhyNot();
    ClusterOptions options = SmallContainers(1);
    options.settings[keys::kNmLocalDirs] = disk_.path() + "/local";
    // What happens between two looks at the disk.
    options.settings[keys::kNmDiskCheck] = "false";
    ASSERT_TRUE(StartCluster(options));
  }
  CommandResult RunShell(std::vector<std::string> options, const std::string& script) {
    std::vector<std::string> words = {"application", "-submit", "-memory", "64", "-wait"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {"--", "/bin/sh", "-c", script});
    return cluster().Weir(words);
  }
  void ExpectServing() {
    const CommandResult run = RunShell({}, "echo there is room");
    EXPECT_EQ(run.exit_code, 0) << run.ToString();
  }

  SmallDisk disk_;
};

TEST_F(FullDisk, AContainerThatWritesTooMuchFailsWithThatCause) {
  const CommandResult run = RunShell({}, "exec dd if=/dev/zero of=big bs=1M count=8");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("container_"), HasSubstr("No space left on device")));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

TEST_F(FullDisk, AContainerThatCannotSaySoFailsWithThatCause) {
  const CommandResult run = RunShell({}, "head -c 8m /dev/zero >big 2>/dev/null || exit 5");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("exit code 5"), HasSubstr("the disk of " + disk_.path())));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

TEST_F(FullDisk, AContainerWhoseFilesDoNotFitFailsWithThatCause) {
  WriteWholeFile(Scratch("big"), std::string(8 << 20, 'x'));
  const CommandResult run = RunShell({"-file", Scratch("big")}, "true");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, AllOf(HasSubstr("container_"), HasSubstr("No space left on device")));
  EXPECT_TRUE(AwaitNoContainers());
  ExpectServing();
}

TEST_F(FullDisk, ANodeWithoutAnyRoomFailsItsContainersUntilThereIsSome) {
  disk_.FillUpTo(0);
  const CommandResult run = RunShell({}, "true");
  EXPECT_EQ(run.exit_code, 8) << run.ToString();
  EXPECT_THAT(run.err, HasSubstr("No space left on device"));
  disk_.MakeRoom();
  ExpectServing();
}

}  // namespace
}  // namespace weir::testing
