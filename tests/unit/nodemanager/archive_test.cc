#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>

#include "archive_attacks.h"
#include "common/random.h"
#include "executor_fixture.h"
#include "nodemanager/executor/archive_extractor.h"
#include "tests/support/faulty_file_system.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ArchiveTest : public ::testing::Test {
 protected:
  std::string Path(const std::string& name) const { return temporary_.path() + "/" + name; }
  Result<Extracted> Extract(ArchiveProtections protections = {}, ArchiveLimits limits = {}) {
    EXPECT_TRUE(files_.RemoveTree(Path("in/out")).ok());
    return ExtractArchive(files_,
                          {.archive = Path("archive"),
                           .directory = Path("in/out"),
                           .called_off = called_off_,
                           .limits = limits,
                           .protections = protections});
  }
  std::string Read(const std::string& name) {
    const auto text = files_.ReadFile(Path("in/out/" + name), 1 << 20);
    return text.ok() ? *text : text.error().ToString();
  }
  TemporaryDirectory temporary_;
  const AttackedPlace place_{temporary_.path()};
  platform::FileSystem& files_ = platform::FileSystem::Real();
  std::atomic<bool> called_off_ = false;
};

class EveryFormat : public ArchiveTest, public ::testing::WithParamInterface<Packing> {};

TEST_P(EveryFormat, ComesOutAsItWentIn) {
  Pack(Path("archive"),
       GetParam(),
       {{"./", AE_IFDIR, "", "", 0755},
        {"lib/", AE_IFDIR, "", "", 02755},
        {"lib/a.txt", AE_IFREG, "text"},
        {"deep/er/run", AE_IFREG, "#!/bin/sh\n", "", 0755},
        {"lib/link", AE_IFLNK, "../deep/er/run"}});
  const auto extracted = Extract();
  ASSERT_TRUE(extracted.ok()) << extracted.error().ToString();
  EXPECT_EQ(Read("lib/a.txt"), "text");
  EXPECT_EQ(Read("lib/link"), "#!/bin/sh\n");
  struct stat info {};
  ASSERT_EQ(::stat(Path("in/out/deep/er/run").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0555u);
  ASSERT_EQ(::stat(Path("in/out/lib").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 07777, 0555u);
  EXPECT_EQ(extracted->entries, 6);
  EXPECT_EQ(extracted->bytes, 14);
}
INSTANTIATE_TEST_SUITE_P(Archive,
                         EveryFormat,
                         ::testing::Values(Packing::kTar,
                                           Packing::kTarGz,
                                           Packing::kTarXz,
                                           Packing::kTarZst,
                                           Packing::kZip));

TEST_F(ArchiveTest, HardLinksInsideAndLaterFilesOfOneNameAreTaken) {
  Pack(Path("archive"),
       Packing::kTar,
       {{"a", AE_IFREG, "first"}, {"b", AE_IFREG, "", "a"}, {"a", AE_IFREG, "second"}});
  const auto extracted = Extract();
  ASSERT_TRUE(extracted.ok()) << extracted.error().ToString();
  EXPECT_EQ(Read("a"), "second");
  EXPECT_EQ(Read("b"), "first");
}

class AttackTest : public ArchiveTest, public ::testing::WithParamInterface<Attack> {
 protected:
  Result<Extracted> ExtractWithout(const std::vector<bool ArchiveProtections::*>& off) {
    ArchiveProtections protections;
    for (const auto rule : off) protections.*rule = false;
    return Extract(protections, SmallLimits());
  }
};

TEST_P(AttackTest, IsRefusedByItsRuleAndNothingEscapes) {
  for (const Packing packing : GetParam().Packings()) {
    Pack(Path("archive"), packing, GetParam().EntriesFor(place_.Outside()));
    const auto extracted = Extract({}, SmallLimits());
    ASSERT_FALSE(extracted.ok());
    EXPECT_EQ(extracted.error().code, ErrorCode::kInvalidArgument) << extracted.error().message;
    EXPECT_THAT(extracted.error().message, HasSubstr("archive entry '"));
    EXPECT_THAT(extracted.error().message,
                HasSubstr("breaks the rule '" + std::string(GetParam().rule)));
    EXPECT_THAT(place_.Harms(SmallLimits()), IsEmpty());
  }
}

// The table can fail: without its protections each row does its harm, or is seen to be held by the
// system as well.
TEST_P(AttackTest, DoesItsHarmWithoutTheProtection) {
  const std::vector<PackedEntry> entries = GetParam().EntriesFor(place_.Outside());
  Pack(Path("archive"), Packing::kTar, entries);
  if (GetParam().off.size() > 1) {
    for (const auto rule : GetParam().off) {
      EXPECT_FALSE(ExtractWithout({rule}).ok()) << "the other rule holds it";
      EXPECT_THAT(place_.Harms(SmallLimits()), IsEmpty());
    }
  }
  const auto extracted = ExtractWithout(GetParam().off);
  std::set<std::string> harms = place_.Harms(SmallLimits());
  if (*GetParam().harm == '\0') {
    ASSERT_FALSE(extracted.ok());
    EXPECT_THAT(extracted.error().message, HasSubstr(GetParam().held));
    EXPECT_THAT(harms, IsEmpty());
    return;
  }
  ASSERT_TRUE(extracted.ok()) << extracted.error().ToString();
  harms.merge(place_.Mistakes(entries));
  EXPECT_THAT(harms, ::testing::Contains(GetParam().harm));
}
INSTANTIATE_TEST_SUITE_P(Archive, AttackTest, ::testing::ValuesIn(Attacks()), [](const auto& p) {
  return p.param.name;
});

TEST_F(ArchiveTest, ARatioIsABombAlsoBelowTheSize) {
  Pack(Path("archive"), Packing::kTarGz, {{"z", AE_IFREG, std::string(8 << 20, '\0')}});
  const auto extracted = Extract({}, {.ratio = 100});
  ASSERT_FALSE(extracted.ok());
  EXPECT_THAT(extracted.error().message, HasSubstr("times the archive's size"));
  EXPECT_TRUE(Extract({}, {.ratio = 100'000}).ok());
}

TEST_F(ArchiveTest, WhatIsNoArchiveIsSaidToBeNone) {
  for (const std::string& content : {std::string("plain text"), std::string()}) {
    ASSERT_TRUE(platform::WriteFileAtomically(files_, Path("archive"), content, 0644).ok());
    const auto extracted = Extract();
    ASSERT_FALSE(extracted.ok());
    EXPECT_EQ(extracted.error().code, ErrorCode::kCorruption);
    EXPECT_THAT(extracted.error().ToString(), HasSubstr("zip"));
  }
}

// Cut and flipped at random: an error or a tree, never an escape or a crash.
TEST_F(ArchiveTest, DamagedArchivesAreErrorsAtWorst) {
  Random random(4);
  const std::vector<PackedEntry> entries = {{"d/a", AE_IFREG, std::string(3000, 'a')},
                                            {"d/l", AE_IFLNK, "a"},
                                            {"h", AE_IFREG, "", "d/a"},
                                            {"b", AE_IFREG, std::string(500, 'b'), "", 0755}};
  for (const Packing packing :
       {Packing::kTar, Packing::kTarGz, Packing::kTarXz, Packing::kTarZst, Packing::kZip}) {
    Pack(Path("whole"), packing, entries);
    const std::string whole = *files_.ReadFile(Path("whole"), 1 << 20);
    for (int round = 0; round < 150; ++round) {
      std::string damaged = whole;
      if (random.Below(3) == 0) damaged.resize(random.Below(damaged.size()));
      for (uint64_t flips = random.Below(8); flips > 0 && !damaged.empty(); --flips) {
        damaged[random.Below(damaged.size())] = static_cast<char>(random.Below(256));
      }
      ASSERT_TRUE(platform::WriteFileAtomically(files_, Path("archive"), damaged, 0644).ok());
      const auto extracted = Extract();
      if (!extracted.ok()) {
        EXPECT_FALSE(extracted.error().message.empty());
      }
      ASSERT_THAT(place_.Harms(), IsEmpty()) << "round " << round;
    }
  }
}

TEST_F(ArchiveTest, AFaultAtAnyCallIsToldAndTheNextOneIsWell) {
  Pack(Path("archive"),
       Packing::kTar,
       {{"d/a", AE_IFREG, "a"}, {"d/l", AE_IFLNK, "a"}, {"h", AE_IFREG, "", "d/a"}});
  weir::testing::FaultyFileSystem disk(files_);
  for (const ErrorCode code : {ErrorCode::kResourceExhausted, ErrorCode::kUnavailable}) {
    for (int64_t n = 1;; ++n) {
      ASSERT_TRUE(files_.RemoveTree(Path("in/out")).ok());
      disk.FailCall(n, {code, "injected", ""});
      const int64_t before = disk.calls();
      const auto extracted = ExtractArchive(disk,
                                            {.archive = Path("archive"),
                                             .directory = Path("in/out"),
                                             .called_off = called_off_,
                                             .limits = {},
                                             .protections = {}});
      const bool reached = disk.calls() - before >= n;
      disk.Heal();
      if (!reached) break;
      ASSERT_FALSE(extracted.ok()) << n;
      EXPECT_EQ(extracted.error().code, code) << n;
    }
    EXPECT_TRUE(Extract().ok());
  }
}

}  // namespace
}  // namespace weir::nm
