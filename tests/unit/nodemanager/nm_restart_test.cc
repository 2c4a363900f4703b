// A NodeManager that is killed or stopped while containers live, and the one that comes after it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "node_manager_process.h"
#include "nodemanager/core/node_records.h"
#include "nodemanager/executor/process_identity.h"
#include "platform/clock.h"
#include "platform/file_system.h"
#include "state-store/leveldb_engine.h"
#include "tests/store/damage.h"

namespace weir::nm {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using weir::testing::WaitUntil;

class NodeManagerRestart : public NodeManagerProcess {
 protected:
  void Go(const ContainerId& id) {
    weir::testing::WriteWholeFile(directory_ / "nm/local/usercache/ann/appcache/" +
                                      kAttempt.application.ToString() + "/" + id.ToString() + "/go",
                                  "");
  }
  // While no NodeManager has them open.
  std::unique_ptr<store::StoreEngine> OpenRecords() {
    return store::OpenLevelDbEngine(directory_ / "nm/recovery", store::Durability::kProcess)
        .value();
  }
  std::string ReadRecord(const std::string& key) {
    std::string found;
    EXPECT_TRUE(OpenRecords()
                    ->Scan([&](std::string_view at, std::string_view value) {
                      if (at == key) found = value;
                    })
                    .ok());
    return found;
  }
  void WriteRecord(const std::string& key, const std::string& bytes) {
    EXPECT_TRUE(OpenRecords()->Write({{key, bytes}}).ok());
  }
  void RmStops(const ContainerId& id) {
    NodeHeartbeatAnswer stop;
    stop.stop.push_back({id, StopReason::kApplicationEnded});
    rm_->Command(std::move(stop));
  }
};

TEST_F(NodeManagerRestart, WithoutRecoveryTheNextOneEndsReportsAndSweepsWhatIsLeft) {
  Configure("yarn.nodemanager.recovery.enabled=false");
  StartNode();
  rm_->RecordEnds(false);
  StartByRm(1, Shell("setsid sleep 1000 & sleep 1000"));
  StartByRm(2, Shell("exit 3"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kComplete));
  node_->Kill();
  EXPECT_FALSE(FindStrays(IdOf(1), 0).empty()) << "containers outlive their NodeManager";
  StartNode();
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, exit_code::kAborted);
  EXPECT_THAT(rm_->StatusOf(IdOf(1))->diagnostics, HasSubstr("NodeManager"));
  EXPECT_EQ(rm_->StatusOf(IdOf(2))->exit_code, 3);
  EXPECT_THAT(FindStrays(IdOf(1), 0), IsEmpty());
  EXPECT_THAT(*platform::FileSystem::Real().List(directory_ / "nm/local/usercache"), IsEmpty());
}

TEST_F(NodeManagerRestart, RecordsOfANewerReleaseAreRefusedAndNothingIsTouched) {
  StartNode();
  StartByRm(1, Shell("sleep 1000"));
  StartByRm(2, Shell("sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kRunning));
  node_->Kill();
  const auto before = FindStrays(IdOf(1), 0);
  ASSERT_FALSE(before.empty());
  const std::string written = ReadRecord(ContainerKey(IdOf(1)));
  std::string newer = written;
  ++newer[0];
  store::Reseal(newer);
  WriteRecord(ContainerKey(IdOf(1)), newer);
  const int registrations = rm_->registrations();
  for (int start = 0; start < 2; ++start) {
    const auto refused = weir::testing::RunCommand(Arguments());
    EXPECT_EQ(refused.exit_code, 1) << refused.ToString();
    EXPECT_THAT(refused.err,
                AllOf(HasSubstr("a newer release has written 1 of the node's records, " +
                                ContainerKey(IdOf(1))),
                      HasSubstr("start that release"),
                      HasSubstr("remove the records (yarn.nodemanager.recovery.dir)")));
  }
  EXPECT_EQ(rm_->registrations(), registrations);
  EXPECT_EQ(ReadRecord(ContainerKey(IdOf(1))), newer);
  EXPECT_EQ(FindStrays(IdOf(1), 0), before);
  // The newer release, as it were, comes back.
  WriteRecord(ContainerKey(IdOf(1)), written);
  StartNode();
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kRunning));
  EXPECT_EQ(FindStrays(IdOf(1), 0), before);
}

TEST_F(NodeManagerRestart, AKillLeavesContainersAloneAndTheNextOneGoesOnWithThem) {
  StartNode();
  const HostPort address = container_address_;
  const NodeId node = rm_->last_registration().id;
  StartByRm(1, Shell("setsid sleep 1000 & exec sleep 1000"));
  StartByRm(2, Shell("until [ -e go ]; do sleep 0.02; done; echo why >&2; exit 6"));
  StartByRm(3, Shell("until [ -e go ]; do sleep 0.02; done; exit 7"));
  for (const int64_t number : {1, 2, 3}) {
    ASSERT_TRUE(AwaitState(IdOf(number), ContainerState::kRunning));
  }
  // Its launcher and the two that sleep.
  // One that is just being replaced by its program is not seen: the list that is whole counts.
  auto before = FindStrays(IdOf(1), 0);
  const auto all_there = [&] { return (before = FindStrays(IdOf(1), 0)).size() == 3; };
  ASSERT_TRUE(WaitUntil(all_there, "all its processes"));
  const auto token = rm_->keys().Sign(rm_->Token(kAttempt, 4));
  node_->Kill();
  Go(IdOf(2));
  ASSERT_TRUE(WaitUntil([&] { return FindStrays(IdOf(2), 0).empty(); }, "container 2 to end"));
  StartNode();
  EXPECT_EQ(rm_->last_registration().id, node);
  EXPECT_EQ(container_address_, address) << "ApplicationMasters hold it";
  EXPECT_THAT(rm_->last_registration().containers, SizeIs(3));
  // The one that ended while no NodeManager was there: with its exit code and its last words.
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(2))->exit_code, 6);
  EXPECT_THAT(rm_->StatusOf(IdOf(2))->diagnostics, HasSubstr("last words on stderr: why"));
  // Those that run are the same processes, and end as any other.
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->state, ContainerState::kRunning);
  EXPECT_EQ(FindStrays(IdOf(1), 0), before);
  Go(IdOf(3));
  ASSERT_TRUE(AwaitState(IdOf(3), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(3))->exit_code, 7);
  RmStops(IdOf(1));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, exit_code::kKilledAfterApplicationEnd);
  EXPECT_THAT(FindStrays(IdOf(1), 0), IsEmpty());
  // A token of before the kill starts its container, once.
  ASSERT_TRUE(AwaitRegistered());
  auto client = Connect();
  const Status started = Start(*client, token, Shell("exit 5"));
  EXPECT_TRUE(started.ok()) << started.error().ToString();
  ASSERT_TRUE(AwaitState(IdOf(4), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(4))->exit_code, 5);
}

TEST_F(NodeManagerRestart, ManyKillsInARowLoseNothing) {
  StartNode();
  StartByRm(1, Shell("until [ -e go ]; do sleep 0.02; done; exit 3"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  for (int i = 0; i < 5; ++i) {
    node_->Kill();
    StartNode();
    EXPECT_EQ(rm_->StatusOf(IdOf(1))->state, ContainerState::kRunning);
  }
  Go(IdOf(1));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, 3);
  EXPECT_TRUE(WaitUntil(
      [&] { return !weir::testing::Exists(directory_ / "nm/containers/" + IdOf(1).ToString()); },
      "the notes to go"));
}

TEST_F(NodeManagerRestart, AStopThatWasAskedForIsCarriedOutByTheNext) {
  Configure("yarn.nodemanager.sleep-delay-before-sigkill.ms=60000");
  StartNode();
  StartByRm(1, Shell("trap 'touch asked' TERM; touch ready; while :; do sleep 0.02; done"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  const std::string work = directory_ / "nm/local/usercache/ann/appcache/" +
                           kAttempt.application.ToString() + "/" + IdOf(1).ToString();
  ASSERT_TRUE(WaitUntil([&] { return weir::testing::Exists(work + "/ready"); }, "the trap"));
  RmStops(IdOf(1));
  ASSERT_TRUE(WaitUntil([&] { return weir::testing::Exists(work + "/asked"); }, "SIGTERM"));
  node_->Kill();
  Configure("yarn.nodemanager.sleep-delay-before-sigkill.ms=300");
  StartNode();
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, exit_code::kKilledAfterApplicationEnd);
}

TEST_F(NodeManagerRestart, ASupervisedOneIsStoppedWithoutItsContainers) {
  Configure("yarn.nodemanager.recovery.supervised=true");
  StartNode();
  StartByRm(1, Shell("sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  const auto before = FindStrays(IdOf(1), 0);
  node_->Signal(SIGTERM);
  EXPECT_EQ(node_->Wait(), 0);
  EXPECT_EQ(rm_->unregistrations(), 0);
  // Its shell may have started its child meanwhile.
  EXPECT_THAT(FindStrays(IdOf(1), 0), ::testing::IsSupersetOf(before));
  StartNode();
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->state, ContainerState::kRunning);
  RmStops(IdOf(1));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
}

TEST_F(NodeManagerRestart, DamagedRecordsCostTheirContainersAndNothingElse) {
  StartNode();
  StartByRm(1, Shell("sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  node_->Kill();
  for (const auto& file :
       std::filesystem::directory_iterator(std::filesystem::path(directory_ / "nm/recovery"))) {
    if (file.path().filename().string().starts_with("MANIFEST")) {
      weir::testing::WriteWholeFile(file.path().string(), "no manifest");
    }
    if (file.path().extension() == ".log") {
      weir::testing::WriteWholeFile(file.path().string(), std::string(5000, 'x'));
    }
  }
  StartNode();
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_THAT(rm_->StatusOf(IdOf(1))->diagnostics, HasSubstr("without a record of it"));
  EXPECT_THAT(FindStrays(IdOf(1), 0), IsEmpty());
  StartByRm(2, Shell("exit 4"));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kComplete));
}

TEST_F(NodeManagerRestart, WithoutAnRmForItsLeaseItStopsWhatIsToStopAndKeepsTheRest) {
  StartNode();
  rm_->GiveLease(seconds(2));
  node_->Kill();
  StartNode();
  LaunchContext kept = Shell("sleep 1000");
  kept.on_lease_end = LeaseEnd::kKeep;
  StartByRm(1, Shell("sleep 1000"));
  StartByRm(2, kept);
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kRunning));
  const ContainerId stopped = IdOf(1);
  const ContainerId stays = IdOf(2);
  const HostPort address = rm_->address();
  rm_.reset();
  ASSERT_TRUE(WaitUntil([&] { return FindStrays(stopped, 0).empty(); }, "the lease to end"));
  EXPECT_FALSE(FindStrays(stays, 0).empty());
  rm_ = std::make_unique<FakeResourceManager>(kSecret, 4, address);
  ASSERT_TRUE(AwaitState(stopped, ContainerState::kComplete));
  EXPECT_THAT(rm_->StatusOf(stopped)->diagnostics, HasSubstr("of a lease of 2000 ms"));
  ASSERT_TRUE(AwaitState(stays, ContainerState::kRunning));
  RmStops(stays);
  ASSERT_TRUE(AwaitState(stays, ContainerState::kComplete));
}

// Its cgroup goes with a container through a restart, and what the kernel counted in it is told.
TEST_F(NodeManagerRestart, GroupsStayWithWhoLivesOnAndTellWhyOthersEnded) {
  // Not in the group that it shares with this test, from which v2 hands nothing down.
  if (std::getenv("WEIR_IN_GUEST") != nullptr) {
    Configure("yarn.nodemanager.linux-container-executor.cgroups.hierarchy=/weir-test");
  }
  StartNode();
  if (weir::testing::ReadWholeFile(directory_ / "log").find("nm.cgroups memory enforced") ==
      std::string::npos) {
    GTEST_SKIP() << "memory cannot be limited here";
  }
  // Small: a guest needs a mapping of its machine for each page of a process.
  NodeHeartbeatAnswer small;
  small.start.push_back({rm_->Token(kAttempt, 1),
                         Shell("until [ -e go ]; do sleep 0.02; done; exec tail /dev/zero")});
  small.start.back().token.resource = {128, 1};
  rm_->Command(std::move(small));
  StartByRm(2, Shell("sleep 1000"));
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kRunning));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kRunning));
  node_->Kill();
  Go(IdOf(1));
  const std::string exit = directory_ / "nm/containers/" + IdOf(1).ToString() + "/exit";
  ASSERT_TRUE(WaitUntil([&] { return weir::testing::Exists(exit); }, "its end"));
  StartNode();
  ASSERT_TRUE(AwaitState(IdOf(1), ContainerState::kComplete));
  EXPECT_EQ(rm_->StatusOf(IdOf(1))->exit_code, exit_code::kPhysicalMemoryExceeded);
  EXPECT_THAT(rm_->StatusOf(IdOf(1))->diagnostics,
              HasSubstr("killed by the kernel at its memory limit: peak 128 MiB of 128 MiB"));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kRunning));
  const std::vector<pid_t> processes = FindStrays(IdOf(2), 0);
  ASSERT_FALSE(processes.empty());
  bool inside = false;
  for (const pid_t pid : processes) {
    const std::string groups =
        weir::testing::ReadWholeFile("/proc/" + std::to_string(pid) + "/cgroup");
    inside = inside || groups.find(IdOf(2).ToString()) != std::string::npos;
  }
  EXPECT_TRUE(inside);
  RmStops(IdOf(2));
  ASSERT_TRUE(AwaitState(IdOf(2), ContainerState::kComplete));
  EXPECT_THAT(FindStrays(IdOf(2), 0), IsEmpty());
}

// The life of a container is written by several processes to several files: this kills the
// NodeManager again and again at a later moment of it, from the command to start it on, and looks
// whether the container ran once, and ended as it should.
TEST_F(NodeManagerRestart, KilledAtEveryStepOfALifeNothingIsLostOrRunsTwice) {
  StartNode();
  const std::string ran = directory_ / "ran-";
  int64_t number = 0;
  std::set<std::string> steps;
  for (Duration after{0}; after < milliseconds(60) || number < 20; after += milliseconds(3)) {
    ++number;
    const ContainerId id = IdOf(number);
    const std::string mark = ran + std::to_string(number);
    StartByRm(number, Shell("echo once >>" + mark + "; sleep 0.02; exit 5"));
    const Instant at = platform::MonotonicNow() + after;
    while (platform::MonotonicNow() < at) ::usleep(200);
    node_->Kill();
    const std::string notes = directory_ / "nm/containers/" + id.ToString();
    std::string step = "before";
    for (const char* file : {"spec", "launcher", "exit"}) {
      if (weir::testing::Exists(notes + "/" + file)) step = file;
    }
    steps.insert(step);
    StartNode();
    // A command that the NodeManager did not take on is repeated by a real RM.
    const auto held = rm_->last_registration().containers;
    const bool taken_on = std::any_of(
        held.begin(), held.end(), [&](const ContainerStatus& one) { return one.id == id; });
    if (!taken_on && !weir::testing::Exists(mark)) {
      StartByRm(number, Shell("echo once >>" + mark + "; exit 5"));
    }
    ASSERT_TRUE(AwaitState(id, ContainerState::kComplete)) << "killed at step " << step;
    EXPECT_EQ(rm_->StatusOf(id)->exit_code, 5) << "killed at step " << step;
    EXPECT_EQ(weir::testing::ReadWholeFile(mark), "once\n") << "killed at step " << step;
    EXPECT_THAT(FindStrays(id, 0), IsEmpty());
  }
  std::string seen;
  for (const std::string& step : steps) seen += " " + step;
  std::printf("killed at:%s\n", seen.c_str());
  EXPECT_TRUE(WaitUntil(
      [&] {
        const auto left = platform::FileSystem::Real().List(directory_ / "nm/containers");
        return left.ok() && left->empty();
      },
      "all notes to go"));
}

}  // namespace
}  // namespace weir::nm
