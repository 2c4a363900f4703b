// The ResourceManager goes while a NodeManager fetches a large file from it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>

#include "platform/config_keys.h"
#include "platform/crypto.h"
#include "tests/integration/cluster_test.h"

namespace weir::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

namespace fs = std::filesystem;

constexpr size_t kBytes = size_t{96} << 20;  // some tenths of a second of fetching

class LargeFile : public ClusterTest {
 protected:
  // A cluster in which the NodeManager stands still with a part of the file in its cache, while
  // the application waits for it.
  ::testing::AssertionResult StandHalfWay() {
    ClusterOptions options = SmallContainers(1);
    options.settings["weir.nodemanager.localizer.stall-timeout-ms"] = "1000";
    if (const auto started = StartCluster(options); !started) return started;
    std::string content;
    content.reserve(kBytes + 16);
    for (size_t i = 0; content.size() < kBytes; ++i) content += std::to_string(i) + "\n";
    content.resize(kBytes);
    sha256_ = platform::Sha256Hex(content);
    WriteWholeFile(Scratch("large"), content);
    id_ = SubmitShell({"-memory", "64", "-file", Scratch("large")},
                      "sha256sum large > " + Scratch("sum"));
    const auto begun = WaitUntil([this] { return Fetched() > 0; }, "the first bytes");
    return begun ? Stop(cluster().node(0)) : begun;
  }
  static ::testing::AssertionResult Stop(Process& process) {
    process.Signal(SIGSTOP);
    return WaitUntil(
        [&process] {
          const std::string stat =
              ReadWholeFile("/proc/" + std::to_string(process.pid()) + "/stat");
          return stat.find(") T ") != std::string::npos;
        },
        "it to stop");
  }
  // So far, of the unfinished file in the cache; -1 when there is none.
  int64_t Fetched() {
    std::error_code failed;
    for (auto it = fs::recursive_directory_iterator(cluster().NodeDir(0), failed);
         !failed && it != fs::recursive_directory_iterator();
         it.increment(failed)) {
      if (it->path().extension() != ".new") continue;
      const auto size = fs::file_size(it->path(), failed);
      return failed ? -1 : static_cast<int64_t>(size);
    }
    return -1;
  }
  void ExpectWhole() {
    EXPECT_TRUE(AwaitFinalStatus(id_, "SUCCEEDED")) << StatusText(id_);
    EXPECT_EQ(ReadWholeFile(Scratch("sum")), sha256_ + "  large\n");
  }

  std::string sha256_;
  std::string id_;
};

TEST_F(LargeFile, IsFetchedInTheEndWhenTheResourceManagerIsKilledAndStartedAgain) {
  ASSERT_TRUE(StandHalfWay());
  ASSERT_LT(Fetched(), static_cast<int64_t>(kBytes));
  cluster().resource_manager().Kill();
  cluster().node(0).Signal(SIGCONT);
  // What was in the sockets is read; then it tries anew.
  ASSERT_TRUE(WaitUntil([this] { return Fetched() == 0; }, "another try"));
  ASSERT_TRUE(cluster().StartResourceManager());
  ExpectWhole();
}

TEST_F(LargeFile, IsFetchedInTheEndWhenTheResourceManagerStandsStill) {
  ASSERT_TRUE(StandHalfWay());
  ASSERT_LT(Fetched(), static_cast<int64_t>(kBytes));
  ASSERT_TRUE(Stop(cluster().resource_manager()));
  cluster().node(0).Signal(SIGCONT);
  ASSERT_TRUE(WaitUntil([this] { return Fetched() == 0; }, "another try"));
  cluster().resource_manager().Signal(SIGCONT);
  ExpectWhole();
}

TEST_F(LargeFile, ThatTheNextResourceManagerDoesNotHaveFailsWithUriAndCause) {
  ASSERT_TRUE(StandHalfWay());
  ASSERT_LT(Fetched(), static_cast<int64_t>(kBytes));
  cluster().resource_manager().Kill();
  for (const auto& entry : fs::recursive_directory_iterator(cluster().work_dir() + "/rm/staging")) {
    if (entry.is_regular_file()) fs::remove(entry.path());
  }
  cluster().node(0).Signal(SIGCONT);
  ASSERT_TRUE(cluster().StartResourceManager());
  EXPECT_TRUE(AwaitFinalStatus(id_, "FAILED"));
  EXPECT_THAT(StatusText(id_), AllOf(HasSubstr("staging:" + sha256_), HasSubstr("404")));
}

}  // namespace
}  // namespace weir::testing
