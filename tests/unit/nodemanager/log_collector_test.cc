// Rounds of collecting: what is new, disks that are full or fail, and what bounds keep out.
#include "nodemanager/executor/log_collector.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <utime.h>

#include <filesystem>
#include <random>

#include "collection_fixture.h"
#include "nodemanager/executor/archive_directories.h"
#include "platform/clock.h"
#include "tests/support/faulty_file_system.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using weir::testing::Exists;
using weir::testing::FaultyFileSystem;

TEST_F(LogCollection, ARoundBringsWhatIsNewAndNothingTwice) {
  Append(2, "stdout", "one ");
  Append(2, "own.log", "x");
  LogCollector collector = Collector();
  EXPECT_EQ(*Round(collector), 5);
  EXPECT_EQ(*Round(collector), 0);
  Append(2, "stdout", "two ");
  EXPECT_EQ(*Round(collector), 4);
  collector.Close();
  Append(2, "stdout", "three");
  EXPECT_EQ(*Round(collector, true), 5) << "after a restart";
  EXPECT_EQ(Archived("stdout"), "one two three");
  EXPECT_EQ(Archived("own.log"), "x");
  const auto archive = logs::LogArchive::Open(Archive());
  EXPECT_TRUE(archive->finished());
  EXPECT_EQ(archive->logs().front().role, "taskmanager");
  EXPECT_EQ(archive->head()->user, "ann");
}

TEST_F(LogCollection, AFileWithoutAByteIsALogToo) {
  Append(2, "stderr", "");
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector).ok());
  ASSERT_TRUE(Round(collector).ok());
  const auto archive = logs::LogArchive::Open(Archive());
  ASSERT_EQ(archive->logs().size(), 1u);
  EXPECT_EQ(archive->entries().size(), 1u);
}

TEST_F(LogCollection, LargeFilesComeInPieces) {
  std::string text;
  while (text.size() < 3 * logs::kPieceBytes + 17) text += std::to_string(text.size()) + "\n";
  Append(2, "stdout", text);
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("stdout"), text);
  EXPECT_LT(platform::FileSystem::Real().Stat(Archive())->size, static_cast<int64_t>(text.size()));
}

TEST_F(LogCollection, ALogThatIsRenamedStaysOneAndOneThatIsEmptiedBeginsAnew) {
  LogCollector collector = Collector();
  Append(2, "app.log", "first ");
  ASSERT_TRUE(Round(collector).ok());
  Append(2, "app.log", "rest ");
  std::filesystem::rename(PathOf(2, "app.log"), PathOf(2, "app.log.1"));
  Append(2, "app.log", "second ");
  ASSERT_TRUE(Round(collector).ok());
  EXPECT_EQ(Archived("app.log"), "first rest second ");
  EXPECT_EQ(Archived("app.log.1"), "");

  for (const char* text : {"a", "bb", "c", "a longer one than any before"}) {
    std::filesystem::resize_file(PathOf(2, "app.log"), 0);
    ASSERT_TRUE(Round(collector).ok());
    if (std::string(text) == "c") collector.Close();
    Append(2, "app.log", text);
    ASSERT_TRUE(Round(collector).ok());
  }
  EXPECT_EQ(Archived("app.log"), "first rest second abbca longer one than any before");
}

TEST_F(LogCollection, WhatTheSizeLimitTookBeforeItWasCollectedIsCountedAsMissing) {
  Append(2, "stdout", std::string(64 << 10, 'a') + "end");
  const int fd = ::open(PathOf(2, "stdout").c_str(), O_RDWR | O_CLOEXEC);
  const int cut = ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 32 << 10);
  ::close(fd);
  if (cut != 0) GTEST_SKIP() << "this file system takes nothing away from the front of a file";
  LogCollector collector = Collector();
  ASSERT_TRUE(Round(collector).ok());
  EXPECT_EQ(Archived("stdout"), std::string(32 << 10, 'a') + "end");
  EXPECT_EQ(logs::LogArchive::Open(Archive())->logs().front().missing, 32 << 10);
}

// Each call of the file system fails once, in turn: the round fails, the next one makes it good.
TEST_F(LogCollection, AFullDiskAtEveryCallIsMadeGoodByTheNextRound) {
  for (int64_t call = 1;; ++call) {
    std::filesystem::remove_all(directory_ / "shared");
    std::filesystem::remove(PathOf(2, "stdout"));
    FaultyFileSystem files(platform::FileSystem::Real());
    LogCollector collector = Collector(files);
    files.FailCall(call, weir::testing::DiskFull());
    int failures = 0;
    std::string written;
    for (const char* text : {"one ", "two ", "three ", "four"}) {
      written += text;
      Append(2, "stdout", text);
      if (!Round(collector).ok()) ++failures;
      const std::string archived = Archived("stdout");
      EXPECT_TRUE(archived.empty() || written.starts_with(archived) ||
                  archived.find("cannot") == 0 || archived.find("not a log") != archived.npos)
          << archived;
    }
    while (!Round(collector, true).ok()) ASSERT_LE(++failures, 1) << "call " << call;
    EXPECT_EQ(Archived("stdout"), written) << "call " << call;
    EXPECT_EQ(logs::LogArchive::Open(Archive())->damaged(), 0) << "call " << call;
    EXPECT_LE(failures, 1);
    if (files.calls() < call) {
      EXPECT_GT(call, 15);
      return;
    }
  }
}

// The name of an open file.
std::string NameOf(int fd) {
  return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd)).filename();
}

TEST_F(LogCollection, AFileThatCannotBeReadHoldsUpNoOtherOneAndIsNeverTakenForCollected) {
  Append(2, "bad.log", "precious");
  Append(2, "stdout", "one");
  MakeContainer(3);
  Append(3, "stdout", "another");
  bool broken = true;
  CollectorOptions options = Collecting();
  options.read = [&broken](int fd, void* buffer, size_t count, off_t offset) -> ssize_t {
    if (!broken || NameOf(fd) != "bad.log") return ::pread(fd, buffer, count, offset);
    errno = EIO;
    return -1;
  };
  LogCollector collector(platform::FileSystem::Real(), directories_, options);
  for (const bool last : {false, true, true}) {
    const auto round = Round(collector, last);
    ASSERT_FALSE(round.ok()) << last;
    EXPECT_THAT(round.error().ToString(), HasSubstr("bad.log"));
    EXPECT_EQ(Archived("stdout"), "one");
    EXPECT_EQ(Archived("stdout", 3), "another");
    EXPECT_FALSE(logs::LogArchive::Open(Archive())->finished());
  }
  broken = false;
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("bad.log"), "precious");
  EXPECT_EQ(Archived("stdout"), "one");
  EXPECT_TRUE(logs::LogArchive::Open(Archive())->finished());
}

TEST_F(LogCollection, WhatIsEmptiedUnderItsHandsIsLeftToTheNextRoundIfThereIsOne) {
  for (const bool last : {false, true}) {
    Append(2, "stdout", "gone in a moment");
    CollectorOptions options = Collecting();
    bool first = true;
    options.read = [&](int fd, void* buffer, size_t count, off_t offset) {
      if (std::exchange(first, false)) std::filesystem::resize_file(PathOf(2, "stdout"), 0);
      return ::pread(fd, buffer, count, offset);
    };
    LogCollector collector(platform::FileSystem::Real(), directories_, options);
    EXPECT_EQ(Round(collector, last).ok(), !last);
    Append(2, "stdout", last ? "2" : "one");
    EXPECT_TRUE(Round(collector, last).ok());
  }
  EXPECT_EQ(Archived("stdout"), "one2");
}

TEST_F(LogCollection, AThousandFilesHideNothingThatMatters) {
  for (int i = 0; i < 1100; ++i) Append(2, "a" + std::to_string(i), "x");
  Append(2, "stdout", "one");
  Append(2, "stderr", "two");
  Append(2, "zookeeper.log", "three");
  const auto listing = OpenLogs(2).Look();
  ASSERT_TRUE(listing.ok());
  EXPECT_EQ(listing->files.size(), LogDirectory::kFilesMax);
  EXPECT_EQ(listing->left_out, 103u);
  EXPECT_EQ(listing->files.back().name, "zookeeper.log");
  LogCollector collector = Collector();
  for (int i = 0; i < 2; ++i) {
    const auto round = collector.Round(true, never_);
    ASSERT_TRUE(round.ok());
    EXPECT_TRUE(round->left_out);
  }
  EXPECT_EQ(Archived("stdout"), "one");
  EXPECT_EQ(Archived("stderr"), "two");
  EXPECT_EQ(Archived("zookeeper.log"), "three");
  EXPECT_EQ(Archived(kLeftOutName),
            "The container has more than 1000 log files. The others are not collected.\n");
}

// Noise, which does not get smaller.
std::string Noise(size_t bytes) {
  std::mt19937_64 random(7);
  std::string text(bytes, '\0');
  for (char& byte : text) byte = static_cast<char>(random());
  return text;
}

TEST_F(LogCollection, AnArchiveGrowsToItsSizeAndSaysSo) {
  CollectorOptions options = Collecting();
  options.max_bytes = 100 << 10;
  LogCollector collector(platform::FileSystem::Real(), directories_, options);
  MakeContainer(3);
  const std::string noise = Noise(10 << 10);
  int64_t full_from = 0;
  for (int64_t i = 1; i <= 30; ++i) {
    Append(2, "stdout", noise);
    Append(3, "stdout", noise);
    const auto round = collector.Round(i == 30, never_);
    ASSERT_TRUE(round.ok());
    if (round->left_out && full_from == 0) full_from = i;
    EXPECT_EQ(round->left_out, full_from != 0) << i;
  }
  EXPECT_GE(full_from, 5);
  EXPECT_LE(full_from, 6);
  EXPECT_LT(platform::FileSystem::Real().Stat(Archive())->size, 120 << 10);
  for (const int64_t number : {2, 3}) {
    EXPECT_THAT(Archived(kLeftOutName, number), HasSubstr("has reached its size"));
    EXPECT_THAT(Archived("stdout", number), ::testing::StartsWith(noise));
  }
}

TEST_F(LogCollection, TheMorePiecesThereAreTheLongerSmallOnesWait) {
  CollectorOptions options = Collecting();
  options.max_pieces = 20;
  LogCollector collector(platform::FileSystem::Real(), directories_, options);
  std::string written;
  int64_t with_bytes = 0;
  for (int i = 0; i < 30; ++i) {
    Append(2, "stdout", "line\n");
    written += "line\n";
    if (*Round(collector) > 0) ++with_bytes;
  }
  EXPECT_EQ(with_bytes, 4) << "a fifth of the pieces";
  Append(2, "stderr", "new");
  EXPECT_EQ(*Round(collector), 3) << "a log that is new is collected at once";
  const std::string much = Noise(70 << 10);
  Append(2, "stderr", much);
  EXPECT_EQ(*Round(collector), static_cast<int64_t>(much.size())) << "much does not wait";
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("stdout"), written);
  EXPECT_TRUE(logs::LogArchive::Open(Archive())->finished());
  for (int i = 0; i < 30; ++i) {
    Append(2, "more" + std::to_string(i), "x");
    ASSERT_TRUE(Round(collector).ok());
  }
  EXPECT_LE(logs::LogArchive::Open(Archive())->entries().size(), 21u);
  EXPECT_THAT(Archived(kLeftOutName), HasSubstr("has reached its size"));
}

TEST_F(LogCollection, AnArchiveOfARunningApplicationIsNeverOld) {
  CollectorOptions options = Collecting();
  options.touch_period = Duration{0};
  LogCollector collector(platform::FileSystem::Real(), directories_, options);
  Append(2, "stdout", "one");
  ASSERT_TRUE(Round(collector).ok());
  const auto sweep_later = [&] {
    const utimbuf then{1000, 1000};
    const std::string directory = Root().ApplicationDirectory("ann", kApplication);
    for (const std::string& path : {Archive(), directory}) ::utime(path.c_str(), &then);
    EXPECT_EQ(*Round(collector), 0);
    // Another node's, where nothing of the application is.
    return SweepArchives(
        platform::FileSystem::Real(), Root(), {}, seconds(3600), platform::WallNow());
  };
  EXPECT_EQ(sweep_later(), 0u);
  EXPECT_EQ(Archived("stdout"), "one");
}

TEST_F(LogCollection, AnArchiveThatSomebodyRemovedIsMadeAnewFromWhatIsHere) {
  LogCollector collector = Collector();
  Append(2, "stdout", "one ");
  ASSERT_TRUE(Round(collector).ok());
  std::filesystem::remove_all(Root().directory);
  Append(2, "stdout", "two");
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("stdout"), "one two");
  std::filesystem::remove(Archive());
  weir::testing::WriteWholeFile(Archive(), "");
  ASSERT_TRUE(Round(collector, true).ok());
  EXPECT_EQ(Archived("stdout"), "one two") << "another file in its place";
}

// What a container may put where a log is to be, so that somebody else's file is collected.
TEST_F(LogCollection, NothingThatIsPlantedAsALogIsCollected) {
  const std::string secret = directory_ / "secret";
  weir::testing::WriteWholeFile(secret, "what nobody may see");
  Append(2, "stdout", "output");
  std::filesystem::create_symlink(secret, PathOf(2, "soft"));
  std::filesystem::create_symlink(directory_.path(), PathOf(2, "directory"));
  ASSERT_EQ(::mkfifo(PathOf(2, "pipe").c_str(), 0600), 0);
  const bool root = ::geteuid() == 0;
  if (root) {
    std::filesystem::create_hard_link(secret, PathOf(2, "hard"));
    ASSERT_EQ(::chown(directories_.Log(IdOf(2)).c_str(), 12345, 12345), 0);
  }
  const std::string other = directories_.Log(IdOf(3));
  std::filesystem::create_symlink(directory_.path(), other);
  LogCollector collector = Collector();
  ASSERT_FALSE(Round(collector, true).ok()) << "a link in the place of a directory is no log";
  std::filesystem::remove(other);
  ASSERT_TRUE(Round(collector, true).ok());
  const auto archive = logs::LogArchive::Open(Archive());
  ASSERT_EQ(archive->logs().size(), 1u);
  EXPECT_EQ(archive->logs().front().name, "stdout");
}

}  // namespace
}  // namespace weir::nm
