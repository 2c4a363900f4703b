// The cache on a real disk of 4 MB. Needs root, for the mount.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "archive_writer.h"
#include "localizer_fixture.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SmallDisk : public LocalizerTest {
 protected:
  void SetUp() override {
    Stop();
    if (::geteuid() != 0) GTEST_SKIP() << "mounting a small disk needs root";
    if (::mount("tmpfs", Local().c_str(), "tmpfs", 0, "size=4m,mode=0755") != 0) {
      GTEST_SKIP() << "a small disk cannot be mounted here: " << std::strerror(errno);
    }
    mounted_ = true;
    ASSERT_TRUE(directories_.PrepareNode(files_).ok());
    Restart();
  }
  void TearDown() override {
    Stop();
    if (mounted_) {
      EXPECT_EQ(::umount(Local().c_str()), 0) << std::strerror(errno);
    }
  }
  std::string Local() const { return Path("local"); }
  LocalResource File(const std::string& name, size_t bytes) {
    return Source(name, std::string(bytes, name[0]));
  }

  bool mounted_ = false;
};

TEST_F(SmallDisk, WhatNobodyUsesMakesRoomAndWhatIsUsedStays) {
  const LocalResource used = File("a", 1 << 20);
  const LocalResource idle = File("b", 2 << 20);
  const LocalResource next = File("c", 2 << 20);
  ASSERT_TRUE(Fetch(1, used).ok());
  ASSERT_TRUE(Fetch(2, idle).ok());
  End(2);
  const Status status = Fetch(3, next);
  ASSERT_TRUE(status.ok()) << status.error().ToString();
  EXPECT_THAT(Cached(), ::testing::UnorderedElementsAre(used.sha256, next.sha256));
  // Now all of it is in use: nothing is fetched, and the cause is said.
  const Status full = Fetch(4, idle);
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, ErrorCode::kResourceExhausted);
  EXPECT_THAT(full.error().message, HasSubstr("disk full"));
  EXPECT_THAT(full.error().message, HasSubstr(idle.uri));
  EXPECT_THAT(*files_.List(Work(4)), IsEmpty());
  End(1);
  End(3);
  EXPECT_TRUE(Fetch(5, idle).ok());
}

TEST_F(SmallDisk, AnArchiveThatDoesNotFitUnpackedLeavesNothing) {
  Pack(Path("source/packed"), Packing::kTarGz, {{"big", AE_IFREG, std::string(8 << 20, 'x')}});
  LocalResource resource;
  resource.uri = "file:" + Path("source/packed");
  resource.size = files_.Stat(Path("source/packed"))->size;
  resource.mtime_ms = files_.Stat(Path("source/packed"))->mtime_ms;
  resource.type = LocalResourceType::kArchive;
  // Compressed it fits easily: that it does not is found on the way. What is idle goes for it.
  const LocalResource idle = File("b", 1 << 20);
  ASSERT_TRUE(Fetch(1, idle).ok());
  End(1);
  ASSERT_TRUE(directories_.RemoveNotes(files_, IdOf(1)).ok());
  Stop();
  cache_ = std::make_unique<ResourceCache>(
      ResourceCacheOptions{.archive = {.ratio = 100'000}}, files_, directories_);
  localizer_ =
      std::make_unique<Localizer>(files_, *cache_, [](const ContainerId&, auto job) { job(); });
  cache_->Recover();
  const Status status = Fetch(2, resource);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, ErrorCode::kResourceExhausted) << status.error().ToString();
  EXPECT_THAT(status.error().message, HasSubstr("disk full"));
  ExpectNothingLeft(2);
  EXPECT_TRUE(Fetch(3, idle).ok());
}

}  // namespace
}  // namespace weir::nm
