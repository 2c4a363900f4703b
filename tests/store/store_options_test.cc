// Which store the configuration means, and what is done with a store as a whole.
#include "state-store/store_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "state-store/leveldb_engine.h"
#include "state-store/store_note.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

using ::testing::HasSubstr;
using Overrides = std::vector<std::pair<std::string, std::string>>;

namespace keys = platform::keys;

std::string Slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Of the files of a directory one that has the text; "" = none.
std::string FileWith(const std::string& directory, const std::string& text) {
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    if (entry.is_regular_file() && Slurp(entry.path()).find(text) != std::string::npos) {
      return entry.path();
    }
  }
  return "";
}

// Damages one byte right behind each place where the text stands. What the file is then.
std::string FlipAfter(const std::string& path, const std::string& text) {
  std::string bytes = Slurp(path);
  for (size_t at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1)) {
    char& byte = bytes[at + text.size()];
    byte = static_cast<char>(byte ^ 0x20);
  }
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
  return bytes;
}

class StoreOptionsTest : public ::testing::Test {
 protected:
  // The options, or every fault.
  Result<StoreOptions> Read(Overrides overrides) {
    overrides.emplace_back(keys::kWorkDir, directory_ / "work");
    const auto config = platform::Configuration::Load({.overrides = overrides});
    EXPECT_TRUE(config.ok());
    platform::OptionReader read(*config);
    StoreOptions options = ReadStoreOptions(*config, read);
    WEIR_RETURN_IF_ERROR(read.Finish());
    return options;
  }
  std::string Fault(Overrides overrides) {
    const auto options = Read(std::move(overrides));
    EXPECT_FALSE(options.ok());
    return options.ok() ? "" : options.error().message;
  }

  TemporaryDirectory directory_;
};

TEST_F(StoreOptionsTest, TakesShortNamesAndYarnsClasses) {
  const std::pair<const char*, StoreKind> names[] = {
      {"memory", StoreKind::kMemory},
      {"LevelDB", StoreKind::kLevelDb},
      {"filesystem", StoreKind::kFilesystem},
      {"zookeeper", StoreKind::kZookeeper},
      {"org.apache.hadoop.yarn.server.resourcemanager.recovery.MemoryRMStateStore",
       StoreKind::kMemory},
      {"org.apache.hadoop.yarn.server.resourcemanager.recovery.NullRMStateStore",
       StoreKind::kMemory},
      {"org.apache.hadoop.yarn.server.resourcemanager.recovery.LeveldbRMStateStore",
       StoreKind::kLevelDb},
      {"org.apache.hadoop.yarn.server.resourcemanager.recovery.FileSystemRMStateStore",
       StoreKind::kFilesystem},
      {"org.apache.hadoop.yarn.server.resourcemanager.recovery.ZKRMStateStore",
       StoreKind::kZookeeper}};
  for (const auto& [name, kind] : names) EXPECT_EQ(ParseStoreClass(name), kind) << name;
  for (const char* name : {"", "zk", "leveldb2", "org.example.MyZKRMStateStore2"}) {
    EXPECT_EQ(ParseStoreClass(name), std::nullopt) << name;
  }
  EXPECT_THAT(Fault({{keys::kRmStoreClass, "oracle"}}), HasSubstr("'oracle'"));
}

TEST_F(StoreOptionsTest, FindsThePlace) {
  EXPECT_EQ(Read({})->directory, directory_ / "work/rm/store");
  EXPECT_EQ(Read({{keys::kRmStoreClass, "filesystem"}})->directory,
            directory_ / "work/rm/fs-store");
  EXPECT_EQ(
      Read({{keys::kRmStoreClass, "filesystem"}, {keys::kRmStoreUri, "file:///a/b"}})->Place(),
      "filesystem /a/b");
  EXPECT_THAT(Fault({{keys::kRmStoreClass, "filesystem"}, {keys::kRmStoreUri, "hdfs://a/b"}}),
              HasSubstr("'hdfs://a/b'"));
  const StoreOptions zookeeper = *Read({{keys::kRmStoreClass, "zookeeper"},
                                        {keys::kZkAddressOld, "a:1,b:2/root"},
                                        {keys::kZkTimeoutOld, "4000"}});
  EXPECT_EQ(zookeeper.servers, "a:1,b:2/root");
  EXPECT_EQ(zookeeper.session_timeout, seconds(4));
  EXPECT_EQ(zookeeper.Place(), "zookeeper /root/weir/weir");
  EXPECT_THAT(Fault({{keys::kRmStoreClass, "zookeeper"}}), HasSubstr(keys::kZkAddress));
}

TEST_F(StoreOptionsTest, HighAvailabilityNeedsAStoreThatFences) {
  for (const char* name : {"memory", "leveldb", "filesystem"}) {
    const std::string fault = Fault({{keys::kRmHaEnabled, "true"}, {keys::kRmStoreClass, name}});
    EXPECT_THAT(fault, HasSubstr(std::string("the ") + name + " state store cannot shut out"));
    EXPECT_THAT(fault, HasSubstr("set yarn.resourcemanager.store.class to zookeeper"));
  }
  const auto fences = Read({{keys::kRmHaEnabled, "true"},
                            {keys::kRmStoreClass, "zookeeper"},
                            {keys::kZkAddress, "a:1"}});
  ASSERT_TRUE(fences.ok());
  EXPECT_EQ(fences->election_lock, "/yarn-leader-election/weir/lock");
}

TEST_F(StoreOptionsTest, AnEmptyStoreWhereThereWasOneIsRefused) {
  platform::FileSystem& files = platform::FileSystem::Real();
  ASSERT_TRUE(files.MakeDirectories(directory_ / "work/rm", 0755).ok());
  const StoreOptions options = *Read({});
  const auto open = [&options]() -> Result<EpochRecord> {
    WEIR_ASSIGN_OR_RETURN(const auto store, OpenStateStore(options));
    WEIR_ASSIGN_OR_RETURN(const OpenRequest request, RequestFor(options, WallFromMillis(1)));
    WEIR_ASSIGN_OR_RETURN(const EpochRecord epoch, store->Open(request));
    WEIR_RETURN_IF_ERROR(NoteOpened(options, epoch));
    return epoch;
  };
  EXPECT_EQ(open()->epoch, Epoch{1});
  EXPECT_EQ(open()->epoch, Epoch{2});
  ASSERT_TRUE(files.RemoveTree(options.directory).ok());
  const Result<EpochRecord> refused = open();
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
  EXPECT_THAT(refused.error().message, HasSubstr("is empty"));
  EXPECT_THAT(refused.error().message, HasSubstr("under epoch 2"));
  EXPECT_THAT(refused.error().remedy, HasSubstr("weir rm store format"));
  // After that it is what is expected; and no epoch comes twice.
  EXPECT_EQ(*FormatStateStore(options, {options.note_file}), Epoch{2});
  EXPECT_EQ(open()->epoch, Epoch{3});
}

// A directory that is full says itself whose it is; an empty one elsewhere does not.
TEST_F(StoreOptionsTest, AnotherClusterIdIsNotBegunOnAnEmptyStoreUnasked) {
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(directory_ / "work/rm", 0755).ok());
  const auto open = [](const StoreOptions& options) -> Result<EpochRecord> {
    WEIR_ASSIGN_OR_RETURN(const auto store, OpenStateStore(options));
    WEIR_ASSIGN_OR_RETURN(const OpenRequest request, RequestFor(options, WallFromMillis(1)));
    return store->Open(request);
  };
  StoreOptions options = *Read({});
  ASSERT_TRUE(WriteStoreNote(options.note_file, {.place = options.Place(), .epoch = {4}}).ok());
  options.directory = directory_ / "first";
  options.cluster_id = "any";
  EXPECT_TRUE(open(options).ok()) << "a note of an older version does not say whose it is";
  ASSERT_TRUE(
      NoteOpened(options, {.epoch = {5}, .cluster_timestamp = 1, .cluster_id = "any"}).ok());
  options.directory = directory_ / "second";
  EXPECT_TRUE(open(options).ok()) << "the same cluster may move";
  options.directory = directory_ / "third";
  options.cluster_id = "another";
  const Result<EpochRecord> refused = open(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("cluster 'any', not to 'another'"));
}

// Whether the ResourceManager whose note it is led last, or never.
TEST_F(StoreOptionsTest, NoEpochComesAgainAfterAStoreWasEmptied) {
  ASSERT_TRUE(platform::FileSystem::Real().MakeDirectories(directory_ / "work/rm", 0755).ok());
  for (const char* name : {"leveldb", "filesystem"}) {
    SCOPED_TRACE(name);
    const StoreOptions options = *Read({{keys::kRmStoreClass, name}});
    for (const int64_t noted : {0, 5, 11}) {
      const std::string note_file = directory_ / "note-" + name + std::to_string(noted);
      if (noted > 0) {
        ASSERT_TRUE(WriteStoreNote(note_file, {.place = options.Place(), .epoch = {noted}}).ok());
      }
      const OpenRequest request{.wall_millis = 1, .cluster_id = "weir", .at_least = {6}};
      ASSERT_EQ(OpenStateStore(options).value()->Open(request)->epoch, Epoch{7});
      const int64_t highest = std::max<int64_t>(7, noted);
      const Result<Epoch> known = FormatStateStore(options, {note_file});
      ASSERT_TRUE(known.ok()) << known.error().ToString();
      EXPECT_EQ(*known, Epoch{highest});
      const std::optional<StoreNote> note = *ReadStoreNote(note_file);
      ASSERT_TRUE(note.has_value());
      EXPECT_EQ(note->epoch, Epoch{highest});
      EXPECT_TRUE(note->emptied);
    }
  }
}

TEST_F(StoreOptionsTest, WhereTheEpochIsDamagedTheNoteKeepsIt) {
  for (const int64_t noted : {0, 5}) {
    const StoreOptions options = *Read({});
    const std::string note_file = directory_ / "note" + std::to_string(noted);
    if (noted > 0) {
      ASSERT_TRUE(WriteStoreNote(note_file, {.place = options.Place(), .epoch = {noted}}).ok());
    }
    {
      const auto engine = OpenLevelDbEngine(options.directory, Durability::kMachine);
      ASSERT_TRUE(engine.ok());
      ASSERT_TRUE((*engine)->Write({{.key = "epoch", .value = "spoilt"}}).ok());
    }
    const Result<Epoch> known = FormatStateStore(options, {note_file});
    ASSERT_TRUE(known.ok()) << known.error().ToString();
    EXPECT_EQ(*known, Epoch{noted});
    EXPECT_EQ(ReadStoreNote(note_file)->has_value(), noted > 0);
    EXPECT_TRUE(OpenStateStore(options).value()->Load()->records.empty());
  }
}

TEST_F(StoreOptionsTest, AStoreInUseIsNotEmptied) {
  for (const char* name : {"leveldb", "filesystem"}) {
    const StoreOptions options = *Read({{keys::kRmStoreClass, name}});
    const auto store = OpenStateStore(options).value();
    const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "weir"})->epoch;
    const Result<Epoch> refused = FormatStateStore(options, {options.note_file});
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, ErrorCode::kFailedPrecondition);
    EXPECT_THAT(refused.error().message, HasSubstr("process " + std::to_string(getpid())));
    EXPECT_TRUE(AppendAndWait(*store, {Put{SampleNode(1)}}, epoch).ok());
    store->Close();
    ASSERT_TRUE(FormatStateStore(options, {options.note_file}).ok());
    EXPECT_TRUE(OpenStateStore(options).value()->Load()->records.empty());
  }
}

TEST_F(StoreOptionsTest, ReadingOnlyRepairsNothing) {
  for (const char* name : {"leveldb", "filesystem"}) {
    const StoreOptions options = *Read({{keys::kRmStoreClass, name}});
    {
      const auto store = OpenStateStore(options).value();
      const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "weir"})->epoch;
      ASSERT_TRUE(AppendAndWait(*store, {Put{SampleNode(1)}}, epoch).ok());
    }
    const auto store = OpenStateStore(options, true).value();
    EXPECT_EQ(store->Load()->records.size(), 2U);
    EXPECT_FALSE(store->Open({.wall_millis = 1, .cluster_id = "weir"}).ok());
  }
}

// A damaged store is read as it will be after its repair, which is left to the ResourceManager.
TEST_F(StoreOptionsTest, ReadingADamagedStoreNamesWhatIsLostAndChangesNothing) {
  namespace fs = std::filesystem;
  const fs::path temporary = directory_ / "tmp";
  ASSERT_TRUE(fs::create_directory(temporary));
  const char* before = std::getenv("TMPDIR");
  const std::string restored = before == nullptr ? "" : before;
  ASSERT_EQ(::setenv("TMPDIR", temporary.c_str(), 1), 0);
  for (const char* name : {"leveldb", "filesystem"}) {
    SCOPED_TRACE(name);
    const StoreOptions options = *Read({{keys::kRmStoreClass, name}});
    {
      const auto store = OpenStateStore(options).value();
      const Epoch epoch = store->Open({.wall_millis = 1, .cluster_id = "weir"})->epoch;
      for (int i = 1; i <= 5; ++i) {
        ASSERT_TRUE(AppendAndWait(*store, {Put{SampleNode(i)}}, epoch).ok());
      }
    }
    const std::string file = FileWith(options.directory, "node-4");
    ASSERT_NE(file, "");
    const std::string damaged = FlipAfter(file, "node-4");
    std::vector<Record> records;
    {
      const auto store = OpenStateStore(options, true).value();
      const LoadedState state = store->Load().value();
      EXPECT_FALSE(state.quarantined.empty());
      for (const std::string& named : state.quarantined) {
        EXPECT_EQ(named.find(temporary.string()), std::string::npos) << named;
      }
      records = state.records;
      EXPECT_THAT(records, ::testing::Contains(Record(SampleNode(1))));
      EXPECT_THAT(records, ::testing::Not(::testing::Contains(Record(SampleNode(4)))));
    }
    EXPECT_EQ(Slurp(file), damaged);
    EXPECT_FALSE(fs::exists(options.directory + ".damaged"));
    EXPECT_TRUE(fs::is_empty(temporary)) << "the copy is gone";
    EXPECT_TRUE(OpenStateStore(options).value()->Load()->records == records);
  }
  ASSERT_EQ(before == nullptr ? ::unsetenv("TMPDIR") : ::setenv("TMPDIR", restored.c_str(), 1), 0);
}

}  // namespace
}  // namespace weir::store
