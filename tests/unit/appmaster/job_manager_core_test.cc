#include "stream/jobmanager/core/job_manager_core.h"

#include <gmock/gmock.h>

#include "common/random.h"
#include "tests/unit/appmaster/job_manager_harness.h"

namespace weir::stream {
namespace {

using ::testing::AllOf;
using testing::Container;
using testing::CountOf;
using ::testing::ElementsAre;
using testing::Graph;
using testing::Harness;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Spec;

TEST(JobManagerCore, RunsAJobFromSubmissionToPublishedResults) {
  Harness h;
  const JobId job = h.Submit(Spec("a", Graph(2, 2)));
  EXPECT_EQ(h.StateOf(job), JobState::kCreated);
  ASSERT_TRUE(h.Register(2, 1));
  EXPECT_EQ(h.StateOf(job), JobState::kCreated);
  ASSERT_TRUE(h.Register(3, 1));
  EXPECT_EQ(h.StateOf(job), JobState::kRunning);
  for (const int64_t worker : {2, 3}) {
    const auto commands = h.Poll(worker);
    ASSERT_TRUE(commands);
    ASSERT_EQ(commands->size(), 3u);
    const auto& prepare = std::get<PrepareJob>((*commands)[0]);
    EXPECT_EQ(prepare.information->locations.size(), 4u);
    EXPECT_EQ(std::get<DeployTask>((*commands)[1]).vertex, 1) << "downstream first";
    EXPECT_EQ(std::get<DeployTask>((*commands)[2]).vertex, 0);
  }
  h.ReportAll(2, TaskEvent::kReportedRunning);
  h.ReportAll(2, TaskEvent::kReportedFinished);
  EXPECT_EQ(h.StateOf(job), JobState::kRunning);
  h.ReportAll(3, TaskEvent::kReportedFinished);
  EXPECT_EQ(h.StateOf(job), JobState::kCommitting);
  EXPECT_EQ(PublicName(h.StateOf(job)), "RUNNING");
  for (const int64_t worker : {2, 3}) {
    EXPECT_EQ(h.StateOf(job), JobState::kCommitting);
    h.Poll(worker);
    EXPECT_EQ(CountOf<CommitResults>(h.received[worker]), 1);
    h.Poll(worker, {}, {{job, ""}});
  }
  EXPECT_EQ(h.StateOf(job), JobState::kFinished);
  EXPECT_EQ(h.core.Slots().slots_free, 2);
  EXPECT_EQ(CountOf<ReleaseTasks>(*h.Poll(2)), 1);
}

TEST(JobManagerCore, GivesEachSubtaskOfEveryVertexTheSameSlotAndFillsTaskManagersInOrder) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 2));
  ASSERT_TRUE(h.Register(3, 2));
  h.Submit(Spec("a", Graph(3, 1)));
  h.Poll(2);
  h.Poll(3);
  ASSERT_EQ(h.deployed[2].size(), 3u);
  ASSERT_EQ(h.deployed[3].size(), 1u);
  EXPECT_EQ(h.deployed[3][0].subtask, 2);
  const auto workers = h.core.Workers();
  EXPECT_EQ(workers[0].used, 2);
  EXPECT_EQ(workers[1].used, 1);
}

TEST(JobManagerCore, GivesAJobAllItsSlotsOrNoneAndLetsASmallerOneOvertake) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 2));
  const JobId large = h.Submit(Spec("large", Graph(3, 3)));
  const JobId small = h.Submit(Spec("small", Graph(2, 2)));
  EXPECT_EQ(h.StateOf(large), JobState::kCreated);
  EXPECT_EQ(h.StateOf(small), JobState::kRunning);
  EXPECT_EQ(h.core.Slots().slots_waiting, 3);
}

TEST(JobManagerCore, SaysWithNumbersWhyAJobWaits) {
  Harness h;
  const JobId job = h.Submit(Spec("a", Graph(4, 4)));
  ASSERT_TRUE(h.Register(2, 2));
  h.Step(WorkersPlanned{2, "1 container waits: larger than what is free"});
  const JobReport report = h.Report(job);
  EXPECT_EQ(report.slots_needed, 4);
  EXPECT_EQ(report.slots_ready, 2);
  EXPECT_EQ(report.task_managers_wanted, 2);
  EXPECT_EQ(report.task_managers_ready, 1);
  EXPECT_THAT(report.waiting, HasSubstr("4 needed, 2 ready"));
  EXPECT_THAT(report.waiting, HasSubstr("larger than what is free"));
}

TEST(JobManagerCore, TellsTheUsersOfAJobWhenItsTaskManagersAreWantedBack) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  ASSERT_TRUE(h.Register(3, 1));
  ASSERT_TRUE(h.Register(4, 1));
  const JobId two = h.Submit(Spec("two", Graph(2, 2)));
  const JobId one = h.Submit(Spec("one", Graph(1, 1)));
  ASSERT_EQ(h.StateOf(one), JobState::kRunning);
  const int64_t version = h.Report(two).version;
  const int64_t version_of_other = h.Report(one).version;
  h.Step(WorkersWantedBack{{Container(2), Container(3)}});
  EXPECT_GT(h.Report(two).version, version) << "who watches hears of it";
  EXPECT_EQ(h.Report(one).version, version_of_other);
  EXPECT_THAT(h.Report(two).waiting, HasSubstr(Container(2).ToString() + " and 1 more"));
  EXPECT_EQ(h.Report(one).waiting, "");
  h.Step(WorkersWantedBack{});
  EXPECT_EQ(h.Report(two).waiting, "");
}

TEST(JobManagerCore, CutsFilesIntoSplitsOnceTheShellHasListedThem) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 2));
  const JobId job = h.Submit(Spec("a", Graph(2, 1, SourceKind::kTextFiles)));
  EXPECT_EQ(h.StateOf(job), JobState::kInitializing);
  const auto listings = h.All<ListSources>();
  ASSERT_EQ(listings.size(), 1u);
  EXPECT_EQ(listings[0].paths.at(0), std::vector<std::string>{"/in"});
  h.Step(SourcesListed{job, std::map<int32_t, std::vector<SourceFile>>{{0, {{"/in/a", 10}}}}});
  EXPECT_EQ(h.StateOf(job), JobState::kRunning);
  h.Poll(2);
  std::vector<FileSplit> splits;
  for (const auto& task : h.deployed[2]) {
    splits.insert(splits.end(), task.splits.begin(), task.splits.end());
  }
  EXPECT_THAT(splits,
              ::testing::UnorderedElementsAre(FileSplit{"/in/a", 0, 5}, FileSplit{"/in/a", 5, 10}));
}

TEST(JobManagerCore, FailsAJobWhoseInputCannotBeListed) {
  Harness h;
  const JobId job = h.Submit(Spec("a", Graph(2, 1, SourceKind::kTextFiles)));
  h.Step(SourcesListed{job, Error{ErrorCode::kNotFound, "input '/in' does not exist", ""}});
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr("'/in' does not exist"));
}

TEST(JobManagerCore, FailsAfterTheFirstTaskFailureOnceAllTasksHaveEnded) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  ASSERT_TRUE(h.Register(3, 1));
  const JobId job = h.Submit(Spec("a", Graph(2, 2)));
  h.Poll(2);
  h.Poll(3);
  h.Poll(2, {h.ReportOf(h.deployed[2][0], TaskEvent::kReportedFailed, "division by zero")});
  EXPECT_EQ(h.StateOf(job), JobState::kFailing);
  EXPECT_EQ(CountOf<CancelTasks>(*h.Poll(3)), 1);
  h.Poll(3, {h.ReportOf(h.deployed[3][0], TaskEvent::kReportedFailed, "something later")});
  h.ReportAll(3, TaskEvent::kReportedCanceled);
  EXPECT_EQ(h.StateOf(job), JobState::kFailing);
  h.ReportAll(2, TaskEvent::kReportedCanceled);
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr("division by zero"));
  EXPECT_EQ(h.core.Slots().slots_free, 2);
}

TEST(JobManagerCore, NamesTheLostTaskManagerAsCauseNotTheConnectionsThatBrokeWithIt) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  ASSERT_TRUE(h.Register(3, 1));
  const JobId job = h.Submit(Spec("a", Graph(2, 2)));
  h.Poll(2);
  h.Poll(3);
  h.Poll(2,
         {h.ReportOf(h.deployed[2][0],
                     TaskEvent::kReportedFailed,
                     std::string(kInheritedFailure) + "connection reset")});
  EXPECT_EQ(h.StateOf(job), JobState::kFailing);
  // The last words of a process may quote anything.
  h.Step(
      WorkerEnded{Container(3),
                  std::string("killed by signal 9 on node1:45454; it said ") + kInheritedFailure});
  h.ReportAll(2, TaskEvent::kReportedCanceled);
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr(Container(3).ToString()));
  EXPECT_THAT(h.Report(job).failure, HasSubstr("killed by signal 9"));
}

TEST(JobManagerCore, LosesATaskManagerThatIsNotHeardAndHasItsContainerStopped) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Poll(2);
  h.Pass(seconds(29));
  EXPECT_EQ(h.StateOf(job), JobState::kRunning);
  h.Pass(seconds(1));
  ASSERT_EQ(h.All<WorkerGivenUp>().size(), 1u);
  EXPECT_EQ(h.All<WorkerGivenUp>()[0].container, Container(2));
  EXPECT_FALSE(h.Register(2, 1)) << "what was given up may not come back";
  EXPECT_EQ(h.StateOf(job), JobState::kFailing) << "it may write still";
  h.Step(WorkerEnded{Container(2), "stopped"});
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr("nothing was heard"));
}

TEST(JobManagerCore, BlamesNoTaskManagerForAPauseOfItsOwn) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Poll(2);
  h.Jump(seconds(600));
  EXPECT_EQ(h.StateOf(job), JobState::kRunning);
  EXPECT_TRUE(h.All<WorkerGivenUp>().empty());
  h.Pass(seconds(30));
  EXPECT_EQ(h.All<WorkerGivenUp>().size(), 1u);
}

TEST(JobManagerCore, CancelsAJobInEveryStateBeforeItsEnd) {
  Harness h;
  const JobId waiting = h.Submit(Spec("a", Graph(1, 1)));
  const CallId call = h.NextCall();
  h.Step(CancelJob{call, waiting});
  EXPECT_TRUE(h.Answer<AnswerCancel>(call)->result.ok());
  EXPECT_EQ(h.StateOf(waiting), JobState::kCanceled);

  ASSERT_TRUE(h.Register(2, 1));
  const JobId running = h.Submit(Spec("b", Graph(1, 1)));
  h.Poll(2);
  h.Step(CancelJob{h.NextCall(), running});
  EXPECT_EQ(h.StateOf(running), JobState::kCancelling);
  h.ReportAll(2, TaskEvent::kReportedCanceled);
  EXPECT_EQ(h.StateOf(running), JobState::kCanceled);

  const CallId again = h.NextCall();
  h.Step(CancelJob{again, running});
  EXPECT_EQ(h.Answer<AnswerCancel>(again)->result.error().code, ErrorCode::kFailedPrecondition);
  const CallId unknown = h.NextCall();
  h.Step(CancelJob{unknown, JobId{"nonsense"}});
  EXPECT_EQ(h.Answer<AnswerCancel>(unknown)->result.error().code, ErrorCode::kNotFound);
}

TEST(JobManagerCore, GivesUpATaskManagerThatDoesNotEndItsCancelledTasks) {
  Harness h({.task_manager_expiry = seconds(100), .cancel_timeout = seconds(10)});
  ASSERT_TRUE(h.Register(2, 1));
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Poll(2);
  h.Step(CancelJob{h.NextCall(), job});
  h.Pass(seconds(10));
  EXPECT_EQ(h.All<WorkerGivenUp>().size(), 1u);
  EXPECT_THAT(h.All<CleanOutputs>(), IsEmpty());
  // Nobody says that its container has ended: it is not waited for without end.
  h.Pass(seconds(10));
  EXPECT_EQ(h.StateOf(job), JobState::kCanceled);
  EXPECT_EQ(h.All<CleanOutputs>().size(), 1u);
}

// --- what is left in the output directories

TEST(JobManagerCore, CleansTheOutputOfAFailedJobOnceNobodyCanWriteThereAndEndsItThen) {
  Harness h;
  h.cleans = false;
  ASSERT_TRUE(h.Register(2, 1));
  ASSERT_TRUE(h.Register(3, 1));
  const JobId job = h.Submit(Spec("a", Graph(2, 2)));
  h.Poll(2);
  h.Poll(3);
  h.Step(WorkerEnded{Container(3), "killed by signal 9"});
  EXPECT_EQ(h.StateOf(job), JobState::kFailing);
  EXPECT_THAT(h.All<CleanOutputs>(), IsEmpty()) << "the other TaskManager writes still";
  h.ReportAll(2, TaskEvent::kReportedCanceled);
  EXPECT_THAT(h.All<CleanOutputs>(), ElementsAre(CleanOutputs{job, {"/out"}, false}));
  EXPECT_EQ(h.StateOf(job), JobState::kFailing);
  EXPECT_THAT(h.Report(job).waiting, HasSubstr("deleted"));
  h.Step(OutputsCleaned{job, "remove /out/x: Permission denied"});
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure,
              AllOf(HasSubstr("killed by signal 9"), HasSubstr("not all deleted: remove /out/x")));
  h.Step(OutputsCleaned{job, "told twice"});
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
}

TEST(JobManagerCore, WithdrawsWhatWasPublishedOnceEveryTaskManagerHasAnsweredTheCommit) {
  for (const bool other_is_lost : {false, true}) {
    Harness h;
    ASSERT_TRUE(h.Register(2, 1));
    ASSERT_TRUE(h.Register(3, 1));
    const JobId job = h.Submit(Spec("a", Graph(2, 2)));
    for (const int64_t worker : {2, 3}) {
      h.Poll(worker);
      h.ReportAll(worker, TaskEvent::kReportedFinished);
    }
    h.Poll(2, {}, {{job, "No space left on device"}});
    EXPECT_EQ(h.StateOf(job), JobState::kFailing);
    EXPECT_THAT(h.All<CleanOutputs>(), IsEmpty()) << "the other one may be publishing";
    if (other_is_lost) {
      h.Step(WorkerEnded{Container(3), "exit"});
    } else {
      h.Poll(3, {}, {{job, ""}});
    }
    EXPECT_THAT(h.All<CleanOutputs>(), ElementsAre(CleanOutputs{job, {"/out"}, false}));
    EXPECT_EQ(h.StateOf(job), JobState::kFailed);
    EXPECT_THAT(h.Report(job).failure, HasSubstr("No space left"));
  }
}

TEST(JobManagerCore, KeepsWhatWasPublishedByAJobThatEndsWellAndDeletesItsHiddenFiles) {
  Harness h;
  h.cleans = false;
  ASSERT_TRUE(h.Register(2, 1));
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Poll(2);
  h.ReportAll(2, TaskEvent::kReportedFinished);
  EXPECT_THAT(h.core.Unclean(), ElementsAre(CleanOutputs{job, {"/out"}, false}));
  h.Poll(2, {}, {{job, ""}});
  EXPECT_EQ(h.StateOf(job), JobState::kCommitting);
  EXPECT_THAT(h.All<CleanOutputs>(), ElementsAre(CleanOutputs{job, {"/out"}, true}));
  EXPECT_THAT(h.core.Unclean(), ElementsAre(CleanOutputs{job, {"/out"}, true}));
  h.Step(WorkerEnded{Container(2), "exit"});
  h.Step(OutputsCleaned{job, "nothing that changes the results"});
  EXPECT_EQ(h.StateOf(job), JobState::kFinished);
  EXPECT_THAT(h.core.Unclean(), IsEmpty());
}

TEST(JobManagerCore, CleansNothingOfAJobThatWasNotDeployedOrWritesNoFiles) {
  Harness h;
  h.cleans = false;
  h.Submit(Spec("waits", Graph(2, 2)));
  JobGraph graph = Graph(1, 1);
  graph.vertices[1].sink = SinkKind::kPrint;
  graph.vertices[1].sink_path = "";
  ASSERT_TRUE(h.Register(2, 1));
  const JobId prints = h.Submit(Spec("prints", graph));
  h.Poll(2);
  EXPECT_THAT(h.core.Unclean(), IsEmpty());
  h.Step(WorkerEnded{Container(2), "exit"});
  EXPECT_EQ(h.StateOf(prints), JobState::kFailed);
  h.Step(StopJobs{});
  EXPECT_TRUE(h.core.AllJobsEnded());
  EXPECT_THAT(h.All<CleanOutputs>(), IsEmpty());
}

TEST(JobManagerCore, FailsAJobWhoseResultsCannotBePublished) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Poll(2);
  h.ReportAll(2, TaskEvent::kReportedFinished);
  h.Poll(2, {}, {{job, "rename /out/part-0: No space left on device"}});
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr("No space left"));
}

TEST(JobManagerCore, FinishesAlthoughATaskManagerIsLostAfterItHasPublished) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  ASSERT_TRUE(h.Register(3, 1));
  const JobId job = h.Submit(Spec("a", Graph(2, 2)));
  for (const int64_t worker : {2, 3}) {
    h.Poll(worker);
    h.ReportAll(worker, TaskEvent::kReportedFinished);
  }
  h.Poll(2, {}, {{job, ""}});
  h.Step(WorkerEnded{Container(2), "exit"});
  EXPECT_EQ(h.StateOf(job), JobState::kCommitting);
  h.Poll(3, {}, {{job, ""}});
  EXPECT_EQ(h.StateOf(job), JobState::kFinished);
}

TEST(JobManagerCore, FailsWhenSlotsAreMissingForTheSlotTimeout) {
  Harness h;
  JobSpec spec = Spec("a", Graph(2, 2));
  spec.slot_timeout = seconds(5);
  const JobId job = h.Submit(spec);
  EXPECT_EQ(h.core.NextDeadline(), h.now.monotonic + seconds(5));
  h.Pass(seconds(5));
  EXPECT_EQ(h.StateOf(job), JobState::kFailed);
  EXPECT_THAT(h.Report(job).failure, HasSubstr("2 needed, 0 ready"));
}

TEST(JobManagerCore, SubmitsAJobOncePerIdempotencyKey) {
  Harness h;
  const JobId first = h.Submit(Spec("same", Graph(1, 1)));
  const JobId again = h.Submit(Spec("same", Graph(1, 1)));
  EXPECT_EQ(first, again);
  EXPECT_EQ(h.core.Reports().size(), 1u);
}

TEST(JobManagerCore, RefusesMoreLiveJobsThanItsBoundAndForgetsTheOldestEndedOnes) {
  Harness h;
  std::vector<JobId> jobs;
  for (size_t i = 0; i < kLiveJobsMax; ++i) {
    const CallId call = h.NextCall();
    const JobId id{"job" + std::to_string(i)};
    h.Step(SubmitJob{call, id, Spec("k" + std::to_string(i), Graph(1, 1))});
    jobs.push_back(id);
  }
  const CallId call = h.NextCall();
  h.Step(SubmitJob{call, JobId{"one too many"}, Spec("more", Graph(1, 1))});
  EXPECT_EQ(h.Answer<AnswerSubmission>(call)->result.error().code, ErrorCode::kResourceExhausted);
  for (const JobId& job : jobs) h.Step(CancelJob{h.NextCall(), job});
  EXPECT_EQ(h.core.Reports().size(), kEndedJobsKept);
  EXPECT_FALSE(h.core.Report(jobs.front()).ok());
  EXPECT_TRUE(h.core.Report(jobs.back()).ok());
}

TEST(JobManagerCore, WakesAWatcherWhenTheReportIsNewerAndAtTheEndOfItsPark) {
  Harness h;
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  const int64_t version = h.Report(job).version;
  const CallId parked = h.NextCall();
  h.Step(WatchJob{parked, job, version, seconds(10)});
  EXPECT_EQ(h.Answer<AnswerWatch>(parked), nullptr);
  h.Pass(seconds(10));
  ASSERT_NE(h.Answer<AnswerWatch>(parked), nullptr);
  const CallId woken = h.NextCall();
  h.Step(WatchJob{woken, job, version, seconds(10)});
  EXPECT_FALSE(h.core.AllEndsSeen());
  h.Step(CancelJob{h.NextCall(), job});
  ASSERT_NE(h.Answer<AnswerWatch>(woken), nullptr);
  EXPECT_EQ(h.Answer<AnswerWatch>(woken)->result->state, JobState::kCanceled);
  EXPECT_TRUE(h.core.AllEndsSeen());
}

TEST(JobManagerCore, AnswersTheSameSequenceOfATaskManagerTheSameAndAGapWithResync) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 1));
  h.Submit(Spec("a", Graph(1, 1)));
  const auto commands = h.Poll(2);
  ASSERT_EQ(commands->size(), 3u);
  h.sessions[2].second -= 1;
  EXPECT_EQ(h.Poll(2)->size(), 3u) << "the lost answer, told again";
  EXPECT_EQ(h.Poll(2)->size(), 0u) << "confirmed by the next sequence";
  h.sessions[2].second += 1;
  const CallId call = h.NextCall();
  h.Step(PollTaskManager{call, 1, h.sessions[2].second + 1, {}, {}, Duration{0}});
  EXPECT_EQ(h.Answer<AnswerPoll>(call)->result.error().code, ErrorCode::kResync);
}

TEST(JobManagerCore, ShutsAWorkerDownWithoutGivingItMoreWork) {
  Harness h;
  ASSERT_TRUE(h.Register(2, 4));
  const CallId parked = h.NextCall();
  h.Step(PollTaskManager{parked, 1, 1, {}, {}, seconds(5)});
  h.Step(ShutDownWorker{Container(2)});
  ASSERT_NE(h.Answer<AnswerPoll>(parked), nullptr) << "the parked poll tells it at once";
  EXPECT_EQ(CountOf<ShutDown>(h.Answer<AnswerPoll>(parked)->result->commands), 1);
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  EXPECT_EQ(h.StateOf(job), JobState::kCreated);
  EXPECT_EQ(h.core.Slots().slots_total, 0);
}

TEST(JobManagerCore, CancelsEverythingAndTakesNothingMoreWhenTheClusterStops) {
  Harness h;
  const JobId job = h.Submit(Spec("a", Graph(1, 1)));
  h.Step(StopJobs{});
  EXPECT_EQ(h.StateOf(job), JobState::kCanceled);
  EXPECT_TRUE(h.core.AllJobsEnded());
  EXPECT_EQ(h.Submit(Spec("b", Graph(1, 1))), JobId{});
}

// Random events; after each step the sums must hold, and the same seed must give the same actions.
std::string RandomRun(uint64_t seed) {
  Random random(seed);
  Harness h;
  std::vector<JobId> jobs;
  std::string trace;
  for (int i = 0; i < 300; ++i) {
    const auto worker = static_cast<int64_t>(random.Between(2, 6));
    const bool known = h.sessions.contains(worker);
    switch (random.Below(8)) {
      case 0:
        if (!known) h.Register(worker, static_cast<int32_t>(random.Between(1, 3)));
        break;
      case 1: {
        const auto p = static_cast<int32_t>(random.Between(1, 4));
        jobs.push_back(h.Submit(Spec("k" + std::to_string(i), Graph(p, 1))));
        break;
      }
      case 2:
        if (!jobs.empty()) h.Step(CancelJob{h.NextCall(), jobs[random.Below(jobs.size())]});
        break;
      case 3:
        if (known && random.Chance(1, 4)) {
          h.Step(WorkerEnded{Container(worker), "exit"});
          h.sessions.erase(worker);
          h.deployed.erase(worker);
        }
        break;
      case 4:
        h.Pass(milliseconds(random.Between(0, 3000)));
        break;
      default:
        if (known && h.Poll(worker) && !h.deployed[worker].empty()) {
          const auto event = static_cast<TaskEvent>(
              random.Between(static_cast<int64_t>(TaskEvent::kReportedInitializing),
                             static_cast<int64_t>(TaskEvent::kReportedFailed)));
          const auto& task = h.deployed[worker][random.Below(h.deployed[worker].size())];
          h.Poll(worker, {h.ReportOf(task, event, "cause")}, {{task.job, ""}});
        }
        break;
    }
    int32_t used = 0;
    for (const WorkerUse& one : h.core.Workers()) {
      EXPECT_LE(one.used, one.slots);
      EXPECT_GE(one.used, 0);
      used += one.used;
    }
    int32_t held = 0;
    for (const JobReport& report : h.core.Reports()) {
      if (!IsTerminal(report.state) && !IsWaiting(report.state)) held += report.slots_needed;
    }
    EXPECT_LE(used, held) << "slots are held by live jobs only, seed " << seed << " step " << i;
  }
  for (const JobReport& report : h.core.Reports()) {
    trace += report.id.hex + std::string(JobStateName(report.state)) + report.failure + ";";
  }
  return trace + std::to_string(h.history.size());
}

TEST(JobManagerCore, KeepsItsSumsAndGivesTheSameActionsForTheSameSeed) {
  for (uint64_t seed = 1; seed <= 20; ++seed) EXPECT_EQ(RandomRun(seed), RandomRun(seed));
}

}  // namespace
}  // namespace weir::stream
