// JobManagerCore: decides everything about the jobs of one cluster: which wait, which get slots,
// what TaskManagers are told, when a job has ended and how.
//
// Terms: a *slot* runs one task of every vertex of one job; a job gets all its slots at once or
// none. Jobs are served in the order of submission, and a smaller one may overtake one that does
// not fit yet. TaskManagers are filled in the order of their container ids, so that the later ones
// fall idle first.
//
// Invariants: every CallId gets exactly one answer; a job holds slots from RUNNING until it is
// terminal; a terminal job never changes. Before a job that was deployed ends, its output
// directories are cleaned, once nobody can write there for it: all or nothing is left. Bounded:
// live jobs, kept ended jobs, waiting watchers. Single-threaded: owned by the event loop. Pure: the
// same events give the same actions.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_JOB_MANAGER_CORE_H_
#define WEIR_STREAM_JOBMANAGER_CORE_JOB_MANAGER_CORE_H_

#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "stream/jobmanager/core/job.h"
#include "stream/jobmanager/core/job_messages.h"
#include "stream/jobmanager/core/task_manager_table.h"

namespace weir::stream {

inline constexpr size_t kLiveJobsMax = 256;
inline constexpr size_t kEndedJobsKept = 100;
inline constexpr size_t kWatchersMax = 4096;

struct JobManagerOptions {
  Duration task_manager_expiry = seconds(30);
  Duration cancel_timeout = seconds(30);  // then a TaskManager that has not ended its tasks is lost
};

class JobManagerCore {
 public:
  explicit JobManagerCore(const JobManagerOptions& options);

  std::vector<JobManagerAction> Step(const JobManagerEvent& event, const Now& now);
  // When to Step(DeadlineReached{}) at the latest; kNever when nothing waits for time.
  Instant NextDeadline() const;

  // --- queries
  std::vector<JobReport> Reports() const;           // in the order of submission
  Result<JobReport> Report(const JobId& id) const;  // kNotFound
  SlotSummary Slots() const;
  std::vector<WorkerUse> Workers() const;  // by container id
  bool AnyJob() const { return !jobs_.empty(); }
  bool AllJobsEnded() const;
  // What to clean after jobs that have not ended, when the process ends before them.
  std::vector<CleanOutputs> Unclean() const;
  // A client was told the terminal state of every ended job.
  bool AllEndsSeen() const;

 private:
  struct Watcher {
    CallId call;
    JobId id;
    int64_t known_version = -1;
    Instant deadline;
  };

  void On(const SubmitJob& event);
  void On(const CancelJob& event);
  void On(const WatchJob& event);
  void On(const CallAbandoned& event);
  void On(const SourcesListed& event);
  void On(const OutputsCleaned& event);
  void On(const RegisterTaskManager& event);
  void On(const PollTaskManager& event);
  void On(const WorkerEnded& event);
  void On(const ShutDownWorker& event);
  void On(const FailWaitingJobs& event);
  void On(const WorkersPlanned& event);
  void On(const WorkersWantedBack& event);
  void On(const StopJobs& event);
  void On(const DeadlineReached& event);

  Job* Find(const JobId& id);
  const Job* Find(const JobId& id) const;
  // Applies the event and what follows from the new state.
  void Transition(Job& job, JobEvent event);
  void Enter(Job& job);
  void Fail(Job& job, const std::string& cause);
  // Whether the states of its tasks and commits move the job on.
  void Advance(Job& job);
  void Deploy(Job& job);
  void StartCommit(Job& job);
  void EndTasks(Job& job);
  void CheckCancelDeadline(Job& job);
  void Clean(Job& job);
  CleanOutputs CleaningOf(const Job& job) const;
  void End(Job& job);
  void ForgetOldJobs();
  void AssignSlots();
  std::vector<ContainerId> TakeSlots(int32_t count);
  void LoseWorker(const ContainerId& container, const std::string& cause, bool give_up);
  void TouchWaitingJobs();
  void AnswerWatchers();
  JobReport FullReport(const Job& job) const;
  std::string WaitingSentence(const Job& job) const;
  // "" when none of its TaskManagers is wanted back.
  std::string WantedBackSentence(const Job& job) const;

  JobManagerOptions options_;
  TaskManagerTable managers_;
  std::map<int64_t, std::unique_ptr<Job>> jobs_;  // by number of submission
  std::map<JobId, int64_t> by_id_;
  std::map<std::string, JobId> by_key_;
  int64_t submissions_ = 0;
  std::deque<JobId> ended_;  // in the order of their ends
  std::vector<Watcher> watchers_;
  std::set<ContainerId> given_up_;
  WorkersPlanned planned_;
  std::set<ContainerId> wanted_back_;
  bool stopping_ = false;

  // Of the step in progress.
  Now now_{};
  std::vector<JobManagerAction> actions_;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_JOB_MANAGER_CORE_H_
