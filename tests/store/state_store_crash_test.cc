// The stores on disk under a real kill -9 and a real full disk, in a process of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <set>

#include "common/strings.h"
#include "tests/store/child_process.h"
#include "tests/store/sample_records.h"
#include "tests/store/store_fixture.h"

namespace weir::store {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The number of the last "committed N" line, and the "failed" line if there is one.
struct Output {
  int64_t committed = 0;
  std::string failure;
};

void Note(const std::string& line, Output& output) {
  constexpr std::string_view kCommitted = "committed ";
  if (line.rfind(kCommitted, 0) == 0) {
    output.committed = ParseInt64(std::string_view(line).substr(kCommitted.size())).value_or(-1);
  } else if (output.failure.empty()) {
    output.failure = line;
  }
}

// By the kind of store, "leveldb" or "filesystem".
class StoreCrash : public ::testing::TestWithParam<std::string> {
 protected:
  static Result<std::unique_ptr<StateStore>> Open(const std::string& directory) {
    if (GetParam() == "leveldb") return OpenLevelDbStore({.directory = directory});
    return OpenFilesystemStore({.directory = directory});
  }
  static void ExpectWholePrefix(const std::string& directory, int64_t committed);
};

// Every record from 1 to some number that is at least `committed`, and no other: order is kept.
void StoreCrash::ExpectWholePrefix(const std::string& directory, int64_t committed) {
  const std::unique_ptr<StateStore> store = Open(directory).value();
  const LoadedState state = store->Load().value();
  EXPECT_TRUE(state.quarantined.empty());
  std::set<std::string> keys;
  for (const Record& record : state.records) {
    if (std::holds_alternative<NodeRecord>(record)) keys.insert(KeyOf(record));
  }
  EXPECT_GE(static_cast<int64_t>(keys.size()), committed);
  for (size_t number = 1; number <= keys.size(); ++number) {
    EXPECT_TRUE(keys.contains(KeyOf(SampleNode(static_cast<int>(number))))) << number;
  }
}

TEST_P(StoreCrash, AKilledWriterLosesNothingAcknowledged) {
  for (int round = 0; round < 5; ++round) {
    const TemporaryDirectory directory;
    ChildProcess writer({WEIR_STORE_WRITER, GetParam(), directory / "state"});
    ASSERT_EQ(writer.ReadLine(), "opened 1");
    Output output;
    while (output.committed < 50 + 400 * round) {
      const std::optional<std::string> line = writer.ReadLine();
      ASSERT_TRUE(line.has_value());
      Note(*line, output);
    }
    writer.Kill();
    while (const std::optional<std::string> line = writer.ReadLine()) Note(*line, output);
    writer.Wait();
    EXPECT_EQ(output.failure, "");
    ExpectWholePrefix(directory / "state", output.committed);
  }
}

TEST_P(StoreCrash, EveryRestartAfterAKillGetsTheNextEpoch) {
  const TemporaryDirectory directory;
  for (int64_t epoch = 1; epoch <= 3; ++epoch) {
    ChildProcess writer({WEIR_STORE_WRITER, GetParam(), directory / "state"});
    EXPECT_EQ(writer.ReadLine(), "opened " + std::to_string(epoch));
    writer.ReadLine();
    writer.Kill();
    writer.Wait();
  }
}

TEST_P(StoreCrash, AnotherProcessIsRefusedWhileOneIsOpen) {
  const TemporaryDirectory directory;
  const std::unique_ptr<StateStore> store = Open(directory / "state").value();
  ChildProcess second({WEIR_STORE_WRITER, GetParam(), directory / "state"});
  const std::string refusal = second.ReadLine().value_or("");
  EXPECT_THAT(refusal,
              StartsWith("refused the state store " + directory / "state" +
                         " is in use by another ResourceManager (process " +
                         std::to_string(getpid()) + " on "));
  EXPECT_THAT(refusal, HasSubstr("(stop that one, or give this one another directory)"));
  EXPECT_EQ(WEXITSTATUS(second.Wait()), 1);
}

TEST_P(StoreCrash, AFullDiskIsReportedAndLosesNothingAcknowledged) {
  const TemporaryDirectory directory;
  ChildProcess writer({WEIR_STORE_WRITER, GetParam(), directory / "state", "100000"});
  Output output;
  ASSERT_EQ(writer.ReadLine(), "opened 1");
  while (const std::optional<std::string> line = writer.ReadLine()) Note(*line, output);
  EXPECT_EQ(WEXITSTATUS(writer.Wait()), 1);
  EXPECT_THAT(output.failure, StartsWith("failed RESOURCE_EXHAUSTED"));
  EXPECT_THAT(output.failure, HasSubstr(directory / "state"));
  EXPECT_GT(output.committed, 100);
  ExpectWholePrefix(directory / "state", output.committed);
}

INSTANTIATE_TEST_SUITE_P(OnDisk,
                         StoreCrash,
                         ::testing::Values("leveldb", "filesystem"),
                         [](const ::testing::TestParamInfo<std::string>& kind) {
                           return kind.param;
                         });

TEST(LevelDbStore, IsReadableByItsOwnerOnly) {
  const TemporaryDirectory directory;
  const std::unique_ptr<StateStore> store =
      OpenLevelDbStore({.directory = directory / "state"}).value();
  struct stat info {};
  ASSERT_EQ(stat((directory / "state").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
}

TEST(LevelDbStore, NamesADirectoryThatCannotBe) {
  const TemporaryDirectory directory;
  const std::unique_ptr<StateStore> store =
      OpenLevelDbStore({.directory = directory / "state"}).value();
  const auto below_a_file = OpenLevelDbStore({.directory = directory / "state/CURRENT/x"});
  ASSERT_FALSE(below_a_file.ok());
  EXPECT_EQ(below_a_file.error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(below_a_file.error().message, HasSubstr("/state/CURRENT/x: cannot make directory"));
}

}  // namespace
}  // namespace weir::store
