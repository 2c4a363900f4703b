// Administrator - ResourceManager. Callers: the RM's own user (unix socket), root, daemons.
namespace cpp weir.idl
include "base.thrift"

struct ServiceState {
  1: optional string state;     // "ACTIVE"
  2: optional i64 epoch;
  3: optional string store;
  4: optional i64 started_ms;
}

service AdminService extends base.BaseService {
  ServiceState getServiceState() throws (1: base.ServiceError error);
  void checkHealth() throws (1: base.ServiceError error);
}
