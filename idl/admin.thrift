// Administrator - ResourceManager. Callers: any local user (unix socket) and daemons; all calls
// but HaService's reads are for administrators (yarn.admin.acl, the RM's own user, root) and daemons.
namespace cpp weir.idl
include "base.thrift"
include "ha.thrift"
include "queue.thrift"

// A capacity-scheduler.xml as the caller has it. The name is for messages only.
struct QueueFile {
  1: optional string name;
  2: optional string text;
}

struct ApplyQueuesRequest {
  1: optional QueueFile file;
  2: optional i64 expected_version;  // absent = whatever is in force
}

struct RollbackQueuesRequest {
  1: optional i64 version;
  2: optional i64 expected_version;  // absent = whatever is in force
}

struct UpdateNodeResourceRequest {
  1: optional string node;                  // host, host:port or id
  2: optional base.Resource capacity;       // absent = what its NodeManager says
  3: optional i64 overcommit_timeout_ms;    // negative or absent: containers may run to their end
}

struct NodeLabel {
  1: optional string name;
  2: optional bool exclusive;               // absent = true
}

struct RefreshNodesRequest {
  1: optional bool graceful;                // containers of newly excluded nodes may end first
  2: optional i64 timeout_ms;               // until they are stopped; absent = as configured,
                                            // negative = never
}

struct DrainNodeRequest {
  1: optional string node;                  // host, host:port or id
  2: optional i64 timeout_ms;               // as above
  3: optional bool undo;                    // it is to be used again
}

// A roll of the keys that sign tokens.
struct KeyRoll {
  1: optional i32 next_key;                 // is being made known
  2: optional i64 signs_in_ms;
  3: optional i32 dropped_key;              // its tokens are refused from then on; absent = none
}

service AdminService extends ha.HaService {
  // Reads capacity-scheduler.xml in the RM's configuration directory again and applies it.
  queue.QueueConfigurationVersion refreshQueues() throws (1: base.ServiceError error);
  queue.QueuePlan planQueues(1: QueueFile file) throws (1: base.ServiceError error);
  queue.QueueConfigurationVersion applyQueues(1: ApplyQueuesRequest request)
      throws (1: base.ServiceError error);
  // Newest first; the first is in force.
  list<queue.QueueConfigurationVersion> queueHistory() throws (1: base.ServiceError error);
  queue.QueueConfigurationVersion rollbackQueues(1: RollbackQueuesRequest request)
      throws (1: base.ServiceError error);

  // Reads the include and exclude files again and applies them.
  void refreshNodes(1: RefreshNodesRequest request) throws (1: base.ServiceError error);
  void drainNode(1: DrainNodeRequest request) throws (1: base.ServiceError error);
  void updateNodeResource(1: UpdateNodeResourceRequest request) throws (1: base.ServiceError error);
  void addNodeLabels(1: list<NodeLabel> labels) throws (1: base.ServiceError error);
  void removeNodeLabels(1: list<string> labels) throws (1: base.ServiceError error);
  // Host or host:port -> label; "" = none.
  void replaceLabelsOnNodes(1: map<string, string> labels) throws (1: base.ServiceError error);

  // Begins a roll, unless one is under way; answers which one is.
  KeyRoll rollTokenKeys() throws (1: base.ServiceError error);
}
