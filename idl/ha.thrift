// Administrator - each ResourceManager of several, whether it is active or standby; on the admin
// port, to a hello with any_role. The reads are for everybody who gets that far, the rest is for
// administrators.
namespace cpp weir.idl
include "base.thrift"

struct ServiceState {
  1: optional string state;       // "ACTIVE", "STANDBY"
  2: optional i64 epoch;          // of an active one, as the next two
  3: optional string store;
  4: optional i64 started_ms;
  5: optional string id;          // of yarn.resourcemanager.ha.rm-ids; absent without HA
  6: optional string leader;      // the id of the one that is elected, as far as it is known here
  7: optional bool automatic;     // failover
}

struct TransitionRequest {
  1: optional bool forced;  // although failover is automatic
}

struct CedeRequest {
  1: optional i64 time_ms;  // how long it takes part in no election
}

// The changes are accepted, not done, when they are answered: getServiceState tells.
service HaService extends base.BaseService {
  ServiceState getServiceState() throws (1: base.ServiceError error);
  void checkHealth() throws (1: base.ServiceError error);
  void transitionToActive(1: TransitionRequest request) throws (1: base.ServiceError error);
  void transitionToStandby(1: TransitionRequest request) throws (1: base.ServiceError error);
  void cede(1: CedeRequest request) throws (1: base.ServiceError error);
}
