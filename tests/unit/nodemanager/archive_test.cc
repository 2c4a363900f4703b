#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>

#include "archive_writer.h"
#include "common/random.h"
#include "executor_fixture.h"
#include "nodemanager/executor/archive_extractor.h"
#include "tests/support/faulty_file_system.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

class ArchiveTest : public ::testing::Test {
 protected:
  ArchiveTest() {
    EXPECT_TRUE(files_.MakeDirectories(Path("outside"), 0755).ok());
    EXPECT_TRUE(files_.MakeDirectories(Path("in"), 0755).ok());
    EXPECT_TRUE(platform::WriteFileAtomically(files_, Path("outside/secret"), "secret", 0600).ok());
  }
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
  // What an attack could have done outside of its directory, or with it; "" if nothing.
  std::string Escape() {
    const auto beside = files_.List(Path("in"));
    const auto outside = files_.List(Path("outside"));
    const auto secret = files_.ReadFile(Path("outside/secret"), 100);
    if (beside.ok() && *beside != std::vector<std::string>{"out"} && !beside->empty()) {
      return "something was written beside";
    }
    if (*outside != std::vector<std::string>{"secret"}) return "something was written outside";
    if (!secret.ok() || *secret != "secret") return "the file outside was changed";
    namespace fs = std::filesystem;
    std::error_code failed;
    const std::string root = fs::weakly_canonical(Path("in/out")).string();
    for (auto it = fs::recursive_directory_iterator(Path("in/out"), failed);
         !failed && it != fs::recursive_directory_iterator();
         it.increment(failed)) {
      struct stat info {};
      EXPECT_EQ(::lstat(it->path().c_str(), &info), 0);
      if (S_ISLNK(info.st_mode)) {
        const std::string real = fs::weakly_canonical(it->path()).string();
        if (real != root && !real.starts_with(root + "/")) return "a link leads to " + real;
      } else if (!S_ISDIR(info.st_mode) && !S_ISREG(info.st_mode)) {
        return "there is a device";
      } else if ((info.st_mode & 06000) != 0) {
        return "there is a setuid file";
      }
    }
    return "";
  }

  TemporaryDirectory temporary_;
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

struct Attack {
  const char* name;
  const char* rule;
  bool ArchiveProtections::*protection;
  std::vector<PackedEntry> entries;
  bool zip_too = true;
};
void PrintTo(const Attack& attack, std::ostream* out) {
  *out << attack.name;
}

std::vector<PackedEntry> Nested(int depth) {
  std::string path;
  for (int i = 0; i < depth; ++i) path += "d/";
  return {{path + "f", AE_IFREG, "x"}};
}
std::vector<PackedEntry> Many(int count) {
  std::vector<PackedEntry> entries;
  for (int i = 0; i < count; ++i) entries.push_back({"f" + std::to_string(i), AE_IFREG, ""});
  return entries;
}

const std::vector<Attack>& Attacks() {
  using P = ArchiveProtections;
  static const std::vector<Attack> kAttacks = {
      {"UpAndOut", "dotdot", &P::dotdot, {{"../escaped", AE_IFREG, "x"}}},
      {"UpFromWithin", "dotdot", &P::dotdot, {{"a/../../escaped", AE_IFREG, "x"}}},
      {"UpAtTheEnd", "dotdot", &P::dotdot, {{"a/..", AE_IFDIR}}},
      {"UpBehindDots", "dotdot", &P::dotdot, {{"./.././../outside/new", AE_IFREG, "x"}}},
      {"Absolute", "absolute", &P::absolute, {{"/tmp/escaped", AE_IFREG, "x"}}},
      {"TwiceAbsolute", "absolute", &P::absolute, {{"//tmp/escaped", AE_IFREG, "x"}}},
      {"LinkOut", "link", &P::link, {{"l", AE_IFLNK, "../../outside/secret"}}},
      {"LinkAbsolute", "link", &P::link, {{"l", AE_IFLNK, "/etc/passwd"}}},
      {"LinkUpBehindAName", "link", &P::link, {{"l", AE_IFLNK, "a/../../../outside"}}},
      {"LinkUpFromBelow", "link", &P::link, {{"a/l", AE_IFLNK, "../../x"}}},
      {"LinkThenFile",
       "link",
       &P::link,
       {{"l", AE_IFLNK, "../../outside"}, {"l/new", AE_IFREG, "x"}}},
      {"InnerLinkThenFile",
       "link",
       &P::link,
       {{"d/", AE_IFDIR}, {"l", AE_IFLNK, "d"}, {"l/new", AE_IFREG, "x"}}},
      {"LinkChain",
       "link",
       &P::link,
       {{"a/b/c/s", AE_IFLNK, "../../.."}, {"a/b/c/t", AE_IFLNK, "s/../../outside/secret"}}},
      {"LinkOverADirectory",
       "link",
       &P::link,
       {{"d/", AE_IFDIR}, {"d", AE_IFLNK, "../../outside"}},
       false},
      {"DirectoryOverALink", "link", &P::link, {{"l", AE_IFLNK, "x"}, {"l/", AE_IFDIR}}, false},
      {"FileOverALink", "link", &P::link, {{"l", AE_IFLNK, "x"}, {"l", AE_IFREG, "y"}}},
      {"FileUnderAFile", "link", &P::link, {{"f", AE_IFREG, "x"}, {"f/g", AE_IFREG, "y"}}, false},
      {"HardLinkUp", "dotdot", &P::dotdot, {{"h", AE_IFREG, "", "../../outside/secret"}}, false},
      {"HardLinkAbsolute", "absolute", &P::absolute, {{"h", AE_IFREG, "", "/etc/passwd"}}, false},
      {"HardLinkToNothing", "link", &P::link, {{"h", AE_IFREG, "", "gone"}}, false},
      {"HardLinkToALink",
       "link",
       &P::link,
       {{"l", AE_IFLNK, "x"}, {"h", AE_IFREG, "", "l"}},
       false},
      {"Device", "special", &P::special, {{"d", AE_IFCHR}}, false},
      {"BlockDevice", "special", &P::special, {{"d", AE_IFBLK}}, false},
      {"Pipe", "special", &P::special, {{"p", AE_IFIFO}}, false},
      {"SetUid", "mode", &P::mode, {{"s", AE_IFREG, "x", "", 04755}}},
      {"SetGid", "mode", &P::mode, {{"s", AE_IFREG, "x", "", 02755}}},
      {"LongName", "name", &P::name, {{std::string(300, 'n'), AE_IFREG, "x"}}},
      {"LongPath",
       "name",
       &P::name,
       {{std::string(3000, '/') + "a" + std::string(1500, '/') + "b"}}},
      {"Deep", "name", &P::name, Nested(150)},
      {"NoName", "name", &P::name, {{".", AE_IFLNK, "x"}}, false},
      {"ManyEntries", "bomb", &P::bomb, Many(200)},
      {"ManyDirectories", "bomb", &P::bomb, Nested(60)},
      {"Expands", "bomb", &P::bomb, {{"z", AE_IFREG, std::string(3 << 20, '\0')}}},
  };
  return kAttacks;
}

class AttackTest : public ArchiveTest, public ::testing::WithParamInterface<Attack> {
 protected:
  // Small, so that bombs of tests are.
  static ArchiveLimits Limits() {
    return {.entries = 50, .expanded_bytes = 2 << 20, .ratio = 200, .ratio_counts_from = 1 << 20};
  }
  std::vector<Packing> Packings() const {
    std::vector<Packing> packings = {Packing::kTar, Packing::kTarGz};
    if (GetParam().zip_too) packings.push_back(Packing::kZip);
    return packings;
  }
};

TEST_P(AttackTest, IsRefusedByItsRuleAndNothingEscapes) {
  for (const Packing packing : Packings()) {
    Pack(Path("archive"), packing, GetParam().entries);
    const auto extracted = Extract({}, Limits());
    ASSERT_FALSE(extracted.ok());
    EXPECT_EQ(extracted.error().code, ErrorCode::kInvalidArgument) << extracted.error().message;
    EXPECT_THAT(extracted.error().message, HasSubstr("archive entry '"));
    // An absolute path of slashes alone is both.
    if (std::string(GetParam().name) != "LongPath") {
      EXPECT_THAT(extracted.error().message,
                  HasSubstr("breaks the rule '" + std::string(GetParam().rule)));
    }
    EXPECT_EQ(Escape(), "");
  }
}

// The table can fail: without the protection the row is not refused by it.
TEST_P(AttackTest, IsNotRefusedByThatRuleWithoutTheProtection) {
  ArchiveProtections protections;
  protections.*GetParam().protection = false;
  Pack(Path("archive"), Packings().front(), GetParam().entries);
  const auto extracted = Extract(protections, Limits());
  const std::string rule = "'" + std::string(GetParam().rule) + "'";
  if (!extracted.ok()) {
    EXPECT_THAT(extracted.error().message, ::testing::Not(HasSubstr(rule)));
  }
}
INSTANTIATE_TEST_SUITE_P(Archive, AttackTest, ::testing::ValuesIn(Attacks()), [](const auto& p) {
  return p.param.name;
});

// Each of these gets out when its protection is off: the test sees an escape when there is one.
TEST_F(ArchiveTest, AnEscapeIsSeenWithoutTheProtection) {
  ArchiveProtections open;
  open.dotdot = false;
  Pack(Path("archive"), Packing::kTar, {{"../escaped", AE_IFREG, "x"}});
  EXPECT_TRUE(Extract(open).ok());
  EXPECT_NE(Escape(), "");
  EXPECT_TRUE(files_.Remove(Path("in/escaped")).ok());

  open = {};
  open.link = false;
  Pack(
      Path("archive"), Packing::kTar, {{"l", AE_IFLNK, "../../outside"}, {"l/new", AE_IFREG, "x"}});
  EXPECT_TRUE(Extract(open).ok());
  EXPECT_NE(Escape(), "");
  EXPECT_TRUE(files_.Remove(Path("outside/new")).ok());

  open = {};
  open.mode = false;
  Pack(Path("archive"), Packing::kTar, {{"s", AE_IFREG, "x", "", 04755}});
  EXPECT_TRUE(Extract(open).ok());
  EXPECT_EQ(Escape(), "there is a setuid file");
}

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
      ASSERT_EQ(Escape(), "") << "round " << round;
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
