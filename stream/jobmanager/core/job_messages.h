// What can happen to a JobManager, what it answers, and what it tells TaskManagers, as values. A
// CallId names a caller that waits: the core answers every call exactly once, at once or later.
// Immutable values.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_JOB_MESSAGES_H_
#define WEIR_STREAM_JOBMANAGER_CORE_JOB_MESSAGES_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/hostport.h"
#include "common/ids.h"
#include "common/result.h"
#include "common/time.h"
#include "stream/graph/job_graph.h"
#include "stream/jobmanager/core/job_report.h"
#include "stream/jobmanager/core/source_splits.h"

namespace weir::stream {

struct CallId {
  uint64_t value = 0;
  auto operator<=>(const CallId&) const = default;
};

struct JobSpec {
  std::string idempotency_key;  // the same key submits the same job once; "" = no key
  std::string name;
  std::string library_sha256;
  int64_t library_size = 0;
  std::vector<std::string> arguments;
  JobGraph graph;
  std::string graph_sha256;
  int32_t parallelism = 1;
  std::map<std::string, std::string> configuration;
  Duration slot_timeout{0};  // fails when slots are missing for so long; 0 = waits
};

// --- commands to TaskManagers

struct TaskLocation {
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::string execution_id;
  HostPort data_address;
};
struct JobInformation {
  JobId job;
  std::string library_sha256;
  int64_t library_size = 0;
  std::vector<std::string> arguments;
  std::string graph_sha256;
  int32_t parallelism = 1;
  std::map<std::string, std::string> configuration;
  std::vector<TaskLocation> locations;  // of all tasks
};
struct PrepareJob {
  std::shared_ptr<const JobInformation> information;
};
struct DeployTask {
  JobId job;
  std::string execution_id;
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::vector<FileSplit> splits;
};
struct CancelTasks {
  JobId job;
};
struct CommitResults {
  JobId job;
};
struct ReleaseTasks {
  JobId job;
};
struct ShutDown {};
using TaskCommand =
    std::variant<PrepareJob, DeployTask, CancelTasks, CommitResults, ReleaseTasks, ShutDown>;

// --- reports of TaskManagers

struct TaskReport {
  JobId job;
  std::string execution_id;
  std::optional<TaskEvent> event;  // nothing: only the counters have changed
  std::string failure;
  TaskCounters counters;
  std::vector<std::string> outputs;
};
struct CommitReport {
  JobId job;
  std::string failure;  // "" = committed
};

// --- events

struct SubmitJob {
  CallId call;
  JobId id;  // chosen by the shell, at random
  JobSpec spec;
};
struct CancelJob {
  CallId call;
  JobId id;
};
// Answered when the report's version is above `known_version`, or `park` has passed.
struct WatchJob {
  CallId call;
  JobId id;
  int64_t known_version = -1;
  Duration park{0};
};
// The peer of a waiting call left.
struct CallAbandoned {
  CallId call;
};
// The files of a job's sources, by vertex; answers ListSources.
struct SourcesListed {
  JobId id;
  Result<std::map<int32_t, std::vector<SourceFile>>> files;
};
struct RegisterTaskManager {
  CallId call;
  ContainerId container;
  HostPort data_address;
  int32_t slots = 0;
};
struct PollTaskManager {
  CallId call;
  int64_t session = 0;
  int64_t sequence = 0;
  std::vector<TaskReport> tasks;
  std::vector<CommitReport> commits;
  Duration park{0};
};
// The container of a TaskManager has ended, whoever wanted that.
struct WorkerEnded {
  ContainerId container;
  std::string cause;  // in words, with node and exit code
};
// The TaskManager gets no more tasks and is told to exit. Its tasks, if any, fail.
struct ShutDownWorker {
  ContainerId container;
};
// Workers cannot be had: jobs that wait for slots fail.
struct FailWaitingJobs {
  std::string cause;
};
// What is being done about missing slots, for the reports.
struct WorkersPlanned {
  int32_t wanted = 0;
  std::string detail;  // why they are not there yet, in the RM's words
};
// All workers that the scheduler is about to take back although jobs use them, for the reports.
struct WorkersWantedBack {
  std::set<ContainerId> containers;
};
// The cluster ends: no more submissions, live jobs are cancelled.
struct StopJobs {};
// Answers CleanOutputs. "" = nothing is left; else what could not be deleted, in words.
struct OutputsCleaned {
  JobId id;
  std::string failure;
};
struct DeadlineReached {};

using JobManagerEvent = std::variant<SubmitJob,
                                     CancelJob,
                                     WatchJob,
                                     CallAbandoned,
                                     SourcesListed,
                                     OutputsCleaned,
                                     RegisterTaskManager,
                                     PollTaskManager,
                                     WorkerEnded,
                                     ShutDownWorker,
                                     FailWaitingJobs,
                                     WorkersPlanned,
                                     WorkersWantedBack,
                                     StopJobs,
                                     DeadlineReached>;

// --- actions

struct AnswerSubmission {
  CallId call;
  Result<JobId> result;
};
struct AnswerCancel {
  CallId call;
  Status result;
};
struct AnswerWatch {
  CallId call;
  Result<JobReport> result;
};
struct TaskManagerSession {
  int64_t session = 0;
  Duration expiry{0};
};
struct AnswerRegistration {
  CallId call;
  Result<TaskManagerSession> result;
};
struct PollAnswer {
  int64_t sequence = 0;
  std::vector<TaskCommand> commands;
};
struct AnswerPoll {
  CallId call;
  Result<PollAnswer> result;
};
// Find the files of these sources; answer with SourcesListed.
struct ListSources {
  JobId id;
  std::map<int32_t, std::vector<std::string>> paths;  // by vertex
};
// Nobody writes there for this job any more. Delete its hidden files in these directories, and what
// it has published unless that is to be kept; answer with OutputsCleaned.
struct CleanOutputs {
  JobId id;
  std::vector<std::string> directories;
  bool keep_published = false;
  bool operator==(const CleanOutputs&) const = default;
};
// For the log and for whoever waits for a job's end.
struct JobChanged {
  JobId id;
  JobState from;
  JobState to;
  std::string cause;
};
struct WorkerRegistered {
  ContainerId container;
  int32_t slots = 0;
};
// The TaskManager is not heard or does not obey: its container must be stopped.
struct WorkerGivenUp {
  ContainerId container;
  std::string cause;
};

using JobManagerAction = std::variant<AnswerSubmission,
                                      AnswerCancel,
                                      AnswerWatch,
                                      AnswerRegistration,
                                      AnswerPoll,
                                      ListSources,
                                      CleanOutputs,
                                      JobChanged,
                                      WorkerRegistered,
                                      WorkerGivenUp>;

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_JOB_MESSAGES_H_
