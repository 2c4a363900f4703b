// What can happen to a TaskManager, and what it wants done, as values. Immutable values.
#ifndef WEIR_STREAM_TASKMANAGER_CORE_MESSAGES_H_
#define WEIR_STREAM_TASKMANAGER_CORE_MESSAGES_H_

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"
#include "stream/taskmanager/core/task_states.h"

namespace weir::stream::taskmanager {

// --- the JobManager's commands (idl/task.thrift)

struct TaskLocation {
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::string execution;
  HostPort data_address;
};
struct JobInformation {
  std::string job;
  std::string library_sha256;
  int64_t library_size = 0;
  std::vector<std::string> arguments;
  std::string graph_sha256;
  int32_t parallelism = 1;
  std::map<std::string, std::string> configuration;
  std::vector<TaskLocation> locations;
};
struct FileSplit {
  std::string path;
  int64_t begin_byte = 0;
  int64_t end_byte = 0;
};
struct DeployTask {
  std::string job;
  std::string execution;
  int32_t vertex = 0;
  int32_t subtask = 0;
  std::vector<FileSplit> splits;
};
struct CancelJob {
  std::string job;
};
struct CommitJob {
  std::string job;
};
struct ReleaseJob {
  std::string job;
};
struct ShutDown {};
using Command =
    std::variant<JobInformation, DeployTask, CancelJob, CommitJob, ReleaseJob, ShutDown>;

// --- reports

struct Counters {
  int64_t records_in = 0;
  int64_t records_out = 0;
  int64_t bytes_in = 0;
  int64_t bytes_out = 0;
  bool operator==(const Counters&) const = default;
};
struct TaskReport {
  std::string job;
  std::string execution;
  TaskState state = TaskState::kScheduled;
  std::string failure;
  Counters counters;
  std::vector<std::string> outputs;  // final paths that a commit publishes
  bool operator==(const TaskReport&) const = default;
};
struct CommitReport {
  std::string job;
  std::string failure;  // "" = committed
  bool operator==(const CommitReport&) const = default;
};
struct PollRequest {
  int64_t session = 0;
  int64_t sequence = 0;
  std::vector<TaskReport> tasks;
  std::vector<CommitReport> commits;
  Duration park{0};
};

// --- events

struct Registered {
  int64_t session = 0;
  Duration expiry{0};
};
struct RegisterFailed {
  Error error;
};
struct PollAnswered {
  int64_t sequence = 0;
  std::vector<Command> commands;
};
// The outcome is unknown, or the JobManager refused.
struct PollFailed {
  Error error;
};
// The library was loaded, and the graph is the JobManager's; or why not.
struct JobPrepared {
  std::string job;
  std::string failure;
};
struct TaskRunning {
  std::string execution;
};
struct TaskEnded {
  std::string execution;
  TaskEvent end = TaskEvent::kFinished;  // kFinished, kCanceled or kFailed
  std::string failure;
  Counters counters;
  std::vector<std::string> outputs;
};
struct CommitDone {
  std::string job;
  std::string failure;
};
struct CountersSampled {
  std::map<std::string, Counters> by_execution;
};
struct TimePassed {};
using Event = std::variant<Registered,
                           RegisterFailed,
                           PollAnswered,
                           PollFailed,
                           JobPrepared,
                           TaskRunning,
                           TaskEnded,
                           CommitDone,
                           CountersSampled,
                           TimePassed>;

// --- actions, in order

struct SendRegister {};
struct SendPoll {
  PollRequest request;
};
// The poll under way is parked, and there is something to say: it comes back as PollFailed.
struct InterruptPoll {};
struct PrepareJob {
  JobInformation information;
};
struct StartTask {
  DeployTask task;
};
struct CancelTask {
  std::string execution;
};
struct PublishResults {
  std::string job;
};
// Its tasks have ended: what was not published is deleted.
struct ForgetJob {
  std::string job;
};
struct SampleCounters {};
struct Exit {
  int code = 0;
  std::string cause;
};
// One line for the log: a task's transition, or a command that made no sense.
struct Note {
  std::string subject;
  std::string text;
  std::string cause;
};
using Action = std::variant<SendRegister,
                            SendPoll,
                            InterruptPoll,
                            PrepareJob,
                            StartTask,
                            CancelTask,
                            PublishResults,
                            ForgetJob,
                            SampleCounters,
                            Exit,
                            Note>;

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_CORE_MESSAGES_H_
