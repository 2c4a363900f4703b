// What people are told about queues. Semantics: common/queue.h.
namespace cpp weir.idl
include "base.thrift"

struct QueuePartitionReport {
  1: optional string label;
  2: optional double capacity;
  3: optional double maximum_capacity;
  4: optional double absolute_capacity;
  5: optional double absolute_maximum_capacity;
  6: optional double used_capacity;
  7: optional double absolute_used_capacity;
  8: optional double weight;
  9: optional double normalized_weight;
  10: optional base.Resource guaranteed;
  11: optional base.Resource maximum;
  12: optional base.Resource used;
  13: optional base.Resource reserved;
  14: optional base.Resource pending;
  15: optional base.Resource am_limit;
  16: optional base.Resource am_used;
  17: optional base.Resource user_limit;
}

struct QueueUserReport {
  1: optional string name;
  2: optional double weight;
  3: optional bool active;
  4: optional i32 pending_applications;
  5: optional i32 active_applications;
  6: optional base.Resource used;
  7: optional base.Resource am_used;
  8: optional base.Resource user_limit;
  9: optional i64 memory_seconds;
  10: optional i64 vcore_seconds;
}

struct QueueReport {
  1: optional string path;
  2: optional string name;
  3: optional bool leaf;
  4: optional bool is_dynamic;
  5: optional string state;
  6: optional string ordering_policy;
  7: optional i32 priority;
  8: optional i32 pending_applications;
  9: optional i32 active_applications;
  10: optional i64 maximum_applications;
  11: optional i64 maximum_applications_per_user;
  12: optional i64 maximum_parallel_applications;
  13: optional i64 containers;
  14: optional i64 pending_containers;
  15: optional i64 reserved_containers;
  16: optional double minimum_user_limit_percent;
  17: optional double user_limit_factor;
  18: optional bool preemption_disabled;
  19: optional bool intra_queue_preemption_disabled;
  20: optional string default_label;
  21: optional list<string> labels;
  22: optional base.Resource maximum_allocation;
  23: optional list<QueuePartitionReport> partitions;
  24: optional list<QueueUserReport> users;
  25: optional i64 memory_seconds;
  26: optional i64 vcore_seconds;
}

struct RefusedNodes {
  1: optional string cause;
  2: optional i64 nodes;
}

struct ExplainedAsk {
  1: optional i64 request_id;
  2: optional i32 priority;
  3: optional i32 count;
  4: optional base.Resource resource;
  5: optional string label;
  6: optional i32 reason;
  7: optional string detail;
  8: optional string unblock;
  9: optional list<RefusedNodes> refused;
}

struct ExplainedLimit {
  1: optional string name;
  2: optional base.Resource limit;
  3: optional base.Resource used;
  4: optional bool binds;
}

struct Explanation {
  1: optional string application_id;
  2: optional string queue;
  3: optional string user;
  4: optional i32 state;
  5: optional i32 reason;
  6: optional string detail;
  7: optional string unblock;
  8: optional i64 applications_ahead;
  9: optional list<ExplainedLimit> limits;
  10: optional list<ExplainedAsk> asks;
  11: optional i64 asks_left_out;
}

struct QueueChange {
  1: optional string path;
  2: optional string what;
  3: optional string before;
  4: optional string after;
}

struct PlannedEffect {
  1: optional i32 kind;
  2: optional string application_id;
  3: optional string queue;
  4: optional string detail;
}

struct QueuePlan {
  1: optional list<string> faults;
  2: optional list<QueueChange> changes;
  3: optional list<PlannedEffect> effects;
  4: optional i64 base_version;
}

struct QueueConfigurationVersion {
  1: optional i64 version;
  2: optional i64 applied_ms;
  3: optional string by;
  4: optional string origin;
  5: optional string sha256;
}

struct LabelReport {
  1: optional string name;       // "" = the default partition
  2: optional bool exclusive;
  3: optional i64 nodes;
  4: optional base.Resource total;
  5: optional base.Resource used;
}
