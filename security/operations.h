// The table of operations: everything that anybody can ask of a daemon, and who may.
//
// A row is a method of a Thrift service, or a route of a web port. What is not in the table cannot
// be done: a call of it is refused, a route without a row keeps its daemon from starting. The
// table drives the check at every port (authorise.h, platform/door.h), docs/security.md and the
// tests. hello is not in it: it is how a caller comes by its identity.
//
// Immutable values; thread-safe.
#ifndef WEIR_SECURITY_OPERATIONS_H_
#define WEIR_SECURITY_OPERATIONS_H_

#include <array>
#include <span>
#include <string_view>

#include "security/roles.h"

namespace weir::security {

// A port: one Thrift service, or what one kind of daemon serves over HTTP.
enum class Service {
  kClient,      // ResourceManager, idl/client.thrift
  kAdmin,       // ResourceManager, idl/admin.thrift and ha.thrift; a standby has the latter only
  kMaster,      // ResourceManager, idl/application_master.thrift
  kTracker,     // ResourceManager, idl/resource_tracker.thrift
  kContainers,  // NodeManager, idl/container_management.thrift
  kJobs,        // ApplicationMaster, idl/job.thrift
  kTasks,       // ApplicationMaster, idl/task.thrift
  kRmWeb,
  kNmWeb,
  kMasterWeb,
};
inline constexpr std::array kAllServices = {Service::kClient,
                                            Service::kAdmin,
                                            Service::kMaster,
                                            Service::kTracker,
                                            Service::kContainers,
                                            Service::kJobs,
                                            Service::kTasks,
                                            Service::kRmWeb,
                                            Service::kNmWeb,
                                            Service::kMasterWeb};
std::string_view ServiceName(Service service);   // "client", as audit lines have it
std::string_view ServiceTitle(Service service);  // "ResourceManager, clients"

enum class OperationKind {
  kRead,
  kMutating,  // audited, each of them
  kExchange,  // a poll, or a piece of an upload: part of a conversation that goes on all the time,
              // about the caller's own things; audited when it is refused
};
std::string_view KindName(OperationKind kind);

// What an operation is done to.
enum class ObjectKind {
  kCluster,
  kQueue,
  kQueues,  // their configuration
  kApplication,
  kContainer,
  kNode,
  kLabels,
  kKeys,     // of tokens
  kRole,     // which ResourceManager is active
  kFile,     // staged
  kAttempt,  // the caller's own
  kJob,
  kBlob,
  kLogs,
  kMetrics,
  kHealth,
  kPage,
};
std::string_view ObjectName(ObjectKind kind);

struct Operation {
  Service service;
  std::string_view name;  // the method, or "GET /ws/v1/cluster/apps/{}"
  OperationKind kind;
  ObjectKind object;
  Roles may;  // whoever has one of them
};

// Service by service.
std::span<const Operation> AllOperations();
std::span<const Operation> OperationsOf(Service service);
// Null: there is no such operation.
const Operation* FindOperation(Service service, std::string_view name);
// Requires: it is in the table.
const Operation& OperationNamed(Service service, std::string_view name);

}  // namespace weir::security

#endif  // WEIR_SECURITY_OPERATIONS_H_
