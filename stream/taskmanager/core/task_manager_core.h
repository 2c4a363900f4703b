// TaskManagerCore: what a TaskManager does when: its conversation with the JobManager, its jobs and
// their tasks.
//
// The conversation: register, then one poll after the other with growing sequence numbers. A poll
// whose outcome is unknown is sent again unchanged (but for its parking), so the JobManager takes
// each report once. A poll carries what changed since the last one that was answered. While tasks
// run, polls are parked for kActivePark at most and carry fresh counters; a change of state
// interrupts a parked poll, so that it is told at once. When nothing was heard for as long as the
// JobManager waits for us, the TaskManager ends itself.
//
// Jobs: prepared once; tasks that are deployed before that wait. A job is forgotten after its
// release, when its last task has ended. Pure: Step() decides, the server acts.
#ifndef WEIR_STREAM_TASKMANAGER_CORE_TASK_MANAGER_CORE_H_
#define WEIR_STREAM_TASKMANAGER_CORE_TASK_MANAGER_CORE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/time.h"
#include "stream/taskmanager/core/messages.h"

namespace weir::stream::taskmanager {

class TaskManagerCore {
 public:
  static constexpr Duration kActivePark = milliseconds(200);
  static constexpr Duration kIdlePark = seconds(20);
  static constexpr Duration kSampleInterval = milliseconds(200);
  static constexpr Duration kRetryFirst = milliseconds(50);
  static constexpr Duration kRetryMax = seconds(2);
  // Until the JobManager has told its own: for the first registration.
  static constexpr Duration kFirstExpiry = seconds(60);
  static constexpr size_t kJobsMax = 1024;
  static constexpr size_t kTasksMax = 65'536;
  static constexpr size_t kReportsPerPoll = 1000;

  explicit TaskManagerCore(Instant now);

  // First call: TimePassed, which registers.
  std::vector<Action> Step(const Event& event, Instant now);
  // When to call Step(TimePassed); kNever = only with events.
  Instant NextDeadline() const;
  size_t active_tasks() const { return active_; }
  size_t jobs() const { return jobs_.size(); }

 private:
  enum class Link { kRegister, kRegistering, kPolling, kIdle, kOver };
  enum class JobState { kPreparing, kReady, kUnusable };
  struct Task {
    DeployTask deploy;
    TaskState state = TaskState::kScheduled;
    TaskReport report;
  };
  struct Job {
    JobState state = JobState::kPreparing;
    std::string failure;          // for kUnusable
    bool released = false;        // waits for its tasks' ends
    std::set<std::string> tasks;  // executions
  };

  void On(const Registered& event);
  void On(const RegisterFailed& event);
  void On(const PollAnswered& event);
  void On(const PollFailed& event);
  void On(const JobPrepared& event);
  void On(const TaskRunning& event);
  void On(const TaskEnded& event);
  void On(const CommitDone& event);
  void On(const CountersSampled& event);
  void On(const TimePassed& event);

  void Obey(const JobInformation& command);
  void Obey(const DeployTask& command);
  void Obey(const CancelJob& command);
  void Obey(const CommitJob& command);
  void Obey(const ReleaseJob& command);
  void Obey(const ShutDown& command);

  void Refuse(const DeployTask& command, const std::string& failure);
  void Apply(Task& task, TaskEvent event, const std::string& failure);
  void CancelAll(Job& job);
  void ForgetIfOver(const std::string& id);
  // Sends the next poll, or interrupts the parked one, if there is a reason to.
  void Converse();
  PollRequest NextRequest();
  bool HasNews() const { return !changed_.empty() || !strays_.empty() || !commits_.empty(); }
  void Retry();
  void End(int code, const std::string& cause);

  Instant now_;
  std::vector<Action> actions_;

  Link link_ = Link::kRegister;
  int64_t session_ = 0;
  int64_t sequence_ = 0;
  Duration expiry_ = kFirstExpiry;
  Instant heard_;
  Instant retry_at_;
  Duration retry_delay_ = kRetryFirst;
  std::optional<PollRequest> in_flight_;  // sent or to be sent again, until it is answered
  bool interrupted_ = false;

  std::map<std::string, Job> jobs_;
  std::map<std::string, Task> tasks_;  // by execution
  size_t active_ = 0;                  // tasks that have not ended
  std::set<std::string> changed_;      // executions to report
  std::set<std::string> counted_;      // those with new counters: told with the next poll
  std::vector<TaskReport> strays_;     // of tasks that were refused
  std::vector<CommitReport> commits_;
  Instant sample_at_ = kNever;
};

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_CORE_TASK_MANAGER_CORE_H_
