// What every conversation shares: hello, errors, values. Only optional fields are ever added.
namespace cpp weir.idl

// Numbers are those of common/result.h ErrorCode.
exception ServiceError {
  1: optional i32 code;
  2: optional string message;
  3: optional string remedy;
}

// (identifier bytes, HMAC-SHA256 over exactly those bytes). Kinds: common/caller.h TokenKind.
struct Token {
  1: optional i32 kind;
  2: optional i32 key_id;
  3: optional binary identifier;
  4: optional binary mac;
}

// Proof that the caller holds a shared secret, without sending it: HMAC-SHA256(secret, the text
// "weir-hello" NUL role NUL name NUL nonce).
struct SecretProof {
  1: optional string role;    // "daemon" (cluster secret) or "taskmanager" (secret of one attempt)
  2: optional string name;    // who: a node's uuid, a worker's container id
  3: optional binary nonce;   // 16 random bytes
  4: optional binary mac;
}

// At most one is set. None: only a unix socket's peer is identified without one.
struct Credential {
  1: optional SecretProof secret;
  2: optional Token token;
}

struct Hello {
  1: optional i32 protocol_version;   // 1
  2: optional string software_version;
  3: optional string cluster_id;      // "" = any
  4: optional Credential credential;
  5: optional bool any_role;          // a ResourceManager that is not active will do
}

struct HelloAnswer {
  1: optional i32 protocol_version;
  2: optional string software_version;
  3: optional string cluster_id;
  4: optional i64 epoch;
}

struct Resource {
  1: optional i64 memory_mib;
  2: optional i64 vcores;
  3: optional map<string, i64> named;  // "yarn.io/gpu" -> units; at most 14
}

struct HostPort {
  1: optional string host;
  2: optional i32 port;
}

struct LocalResource {
  1: optional string uri;
  2: optional i64 size;
  3: optional i64 mtime_ms;
  4: optional string sha256;
  5: optional i32 visibility;
  6: optional i32 type;           // absent = file
}

struct RetryPolicy {
  1: optional i32 on;
  2: optional list<i32> exit_codes;
  3: optional i32 max_retries;
  4: optional i64 interval_ms;
  5: optional i64 validity_ms;
}

struct LaunchContext {
  1: optional list<string> command;
  2: optional map<string, string> environment;
  3: optional map<string, LocalResource> local_resources;
  4: optional map<string, binary> secrets;
  5: optional RetryPolicy retry_policy;      // absent = never
  6: optional i32 on_lease_end;       // absent = stop
}

struct ContainerStatus {
  1: optional string id;
  2: optional i32 state;
  3: optional i32 exit_code;
  4: optional string diagnostics;
  5: optional Resource resource;
  6: optional string detail;
}

struct NodeUtilization {
  1: optional i64 node_memory_mib;
  2: optional i64 node_milli_vcores;
  3: optional i64 containers_memory_mib;
  4: optional i64 containers_virtual_mib;
  5: optional i64 containers_milli_vcores;
}

// The first call on every connection. Anything else before it is refused.
service BaseService {
  HelloAnswer hello(1: Hello hello) throws (1: ServiceError error);
}
