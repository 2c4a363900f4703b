// ApplicationMaster - ResourceManager. Callers: AMs; the attempt is the caller's, never a field.
// Semantics: common/master_messages.h.
namespace cpp weir.idl
include "base.thrift"

struct HeldContainer {
  1: optional string id;
  2: optional string node;
}

struct RegisterMasterRequest {
  1: optional base.HostPort rpc_address;
  2: optional string tracking_url;
  3: optional list<HeldContainer> containers;
  4: optional bool again;  // it has heard an answer to a registration before
}

struct ContainerGrant {
  1: optional string id;
  2: optional string node;
  3: optional base.HostPort node_address;
  4: optional string node_http_address;
  5: optional base.Resource resource;
  6: optional i64 request_id;
  7: optional i32 priority;
  8: optional base.Token container_token;
  9: optional base.Token nm_token;
}

// What proves and verifies identities in the name of the attempt, as long as these keys hold.
struct ClientKey {
  1: optional i32 key_id;
  2: optional binary key;         // verifies the client tokens of this attempt with that key id
}

struct MasterCredentials {
  1: optional i64 keys_version;
  2: optional base.Token am_token;
  3: optional list<ClientKey> client_keys;
}

// For one node.
struct NmToken {
  1: optional string node;
  2: optional base.Token token;
}

struct RegisterMasterAnswer {
  1: optional i64 epoch;
  2: optional base.Resource minimum_allocation;
  3: optional base.Resource maximum_allocation;
  4: optional string queue;
  5: optional binary client_key;  // of the key that signs; for who does not know credentials
  6: optional list<ContainerGrant> containers;  // of attempts before it, kept for it
  7: optional MasterCredentials credentials;
}

struct ContainerAsk {
  1: optional i64 request_id;
  2: optional i32 priority;
  3: optional i32 count;
  4: optional base.Resource resource;
  5: optional list<string> nodes;       // at most 1000
  6: optional list<string> racks;       // at most 1000
  7: optional bool relax_locality;      // absent = true
  8: optional string label;
  9: optional bool gang;
  10: optional i32 spread;              // common/master_messages.h Spread; absent = packed
  11: optional i32 max_per_node;        // absent or 0 = no bound
  12: optional i32 max_per_rack;
}

struct PreemptionNotice {
  1: optional string container_id;
  2: optional i64 grace_ms;
}

struct SizeAsk {
  1: optional string container_id;
  2: optional base.Resource resource;
}

struct SizeNotice {
  1: optional string container_id;
  2: optional base.Resource resource;
  3: optional bool asked;
  4: optional base.ServiceError refusal;  // absent = it has that size
}

struct AllocateRequest {
  1: optional i64 sequence;
  2: optional list<ContainerAsk> asks;
  3: optional list<string> releases;
  4: optional double progress;
  5: optional i32 park_ms;
  6: optional list<string> blacklist_add;     // at most 1000
  7: optional list<string> blacklist_remove;  // at most 1000
  8: optional list<SizeAsk> sizes;            // at most 1000
  9: optional i64 keys_version;               // of the credentials that it has
  10: optional list<string> nm_tokens;        // nodes for which it wants a new one; at most 500
}

struct AllocateAnswer {
  1: optional i64 epoch;
  2: optional i64 sequence;
  3: optional list<ContainerGrant> granted;
  4: optional list<base.ContainerStatus> completed;
  5: optional base.Resource headroom;
  6: optional i32 cluster_nodes;
  7: optional i32 pending_reason;
  8: optional string pending_detail;
  9: optional list<PreemptionNotice> preemption;
  10: optional list<SizeNotice> sizes;
  11: optional list<ContainerGrant> inherited;  // as in RegisterMasterAnswer, found since
  12: optional MasterCredentials credentials;   // newer ones
  13: optional list<NmToken> nm_tokens;         // of those asked for, where it has containers
}

struct FinishMasterRequest {
  1: optional i32 final_status;
  2: optional string diagnostics;
  3: optional string tracking_url;
}

service ApplicationMasterService extends base.BaseService {
  RegisterMasterAnswer registerMaster(1: RegisterMasterRequest request)
      throws (1: base.ServiceError error);
  AllocateAnswer allocate(1: AllocateRequest request) throws (1: base.ServiceError error);
  // Answers once the final status is durable; repeating it is harmless.
  void finishMaster(1: FinishMasterRequest request) throws (1: base.ServiceError error);
}
