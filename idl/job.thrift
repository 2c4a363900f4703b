// Client - JobManager. Callers: holders of the attempt's client token.
namespace cpp weir.idl
include "base.thrift"

struct JobSpec {
  1: optional string idempotency_key;
  2: optional string name;
  3: optional string library_sha256;      // a blob already uploaded
  4: optional list<string> arguments;
  5: optional string graph;               // stream/graph text form, as the client built it
  6: optional i32 parallelism;            // default of the job
  7: optional map<string, string> configuration;
  8: optional i64 slot_timeout_ms;        // fails when slots are missing for so long; 0 = waits
}

struct VertexReport {
  1: optional i32 id;
  2: optional string name;
  3: optional i32 parallelism;
  4: optional map<string, i32> tasks;     // task state -> count
  5: optional i64 records_in;
  6: optional i64 records_out;
  7: optional i64 bytes_in;
  8: optional i64 bytes_out;
}

struct JobReport {
  1: optional string job_id;
  2: optional string name;
  3: optional string state;               // Flink's job states
  4: optional i64 started_ms;
  5: optional i64 finished_ms;
  6: optional string failure;             // the cause, when FAILED
  7: optional list<VertexReport> vertices;
  8: optional i32 slots_needed;
  9: optional i32 slots_ready;
  10: optional i32 task_managers_ready;
  11: optional i32 task_managers_wanted;
  12: optional string waiting;            // why it waits, in words; "" when it does not
  13: optional list<string> outputs;      // paths of committed results
  14: optional i64 version;
  15: optional i64 source_records;
}

struct ClusterReport {
  1: optional string application_id;
  2: optional i32 task_managers;
  3: optional i32 slots_total;
  4: optional i32 slots_free;
  5: optional i32 jobs_running;
  6: optional string mode;
}

service JobService extends base.BaseService {
  // Blobs are content-addressed; pieces of at most 1 MiB in order from offset 0. True when whole.
  bool uploadBlob(1: string sha256, 2: i64 size, 3: i64 offset, 4: binary data)
      throws (1: base.ServiceError error);
  bool hasBlob(1: string sha256) throws (1: base.ServiceError error);
  string submitJob(1: JobSpec spec) throws (1: base.ServiceError error);
  // With park_ms: answers when the report is newer than known_version.
  JobReport jobStatus(1: string job_id, 2: i64 known_version, 3: i32 park_ms)
      throws (1: base.ServiceError error);
  list<JobReport> listJobs() throws (1: base.ServiceError error);
  void cancelJob(1: string job_id) throws (1: base.ServiceError error);
  ClusterReport clusterStatus() throws (1: base.ServiceError error);
  // Ends the cluster: running jobs are cancelled, the application finishes.
  void stopCluster() throws (1: base.ServiceError error);
}
