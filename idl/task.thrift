// TaskManager - JobManager. Callers: workers with the attempt's secret. The TaskManager calls, the
// JobManager answers: commands come back in the parked poll.
namespace cpp weir.idl
include "base.thrift"

struct RegisterTaskManagerRequest {
  1: optional string container_id;
  2: optional base.HostPort data_address;   // where other TaskManagers connect
  3: optional i32 slots;
  4: optional i32 pid;
}

struct RegisterTaskManagerAnswer {
  1: optional i64 session;
  2: optional i64 expiry_ms;
}

// One input of a source task: the bytes [begin_byte, end_byte) of a file. A line belongs to the split in which
// its first byte lies.
struct FileSplit {
  1: optional string path;
  2: optional i64 begin_byte;
  3: optional i64 end_byte;
}

struct DeployTask {
  1: optional string job_id;
  2: optional string execution_id;          // unique per (vertex, subtask, try)
  3: optional i32 vertex;
  4: optional i32 subtask;
  5: optional list<FileSplit> splits;       // for file sources
}

struct TaskLocation {
  1: optional i32 vertex;
  2: optional i32 subtask;
  3: optional string execution_id;
  4: optional base.HostPort data_address;
}

// Everything needed to run tasks of one job here; comes before or with its first DeployTask.
struct JobInformation {
  1: optional string job_id;
  2: optional string library_sha256;
  3: optional i64 library_size;
  4: optional list<string> arguments;
  5: optional string graph_sha256;          // the replayed graph must hash to this
  6: optional i32 parallelism;
  7: optional map<string, string> configuration;
  8: optional list<TaskLocation> locations;  // of all tasks of the job
}

struct TaskCommand {
  1: optional JobInformation job;           // at most one of the five is set
  2: optional DeployTask deploy;
  3: optional string cancel_job;
  4: optional string commit_job;            // publish the finished sinks' files
  5: optional string release_job;           // forget it; delete what was not committed
  6: optional bool shut_down;
}

struct TaskReport {
  1: optional string job_id;
  2: optional string execution_id;
  3: optional string state;                 // Flink's task states
  4: optional string failure;
  5: optional i64 records_in;
  6: optional i64 records_out;
  7: optional i64 bytes_in;
  8: optional i64 bytes_out;
  9: optional list<string> outputs;         // final paths this task will publish at commit
}

struct CommitReport {
  1: optional string job_id;
  2: optional string failure;               // "" = committed
}

struct TaskPollRequest {
  1: optional i64 session;
  2: optional i64 sequence;                 // same rules as Allocate
  3: optional list<TaskReport> tasks;       // changed since the last acknowledged poll
  4: optional list<CommitReport> commits;
  5: optional i32 park_ms;
}

struct TaskPollAnswer {
  1: optional i64 sequence;
  2: optional list<TaskCommand> commands;
}

service TaskService extends base.BaseService {
  RegisterTaskManagerAnswer registerTaskManager(1: RegisterTaskManagerRequest request)
      throws (1: base.ServiceError error);
  TaskPollAnswer poll(1: TaskPollRequest request) throws (1: base.ServiceError error);
  binary fetchBlob(1: string sha256, 2: i64 offset, 3: i32 length)
      throws (1: base.ServiceError error);
}
