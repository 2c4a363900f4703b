// weir-nodemanager on a disk that is full or broken when it starts: each single thing that it does
// to the disk fails once for a whole start. It serves all the same and says what it does without,
// or it ends with an exit code of its own and one line that says what, why and what to do. With the
// disk well again the next one is as it should be.
#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "common/strings.h"
#include "node_manager_process.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/remove_tree.h"
#include "tests/integration/small_disk.h"

namespace weir::nm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using weir::testing::Exists;
using weir::testing::ReadWholeFile;
using weir::testing::WaitUntil;

constexpr int kDiskExit = 12;

// What of a step differs from start to start: names of cgroups and of LevelDB's files.
std::string PatternOf(const std::string& step) {
  static const std::regex kNames("weir-weir-[0-9a-f-]{36}|MANIFEST-[0-9]{6}|[0-9]{6}");
  return std::regex_replace(step, kNames, "*");
}

// LevelDB's own log, which nobody needs, and what it has no use for any more; groups above the
// NodeManager's, which are there; what only older kernels, or those that count swap, have.
bool IsOfNoImportance(const std::string& step) {
  if (step.starts_with("mkdir /sys") && step.find("/weir-weir-") == std::string::npos) return true;
  for (const char* pattern : {"*/recovery/LOG",
                              "rename */recovery/LOG.old",
                              "remove */recovery/*",
                              "*/.weir-disk-check*",  // of the health check, which is no start
                              "write /sys/*/memory.use_hierarchy",
                              "write /sys/*/memory.memsw.limit_in_bytes"}) {
    if (::fnmatch(pattern, step.c_str(), 0) == 0) return true;
  }
  return false;
}

class StartFaults : public NodeManagerProcess, public ::testing::WithParamInterface<int> {
 protected:
  struct Outcome {
    bool serves = false;
    int exit_code = 0;
    std::string said;
  };

  Outcome TryStart(const std::map<std::string, std::optional<std::string>>& environment = {}) {
    const int before = rm_->registrations();
    log_ = directory_ / ("log-" + std::to_string(++starts_));
    weir::testing::ProcessOptions options;
    options.argv = Arguments();
    options.environment = environment;
    options.log_file = log_;
    node_ = std::make_unique<weir::testing::Process>(options);
    Outcome outcome;
    EXPECT_TRUE(WaitUntil(
        [&] {
          outcome.serves = rm_->registrations() > before;
          return outcome.serves || !node_->IsRunning();
        },
        "it to serve or to end"));
    if (!outcome.serves) {
      outcome.exit_code = node_->Wait().value_or(-1);
      node_.reset();
    }
    outcome.said = ReadWholeFile(log_);
    return outcome;
  }
  void End() {
    if (!node_) return;
    node_->Signal(SIGTERM);
    EXPECT_TRUE(node_->Wait());
    node_.reset();
  }
  // What a start does to the disk, until it is registered.
  std::set<std::string> Steps() {
    const std::string log = directory_ / "steps";
    EXPECT_TRUE(
        TryStart(
            {{"LD_PRELOAD", WEIR_TEST_DYING_LIBRARY}, {"WEIR_STEPS", "all"}, {"WEIR_DIE_LOG", log}})
            .serves);
    const std::string all = ReadWholeFile(log);
    std::filesystem::remove(log);
    std::set<std::string> steps;
    for (const std::string_view line : Split(all, '\n')) {
      const std::string step(line);
      // Of the test itself, which the process inherits.
      if (step.empty() || step.ends_with("/steps") || step.find("/log-") != std::string::npos) {
        continue;
      }
      if (!IsOfNoImportance(step)) steps.insert(PatternOf(step));
    }
    return steps;
  }
  // False: it never came to that step.
  bool StartWithout(const std::string& step, Outcome& outcome) {
    const std::string says = directory_ / "failed";
    outcome = TryStart({{"LD_PRELOAD", WEIR_TEST_DYING_LIBRARY},
                        {"WEIR_STEPS", "all"},
                        {"WEIR_FAIL_AT", step},
                        {"WEIR_FAIL_WITH", std::to_string(GetParam())},
                        {"WEIR_FAIL_SAYS", says}});
    const bool failed = Exists(says);
    if (failed) std::filesystem::remove(says);
    return failed;
  }
  static std::string Cause() { return std::strerror(GetParam()); }
  void ExpectSaid(const Outcome& outcome) {
    if (outcome.serves) {
      // What other threads do may come after the registration.
      EXPECT_TRUE(WaitUntil([&] { return ReadWholeFile(log_).find(Cause()) != std::string::npos; },
                            "the cause"))
          << ReadWholeFile(log_);
      return;
    }
    EXPECT_EQ(outcome.exit_code, kDiskExit) << outcome.said;
    // The path, and something to do.
    EXPECT_THAT(outcome.said,
                ::testing::ContainsRegex("weir-nodemanager: [^\n]*/[^\n]*" + Cause() +
                                         "[^\n]* \\([^\n]+\\)\n$"));
  }
  std::vector<std::string> UnfinishedFiles() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_ / "nm")) {
      if (entry.path().extension() == ".tmp") found.push_back(entry.path());
    }
    return found;
  }
  void ExpectRunsAContainer(int64_t number) {
    StartByRm(number, Shell("exit 6"));
    ASSERT_TRUE(AwaitState(IdOf(number), ContainerState::kComplete));
    EXPECT_EQ(rm_->StatusOf(IdOf(number))->exit_code, 6);
  }

  int starts_ = 0;
  std::string log_;  // of the last one
};

TEST_P(StartFaults, OfTheFirstStartEachIsToldAndTheNextOneServes) {
  const std::set<std::string> steps = Steps();
  // Those that are to be met; one that is gone from here is not tested any more.
  for (const char* part : {"make */nm/lock",
                           "make */nm/node-id.tmp",
                           "write */nm/node-id.tmp",
                           "sync */nm/node-id.tmp",
                           "rename */nm/node-id",
                           "mkdir */nm/local",
                           "mkdir */nm/logs",
                           "mkdir */nm/containers",
                           "mkdir */nm/recovery",
                           "rename */nm/recovery/CURRENT",
                           "make */nm/recovery.reserve",
                           "write */nm/recovery.reserve",
                           "make */nm/address.tmp",
                           "write */nm/address.tmp",
                           "rename */nm/address"}) {
    EXPECT_TRUE(std::any_of(steps.begin(), steps.end(), [&](const std::string& step) {
      return ::fnmatch(part, step.c_str(), 0) == 0;
    })) << part;
  }
  size_t refused = 0;
  for (const std::string& step : steps) {
    SCOPED_TRACE(step);
    End();
    ASSERT_TRUE(platform::RemoveDirectoryTree(directory_ / "nm").ok());
    Outcome outcome;
    if (!StartWithout(step, outcome)) continue;
    ExpectSaid(outcome);
    refused += outcome.serves ? 0 : 1;
    const NodeId former = outcome.serves ? rm_->last_registration().id : NodeId{};
    End();
    const Outcome well = TryStart();
    ASSERT_TRUE(well.serves) << well.said;
    if (outcome.serves) {
      EXPECT_EQ(rm_->last_registration().id, former);
    }
    EXPECT_THAT(UnfinishedFiles(), IsEmpty());
  }
  EXPECT_GT(refused, 5u);
  EXPECT_LT(refused, steps.size());
  ExpectRunsAContainer(1);
}

// Over what was there before, with a container that runs all the time.
TEST_P(StartFaults, OfALaterStartEachIsToldAndNothingIsLost) {
  ASSERT_TRUE(TryStart().serves);
  const NodeId node = rm_->last_registration().id;
  int64_t number = 1;
  const auto begin = [&] {
    StartByRm(number, Shell("exec sleep 1000"));
    ASSERT_TRUE(AwaitState(IdOf(number), ContainerState::kRunning));
  };
  ASSERT_NO_FATAL_FAILURE(begin());
  node_->Kill();
  const std::set<std::string> steps = Steps();
  for (const std::string& step : steps) {
    // They are there: the system says so before it comes to any disk.
    if (step.starts_with("mkdir ")) continue;
    SCOPED_TRACE(step);
    if (node_) node_->Kill();
    node_.reset();
    Outcome outcome;
    const bool failed = StartWithout(step, outcome);
    if (failed) ExpectSaid(outcome);
    if (!outcome.serves) {
      EXPECT_THAT(FindStrays(IdOf(number), 0), ::testing::Not(IsEmpty())) << "it runs on";
      const Outcome well = TryStart();
      ASSERT_TRUE(well.serves) << well.said;
    }
    EXPECT_EQ(rm_->last_registration().id, node);
    const ContainerId id = IdOf(number);
    const auto held = rm_->last_registration().containers;
    const auto told = std::find_if(
        held.begin(), held.end(), [&](const ContainerStatus& one) { return one.id == id; });
    ASSERT_NE(told, held.end()) << "it is lost: " << outcome.said;
    if (told->state == ContainerState::kComplete) {
      // Only without its records a NodeManager may have to end what it finds.
      EXPECT_THAT(outcome.said, HasSubstr("starting without them"));
      EXPECT_EQ(told->exit_code, exit_code::kAborted);
      EXPECT_THAT(FindStrays(id, 0), IsEmpty());
      ++number;
      if (node_) node_->Kill();
      ASSERT_TRUE(TryStart().serves);
      ASSERT_NO_FATAL_FAILURE(begin());
    } else {
      EXPECT_THAT(FindStrays(id, 0), ::testing::Not(IsEmpty()));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Disks, StartFaults, ::testing::Values(ENOSPC, EIO), [](const auto& row) {
  return row.param == EIO ? "EIO" : "ENOSPC";
});

// The secret of the cluster is made by whoever comes first.
TEST_P(StartFaults, ASecretThatCannotBeMadeLeavesNothingBehind) {
  const std::string secret = directory_ / "made/secret";
  Configure("weir.cluster.secret.file=" + secret);
  for (const char* step : {"make */made/secret.*",
                           "write */made/secret.*",
                           "sync */made/secret.*",
                           "link */made/secret"}) {
    SCOPED_TRACE(step);
    Outcome outcome;
    ASSERT_TRUE(StartWithout(step, outcome));
    ASSERT_FALSE(outcome.serves);
    EXPECT_EQ(outcome.exit_code, kDiskExit);
    EXPECT_THAT(outcome.said, AllOf(HasSubstr(secret), HasSubstr(Cause())));
    EXPECT_TRUE(std::filesystem::is_empty(directory_ / "made"));
  }
}

class StartOnASmallDisk : public NodeManagerProcess {};

TEST_F(StartOnASmallDisk, ThatIsFullIsRefusedAndServesOnceThereIsRoom) {
  weir::testing::SmallDisk disk(4);
  if (!disk.mounted()) GTEST_SKIP() << disk.WhyNot();
  Configure("weir.nodemanager.work.dir=" + disk.path() + "/nm");
  Configure("yarn.nodemanager.disk-health-checker.enable=false");
  disk.FillUpTo(0);
  const auto refused = weir::testing::RunCommand(Arguments());
  EXPECT_EQ(refused.exit_code, kDiskExit) << refused.ToString();
  EXPECT_THAT(refused.err,
              AllOf(HasSubstr(disk.path() + "/nm/"),
                    HasSubstr("No space left on device"),
                    HasSubstr("free space on this disk")));
  disk.MakeRoom();
  const int before = rm_->registrations();
  weir::testing::ProcessOptions options;
  options.argv = Arguments();
  options.log_file = directory_ / "log";
  node_ = std::make_unique<weir::testing::Process>(options);
  EXPECT_TRUE(WaitUntil([&] { return rm_->registrations() > before; }, "the registration"));
  StartByRm(1, Shell("exit 6"));
  EXPECT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, 6);
  node_->Signal(SIGTERM);
  EXPECT_TRUE(node_->Wait());
  node_.reset();
}

}  // namespace
}  // namespace weir::nm
