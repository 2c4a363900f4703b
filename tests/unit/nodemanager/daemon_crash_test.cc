// weir-nodemanager, killed at each step of a container's life, and the one that comes after it.
//
// The steps are those with which the process changes something outside of itself (dying.cc); the
// table below says where it dies. That the table is complete is shown by lives without a death: no
// step of theirs may be one that no row names.
#include <fnmatch.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "archive_writer.h"
#include "common/strings.h"
#include "node_manager_process.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/clock.h"
#include "platform/file_system.h"

namespace weir::nm {
namespace {

using ::testing::IsEmpty;
using weir::testing::Exists;
using weir::testing::ReadWholeFile;
using weir::testing::WaitUntil;
using weir::testing::WriteWholeFile;

enum class Kind {
  kEnds,     // by itself, with exit code 5
  kRetries,  // fails once and is started again in its place; then as above
  kStopped   // by the RM
};

struct Step {
  Kind kind;
  const char* at;  // pattern, with @C for the container and @A for its application
  int nth = 1;
};

// In the order of a life.
const Step kSteps[] = {
    // It is taken on, and known to be before the RM hears so.
    {Kind::kEnds, "record @C"},
    // Its places, and what is noted about it.
    {Kind::kEnds, "mkdir */appcache/@A"},
    {Kind::kEnds, "mkdir */appcache/@A/@C"},
    {Kind::kEnds, "mkdir */logs/@A"},
    {Kind::kEnds, "mkdir */logs/@A/@C"},
    {Kind::kEnds, "mkdir */containers/@C"},
    {Kind::kEnds, "* */containers/@C/account*"},
    {Kind::kEnds, "* */logs/@A/*.about*"},
    {Kind::kEnds, "mkdir */@C/.weir-secrets"},
    {Kind::kEnds, "make */@C/.weir-secrets/s"},
    {Kind::kEnds, "write */@C/.weir-secrets/s"},
    // Its files, fetched and unpacked.
    {Kind::kEnds, "mkdir */appcache/@A/filecache"},
    {Kind::kEnds, "make */appcache/@A/filecache/*"},
    {Kind::kEnds, "write */appcache/@A/filecache/*"},
    {Kind::kEnds, "mkdir */appcache/@A/filecache/*"},
    {Kind::kEnds, "rename */appcache/@A/filecache/*"},
    {Kind::kEnds, "rename */appcache/@A/filecache/*", 2},
    {Kind::kEnds, "remove */appcache/@A/filecache/*"},
    {Kind::kEnds, "* */containers/@C/resources*"},
    {Kind::kEnds, "link */@C/file"},
    {Kind::kEnds, "symlink */@C/tree"},
    // It is started; in cgroups, where they can be had.
    {Kind::kEnds, "mkdir /sys/fs/cgroup/*/@C"},
    {Kind::kEnds, "mkdir /sys/fs/cgroup/*/@C", 2},
    {Kind::kEnds, "write /sys/fs/cgroup/*/@C/*"},
    {Kind::kEnds, "* */containers/@C/spec*"},
    {Kind::kEnds, "* */containers/@C/launch.sh*"},
    {Kind::kEnds, "spawn */containers/@C/spec"},
    {Kind::kEnds, "* */containers/@C/launcher*"},
    {Kind::kEnds, "record @C", 2},
    // Started again in its place.
    {Kind::kRetries, "record @C", 2},
    {Kind::kRetries, "record @C", 3},
    {Kind::kRetries, "remove */containers/@C/launcher"},
    {Kind::kRetries, "remove */containers/@C/exit-1"},
    {Kind::kRetries, "* */containers/@C/spec.new"},
    {Kind::kRetries, "write */containers/@C/spec.new"},
    {Kind::kRetries, "rename */containers/@C/spec"},
    {Kind::kRetries, "spawn */containers/@C/spec", 2},
    {Kind::kRetries, "make */containers/@C/launcher", 2},
    {Kind::kRetries, "write */containers/@C/launcher", 2},
    {Kind::kRetries, "remove */containers/@C/exit"},
    {Kind::kRetries, "record @C", 4},
    // Stopped by the RM.
    {Kind::kStopped, "record @C", 3},
    {Kind::kStopped, "signal * */containers/@C/spec"},
    // It has ended, and goes.
    {Kind::kEnds, "record @C", 3},
    {Kind::kEnds, "remove /sys/fs/cgroup/*/@C"},
    {Kind::kEnds, "remove */appcache/@A/@C*"},
    {Kind::kEnds, "remove */appcache/@A/@C"},
    {Kind::kEnds, "record @C", 4},
    {Kind::kEnds, "remove */containers/@C/*"},
    {Kind::kEnds, "remove */containers/@C"},
    // Its application has ended: its logs are collected, its directories go.
    {Kind::kEnds, "* */log-aggregation/*@A*"},
    {Kind::kEnds, "mkdir */collected-logs/*@A"},
    {Kind::kEnds, "make */collected-logs/*@A/*"},
    {Kind::kEnds, "write */collected-logs/*@A/*"},
    {Kind::kEnds, "remove */logs/@A/@C/*"},
    {Kind::kEnds, "remove */logs/@A*"},
    {Kind::kEnds, "remove */appcache/@A/filecache/*", 2},
    {Kind::kEnds, "remove */appcache/@A/filecache"},
    {Kind::kEnds, "remove */appcache/@A"},
};

std::string With(std::string pattern, const ContainerId& id) {
  const auto replace = [&pattern](const std::string& what, const std::string& by) {
    for (size_t at = pattern.find(what); at != std::string::npos; at = pattern.find(what, at)) {
      pattern.replace(at, what.size(), by);
    }
  };
  replace("@C", id.ToString());
  replace("@A", id.attempt.application.ToString());
  return pattern;
}

class DaemonCrash : public NodeManagerProcess {
 protected:
  DaemonCrash() {
    WriteWholeFile(directory_ / "source", "content");
    Pack(directory_ / "packed.tar", Packing::kTar, {{.path = "inside", .content = "x"}});
    Configure("yarn.log-aggregation-enable=true");
    // What was written just before the last round waits for another.
    Configure("yarn.nodemanager.log-aggregation.roll-monitoring-interval-seconds=1");
    Configure("yarn.nodemanager.container-retry-minimum-interval-ms=50");
  }
  // Each is of an application of its own.
  static ContainerId IdOf(int number) { return ContainerId::Make(AttemptOf(number), Epoch{3}, 1); }
  static AttemptId AttemptOf(int number) {
    return {{kAttempt.application.cluster_timestamp, number}, 1};
  }
  std::string MarkOf(int number) const { return directory_ / ("ran-" + std::to_string(number)); }

  LaunchContext Program(Kind kind, int number) const {
    std::string script = "echo $(cat $WEIR_SECRETS_DIR/s file tree/inside) >>" + MarkOf(number);
    if (kind == Kind::kStopped) script += "; exec sleep 1000";
    // Not before the NodeManager knows that it runs: that is a record of its own.
    script += "; until [ -e " + MarkOf(number) + ".go ]; do sleep 0.01; done";
    if (kind == Kind::kRetries) script += "; test -e failed || { touch failed; exit 9; }";
    LaunchContext launch = Shell(script + "; exit 5");
    launch.secrets["s"] = "secret ";
    launch.local_resources["file"] = {.uri = "file:" + (directory_ / "source"), .size = 7};
    const std::string packed = directory_ / "packed.tar";
    launch.local_resources["tree"] = {.uri = "file:" + packed,
                                      .size = platform::FileSystem::Real().Stat(packed)->size,
                                      .type = LocalResourceType::kArchive};
    for (auto& [name, resource] : launch.local_resources) {
      resource.visibility = LocalResourceVisibility::kApplication;
    }
    if (kind == Kind::kRetries)
      launch.retry = {.on = RetryOn::kExitCodes, .exit_codes = {9}, .max_retries = 1};
    return launch;
  }
  void Begin(Kind kind, int number) {
    NodeHeartbeatAnswer answer;
    answer.start.push_back({rm_->Token(AttemptOf(number), 1), Program(kind, number)});
    rm_->Command(std::move(answer));
  }
  // A NodeManager that dies where `environment` says.
  void StartDying(std::map<std::string, std::optional<std::string>> environment) {
    environment["LD_PRELOAD"] = WEIR_TEST_DYING_LIBRARY;
    StartNode(environment);
  }
  // Does what the RM does, until it has nothing more to say or the NodeManager has died.
  void Lead(Kind kind, const ContainerId& id) {
    bool stopped = false;
    bool finished = false;
    EXPECT_TRUE(WaitUntil(
        [&] {
          if (!node_->IsRunning()) return true;
          const auto status = rm_->StatusOf(id);
          const bool runs = status && status->state == ContainerState::kRunning;
          if (runs) WriteWholeFile(MarkOf(id.attempt.application.sequence) + ".go", "");
          // When the program has done what it does.
          if (kind == Kind::kStopped && !stopped && runs &&
              Exists(MarkOf(id.attempt.application.sequence))) {
            stopped = true;
            NodeHeartbeatAnswer answer;
            answer.stop.push_back({id, StopReason::kKilledByResourceManager});
            rm_->Command(std::move(answer));
          }
          if (!finished && status && status->state == ContainerState::kComplete) {
            finished = true;
            NodeHeartbeatAnswer answer;
            answer.applications_finished.push_back(id.attempt.application);
            rm_->Command(std::move(answer));
          }
          return finished && NothingIsLeft(id);
        },
        "the life of " + id.ToString()));
  }
  // Of a NodeManager that runs: rows about cgroups count where there are some.
  bool Applies(const Step& row) const {
    return std::string_view(row.at).find("/sys/fs/cgroup") == std::string_view::npos ||
           ReadWholeFile(directory_ / "log").find("nm.cgroups memory enforced") !=
               std::string::npos;
  }
  bool NothingIsLeft(const ContainerId& id) const {
    const std::string application = id.attempt.application.ToString();
    const std::string user = "nm/local/usercache/ann/appcache/";
    for (const std::string& path :
         {user + application, "nm/containers/" + id.ToString(), "nm/logs/" + application}) {
      if (Exists(directory_ / path)) return false;
    }
    return true;
  }
  // The next NodeManager, up to the end of what the one before has left.
  void GoOn(Kind kind, int number, const std::string& step) {
    const ContainerId id = IdOf(number);
    StartNode();
    const auto held = rm_->last_registration().containers;
    const bool taken_on = std::any_of(
        held.begin(), held.end(), [&](const ContainerStatus& one) { return one.id == id; });
    const auto told = rm_->StatusOf(id);
    const bool over = told && told->state == ContainerState::kComplete;
    // A command that the NodeManager did not take on is repeated by a real RM.
    if (!taken_on && !over) {
      EXPECT_FALSE(Exists(MarkOf(number))) << step;
      Begin(kind, number);
    }
    Lead(kind, id);
    ASSERT_TRUE(node_->IsRunning()) << step;
    const auto end = rm_->StatusOf(id);
    ASSERT_TRUE(end) << step;
    if (kind == Kind::kStopped) {
      EXPECT_EQ(end->exit_code, exit_code::kKilledByResourceManager)
          << step << ": " << end->diagnostics;
    } else {
      EXPECT_EQ(end->exit_code, 5) << step << ": " << end->diagnostics;
    }
    const std::string once = "secret contentx\n";
    const std::string ran = ReadWholeFile(MarkOf(number));
    if (kind == Kind::kRetries) {
      EXPECT_EQ(ran, once + once) << step;
    } else {
      EXPECT_EQ(ran, once) << step;
    }
    EXPECT_THAT(FindStrays(id, 0), IsEmpty()) << step;
  }
};

TEST_F(DaemonCrash, TheStepsOfALifeAreThoseOfTheTable) {
  int number = 0;
  for (const Kind kind : {Kind::kEnds, Kind::kRetries, Kind::kStopped}) {
    const ContainerId id = IdOf(++number);
    const std::string log = directory_ / ("steps-" + std::to_string(number));
    StartDying({{"WEIR_DIE_LOG", log}});
    Begin(kind, number);
    Lead(kind, id);
    node_->Kill();
    std::set<std::string> unnamed;
    const std::string all = ReadWholeFile(log);
    for (const std::string_view line : Split(all, '\n')) {
      const std::string step(line);
      // Of other things than a container's life.
      if (step.find(id.ToString()) == std::string::npos &&
          step.find(id.attempt.application.ToString()) == std::string::npos) {
        continue;
      }
      const bool named = std::any_of(std::begin(kSteps), std::end(kSteps), [&](const Step& row) {
        return ::fnmatch(With(row.at, id).c_str(), step.c_str(), 0) == 0;
      });
      if (!named) unnamed.insert(step);
    }
    EXPECT_THAT(unnamed, IsEmpty());
  }
}

// The NodeManager dies between the start of the retry and the note of its process, and weir-launch
// before the retry's end; nothing of it is left when the next one comes.
TEST_F(DaemonCrash, ARetryOfWhichNothingIsLeftIsNotMadeASecondTime) {
  const int number = 1;
  const ContainerId id = IdOf(number);
  StartDying({{"WEIR_DIE_AT", With("make */containers/@C/launcher", id)},
              {"WEIR_DIE_NTH", "2"},
              {"WEIR_DIE_WHEN", "before"},
              {"WEIR_DIE_SAYS", directory_ / "died-at"}});
  LaunchContext launch = Shell("echo run >>" + MarkOf(number) +
                               "; test -e failed || { touch failed; exit 9; }; "
                               "kill -KILL $PPID; exit 5");
  launch.retry = {.on = RetryOn::kExitCodes, .exit_codes = {9}, .max_retries = 3};
  NodeHeartbeatAnswer answer;
  answer.start.push_back({rm_->Token(AttemptOf(number), 1), launch});
  rm_->Command(std::move(answer));
  ASSERT_TRUE(WaitUntil([&] { return !node_->IsRunning(); }, "its death"));
  ASSERT_TRUE(Exists(directory_ / "died-at")) << "it died of something else";
  ASSERT_TRUE(WaitUntil(
      [&] { return ReadWholeFile(MarkOf(number)) == "run\nrun\n" && FindStrays(id, 0).empty(); },
      "the retry to come and go"));
  const std::string notes = directory_ / ("nm/containers/" + id.ToString());
  EXPECT_EQ(ReadWholeFile(notes + "/exit-1"), "begun\n");
  EXPECT_FALSE(Exists(notes + "/launcher"));
  StartNode();
  ASSERT_TRUE(AwaitState(id, ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(id)->exit_code, exit_code::kLost);
  EXPECT_EQ(ReadWholeFile(MarkOf(number)), "run\nrun\n");
}

class DaemonCrashAt : public DaemonCrash, public ::testing::WithParamInterface<const char*> {};

TEST_P(DaemonCrashAt, EveryStepNothingIsLostRunsTwiceOrIsLeft) {
  int number = 0;
  for (const Step& row : kSteps) {
    const ContainerId id = IdOf(++number);
    const std::string says = directory_ / ("died-at-" + std::to_string(number));
    StartDying({{"WEIR_DIE_AT", With(row.at, id)},
                {"WEIR_DIE_NTH", std::to_string(row.nth)},
                {"WEIR_DIE_WHEN", GetParam()},
                {"WEIR_DIE_SAYS", says}});
    if (!Applies(row)) {
      node_->Kill();
      continue;
    }
    Begin(row.kind, number);
    Lead(row.kind, id);
    const std::string about =
        std::string(GetParam()) + " " + row.at + " " + std::to_string(row.nth);
    if (node_->IsRunning()) {
      ADD_FAILURE() << "it did not come to the step: " << about;
    } else {
      ASSERT_TRUE(Exists(says)) << "it died of something else: " << about;
      GoOn(row.kind, number, about + ": " + ReadWholeFile(says));
    }
    node_->Kill();
  }
}

INSTANTIATE_TEST_SUITE_P(When,
                         DaemonCrashAt,
                         ::testing::Values("before", "after"),
                         [](const auto& row) { return std::string(row.param); });

}  // namespace
}  // namespace weir::nm
