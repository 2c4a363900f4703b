// Log archives on disk: written, gone on with, cut, damaged, on a full disk.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "log-archive/archive_paths.h"
#include "log-archive/archive_reader.h"
#include "log-archive/archive_writer.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/temp_directory.h"

namespace weir::logs {
namespace {

using ::testing::HasSubstr;
using weir::testing::FaultyFileSystem;
using weir::testing::ReadWholeFile;
using weir::testing::WriteWholeFile;

const ArchiveHead kHead{{1'700'000'000'000, 7}, "ann", "host_1", WallFromMillis(42)};

ContainerId IdOf(int64_t number) {
  return ContainerId::Make({kHead.application, 1}, Epoch{1}, number);
}

class ArchiveFiles : public ::testing::Test {
 protected:
  std::unique_ptr<LogArchiveWriter> Open(
      platform::FileSystem& files = platform::FileSystem::Real()) {
    auto writer = LogArchiveWriter::Open(files, path_, kHead, 0640);
    EXPECT_TRUE(writer.ok()) << writer.error().ToString();
    return *std::move(writer);
  }
  static Status Append(LogArchiveWriter& writer,
                       int64_t container,
                       const std::string& name,
                       int64_t position,
                       const std::string& bytes,
                       uint64_t identity = 1) {
    LogPiece piece;
    piece.container = IdOf(container);
    piece.name = name;
    piece.identity = identity;
    piece.position = position;
    piece.length = static_cast<int64_t>(bytes.size());
    return writer.Append(piece, bytes);
  }
  // "" when there is no such log.
  std::string Read(int64_t container,
                   const std::string& name,
                   int64_t offset = 0,
                   int64_t length = -1) {
    auto archive = LogArchive::Open(path_);
    if (!archive.ok()) return archive.error().ToString();
    missing_ = 0;
    for (const ArchivedLog& log : archive->logs()) {
      if (log.container != IdOf(container) || log.name != name) continue;
      std::string text;
      const auto missing = archive->Read(log, offset, length, [&](std::string_view bytes) {
        text += bytes;
        return Status();
      });
      EXPECT_TRUE(missing.ok());
      missing_ = *missing;
      return text;
    }
    return "";
  }

  const weir::testing::TempDirectory directory_;
  const std::string path_ = directory_ / "archive";
  int64_t missing_ = 0;
};

TEST_F(ArchiveFiles, AreReadableWhileTheyGrowAndAfterwards) {
  auto writer = Open();
  ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "one ").ok());
  EXPECT_EQ(Read(1, "stdout"), "one ");
  ASSERT_TRUE(Append(*writer, 2, "stderr", 0, "other", 2).ok());
  ASSERT_TRUE(Append(*writer, 1, "stdout", 4, "two").ok());
  EXPECT_EQ(Read(1, "stdout"), "one two");
  EXPECT_FALSE(LogArchive::Open(path_)->finished());
  ASSERT_TRUE(writer->Finish().ok());
  const auto archive = LogArchive::Open(path_);
  ASSERT_TRUE(archive.ok());
  EXPECT_TRUE(archive->finished());
  EXPECT_EQ(archive->head()->user, "ann");
  EXPECT_EQ(archive->logs().size(), 2u);
  EXPECT_EQ(archive->damaged(), 0);
  EXPECT_EQ(Read(1, "stdout", 2, 4), "e tw");
  EXPECT_EQ(Read(1, "stdout", 5), "wo");
  EXPECT_EQ(Read(1, "stdout", 50), "");
}

TEST_F(ArchiveFiles, AreGoneOnWithAfterARestartAlsoAfterTheirEnd) {
  {
    auto writer = Open();
    ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "one ").ok());
    ASSERT_TRUE(writer->Finish().ok());
  }
  auto writer = Open();
  const Collected* collected = writer->Find(IdOf(1), 1);
  ASSERT_NE(collected, nullptr);
  EXPECT_EQ(collected->end, 4);
  EXPECT_EQ(collected->name, "stdout");
  ASSERT_TRUE(Append(*writer, 1, "stdout", 4, "two").ok());
  ASSERT_TRUE(writer->Finish().ok());
  ASSERT_TRUE(Append(*writer, 1, "stdout", 7, "!").ok()) << "an index makes way";
  EXPECT_EQ(Read(1, "stdout"), "one two!");
  EXPECT_EQ(LogArchive::Open(path_)->damaged(), 0);
}

TEST_F(ArchiveFiles, OneThatWasFinishedIsGoneOnWithByTheSameWriter) {
  auto writer = Open();
  ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "one ").ok());
  ASSERT_TRUE(writer->Finish().ok());
  ASSERT_TRUE(Append(*writer, 1, "stdout", 4, "two").ok());
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(Read(1, "stdout"), "one two");
  EXPECT_EQ(LogArchive::Open(path_)->damaged(), 0);
}

TEST_F(ArchiveFiles, AreRememberedByFileNotByPieceAndOnlyWhatIsKept) {
  auto writer = Open();
  for (int64_t i = 0; i < 1000; ++i) {
    ASSERT_TRUE(Append(*writer, 1, "stdout", i, "x", 7).ok());
    ASSERT_TRUE(Append(*writer, 2, "stdout", i, "y", 8).ok());
  }
  EXPECT_EQ(writer->pieces(), 2000);
  EXPECT_EQ(writer->remembered(), 2u);
  writer->Forget([](const ContainerId& id, uint64_t) { return id == IdOf(2); });
  EXPECT_EQ(writer->Find(IdOf(1), 7), nullptr);
  ASSERT_NE(writer->Find(IdOf(2), 8), nullptr);
  ASSERT_TRUE(writer->Finish().ok());
  EXPECT_EQ(Read(1, "stdout"), std::string(1000, 'x'));
  EXPECT_TRUE(LogArchive::Open(path_)->finished());
  EXPECT_EQ(LogArchive::Open(path_)->entries().size(), 2000u);
}

TEST_F(ArchiveFiles, AreKnownToBeGoneOrReplaced) {
  auto writer = Open();
  EXPECT_TRUE(*writer->IsInPlace());
  WriteWholeFile(path_ + "2", "");
  ASSERT_TRUE(platform::FileSystem::Real().Rename(path_ + "2", path_).ok());
  EXPECT_FALSE(*writer->IsInPlace());
  ASSERT_TRUE(platform::FileSystem::Real().Remove(path_).ok());
  EXPECT_FALSE(*writer->IsInPlace());
}

// What a follower that knows a file up to a position gets of what is collected.
TEST_F(ArchiveFiles, GiveWhatIsBeyondAPositionOfAFile) {
  constexpr uint64_t kFirst = 100;   // renamed meanwhile
  constexpr uint64_t kSecond = 200;  // in its place; begun anew twice
  auto writer = Open();
  ASSERT_TRUE(Append(*writer, 1, "log", 0, "abc", kFirst).ok());
  ASSERT_TRUE(Append(*writer, 1, "log", 3, "def", kFirst).ok());
  ASSERT_TRUE(Append(*writer, 1, "log", 0, "ghi", kSecond).ok());
  ASSERT_TRUE(Append(*writer, 1, "log", 0, "jklm", kSecond + kBeginningStep).ok());
  ASSERT_TRUE(Append(*writer, 1, "log", 2, "lmn", kSecond + kBeginningStep).ok());
  struct Row {
    uint64_t identity;
    int64_t position;
    const char* beyond;
  };
  const Row rows[] = {
      {kFirst, 0, "abcdefghijklmn"},
      {kFirst, 2, "cdefghijklmn"},
      {kFirst, 3, "defghijklmn"},
      {kFirst, 99, "ghijklmn"},
      {kSecond, 0, "jklmn"},
      {kSecond, 3, "mn"},
      {kSecond, 5, ""},
      {kSecond + 1, 0, ""},
  };
  auto archive = LogArchive::Open(path_);
  ASSERT_TRUE(archive.ok());
  for (const Row& row : rows) {
    std::string text;
    ASSERT_TRUE(archive
                    ->ReadBeyond(archive->logs().front(),
                                 row.identity,
                                 row.position,
                                 [&](std::string_view bytes) {
                                   text += bytes;
                                   return Status();
                                 })
                    .ok());
    EXPECT_EQ(text, row.beyond) << row.identity << " " << row.position;
  }
}

TEST_F(ArchiveFiles, APieceThatWasWrittenTwiceCountsOnce) {
  auto writer = Open();
  ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "abcd").ok());
  ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "abcd").ok());
  ASSERT_TRUE(Append(*writer, 1, "stdout", 2, "cdef").ok());
  EXPECT_EQ(Read(1, "stdout"), "abcdef");
  EXPECT_EQ(Read(1, "stdout", 3, 2), "de");
}

TEST_F(ArchiveFiles, WhatIsMissingIsCounted) {
  auto writer = Open();
  ASSERT_TRUE(Append(*writer, 1, "stdout", 100, "later").ok());
  EXPECT_EQ(LogArchive::Open(path_)->logs().front().missing, 100);
}

TEST_F(ArchiveFiles, OneCutAnywhereGivesWhatIsInFrontAndCanBeGoneOnWith) {
  {
    auto writer = Open();
    ASSERT_TRUE(Append(*writer, 1, "stdout", 0, "one ").ok());
    ASSERT_TRUE(Append(*writer, 1, "stdout", 4, "two").ok());
    ASSERT_TRUE(writer->Finish().ok());
  }
  const std::string whole = ReadWholeFile(path_);
  for (size_t size = 0; size < whole.size(); ++size) {
    WriteWholeFile(path_, whole.substr(0, size));
    const std::string text = Read(1, "stdout");
    EXPECT_TRUE(text.empty() || text == "one " || text == "one two" ||
                text.find("is not a log archive") != std::string::npos)
        << size << ": " << text;
    auto writer = Open();
    const Collected* collected = writer->Find(IdOf(1), 1);
    const int64_t end = collected == nullptr ? 0 : collected->end;
    ASSERT_TRUE(
        Append(*writer, 1, "stdout", end, std::string("one two").substr(static_cast<size_t>(end)))
            .ok());
    ASSERT_TRUE(writer->Finish().ok());
    EXPECT_EQ(Read(1, "stdout"), "one two") << size;
    EXPECT_EQ(LogArchive::Open(path_)->damaged(), 0) << size;
  }
}

// Every log is a run of numbered lines, so that what is read can be told from what is not.
TEST_F(ArchiveFiles, DamagedOnesNeverCrashTheReaderAndGiveOnlyWhatIsIntact) {
  std::map<int64_t, std::string> originals;
  {
    auto writer = Open();
    std::mt19937 random(3);
    for (int round = 0; round < 40; ++round) {
      const int64_t container = 1 + static_cast<int64_t>(random() % 3);
      std::string& original = originals[container];
      std::string bytes;
      for (int i = 0; i < 50; ++i) {
        bytes += std::to_string(container) + " " + std::to_string(original.size() + bytes.size()) +
                 " " + std::to_string(random()) + "\n";
      }
      ASSERT_TRUE(Append(*writer,
                         container,
                         "stdout",
                         static_cast<int64_t>(original.size()),
                         bytes,
                         static_cast<uint64_t>(container))
                      .ok());
      original += bytes;
    }
    ASSERT_TRUE(writer->Finish().ok());
  }
  const std::string whole = ReadWholeFile(path_);
  std::mt19937 random(11);
  int64_t read = 0;
  for (int trial = 0; trial < 1500; ++trial) {
    std::string damaged = whole;
    if (random() % 3 == 0) damaged.resize(random() % damaged.size());
    const int flips = 1 + static_cast<int>(random() % 20);
    for (int i = 0; i < flips && !damaged.empty(); ++i) {
      char& byte = damaged[random() % damaged.size()];
      byte = static_cast<char>(byte ^ (1 << (random() % 8)));
    }
    WriteWholeFile(path_, damaged);
    auto archive = LogArchive::Open(path_);
    if (!archive.ok()) continue;
    for (const ArchivedLog& log : archive->logs()) {
      const std::string& original = originals[log.container.sequence()];
      // Piece by piece, as what is between them may be missing.
      int64_t at = 0;
      for (const ArchivedPiece& piece : log.pieces) {
        std::string text;
        ASSERT_TRUE(archive
                        ->Read(log,
                               at,
                               piece.length(),
                               [&](std::string_view bytes) {
                                 text += bytes;
                                 return Status();
                               })
                        .ok());
        at += piece.length();
        const auto from = static_cast<size_t>(piece.entry.piece.position + piece.skip);
        if (!text.empty()) {
          ASSERT_EQ(text, original.substr(from, text.size())) << trial;
        }
        read += static_cast<int64_t>(text.size());
      }
    }
  }
  EXPECT_GT(read, static_cast<int64_t>(whole.size()) * 100) << "most of it is intact most often";
}

TEST_F(ArchiveFiles, ABombIsNotExpanded) {
  // A piece that claims to be small and is not.
  LogPiece piece;
  piece.container = IdOf(1);
  piece.name = "stdout";
  piece.length = 10;
  WriteWholeFile(path_, EncodeHead(kHead) + EncodePiece(piece, std::string(50 << 20, 'x')));
  EXPECT_EQ(Read(1, "stdout"), "");
  EXPECT_EQ(missing_, 10);
}

TEST_F(ArchiveFiles, WhatIsNoArchiveIsSaidToBeNone) {
  WriteWholeFile(path_, "hello, I am a text of some length, and no archive at all");
  const auto archive = LogArchive::Open(path_);
  ASSERT_FALSE(archive.ok());
  EXPECT_EQ(archive.error().code, ErrorCode::kCorruption);
  EXPECT_EQ(LogArchive::Open(directory_ / "none").error().code, ErrorCode::kNotFound);
}

// Writes the same again and again, with the n-th call failing: whatever n is, what was synced stays
// readable, and a new writer brings it to its end.
TEST_F(ArchiveFiles, AFullDiskAtEveryCallCostsNothingThatWasSynced) {
  const std::vector<std::string> parts = {"one ", "two ", "three"};
  for (int64_t call = 1;; ++call) {
    FaultyFileSystem files(platform::FileSystem::Real());
    ASSERT_TRUE(files.Remove(path_).ok());
    const int64_t before = files.calls();
    files.FailCall(call, weir::testing::DiskFull());
    std::string synced;
    const auto write = [&]() -> Status {
      WEIR_ASSIGN_OR_RETURN(auto writer, LogArchiveWriter::Open(files, path_, kHead, 0640));
      int64_t end = 0;
      if (const Collected* collected = writer->Find(IdOf(1), 1)) end = collected->end;
      int64_t at = 0;
      for (const std::string& part : parts) {
        const int64_t from = at;
        at += static_cast<int64_t>(part.size());
        if (at <= end) continue;
        WEIR_RETURN_IF_ERROR(Append(*writer, 1, "stdout", from, part));
        WEIR_RETURN_IF_ERROR(writer->Sync());
        synced += part;
      }
      return writer->Finish();
    };
    const Status first = write();
    if (!synced.empty()) {
      EXPECT_THAT(Read(1, "stdout"), ::testing::StartsWith(synced));
    }
    const bool all_done = files.calls() - before < call;
    if (!first.ok()) {
      ASSERT_TRUE(write().ok()) << "call " << call;
    }
    EXPECT_EQ(Read(1, "stdout"), "one two three") << "call " << call;
    if (all_done) {
      EXPECT_GT(call, 10);
      return;
    }
  }
}

}  // namespace
}  // namespace weir::logs
