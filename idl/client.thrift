// Client - ResourceManager. Callers: local users (unix socket), daemons.
namespace cpp weir.idl
include "base.thrift"
include "queue.thrift"

struct SubmissionContext {
  1: optional string name;
  2: optional string type;
  3: optional string queue;
  4: optional i32 priority;
  5: optional base.Resource am_resource;
  6: optional base.LaunchContext am_launch;
  7: optional i32 max_attempts;
  8: optional i64 queue_timeout_ms;
  9: optional list<string> tags;
  10: optional string label;
  11: optional string am_label;
  12: optional i64 lifetime_ms;         // 0 = the queue's default
  13: optional i64 attempt_failures_validity_ms;  // 0 = all failures count
  14: optional bool keep_containers;
}

struct SubmitRequest {
  1: optional string idempotency_key;  // 1 to 64 characters, chosen by the client
  2: optional SubmissionContext context;
}

struct SubmitAnswer {
  1: optional string application_id;
}

struct ApplicationReport {
  1: optional string id;
  2: optional string name;
  3: optional string type;
  4: optional string user;
  5: optional string queue;
  6: optional i32 priority;
  7: optional i32 state;
  8: optional i32 final_status;
  9: optional double progress;
  10: optional string tracking_url;
  11: optional base.HostPort am_address;
  12: optional string diagnostics;
  13: optional i64 started_ms;
  14: optional i64 launched_ms;
  15: optional i64 finished_ms;
  16: optional string attempt_id;       // "" when there is none
  17: optional string am_container_id;  // "" when there is none
  18: optional string am_node;
  19: optional string am_node_http_address;
  20: optional base.Resource allocated;
  21: optional i32 running_containers;
  22: optional i64 memory_seconds;
  23: optional i64 vcore_seconds;
  24: optional i32 pending_reason;
  25: optional string pending_detail;
  26: optional i64 version;
  27: optional base.Token client_token;  // for the AM; only for the owner, while the AM is registered
  28: optional string label;
  29: optional i64 expires_ms;           // 0 = never
  30: optional i64 preempted_containers;
  31: optional i32 max_attempts;
  32: optional i32 counted_failures;
  33: optional i64 attempt_failures_validity_ms;
  34: optional list<string> avoided_nodes;
}

struct GetApplicationRequest {
  1: optional string application_id;
  2: optional i64 known_version;  // with park_ms: answer when the report is newer than this
  3: optional i32 park_ms;
}

struct ListApplicationsRequest {
  1: optional set<i32> states;    // empty = all
  2: optional string user;
  3: optional string queue;
  4: optional string after_id;    // the last id of the page before; "" = from the newest
  5: optional i32 limit;          // at most 1000
}

struct ListApplicationsAnswer {
  1: optional list<ApplicationReport> applications;  // newest first
  2: optional bool more;
}

struct KillRequest {
  1: optional string application_id;
  2: optional string diagnostics;
}

struct ContainerReport {
  1: optional string id;
  2: optional string node;
  3: optional string node_http_address;
  4: optional string node_name;
  5: optional base.Resource resource;
  6: optional i32 state;
  7: optional i32 exit_code;
  8: optional string diagnostics;
  9: optional i64 started_ms;
  10: optional i64 finished_ms;
  11: optional string detail;
}

struct ResizeContainerRequest {
  1: optional string container_id;
  2: optional i64 memory_mib;     // absent = as it is
  3: optional i64 vcores;         // absent = as they are
  4: optional i32 park_ms;        // how long to wait for its node
}

struct SignalContainerRequest {
  1: optional string container_id;
  2: optional i32 signal;         // common/container.h ContainerSignal
  3: optional i32 park_ms;
}

struct NodeReport {
  1: optional string id;
  2: optional string name;
  3: optional string rack;
  4: optional string http_address;
  5: optional i32 state;
  6: optional base.Resource capacity;
  7: optional base.Resource used;
  8: optional i32 containers;
  9: optional string health_report;
  10: optional i64 last_heartbeat_ms;
  11: optional string label;
  12: optional base.NodeUtilization utilization;
  13: optional i64 decommission_by_ms;
}

struct ClusterInfo {
  1: optional string cluster_id;
  2: optional i64 epoch;
  3: optional i64 started_ms;
  4: optional string http_address;
  5: optional base.Resource minimum_allocation;
  6: optional base.Resource maximum_allocation;
  7: optional base.Resource total;
  8: optional base.Resource allocated;
  9: optional i32 nodes;
}

struct MoveRequest {
  1: optional string application_id;
  2: optional string queue;
}

struct PriorityRequest {
  1: optional string application_id;
  2: optional i32 priority;
}

struct LifetimeRequest {
  1: optional string application_id;
  2: optional i64 lifetime_ms;    // from now on
}

struct ListQueuesRequest {
  1: optional string under;       // path or unique name: it and what is below it; "" = all
  2: optional string after_path;  // the last path of the page before; "" = from the first
  3: optional bool users;         // with the users of leaves
}

struct ListQueuesAnswer {
  1: optional list<queue.QueueReport> queues;  // parents before children
  2: optional bool more;
}

service ClientService extends base.BaseService {
  SubmitAnswer submitApplication(1: SubmitRequest request) throws (1: base.ServiceError error);
  ApplicationReport getApplication(1: GetApplicationRequest request)
      throws (1: base.ServiceError error);
  ListApplicationsAnswer listApplications(1: ListApplicationsRequest request)
      throws (1: base.ServiceError error);
  // Answers once the kill is durable; the application may still be ending.
  ApplicationReport killApplication(1: KillRequest request) throws (1: base.ServiceError error);
  list<ContainerReport> listContainers(1: string application_id)
      throws (1: base.ServiceError error);
  list<NodeReport> listNodes() throws (1: base.ServiceError error);
  ClusterInfo getClusterInfo() throws (1: base.ServiceError error);

  // Owners, administrators of the queue and of the cluster. Each answers once it is durable.
  ApplicationReport moveApplication(1: MoveRequest request) throws (1: base.ServiceError error);
  ApplicationReport updatePriority(1: PriorityRequest request) throws (1: base.ServiceError error);
  ApplicationReport updateLifetime(1: LifetimeRequest request) throws (1: base.ServiceError error);

  // For the same callers. Each answers when the container's node has acted, or said why it does not;
  // kDeadlineExceeded: it has not done so yet, and will be told when it is heard of.
  ContainerReport resizeContainer(1: ResizeContainerRequest request)
      throws (1: base.ServiceError error);
  ContainerReport signalContainer(1: SignalContainerRequest request)
      throws (1: base.ServiceError error);

  queue.Explanation explainApplication(1: string application_id)
      throws (1: base.ServiceError error);
  ListQueuesAnswer listQueues(1: ListQueuesRequest request) throws (1: base.ServiceError error);
  list<queue.LabelReport> listLabels() throws (1: base.ServiceError error);
}
