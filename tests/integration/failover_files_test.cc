// Uploaded files of applications that another ResourceManager leads on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "platform/config_keys.h"
#include "tests/integration/high_availability_test.h"

namespace weir::testing {
namespace {

using ::testing::HasSubstr;
using namespace platform::keys;

class FailoverFiles : public HighAvailability {
 protected:
  std::string SubmitReader() {
    WriteWholeFile(Scratch("words"), "brought along\n");
    return SubmitShell({"-memory", "64", "-maxAttempts", "2", "-file", Scratch("words")},
                       "cp words " + Scratch("read-") + "$CONTAINER_ID.part; mv " +
                           Scratch("read-") + "$CONTAINER_ID.part " + Scratch("read-") +
                           "$CONTAINER_ID; until [ -e " + Scratch("go") +
                           " ]; do sleep 0.05; done");
  }
  // The files that containers have copied so far.
  std::vector<std::string> Copies() const {
    std::vector<std::string> found;
    for (const auto& path : PathsBelow(Scratch(""))) {
      const std::string name = path.filename();
      if (name.starts_with("read-") && !name.ends_with(".part")) found.push_back(path);
    }
    return found;
  }
  ::testing::AssertionResult AwaitCopies(size_t count) {
    return WaitUntil([&] { return Copies().size() >= count; },
                     std::to_string(count) + " containers have read the file");
  }
  std::string MasterNode(const std::string& id) {
    return Application(id).value("amHostHttpAddress", "");
  }

  const TempDirectory directories_;
};

// The node of the next attempt fetches it from a ResourceManager that it was not uploaded to.
TEST_F(FailoverFiles, ArriveOnAFreshNodeWithTheNextAttemptAfterAFailover) {
  more_[kRmAttemptPause] = "100";
  ASSERT_TRUE(StartCluster(SmallContainers(1)));
  AwaitSomeActive();
  const std::string id = SubmitReader();
  ASSERT_TRUE(AwaitCopies(1));
  const std::string before = MasterNode(id);
  ASSERT_NO_FATAL_FAILURE(
      Replace([this](int active) { cluster().resource_manager(active).Kill(); }));
  ASSERT_TRUE(AwaitState(id, "RUNNING"));
  ASSERT_TRUE(cluster().StartNode(1));
  ASSERT_TRUE(cluster().WaitForNodes(2));
  const pid_t master = AwaitOne("weir-command-master");
  ASSERT_GT(master, 0);
  ASSERT_EQ(kill(master, SIGKILL), 0);
  ASSERT_TRUE(AwaitCopies(2));
  EXPECT_NE(MasterNode(id), before) << "it is avoided";
  for (const std::string& copy : Copies()) EXPECT_EQ(ReadWholeFile(copy), "brought along\n");
  WriteWholeFile(Scratch("go"), "");
  EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
  ASSERT_EQ(cluster().EndNode(1), 0);
}

TEST_F(FailoverFiles, AreNamedWhenTheyAreInADirectoryOfTheirOwn) {
  ClusterOptions options = SmallContainers(1);
  for (const int number : {1, 2}) {
    options.of_resource_manager[number]["weir.staging.dir"] =
        directories_.path() + "/staging-" + Id(number);
  }
  ASSERT_TRUE(StartCluster(options));
  const int before = AwaitSomeActive();
  const std::string id = SubmitReader();
  ASSERT_TRUE(AwaitCopies(1));
  ASSERT_NO_FATAL_FAILURE(
      Replace([this](int active) { cluster().resource_manager(active).Kill(); }));
  const std::string log = ReadWholeFile(cluster().LogFile(Id(Other(before))));
  EXPECT_THAT(log, HasSubstr("rm.staging " + id + " needs staging:"));
  EXPECT_THAT(log,
              HasSubstr("which is not in " + directories_.path() + "/staging-" + Id(Other(before)) +
                        ": all ResourceManagers need the same weir.staging.dir"));
  WriteWholeFile(Scratch("go"), "");
  EXPECT_TRUE(AwaitFinalStatus(id, "SUCCEEDED"));
}

}  // namespace
}  // namespace weir::testing
