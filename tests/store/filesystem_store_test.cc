// The filesystem store and its files: torn ends, damage in the middle, snapshots, a disk that fails
// at any call.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "platform/file_system.h"
#include "state-store/filesystem_engine.h"
#include "state-store/frame_log.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"
#include "tests/support/faulty_file_system.h"

namespace weir::store {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using testing::FaultyFileSystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Values = std::map<std::string, std::string>;

namespace fs = std::filesystem;

std::string Slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class FilesystemEngineTest : public ::testing::Test {
 protected:
  Result<std::unique_ptr<StoreEngine>> Open(platform::FileSystem* files = nullptr,
                                            int64_t snapshot_bytes = 1 << 20) {
    if (files == nullptr) files = &platform::FileSystem::Real();
    return OpenFilesystemEngine(
        {.directory = path_, .snapshot_bytes = snapshot_bytes, .files = files});
  }
  // What a new engine reads, and what it says about it.
  Values Contents(EngineFindings* findings = nullptr) {
    Values values;
    auto engine = Open();
    EXPECT_TRUE(engine.ok()) << engine.error().ToString();
    if (!engine.ok()) return values;
    EXPECT_TRUE((*engine)
                    ->Scan([&](std::string_view key, std::string_view value) {
                      values.emplace(key, value);
                    })
                    .ok());
    if (findings != nullptr) *findings = (*engine)->findings();
    return values;
  }
  std::vector<fs::path> Files(const std::string& prefix) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::directory_iterator(path_)) {
      if (entry.path().filename().string().starts_with(prefix)) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  // Three groups; the value of a key is its name in capitals.
  void WriteThreeGroups() {
    auto engine = Open().value();
    ASSERT_TRUE(engine->Write({{"a", "A"}, {"b", "B"}}).ok());
    ASSERT_TRUE(engine->Write({{"c", "C"}, {"b", std::nullopt}}).ok());
    ASSERT_TRUE(engine->Write({{"d", "D"}}).ok());
  }

  TemporaryDirectory directory_{TemporaryDirectory::Fast()};
  const std::string path_ = directory_ / "store";
};

TEST_F(FilesystemEngineTest, KeepsWhatWasWritten) {
  WriteThreeGroups();
  EngineFindings findings;
  EXPECT_EQ(Contents(&findings), (Values{{"a", "A"}, {"c", "C"}, {"d", "D"}}));
  EXPECT_THAT(findings.damaged, IsEmpty());
  EXPECT_THAT(findings.notes, IsEmpty());
  EXPECT_THAT(Files("log-"), SizeIs(1));
  EXPECT_EQ(fs::status(Files("log-")[0]).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

// A crash cuts the log anywhere: what was whole before the cut is there, nothing else is, and the
// store goes on from it.
TEST_F(FilesystemEngineTest, AnyCutLeavesWholeGroups) {
  WriteThreeGroups();
  const fs::path log = Files("log-")[0];
  const std::string whole = Slurp(log);
  const Values after[] = {
      {}, {{"a", "A"}, {"b", "B"}}, {{"a", "A"}, {"c", "C"}}, {{"a", "A"}, {"c", "C"}, {"d", "D"}}};
  std::set<size_t> states;
  for (size_t size = 0; size <= whole.size(); ++size) {
    fs::remove_all(path_);
    fs::create_directory(path_);
    Spill(log, whole.substr(0, size));
    EngineFindings findings;
    const Values values = Contents(&findings);
    const auto* state = std::find(std::begin(after), std::end(after), values);
    ASSERT_NE(state, std::end(after)) << "cut at " << size;
    states.insert(static_cast<size_t>(state - std::begin(after)));
    EXPECT_THAT(findings.damaged, IsEmpty()) << "cut at " << size;
    ASSERT_TRUE(Open().value()->Write({{"e", "E"}}).ok());
    Values next = values;
    next["e"] = "E";
    EXPECT_EQ(Contents(&findings), next) << "cut at " << size;
    EXPECT_THAT(findings.notes, IsEmpty()) << "cut at " << size;
  }
  EXPECT_THAT(states, SizeIs(4));
}

// Damage anywhere but in the last group loses at most the entries it hits, and is named.
TEST_F(FilesystemEngineTest, AnyFlippedBitIsNamedAndLosesOnlyWhatItHits) {
  WriteThreeGroups();
  const fs::path log = Files("log-")[0];
  const std::string whole = Slurp(log);
  for (size_t at = 0; at < whole.size(); ++at) {
    fs::remove_all(path_);
    fs::create_directory(path_);
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    Spill(log, damaged);
    EngineFindings findings;
    const Values values = Contents(&findings);
    EXPECT_FALSE(findings.damaged.empty() && findings.notes.empty()) << "byte " << at;
    // At most one of the operations is missing or its value differs, or the last group is gone.
    int differences = 0;
    for (const auto& [key, value] : Values{{"a", "A"}, {"c", "C"}, {"d", "D"}}) {
      differences += !values.contains(key) || values.at(key) != value ? 1 : 0;
    }
    differences += values.contains("b") ? 1 : 0;
    EXPECT_LE(differences, 1) << "byte " << at;
    // What was found has been written anew; the damaged file is kept aside.
    if (!findings.damaged.empty()) {
      EXPECT_EQ(Contents(&findings), values) << "byte " << at;
      EXPECT_THAT(findings.damaged, IsEmpty()) << "byte " << at;
      EXPECT_TRUE(fs::exists(fs::path(path_) / "quarantine" / log.filename())) << "byte " << at;
    }
  }
}

TEST_F(FilesystemEngineTest, NamesFileAndPlaceOfDamage) {
  WriteThreeGroups();
  const fs::path log = Files("log-")[0];
  std::string damaged = Slurp(log);
  // The value, not a byte of a checksum or of the log's random name that looks like it.
  size_t at = damaged.find('C');
  while (at != std::string::npos &&
         damaged.substr(at - std::min<size_t>(at, 9), std::min<size_t>(at, 9)).find('c') ==
             std::string::npos) {
    at = damaged.find('C', at + 1);
  }
  ASSERT_NE(at, std::string::npos);
  damaged[at - 1] = 'x';  // the key
  Spill(log, damaged);
  EngineFindings findings;
  Contents(&findings);
  ASSERT_THAT(findings.damaged, SizeIs(1));
  EXPECT_THAT(findings.damaged[0],
              AllOf(HasSubstr(log.string()), HasSubstr("bytes "), HasSubstr("cannot be read")));
}

TEST_F(FilesystemEngineTest, ADamagedLastGroupIsLeftOutWholeWithItsKeys) {
  auto engine = Open().value();
  ASSERT_TRUE(engine->Write({{"a", "A"}}).ok());
  ASSERT_TRUE(engine->Write({{"node/1", "N"}, {"node/2", "M"}}).ok());
  engine.reset();
  const fs::path log = Files("log-")[0];
  std::string damaged = Slurp(log);
  damaged.back() = 'x';
  Spill(log, damaged);
  EngineFindings findings;
  EXPECT_EQ(Contents(&findings), (Values{{"a", "A"}}));
  ASSERT_THAT(findings.damaged, SizeIs(1));
  EXPECT_THAT(findings.damaged[0], HasSubstr("left out: node/1, node/2"));
}

// A value may hold the bytes of a whole log: searching a damaged file must not fall for it.
TEST_F(FilesystemEngineTest, AValueCannotPassForAFrame) {
  const std::string fake =
      EncodeFrame(0, 7, {{"forged", "F"}}) + EncodeFrame(0x1234, 8, {{"forged", "F"}});
  {
    auto engine = Open().value();
    ASSERT_TRUE(engine->Write({{"a", fake}}).ok());
    ASSERT_TRUE(engine->Write({{"b", "B"}}).ok());
  }
  const fs::path log = Files("log-")[0];
  std::string damaged = Slurp(log);
  damaged[kFileHeaderBytes + 1] = 'x';  // the header of the first frame
  Spill(log, damaged);
  const Values values = Contents();
  EXPECT_FALSE(values.contains("forged"));
  EXPECT_EQ(values.at("b"), "B");
}

TEST_F(FilesystemEngineTest, ASnapshotReplacesTheLog) {
  {
    auto engine = Open(nullptr, 2000).value();
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(i % 10);
      ASSERT_TRUE(engine->Write({{"key-" + number, std::string(100, 'v') + number}}).ok());
    }
  }
  EXPECT_THAT(Files("snapshot-"), SizeIs(1));
  EXPECT_THAT(Files("log-"), SizeIs(1));
  EXPECT_LT(fs::file_size(Files("log-")[0]), 4000U);
  EngineFindings findings;
  const Values values = Contents(&findings);
  EXPECT_THAT(values, SizeIs(10));
  EXPECT_EQ(values.at("key-7"), std::string(100, 'v') + "7");
  EXPECT_THAT(findings.damaged, IsEmpty());
}

TEST_F(FilesystemEngineTest, AShortenedSnapshotIsNamed) {
  {
    auto engine = Open(nullptr, 100).value();
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(engine->Write({{"key-" + std::to_string(i), std::string(100, 'v')}}).ok());
    }
  }
  const fs::path snapshot = Files("snapshot-").at(0);
  Spill(snapshot, Slurp(snapshot).substr(0, fs::file_size(snapshot) - 1));
  EngineFindings findings;
  EXPECT_THAT(Contents(&findings), SizeIs(5));
  ASSERT_THAT(findings.damaged, SizeIs(1));
  EXPECT_THAT(findings.damaged[0], HasSubstr("the end of it is missing"));
}

TEST_F(FilesystemEngineTest, ANewerFormatIsRefused) {
  WriteThreeGroups();
  const fs::path log = Files("log-")[0];
  std::string newer = EncodeFileHeader();
  newer[7] = kLogFormat + 1;
  const uint64_t check = XXH3_64bits_withSeed(newer.data(), 8, 0);
  for (size_t i = 0; i < 8; ++i) newer[8 + i] = static_cast<char>(check >> (8 * i));
  Spill(log, newer + Slurp(log).substr(kFileHeaderBytes));
  const auto engine = Open();
  ASSERT_FALSE(engine.ok());
  EXPECT_EQ(engine.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(engine.error().message, HasSubstr("a newer version of Weir"));
}

TEST_F(FilesystemEngineTest, ReadOnlyChangesNothing) {
  WriteThreeGroups();
  const fs::path log = Files("log-")[0];
  const std::string torn = Slurp(log) + "torn";
  Spill(log, torn);
  Spill(fs::path(path_) / "snapshot-9-0011223344556677.tmp", "half of it");
  {
    const auto engine =
        OpenFilesystemEngine(
            {.directory = path_, .files = &platform::FileSystem::Real(), .read_only = true})
            .value();
    EXPECT_THAT(engine->findings().notes, ElementsAre(HasSubstr("the last 4 bytes")));
    EXPECT_EQ(engine->Read("d").value(), "D");
  }
  EXPECT_EQ(Slurp(log), torn);
  EXPECT_THAT(Files("snapshot-"), SizeIs(1));
}

// A scenario with snapshots on a disk that dies at its n-th call, for every n: what was
// acknowledged is there afterwards, and what was not is there whole or not at all.
TEST_F(FilesystemEngineTest, ADiskThatDiesAtAnyCallLosesNothingAcknowledged) {
  constexpr int kWrites = 12;
  int64_t last_call = 1000;
  int64_t died = 0;
  for (int64_t call = 1; call <= last_call; ++call) {
    fs::remove_all(path_);
    FaultyFileSystem files(platform::FileSystem::Real());
    files.FailFromCall(call, testing::DiskFull());
    int acknowledged = 0;
    auto engine = Open(&files, 400);
    if (engine.ok()) {
      for (int i = 0; i < kWrites; ++i) {
        const std::string text = std::to_string(i);
        const Status written =
            (*engine)->Write({{"left-" + std::to_string(i % 3), text + std::string(40, '.')},
                              {"right-" + std::to_string(i % 3), text + std::string(40, '.')}});
        if (!written.ok()) {
          EXPECT_EQ(written.error().code, ErrorCode::kResourceExhausted);
          EXPECT_THAT(written.error().message, HasSubstr(path_));
          EXPECT_FALSE((*engine)->Write({{"x", "X"}}).ok()) << "a failed store stays failed";
          break;
        }
        acknowledged = i + 1;
      }
      engine->reset();
    } else {
      EXPECT_EQ(engine.error().code, ErrorCode::kResourceExhausted);
    }
    if (acknowledged == kWrites && files.calls() < call) last_call = 0;  // it never came so far
    if (acknowledged < kWrites) ++died;
    EngineFindings findings;
    const Values values = Contents(&findings);
    EXPECT_THAT(findings.damaged, IsEmpty()) << "call " << call;
    for (int slot = 0; slot < 3; ++slot) {
      const std::string name = std::to_string(slot);
      const auto left = values.find("left-" + name);
      const auto right = values.find("right-" + name);
      ASSERT_EQ(left == values.end(), right == values.end()) << "call " << call;
      int newest = -1;
      if (left != values.end()) {
        EXPECT_EQ(left->second, right->second) << "call " << call;
        newest = std::stoi(left->second);
      }
      // The newest acknowledged write to the slot, or the one that was under way.
      int expected = -1;
      for (int i = slot; i < acknowledged; i += 3) expected = i;
      EXPECT_TRUE(newest == expected || newest == acknowledged) << "call " << call;
    }
  }
  EXPECT_GT(died, 20);
}

// One failed call at any place, and the disk is well again: a snapshot that fails harms nothing.
TEST_F(FilesystemEngineTest, OneFailedCallFailsAtMostTheStoreAndNeverTheState) {
  constexpr int kWrites = 12;
  bool reached_the_end = false;
  int survived = 0;
  for (int64_t call = 1; !reached_the_end; ++call) {
    fs::remove_all(path_);
    FaultyFileSystem files(platform::FileSystem::Real());
    files.FailCall(call, Error{ErrorCode::kUnavailable, "input/output error", ""});
    int acknowledged = 0;
    auto engine = Open(&files, 400);
    while (engine.ok() && acknowledged < kWrites &&
           (*engine)->Write({{std::to_string(acknowledged), std::string(60, 'v')}}).ok()) {
      ++acknowledged;
    }
    reached_the_end = files.calls() < call;
    if (acknowledged == kWrites && !reached_the_end) ++survived;
    engine = Error{};  // closed
    const Values values = Contents();
    for (int i = 0; i < acknowledged; ++i) {
      EXPECT_TRUE(values.contains(std::to_string(i))) << "call " << call;
    }
  }
  EXPECT_GT(survived, 5) << "failed snapshots are survived";
}

}  // namespace
}  // namespace weir::store
