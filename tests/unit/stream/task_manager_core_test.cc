// The TaskManager's decisions: the table, the conversation, jobs and tasks, in virtual time.
#include "stream/taskmanager/core/task_manager_core.h"

#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/random.h"

namespace weir::stream::taskmanager {
namespace {

constexpr Duration kExpiry = seconds(30);

JobInformation Job(const std::string& id) {
  JobInformation job;
  job.job = id;
  return job;
}

DeployTask Deploy(const std::string& job, const std::string& execution) {
  DeployTask deploy;
  deploy.job = job;
  deploy.execution = execution;
  return deploy;
}

Error Unavailable() {
  return {ErrorCode::kUnavailable, "connection lost", ""};
}

// Drives a core and keeps what it wants done.
class Driver {
 public:
  Driver() { Feed(TimePassed{}); }

  void Feed(const Event& event) {
    for (Action& action : core.Step(event, now)) {
      if (!std::holds_alternative<Note>(action)) actions.push_back(std::move(action));
    }
  }
  void Register() {
    ASSERT_TRUE(Take<SendRegister>());
    Feed(Registered{7, kExpiry});
  }
  // The poll that was sent, which must be the next action of its kind.
  PollRequest Poll() {
    const auto poll = Take<SendPoll>();
    EXPECT_TRUE(poll) << "no poll was sent";
    return poll ? poll->request : PollRequest{};
  }
  void Answer(int64_t number, std::vector<Command> commands) {
    Feed(PollAnswered{number, std::move(commands)});
  }
  template <typename T>
  std::optional<T> Take() {
    for (auto it = actions.begin(); it != actions.end(); ++it) {
      if (const T* found = std::get_if<T>(&*it)) {
        T out = *found;
        actions.erase(it);
        return out;
      }
    }
    return std::nullopt;
  }
  void Pass(Duration duration) {
    now += duration;
    Feed(TimePassed{});
  }
  // A job with one task that runs; the next poll is sent and carries nothing new.
  void RunOneTask() {
    Register();
    Answer(Poll().sequence, {Job("j"), Deploy("j", "e")});
    ASSERT_TRUE(Take<PrepareJob>());
    Feed(JobPrepared{"j", ""});
    ASSERT_TRUE(Take<StartTask>());
    Feed(TaskRunning{"e"});
    // The parked poll is interrupted, repeated, and followed by the one with the news.
    ASSERT_TRUE(Take<InterruptPoll>());
    Poll();
    Feed(PollFailed{Unavailable()});
    Answer(Poll().sequence, {});
    Answer(Poll().sequence, {});
    sequence = Poll().sequence;
    actions.clear();
  }

  Instant now = Instant(seconds(100));
  TaskManagerCore core{now};
  std::deque<Action> actions;
  int64_t sequence = 0;
};

TEST(TaskManagerTableTest, EveryPairIsAnsweredAndEndsAreFinal) {
  int allowed = 0;
  for (const TaskState state : AllTaskStates()) {
    for (const TaskEvent event : AllTaskEvents()) {
      const auto transition = FindTransition(TaskTransitions(), state, event);
      if (transition.kind != TransitionKind::kAllowed) {
        EXPECT_EQ(transition.to, state);
        continue;
      }
      ++allowed;
      EXPECT_FALSE(IsTerminal(state)) << TaskStateName(state) << " " << TaskEventName(event);
    }
    // Cancel comes from outside, at any time.
    EXPECT_NE(FindTransition(TaskTransitions(), state, TaskEvent::kCancel).kind,
              TransitionKind::kInvalid);
  }
  EXPECT_EQ(allowed, 12);
}

TEST(TaskManagerCoreTest, RegistersAgainUntilTheJobManagerIsThere) {
  Driver driver;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(driver.Take<SendRegister>());
    driver.Feed(RegisterFailed{Unavailable()});
    EXPECT_FALSE(driver.Take<SendRegister>()) << "not at once";
    driver.now = driver.core.NextDeadline();
    driver.Feed(TimePassed{});
  }
  driver.Register();
  EXPECT_EQ(driver.Poll().sequence, 1);
}

TEST(TaskManagerCoreTest, EndsWhenRefusedOrWhenTheJobManagerIsSilentForItsExpiry) {
  Driver refused;
  ASSERT_TRUE(refused.Take<SendRegister>());
  refused.Feed(RegisterFailed{{ErrorCode::kUnauthenticated, "wrong secret", ""}});
  EXPECT_EQ(refused.Take<Exit>()->code, 1);

  Driver silent;
  silent.Register();
  silent.Poll();
  for (int i = 0; i < 100 && !silent.actions.empty(); ++i) silent.actions.pop_front();
  silent.Feed(PollFailed{Unavailable()});
  silent.Pass(kExpiry - milliseconds(1));
  EXPECT_FALSE(silent.Take<Exit>());
  silent.Pass(milliseconds(1));
  const auto exit = silent.Take<Exit>();
  ASSERT_TRUE(exit);
  EXPECT_NE(exit->cause.find("30000 ms"), std::string::npos);
  EXPECT_EQ(silent.core.NextDeadline(), kNever);
}

TEST(TaskManagerCoreTest, ATaskWaitsForItsLibraryAndIsReportedInEveryState) {
  Driver driver;
  driver.Register();
  driver.Answer(driver.Poll().sequence, {Deploy("j", "early"), Job("j"), Deploy("j", "e")});
  ASSERT_TRUE(driver.Take<PrepareJob>());
  EXPECT_FALSE(driver.Take<StartTask>());
  // The deployment that came before its job is refused with a cause.
  PollRequest poll = driver.Poll();
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].execution, "early");
  EXPECT_EQ(poll.tasks[0].state, TaskState::kFailed);
  EXPECT_NE(poll.tasks[0].failure.find("job j is not known"), std::string::npos);
  driver.Answer(poll.sequence, {});
  poll = driver.Poll();
  EXPECT_TRUE(poll.tasks.empty());

  driver.Feed(JobPrepared{"j", ""});
  EXPECT_EQ(driver.Take<StartTask>()->task.execution, "e");
  EXPECT_TRUE(driver.Take<InterruptPoll>()) << "a change of state is told at once";
  driver.Feed(PollFailed{Unavailable()});
  const PollRequest again = driver.Poll();
  EXPECT_EQ(again.sequence, poll.sequence) << "the outcome is unknown: the same poll again";
  EXPECT_TRUE(again.tasks.empty());
  EXPECT_EQ(again.park, Duration{0});
  driver.Answer(again.sequence, {});
  poll = driver.Poll();
  EXPECT_EQ(poll.sequence, again.sequence + 1);
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].state, TaskState::kInitializing);
  driver.Answer(poll.sequence, {});

  driver.Poll();
  driver.Feed(TaskRunning{"e"});
  driver.Feed(TaskEnded{"e", TaskEvent::kFinished, "", {1, 2, 3, 4}, {"/out/part-00000"}});
  driver.Feed(PollFailed{Unavailable()});
  driver.Answer(driver.Poll().sequence, {});
  poll = driver.Poll();
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].state, TaskState::kFinished);
  EXPECT_EQ(poll.tasks[0].counters, (Counters{1, 2, 3, 4}));
  EXPECT_EQ(poll.tasks[0].outputs, (std::vector<std::string>{"/out/part-00000"}));
}

TEST(TaskManagerCoreTest, ALibraryThatCannotBeHadFailsItsTasksNowAndLater) {
  Driver driver;
  driver.Register();
  driver.Answer(driver.Poll().sequence, {Job("j"), Deploy("j", "a")});
  driver.Poll();
  driver.Feed(JobPrepared{"j", "not a shared library"});
  driver.Feed(PollFailed{Unavailable()});
  driver.Answer(driver.Poll().sequence, {});
  PollRequest poll = driver.Poll();
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].failure, "not a shared library");
  driver.Answer(poll.sequence, {});
  driver.Answer(driver.Poll().sequence, {Deploy("j", "b")});
  poll = driver.Poll();
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].execution, "b");
  EXPECT_EQ(poll.tasks[0].failure, "not a shared library");
  EXPECT_FALSE(driver.Take<StartTask>());
  EXPECT_EQ(driver.core.active_tasks(), 0u);
}

TEST(TaskManagerCoreTest, CountersRideOnTheNextPollWithoutInterruptingOne) {
  Driver driver;
  driver.RunOneTask();
  driver.Pass(TaskManagerCore::kSampleInterval);
  EXPECT_TRUE(driver.Take<SampleCounters>());
  driver.Feed(CountersSampled{{{"e", {10, 0, 100, 0}}}});
  EXPECT_FALSE(driver.Take<InterruptPoll>());
  driver.Answer(driver.sequence, {});
  PollRequest poll = driver.Poll();
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].counters, (Counters{10, 0, 100, 0}));
  EXPECT_EQ(poll.park, TaskManagerCore::kActivePark);
  driver.Answer(poll.sequence, {});
  EXPECT_TRUE(driver.Poll().tasks.empty()) << "told once";
}

TEST(TaskManagerCoreTest, CancelCommitAndReleaseInOrder) {
  Driver driver;
  driver.RunOneTask();
  driver.Answer(driver.sequence, {CancelJob{"j"}, CancelJob{"j"}, CancelJob{"unknown"}});
  EXPECT_EQ(driver.Take<CancelTask>()->execution, "e");
  EXPECT_FALSE(driver.Take<CancelTask>()) << "told twice, done once";
  PollRequest poll = driver.Poll();
  // Released while the task still ends: forgotten afterwards.
  driver.Answer(poll.sequence, {ReleaseJob{"j"}});
  EXPECT_FALSE(driver.Take<ForgetJob>());
  driver.Feed(TaskEnded{"e", TaskEvent::kCanceled, "", {}, {}});
  EXPECT_TRUE(driver.Take<ForgetJob>());
  EXPECT_EQ(driver.core.jobs(), 0u);
  EXPECT_EQ(driver.core.active_tasks(), 0u);
  poll = driver.Poll();
  driver.Answer(poll.sequence, {CommitJob{"j"}});
  poll = driver.Poll();
  ASSERT_EQ(poll.commits.size(), 1u);
  EXPECT_NE(poll.commits[0].failure.find("job j is not known"), std::string::npos);
}

TEST(TaskManagerCoreTest, AnUnknownSessionRegistersAgainAndTellsEverythingAgain) {
  Driver driver;
  driver.RunOneTask();
  driver.Feed(PollFailed{{ErrorCode::kResync, "unknown session", ""}});
  ASSERT_TRUE(driver.Take<SendRegister>());
  driver.Feed(Registered{8, kExpiry});
  const PollRequest poll = driver.Poll();
  EXPECT_EQ(poll.session, 8);
  EXPECT_EQ(poll.sequence, 1);
  ASSERT_EQ(poll.tasks.size(), 1u);
  EXPECT_EQ(poll.tasks[0].state, TaskState::kRunning);
}

TEST(TaskManagerCoreTest, ShutDownCancelsAndExitsWithZero) {
  Driver driver;
  driver.RunOneTask();
  driver.Answer(driver.sequence, {ShutDown{}});
  EXPECT_TRUE(driver.Take<CancelTask>());
  EXPECT_EQ(driver.Take<Exit>()->code, 0);
  driver.Feed(TaskRunning{"e"});
  EXPECT_TRUE(driver.actions.empty() || !driver.Take<SendPoll>()) << "nothing after the end";
}

// Polls are lost in both directions at random. The JobManager of the model applies a poll whose
// sequence is the next one and repeats its answer to the last one, as idl/task.thrift says.
TEST(TaskManagerCoreTest, EveryReportArrivesOnceAndInOrderOverALossyLink) {
  for (uint64_t seed = 1; seed <= 40; ++seed) {
    Random random(seed);
    Driver driver;
    driver.Register();
    int64_t known = 0;
    std::map<std::string, std::vector<TaskState>> told;
    std::set<std::string> deployed;
    std::set<std::string> running;
    std::vector<Command> last;
    int next = 0;
    bool job_sent = false;
    for (int step = 0; step < 1000; ++step) {
      while (auto start = driver.Take<StartTask>()) running.insert(start->task.execution);
      if (driver.Take<PrepareJob>()) driver.Feed(JobPrepared{"j", ""});
      if (!running.empty() && random.Chance(1, 4)) {
        const std::string execution = *running.begin();
        running.erase(execution);
        driver.Feed(TaskRunning{execution});
        driver.Feed(TaskEnded{execution, TaskEvent::kFinished, "", {}, {}});
      }
      const bool interrupted = driver.Take<InterruptPoll>().has_value();
      if (const auto poll = driver.Take<SendPoll>()) {
        const PollRequest& request = poll->request;
        const bool reliable = step >= 600;  // so that all is told in the end
        const bool arrives = reliable || random.Chance(4, 5);
        if (arrives) {
          ASSERT_TRUE(request.sequence == known || request.sequence == known + 1);
          if (request.sequence == known + 1) {
            known = request.sequence;
            for (const TaskReport& report : request.tasks) {
              auto& states = told[report.execution];
              if (states.empty() || states.back() != report.state) states.push_back(report.state);
            }
            last.clear();
            if (!job_sent) last.push_back(Job("j"));
            job_sent = true;
            if (step < 500) {
              const std::string execution = "e" + std::to_string(next++);
              deployed.insert(execution);
              last.push_back(Deploy("j", execution));
            }
          }
        }
        if (arrives && !interrupted && (reliable || random.Chance(4, 5))) {
          driver.Answer(request.sequence, last);
        } else {
          driver.Feed(PollFailed{Unavailable()});
        }
      }
      driver.Pass(milliseconds(20));
    }
    ASSERT_FALSE(driver.Take<Exit>()) << "seed " << seed;
    ASSERT_EQ(told.size(), deployed.size()) << "seed " << seed;
    for (const auto& [execution, states] : told) {
      EXPECT_EQ(states.back(), TaskState::kFinished) << execution << " seed " << seed;
    }
    EXPECT_EQ(driver.core.active_tasks(), 0u);
  }
}

}  // namespace
}  // namespace weir::stream::taskmanager
