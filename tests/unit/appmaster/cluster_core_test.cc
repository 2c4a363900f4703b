#include "appmaster/core/cluster_core.h"

#include <gmock/gmock.h>

#include "appmaster/core/worker_plan.h"
#include "common/random.h"

namespace weir::am {
namespace {

using ::testing::HasSubstr;

ContainerId Container(int64_t sequence) {
  return ContainerId::Make({{1700000000000, 1}, 1}, Epoch{3}, sequence);
}

ContainerStatus Ended(int64_t sequence, int exit_code, const std::string& diagnostics = "") {
  ContainerStatus status;
  status.id = Container(sequence);
  status.state = ContainerState::kComplete;
  status.exit_code = exit_code;
  status.diagnostics = diagnostics;
  return status;
}

ClusterOptions Options(DeploymentMode mode) {
  ClusterOptions options;
  options.mode = mode;
  options.worker_resource = {1024, 1};
  options.slots_per_worker = 2;
  return options;
}

// A ClusterCore with its engine's state, driven by hand.
class Cluster {
 public:
  explicit Cluster(const ClusterOptions& options) : core(options) {
    Step(ClusterRegistered{{1024, 1}, {8192, 8}});
  }
  void Step(const ClusterInput& input) {
    if (std::holds_alternative<WorkerGranted>(input)) --asked;
    for (const ClusterAction& action : core.Step(input, now)) {
      if (const auto* ask = std::get_if<AskWorkers>(&action)) asked = ask->count;
      history.push_back(action);
    }
  }
  void Pass(Duration time) {
    now += time;
    Step(ClusterDeadline{});
  }
  void JobWaits(int32_t slots) {
    engine.any_job = true;
    engine.all_jobs_ended = false;
    engine.all_ends_seen = false;
    engine.slots_waiting = slots;
    Step(EngineChanged{engine});
  }
  // Granted, launched and registered.
  void Arrive(int64_t worker) {
    Step(WorkerGranted{Container(worker), "node1:45454"});
    Step(WorkerLaunched{Container(worker), {}});
    engine.workers.push_back({Container(worker), 2, 0});
    Step(WorkerReady{Container(worker)});
    Step(EngineChanged{engine});
  }
  // The waiting job takes all the slots.
  void JobRuns() {
    engine.slots_waiting = 0;
    for (EngineWorker& worker : engine.workers) worker.used = worker.slots;
    Step(EngineChanged{engine});
  }
  void JobEnds(FinalStatus status, const std::string& diagnostics = "") {
    engine.slots_waiting = 0;
    engine.all_jobs_ended = true;
    engine.final_status = status;
    engine.diagnostics = diagnostics;
    for (EngineWorker& worker : engine.workers) worker.used = 0;
    Step(EngineChanged{engine});
  }
  void Leave(int64_t worker) {
    std::erase_if(engine.workers, [&](const auto& w) { return w.container == Container(worker); });
    Step(ContainerEnded{Ended(worker, 0)});
    Step(EngineChanged{engine});
  }
  template <typename T>
  std::vector<T> All() const {
    std::vector<T> found;
    for (const auto& action : history) {
      if (const T* one = std::get_if<T>(&action)) found.push_back(*one);
    }
    return found;
  }
  // Still to be granted, as the ResourceManager counts.
  int32_t Asked() const { return asked; }

  ClusterCore core;
  EngineState engine;
  Instant now{seconds(1000)};
  int32_t asked = 0;
  std::vector<ClusterAction> history;
};

TEST(WorkerPlan, CountsMissingSlotsInWholeWorkers) {
  struct Row {
    WorkerPlanInput in;
    int32_t missing;
  };
  // waiting, free, slots per worker, ready, coming, minimum
  const Row rows[] = {
      {{0, 0, 1, 0, 0, 0}, 0},
      {{4, 0, 2, 0, 0, 0}, 2},
      {{5, 0, 2, 0, 0, 0}, 3},
      {{7, 1, 2, 1, 1, 0}, 2},
      {{4, 4, 2, 2, 0, 0}, 0},
      {{4, 0, 2, 0, 2, 0}, 0},
      {{4, 0, 2, 0, 5, 0}, 0},
      {{0, 0, 2, 0, 0, 3}, 3},
      {{0, 2, 2, 1, 1, 3}, 1},
      {{8, 0, 2, 0, 0, 3}, 4},
      {{1, 0, 1024, 0, 0, 0}, 1},
  };
  for (const Row& row : rows) EXPECT_EQ(WorkersMissing(row.in), row.missing);
}

TEST(ClusterStates, AnswerEveryPair) {
  for (const WorkerState state : AllWorkerStates()) {
    for (const WorkerEvent event : AllWorkerEvents()) {
      const auto answer = FindTransition(WorkerTransitions(), state, event);
      EXPECT_NE(answer.kind, TransitionKind::kInvalid)
          << WorkerStateName(state) << " " << WorkerEventName(event);
    }
    const auto completed = FindTransition(WorkerTransitions(), state, WorkerEvent::kCompleted);
    EXPECT_EQ(completed.to, WorkerState::kGone);
  }
  for (const ClusterPhase phase : AllClusterPhases()) {
    for (const ClusterEvent event : AllClusterEvents()) {
      const auto answer = FindTransition(ClusterTransitions(), phase, event);
      // What comes from outside at any time has an answer everywhere.
      const bool outside = event == ClusterEvent::kStopRequested ||
                           event == ClusterEvent::kTerminated || event == ClusterEvent::kMasterGone;
      if (outside) {
        EXPECT_NE(answer.kind, TransitionKind::kInvalid) << ClusterPhaseName(phase);
      }
      if (phase == ClusterPhase::kEnded) {
        EXPECT_EQ(answer.kind, TransitionKind::kIgnored);
      }
    }
  }
}

TEST(ClusterCore, AsksForWhatAWaitingJobLacksAndCountsGrantsOff) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  EXPECT_TRUE(cluster.All<AskWorkers>().empty());
  cluster.JobWaits(5);
  EXPECT_EQ(cluster.Asked(), 3);
  cluster.Step(WorkerGranted{Container(2), "node1"});
  cluster.Step(WorkerGranted{Container(3), "node1"});
  EXPECT_EQ(cluster.All<LaunchWorker>().size(), 2u);
  EXPECT_EQ(cluster.All<AskWorkers>().size(), 1u) << "the RM counts grants off itself";
  EXPECT_EQ(cluster.core.workers_wanted(), 3);
}

TEST(ClusterCore, AsksForNothingMoreWhileItsWorkersRegisterOneByOne) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  cluster.JobWaits(6);
  EXPECT_EQ(cluster.Asked(), 3);
  for (int64_t worker = 2; worker <= 4; ++worker) cluster.Arrive(worker);
  cluster.JobRuns();
  EXPECT_EQ(cluster.All<AskWorkers>().size(), 1u);
  EXPECT_TRUE(cluster.All<ReleaseContainer>().empty());
}

TEST(ClusterCore, WithdrawsItsAskAndReleasesWhatComesWhenTheJobIsGone) {
  Cluster cluster(Options(DeploymentMode::kSession));
  cluster.JobWaits(4);
  EXPECT_EQ(cluster.Asked(), 2);
  cluster.JobEnds(FinalStatus::kKilled);
  EXPECT_EQ(cluster.Asked(), 0);
  cluster.Step(WorkerGranted{Container(2), "node1"});
  ASSERT_EQ(cluster.All<ReleaseContainer>().size(), 1u);
  EXPECT_TRUE(cluster.All<LaunchWorker>().empty());
}

TEST(ClusterCore, GivesAnIdleWorkerOfASessionBackAfterTheIdleTimeoutButKeepsTheMinimum) {
  ClusterOptions options = Options(DeploymentMode::kSession);
  options.workers_min = 1;
  Cluster cluster(options);
  EXPECT_EQ(cluster.Asked(), 1) << "the warm minimum";
  cluster.JobWaits(4);
  cluster.Arrive(2);
  cluster.Arrive(3);
  cluster.JobRuns();
  cluster.Pass(seconds(100));
  EXPECT_TRUE(cluster.All<TellWorkerToExit>().empty());
  cluster.JobEnds(FinalStatus::kSucceeded);
  EXPECT_EQ(cluster.core.NextDeadline(), cluster.now + options.idle_timeout);
  cluster.Pass(options.idle_timeout);
  ASSERT_EQ(cluster.All<TellWorkerToExit>().size(), 1u);
  EXPECT_EQ(cluster.All<TellWorkerToExit>()[0].container, Container(3)) << "the newest goes";
  cluster.Leave(3);
  cluster.Pass(seconds(1000));
  EXPECT_EQ(cluster.All<TellWorkerToExit>().size(), 1u);
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kServing);
}

TEST(ClusterCore, GivesBackWhatTheSchedulerWantsBackAndNobodyUses) {
  Cluster cluster(Options(DeploymentMode::kSession));
  cluster.JobWaits(4);
  cluster.Arrive(2);
  cluster.Arrive(3);
  cluster.JobRuns();
  cluster.JobWaits(4);  // another job, whose workers are coming
  cluster.Arrive(4);
  cluster.Step(WorkerGranted{Container(5), "node1"});
  cluster.Step(ContainersWantedBack{{Container(2), Container(4), Container(5), Container(77)}});
  ASSERT_EQ(cluster.All<TellWorkerToExit>().size(), 1u) << "ready, and no job has a slot of it";
  EXPECT_EQ(cluster.All<TellWorkerToExit>()[0].container, Container(4));
  ASSERT_EQ(cluster.All<ReleaseContainer>().size(), 1u) << "granted, not registered yet";
  EXPECT_EQ(cluster.All<ReleaseContainer>()[0].container, Container(5));
  ASSERT_EQ(cluster.All<TellWantedBack>().size(), 1u) << "a job runs in it";
  EXPECT_EQ(cluster.All<TellWantedBack>()[0].containers, std::set<ContainerId>{Container(2)});
  EXPECT_EQ(cluster.Asked(), 2) << "the other job still waits: the scheduler decides when";

  // Its job ends before its time is up: then it goes, whatever the idle timeout.
  cluster.engine.workers[0].used = 0;
  cluster.Step(EngineChanged{cluster.engine});
  ASSERT_EQ(cluster.All<TellWorkerToExit>().size(), 2u);
  EXPECT_EQ(cluster.All<TellWorkerToExit>()[1].container, Container(2));
  EXPECT_TRUE(cluster.All<TellWantedBack>().back().containers.empty());
}

TEST(ClusterCore, KeepsAUsedWorkerThatIsNoLongerWantedBack) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.Step(ContainersWantedBack{{Container(2)}});
  cluster.Step(ContainersWantedBack{{}});
  ASSERT_EQ(cluster.All<TellWantedBack>().size(), 2u);
  EXPECT_TRUE(cluster.All<TellWantedBack>()[1].containers.empty());
  EXPECT_TRUE(cluster.All<TellWorkerToExit>().empty());
  EXPECT_TRUE(cluster.All<ReleaseContainer>().empty());
}

TEST(ClusterCore, ReplacesAWorkerThatIsLostWhileItsJobStillWaits) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  cluster.JobWaits(4);
  cluster.Arrive(2);
  EXPECT_EQ(cluster.Asked(), 1);
  cluster.engine.workers.clear();
  cluster.Step(ContainerEnded{Ended(2, 137, "killed")});
  cluster.Step(EngineChanged{cluster.engine});
  EXPECT_EQ(cluster.Asked(), 2);
  ASSERT_EQ(cluster.All<TellWorkerEnded>().size(), 1u);
  EXPECT_THAT(cluster.All<TellWorkerEnded>()[0].cause, HasSubstr("exit code 137: killed"));
}

TEST(ClusterCore, FailsWaitingJobsAfterSoManyFailedLaunchesInARow) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  cluster.JobWaits(2);
  for (int64_t worker = 2; worker <= 4; ++worker) {
    EXPECT_TRUE(cluster.All<FailWaiting>().empty());
    EXPECT_EQ(cluster.Asked(), 1);
    cluster.Step(WorkerGranted{Container(worker), "node1"});
    cluster.Step(WorkerLaunched{Container(worker), {}});
    cluster.Step(ContainerEnded{Ended(worker, 127, "weir-taskmanager: not found")});
    EXPECT_EQ(cluster.Asked(), 0) << "a pause after each failure";
    cluster.Pass(seconds(5));
  }
  ASSERT_EQ(cluster.All<FailWaiting>().size(), 1u);
  EXPECT_THAT(cluster.All<FailWaiting>()[0].cause, HasSubstr("3 TaskManagers in a row"));
  EXPECT_THAT(cluster.All<FailWaiting>()[0].cause, HasSubstr("not found"));
}

TEST(ClusterCore, CountsAWorkerThatCannotBeStartedOrNeverRegistersAsAFailedLaunch) {
  ClusterOptions options = Options(DeploymentMode::kPerJob);
  options.launch_failures_max = 2;
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Step(WorkerGranted{Container(2), "node1"});
  cluster.Step(WorkerLaunched{Container(2), Error{ErrorCode::kUnavailable, "no route", ""}});
  EXPECT_EQ(cluster.All<ReleaseContainer>().size(), 1u);
  cluster.Pass(seconds(5));
  cluster.Step(WorkerGranted{Container(3), "node1"});
  cluster.Step(WorkerLaunched{Container(3), {}});
  cluster.Pass(options.start_timeout);
  EXPECT_EQ(cluster.All<StopContainer>().size(), 2u);
  ASSERT_EQ(cluster.All<FailWaiting>().size(), 1u);
  EXPECT_THAT(cluster.All<FailWaiting>()[0].cause, HasSubstr("did not register"));
}

TEST(ClusterCore, FailsJobsWhoseWorkersAreLargerThanTheLargestContainer) {
  ClusterOptions options = Options(DeploymentMode::kSession);
  options.worker_resource = {100'000, 1};
  Cluster cluster(options);
  cluster.JobWaits(2);
  EXPECT_EQ(cluster.Asked(), 0);
  ASSERT_FALSE(cluster.All<FailWaiting>().empty());
  EXPECT_THAT(cluster.All<FailWaiting>()[0].cause, HasSubstr("cannot be had"));
}

TEST(ClusterCore, TellsHowItsJobEndedAtOnceAndLeavesWhenTheEndWasSeen) {
  for (const auto status : {FinalStatus::kSucceeded, FinalStatus::kFailed, FinalStatus::kKilled}) {
    Cluster cluster(Options(DeploymentMode::kPerJob));
    cluster.JobWaits(4);
    cluster.Arrive(2);
    cluster.Arrive(3);
    cluster.JobRuns();
    cluster.JobEnds(status, "the cause");
    EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing) << "for no worker and no client";
    EXPECT_EQ(cluster.All<TellWorkerToExit>().size(), 2u);
    ASSERT_EQ(cluster.All<TellFinalStatus>().size(), 1u);
    EXPECT_EQ(cluster.All<TellFinalStatus>()[0].status, status);
    EXPECT_EQ(cluster.All<TellFinalStatus>()[0].diagnostics, "the cause");
    cluster.Step(FinishAcknowledged{});
    EXPECT_EQ(cluster.core.phase(), ClusterPhase::kLeaving) << "no client has seen the end yet";
    EXPECT_TRUE(cluster.All<EndProcess>().empty());
    cluster.engine.all_ends_seen = true;
    cluster.Step(EngineChanged{cluster.engine});
    ASSERT_EQ(cluster.All<EndProcess>().size(), 1u);
    EXPECT_TRUE(cluster.All<EndProcess>()[0].told);
  }
}

TEST(ClusterCore, LeavesInBoundedTimeWhenNobodyFetchesTheEnd) {
  ClusterOptions options = Options(DeploymentMode::kApplication);
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.JobEnds(FinalStatus::kSucceeded);
  cluster.Step(FinishAcknowledged{});
  EXPECT_EQ(cluster.core.NextDeadline(), cluster.now + options.fetch_timeout);
  cluster.Pass(options.fetch_timeout);
  ASSERT_EQ(cluster.All<EndProcess>().size(), 1u);
  EXPECT_TRUE(cluster.All<EndProcess>()[0].told);
}

// A worker that is lost, a client that does not come, an order to end: nothing changes the outcome.
TEST(ClusterCore, LetsNothingChangeTheStatusOnceTheJobHasEnded) {
  Cluster cluster(Options(DeploymentMode::kPerJob));
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.JobEnds(FinalStatus::kSucceeded);
  cluster.Step(Terminated{});
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing) << "it is told before it ends";
  cluster.Step(ContainerEnded{Ended(2, 137, "killed")});
  cluster.Step(StopRequested{});
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing);
  cluster.Step(FinishAcknowledged{});
  cluster.Step(Terminated{});
  ASSERT_EQ(cluster.All<TellFinalStatus>().size(), 1u);
  EXPECT_EQ(cluster.All<TellFinalStatus>()[0].status, FinalStatus::kSucceeded);
  ASSERT_EQ(cluster.All<EndProcess>().size(), 1u);
  EXPECT_TRUE(cluster.All<EndProcess>()[0].told);
}

TEST(ClusterCore, StopsItsWorkersItselfWhenTheFinalStatusCannotBeTold) {
  ClusterOptions options = Options(DeploymentMode::kPerJob);
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.JobEnds(FinalStatus::kSucceeded);
  cluster.Step(MasterGone{"refused"});
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kAbandoned);
  EXPECT_EQ(cluster.All<StopContainer>().size(), 1u);
  cluster.Pass(options.stop_grace);
  ASSERT_EQ(cluster.All<EndProcess>().size(), 1u);
  EXPECT_FALSE(cluster.All<EndProcess>()[0].told);
}

TEST(ClusterCore, StopsASessionAfterItsJobsAreCancelled) {
  Cluster cluster(Options(DeploymentMode::kSession));
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.Step(StopRequested{});
  EXPECT_EQ(cluster.All<StopEngineJobs>().size(), 1u);
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kDraining);
  cluster.JobEnds(FinalStatus::kUndefined);
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing);
  EXPECT_EQ(cluster.All<TellWorkerToExit>().size(), 1u);
  EXPECT_EQ(cluster.All<TellFinalStatus>()[0].status, FinalStatus::kSucceeded);
}

// Their outputs can be cleaned only when nobody writes there any more.
TEST(ClusterCore, StopsTheWorkersOfJobsThatDoNotEndBeforeItTellsTheStatus) {
  ClusterOptions options = Options(DeploymentMode::kSession);
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.JobRuns();
  cluster.Step(StopRequested{});
  cluster.Pass(options.drain_timeout);
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kEnding);
  EXPECT_EQ(cluster.All<TellWorkerToExit>().size(), 1u);
  cluster.Pass(options.stop_grace);
  EXPECT_EQ(cluster.All<ReleaseContainer>().size(), 1u);
  EXPECT_EQ(cluster.All<StopContainer>().size(), 1u);
  cluster.Pass(options.stop_grace);
  EXPECT_EQ(cluster.All<TellWorkerEnded>().size(), 1u) << "given up";
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kEnding) << "the engine cleans after its jobs";
  cluster.JobEnds(FinalStatus::kUndefined);
  EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing);
}

TEST(ClusterCore, StopsWorkersInBothWaysWhenTheResourceManagerIsGone) {
  ClusterOptions options = Options(DeploymentMode::kSession);
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.Step(MasterGone{"refused"});
  EXPECT_EQ(cluster.All<TellWorkerToExit>().size(), 1u);
  EXPECT_EQ(cluster.All<StopContainer>().size(), 1u);
  EXPECT_TRUE(cluster.All<TellFinalStatus>().empty());
  EXPECT_TRUE(cluster.All<EndProcess>().empty());
  cluster.Step(ContainerStopped{Container(2)});
  ASSERT_EQ(cluster.All<EndProcess>().size(), 1u);
  EXPECT_FALSE(cluster.All<EndProcess>()[0].told);
}

TEST(ClusterCore, EndsInBoundedTimeWhenNeitherTheResourceManagerNorNodeManagersAnswer) {
  ClusterOptions options = Options(DeploymentMode::kSession);
  Cluster cluster(options);
  cluster.JobWaits(2);
  cluster.Arrive(2);
  cluster.Step(MasterGone{"lost"});
  cluster.Pass(options.stop_grace);
  EXPECT_EQ(cluster.All<EndProcess>().size(), 1u);
}

// Whatever happens in whatever order: no container is kept without being launched or released, and
// a stop ends the cluster in bounded time.
TEST(ClusterCore, EndsFromEveryStateItCanGetInto) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Cluster cluster(
        Options(random.Chance(1, 2) ? DeploymentMode::kSession : DeploymentMode::kPerJob));
    int64_t containers = 1;
    for (int i = 0; i < 100; ++i) {
      const auto some = static_cast<int64_t>(random.Below(12)) + 2;
      switch (random.Below(9)) {
        case 0:
          cluster.JobWaits(static_cast<int32_t>(random.Below(9)));
          break;
        case 1:
          if (cluster.Asked() > 0) cluster.Step(WorkerGranted{Container(++containers), "node"});
          break;
        case 2:
          cluster.Step(WorkerLaunched{Container(some), {}});
          break;
        case 3:
          cluster.Step(
              WorkerLaunched{Container(some), Error{ErrorCode::kUnavailable, "no route", ""}});
          break;
        case 4:
          cluster.Step(WorkerReady{Container(some)});
          break;
        case 5:
          cluster.Leave(some);
          break;
        case 6:
          cluster.Pass(milliseconds(random.Between(0, 20'000)));
          break;
        case 7:
          if (random.Chance(1, 8)) cluster.Step(WorkerRejected{Container(some), "not heard"});
          break;
        default:
          if (random.Chance(1, 8)) cluster.JobRuns();
          break;
      }
    }
    cluster.Step(StopRequested{});
    cluster.Pass(seconds(60));
    cluster.Pass(seconds(60));
    cluster.Pass(seconds(60));
    EXPECT_EQ(cluster.core.phase(), ClusterPhase::kFinishing) << "seed " << seed;
    const size_t granted = static_cast<size_t>(containers - 1);
    EXPECT_LE(cluster.All<LaunchWorker>().size(), granted);
  }
}

}  // namespace
}  // namespace weir::am
