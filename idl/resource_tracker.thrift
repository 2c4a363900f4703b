// NodeManager - ResourceManager. Callers: daemons. Semantics: common/node_messages.h.
namespace cpp weir.idl
include "base.thrift"

// HMAC keys, by id, with which a NodeManager verifies container and NM tokens. All that hold come
// together, with the one that signs (absent = the highest).
struct TokenKey {
  1: optional i32 key_id;
  2: optional binary key;
}

struct RegisterNodeRequest {
  1: optional string node_id;
  2: optional base.HostPort address;
  3: optional string http_address;
  4: optional string rack;
  5: optional base.Resource capacity;
  6: optional list<base.ContainerStatus> containers;
  7: optional list<string> applications;
  8: optional string label;
  9: optional i64 process;
  10: optional i64 number;
}

struct RegisterNodeAnswer {
  1: optional i64 epoch;
  2: optional i64 session;
  3: optional i64 expiry_ms;
  4: optional list<TokenKey> token_keys;
  5: optional string rm_http_address;   // where staging: resources are fetched
  6: optional i64 lease_ms;
  7: optional i64 wall_ms;
  8: optional i64 unconfirmed_ms;       // common/node_messages.h RegisterNodeAnswer
  9: optional i32 signing_key;
}

struct CommandOutcome {
  1: optional i64 number;
  2: optional base.ServiceError refusal;  // absent = carried out
}

struct NodeHeartbeatRequest {
  1: optional string node_id;
  2: optional i64 session;
  3: optional i64 sequence;
  4: optional list<base.ContainerStatus> containers;
  5: optional bool healthy;
  6: optional string health_report;
  7: optional i32 park_ms;
  8: optional base.NodeUtilization utilization;
  9: optional list<CommandOutcome> outcomes;
  10: optional i64 keys_version;        // of the token keys that the node has
}

struct StartContainerCommand {
  1: optional base.Token container_token;
  2: optional base.LaunchContext launch;
}

struct StopContainerCommand {
  1: optional string id;
  2: optional i32 reason;
}

struct ResizeContainerCommand {
  1: optional string id;
  2: optional base.Resource resource;
  3: optional i64 number;
}

struct SignalContainerCommand {
  1: optional string id;
  2: optional i32 signal;              // common/container.h ContainerSignal
  3: optional i64 number;
  4: optional string by;
}

struct NodeHeartbeatAnswer {
  1: optional i64 epoch;
  2: optional i64 sequence;
  3: optional list<StartContainerCommand> start;
  4: optional list<StopContainerCommand> stop;
  5: optional list<string> completions_recorded;
  6: optional list<string> applications_finished;
  7: optional base.Resource capacity;  // that an administrator lets the node offer
  8: optional list<ResizeContainerCommand> resize;
  9: optional list<SignalContainerCommand> signal;
  10: optional i64 wall_ms;
  11: optional i64 unconfirmed_ms;
  12: optional list<TokenKey> token_keys;  // in place of those the node has; absent = they hold
  13: optional i32 signing_key;
}

service ResourceTrackerService extends base.BaseService {
  RegisterNodeAnswer registerNode(1: RegisterNodeRequest request)
      throws (1: base.ServiceError error);
  NodeHeartbeatAnswer nodeHeartbeat(1: NodeHeartbeatRequest request)
      throws (1: base.ServiceError error);
  void unregisterNode(1: string node_id, 2: i64 session) throws (1: base.ServiceError error);
}
