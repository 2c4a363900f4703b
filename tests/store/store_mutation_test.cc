// Ten thousand damaged stores: truncated, flipped, shifted files. The store opens, a writer becomes
// active on it, what is missing is named, and nothing is loaded that was never written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <set>

#include "tests/store/damage.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

namespace fs = std::filesystem;

constexpr int kMutations = 5000;  // of each kind of store
constexpr int kRecords = 40;

std::string Slurp(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Spill(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// Whether LevelDB takes the end of this log for one that a crash has cut: a record that says it is
// longer than its last block, or a space that was never written. It says nothing of that, and
// cannot: such a log is what a crash leaves of a write that nobody was told of.
bool EndsAsIfCut(const std::string& log) {
  constexpr size_t kBlock = 32'768;
  constexpr size_t kHeader = 7;
  const auto byte = [&](size_t at) { return static_cast<size_t>(static_cast<uint8_t>(log[at])); };
  for (size_t at = 0; at < log.size();) {
    const size_t left = std::min(kBlock - at % kBlock, log.size() - at);
    const bool last = at + left == log.size();
    if (left < kHeader) {
      if (last) return true;
      at += left;
      continue;
    }
    const size_t length = byte(at + 4) + (byte(at + 5) << 8U);
    if (byte(at + 6) == 0 && length == 0) return true;
    if (kHeader + length > left) {
      if (last) return true;
      at += left;
      continue;
    }
    at += kHeader + length;
  }
  return false;
}

using OpenStore = std::function<Result<std::unique_ptr<StateStore>>(const std::string&)>;

Result<std::unique_ptr<StateStore>> OpenLevel(const std::string& directory) {
  return OpenLevelDbStore({.directory = directory});
}

Result<std::unique_ptr<StateStore>> OpenFiles(const std::string& directory) {
  return OpenFilesystemStore({.directory = directory, .snapshot_bytes = 12'000});
}

class Mutations {
 public:
  explicit Mutations(OpenStore open) : open_(std::move(open)) { MakeOriginal(); }

  void Run(uint64_t seed) {
    Random random(seed);
    for (int i = 0; i < kMutations; ++i) {
      SCOPED_TRACE("mutation " + std::to_string(i));
      fs::remove_all(directory_ / "copy");
      fs::remove_all(directory_ / "copy.damaged");
      fs::copy(directory_ / "original", directory_ / "copy", fs::copy_options::recursive);
      const bool shortened = Damage(random);
      Check(shortened);
      if (::testing::Test::HasFailure()) return;
    }
    // Otherwise the test would hardly test anything.
    EXPECT_GT(named_, kMutations / 10);
    EXPECT_GT(whole_, kMutations / 20);
    RecordProperty("named", named_);
    RecordProperty("whole", whole_);
  }

 private:
  static void RecordProperty(const std::string& key, int value) {
    ::testing::Test::RecordProperty(key, value);
  }

  // Records change and go, over several openings, so that there are logs, snapshots and tables.
  void MakeOriginal() {
    for (int opening = 0; opening < 3; ++opening) {
      const auto store = open_(directory_ / "original").value();
      const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "weir"})->epoch;
      for (int i = 0; i < kRecords; ++i) {
        ApplicationRecord application = SampleApplication(i);
        application.diagnostics = "opening " + std::to_string(opening);
        std::vector<StoreOperation> batch = {Put{application}, Put{SampleNode(1000 + i)}};
        if (i > 0) batch.push_back(Delete{KeyOf(SampleNode(1000 + i - 1))});
        Note(application);
        Note(SampleNode(1000 + i));
        ASSERT_TRUE(AppendAndWait(*store, batch, epoch).ok());
      }
      const LoadedState state = store->Load().value();
      newest_.clear();
      for (const Record& record : state.records) newest_[KeyOf(record)] = Encode(record).value();
      newest_.erase(KeyOf(EpochRecord{}));
    }
    for (const auto& entry : fs::directory_iterator(directory_ / "original")) {
      if (entry.is_regular_file() && entry.file_size() > 0)
        files_.push_back(entry.path().filename());
    }
    std::sort(files_.begin(), files_.end());
  }
  void Note(const Record& record) { written_.insert(Encode(record).value()); }

  // True when a file is shorter, or a log of LevelDB looks so: what was at its end may be missing
  // without a trace.
  bool Damage(Random& random) {
    bool shortened = false;
    for (uint64_t n = 1 + random.Below(3); n > 0; --n) {
      const fs::path path = fs::path(directory_ / "copy") / files_[random.Below(files_.size())];
      const std::string before = Slurp(path);
      std::string bytes = before;
      Mutate(random, bytes);
      shortened = shortened || bytes.size() < before.size() ||
                  (path.extension() == ".log" && EndsAsIfCut(bytes));
      Spill(path, bytes);
    }
    return shortened;
  }

  void Check(bool shortened) {
    auto store = open_(directory_ / "copy");
    ASSERT_TRUE(store.ok()) << store.error().ToString();
    const Result<LoadedState> state = (*store)->Load();
    ASSERT_TRUE(state.ok()) << state.error().ToString();
    size_t right = 0;
    for (const Record& record : state->records) {
      if (std::holds_alternative<EpochRecord>(record)) continue;
      const std::string bytes = Encode(record).value();
      ASSERT_TRUE(written_.contains(bytes)) << KeyOf(record) << " was never written";
      const auto newest = newest_.find(KeyOf(record));
      if (newest != newest_.end() && newest->second == bytes) ++right;
    }
    const bool said = !state->quarantined.empty() || !state->notes.empty();
    if (right < newest_.size() && !shortened) {
      ASSERT_TRUE(said) << newest_.size() - right << " records are missing, and nothing is said";
    }
    named_ += said ? 1 : 0;
    whole_ += right == newest_.size() ? 1 : 0;
    // A ResourceManager that knows its last epoch comes up and can write.
    const Result<EpochRecord> opened =
        (*store)->Open({.wall_millis = 1, .cluster_id = "weir", .at_least = {3}});
    ASSERT_TRUE(opened.ok()) << opened.error().ToString();
    ASSERT_GT(opened->epoch, Epoch{3});
    ASSERT_TRUE(AppendAndWait(**store, {Put{SampleNode(1)}}, opened->epoch).ok());
  }

  const OpenStore open_;
  TemporaryDirectory directory_{TemporaryDirectory::Fast()};
  std::vector<fs::path> files_;
  std::map<std::string, std::string> newest_;  // as it was when the original was closed
  std::set<std::string> written_;              // every record that ever was
  int named_ = 0;
  int whole_ = 0;
};

TEST(StoreMutations, Filesystem) {
  Mutations(OpenFiles).Run(20261130);
}

TEST(StoreMutations, LevelDb) {
  Mutations(OpenLevel).Run(20261130);
}

}  // namespace
}  // namespace weir::store
