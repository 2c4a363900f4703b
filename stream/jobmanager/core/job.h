// Job: one submitted job with its tasks: what state they are in, where they run, what they report.
//
// It changes only through its own tables (job_states.h, task_states.h); what follows from a change
// (commands, answers) is JobManagerCore's. Failures have a rank: one that only echoes a peer's
// (kInheritedFailure) gives way to a cause of its own; among equals the first is kept.
//
// Owner: JobManagerCore. Single-threaded. Pure.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_JOB_H_
#define WEIR_STREAM_JOBMANAGER_CORE_JOB_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "stream/jobmanager/core/job_messages.h"

namespace weir::stream {

inline constexpr size_t kTasksPerJobMax = 20'000;
inline constexpr size_t kSourceFilesMax = 10'000;  // of one source
inline constexpr size_t kOutputsMax = 20'000;      // paths kept of one job

struct Task {
  int32_t vertex = 0;
  int32_t subtask = 0;
  TaskState state = TaskState::kCreated;
  std::string execution_id;
  ContainerId worker;  // once deployed
  TaskCounters counters;
  std::vector<FileSplit> splits;  // given away at deployment
};

class Job {
 public:
  Job(JobId id, JobSpec spec, const Now& now);

  // kInvalidArgument: no graph, too many tasks.
  static Status Check(const JobSpec& spec);

  const JobId& id() const { return id_; }
  const JobSpec& spec() const { return spec_; }
  JobState state() const { return state_; }
  const std::string& failure() const { return failure_; }
  const std::vector<Task>& tasks() const { return tasks_; }
  int32_t slots_needed() const { return spec_.graph.SlotsNeeded(); }
  int64_t version() const { return version_; }

  // What the table says; the state is changed when it allows.
  TransitionKind Apply(JobEvent event, const Now& now);
  void Touch() { ++version_; }
  // The cause told when the job is FAILED.
  void NoteFailure(const std::string& cause) { NoteFailure(cause, /*inherited=*/false); }

  // The paths of its file sources by vertex; empty when there is nothing to list.
  std::map<int32_t, std::vector<std::string>> SourcePaths() const;
  // kInvalidArgument: a source has no files, or more than kSourceFilesMax.
  Status Schedule(const std::map<int32_t, std::vector<SourceFile>>& files);
  // Slot i gets subtask i of every vertex; slots() holds them until they are lost. Requires: as
  // many slots as slots_needed().
  void Assign(std::vector<ContainerId> slots);
  const std::vector<ContainerId>& slots() const { return slots_; }
  std::set<ContainerId> Workers() const { return {slots_.begin(), slots_.end()}; }
  // For the workers of the tasks now assigned; downstream vertices first. Gives the splits away.
  std::vector<std::pair<ContainerId, DeployTask>> TakeDeployments();

  // Nothing but the counters may have changed; reports of others' tasks are not taken.
  void TakeReport(const ContainerId& from, const TaskReport& report);
  // Tasks that are not deployed end; the others wait for their TaskManagers.
  void CancelTasks();
  void LoseWorker(const ContainerId& worker, const std::string& cause);
  // Its slots are gone with it: there is nothing to give back.
  void DropSlots(const ContainerId& worker);

  bool AllTasksFinished() const;
  // Workers with tasks that could still run.
  std::set<ContainerId> ActiveWorkers() const;
  // Workers that have not said yet that they write nothing more for this job.
  std::set<ContainerId> UnendedWorkers() const;
  // Of its file sinks; each once.
  std::vector<std::string> OutputDirectories() const;
  // Adds to the failure what was left of the results.
  void NoteLeftovers(const std::string& leftovers);

  std::set<ContainerId> pending_commits;  // also while FAILING: an order cannot be taken back
  std::set<ContainerId> unconfirmed;      // given up with tasks of this job; may write still
  bool cleaning = false;                  // CleanOutputs is under way
  Instant slot_deadline = kNever;         // while CREATED
  Instant cancel_deadline = kNever;       // while FAILING or CANCELLING
  bool end_seen = false;                  // a client was told the terminal state

  // Without what only the cluster knows (slots ready, TaskManagers, waiting).
  JobReport Report() const;

 private:
  void NoteFailure(const std::string& cause, bool inherited);
  size_t IndexOf(int32_t vertex, int32_t subtask) const;
  void ApplyToTask(Task& task, TaskEvent event);
  std::string Describe(const Task& task) const;

  JobId id_;
  JobSpec spec_;
  JobState state_ = JobState::kInitializing;
  WallTime started_;
  WallTime finished_;
  std::string failure_;
  bool failure_inherited_ = false;
  std::vector<size_t> first_task_;  // of each vertex
  std::vector<Task> tasks_;         // by vertex, then subtask
  std::map<std::string, size_t> by_execution_;
  std::vector<ContainerId> slots_;
  std::vector<std::string> outputs_;
  int64_t version_ = 1;
};

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_JOB_H_
