#include "security/operations.h"

#include <algorithm>
#include <string>

#include "common/check.h"

namespace weir::security {
namespace {

using enum ObjectKind;
using enum OperationKind;
using enum Role;
using enum Service;

// Who may change somebody's application.
constexpr Roles kMayChange = kOwner | kQueueAdministrator | kAdministrator;

constexpr Operation kOperations[] = {
    {kClient, "submitApplication", kMutating, kQueue, kQueueSubmitter},
    {kClient, "killApplication", kMutating, kApplication, kMayChange},
    // To move it, the right to submit to the other queue is needed as well.
    {kClient, "moveApplication", kMutating, kApplication, kMayChange},
    {kClient, "updatePriority", kMutating, kApplication, kMayChange},
    {kClient, "updateLifetime", kMutating, kApplication, kMayChange},
    {kClient, "resizeContainer", kMutating, kContainer, kMayChange},
    {kClient, "signalContainer", kMutating, kContainer, kMayChange},
    {kClient, "getApplication", kRead, kApplication, kUser},
    {kClient, "listApplications", kRead, kApplication, kUser},
    {kClient, "explainApplication", kRead, kApplication, kUser},
    {kClient, "listContainers", kRead, kContainer, kUser},
    {kClient, "listNodes", kRead, kNode, kUser},
    {kClient, "listQueues", kRead, kQueue, kUser},
    {kClient, "listLabels", kRead, kLabels, kUser},
    {kClient, "getClusterInfo", kRead, kCluster, kUser},

    {kAdmin, "getServiceState", kRead, kRole, kUser},
    {kAdmin, "checkHealth", kRead, kHealth, kUser},
    {kAdmin, "transitionToActive", kMutating, kRole, kAdministrator},
    {kAdmin, "transitionToStandby", kMutating, kRole, kAdministrator},
    {kAdmin, "cede", kMutating, kRole, kAdministrator},
    {kAdmin, "refreshQueues", kMutating, kQueues, kAdministrator},
    {kAdmin, "applyQueues", kMutating, kQueues, kAdministrator},
    {kAdmin, "rollbackQueues", kMutating, kQueues, kAdministrator},
    {kAdmin, "planQueues", kRead, kQueues, kAdministrator},
    {kAdmin, "queueHistory", kRead, kQueues, kAdministrator},
    {kAdmin, "refreshNodes", kMutating, kNode, kAdministrator},
    {kAdmin, "drainNode", kMutating, kNode, kAdministrator},
    {kAdmin, "updateNodeResource", kMutating, kNode, kAdministrator},
    {kAdmin, "addNodeLabels", kMutating, kLabels, kAdministrator},
    {kAdmin, "removeNodeLabels", kMutating, kLabels, kAdministrator},
    {kAdmin, "replaceLabelsOnNodes", kMutating, kLabels, kAdministrator},
    {kAdmin, "rollTokenKeys", kMutating, kKeys, kAdministrator},

    {kMaster, "registerMaster", kMutating, kAttempt, kApplicationMaster},
    {kMaster, "allocate", kExchange, kAttempt, kApplicationMaster},
    {kMaster, "finishMaster", kMutating, kAttempt, kApplicationMaster},

    {kTracker, "registerNode", kMutating, kNode, kDaemon},
    {kTracker, "nodeHeartbeat", kExchange, kNode, kDaemon},
    {kTracker, "unregisterNode", kMutating, kNode, kDaemon},

    {kContainers, "startContainer", kMutating, kContainer, kOwnContainer},
    {kContainers, "stopContainer", kMutating, kContainer, kOwnContainer},
    {kContainers, "containerStatus", kExchange, kContainer, kOwnContainer},

    {kJobs, "uploadBlob", kExchange, kBlob, kApplicationClient},
    {kJobs, "hasBlob", kRead, kBlob, kApplicationClient},
    {kJobs, "submitJob", kMutating, kJob, kApplicationClient},
    {kJobs, "jobStatus", kRead, kJob, kApplicationClient},
    {kJobs, "listJobs", kRead, kJob, kApplicationClient},
    {kJobs, "cancelJob", kMutating, kJob, kApplicationClient},
    {kJobs, "clusterStatus", kRead, kApplication, kApplicationClient},
    {kJobs, "stopCluster", kMutating, kApplication, kApplicationClient},

    {kTasks, "registerTaskManager", kMutating, kAttempt, kTaskManager},
    {kTasks, "poll", kExchange, kAttempt, kTaskManager},
    {kTasks, "fetchBlob", kRead, kBlob, kTaskManager},

    {kRmWeb, "GET /", kRead, kPage, kAnybody},
    {kRmWeb, "GET /static/weir.css", kRead, kPage, kAnybody},
    {kRmWeb, "GET /{*}", kRead, kPage, kAnybody},  // of a standby: it names the active one
    {kRmWeb, "GET /healthz", kRead, kHealth, kAnybody},
    {kRmWeb, "GET /readyz", kRead, kHealth, kAnybody},
    {kRmWeb, "GET /metrics", kRead, kMetrics, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster", kRead, kCluster, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/info", kRead, kCluster, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/metrics", kRead, kMetrics, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/apps", kRead, kApplication, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/apps/{}", kRead, kApplication, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/nodes", kRead, kNode, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/nodes/{}", kRead, kNode, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/scheduler", kRead, kQueue, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/scheduler-conf", kRead, kQueues, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/scheduler-conf/version", kRead, kQueues, kAnybody},
    {kRmWeb, "GET /ws/v1/cluster/get-node-labels", kRead, kLabels, kAnybody},
    {kRmWeb, "GET /staging/{}", kRead, kFile, kOwnFile},
    {kRmWeb, "PUT /staging/{}", kMutating, kFile, kAnybody},

    {kNmWeb, "GET /", kRead, kPage, kAnybody},
    {kNmWeb, "GET /static/weir.css", kRead, kPage, kAnybody},
    {kNmWeb, "GET /healthz", kRead, kHealth, kAnybody},
    {kNmWeb, "GET /metrics", kRead, kMetrics, kAnybody},
    {kNmWeb, "GET /ws/v1/node", kRead, kNode, kAnybody},
    {kNmWeb, "GET /ws/v1/node/info", kRead, kNode, kAnybody},
    {kNmWeb, "GET /ws/v1/node/containers", kRead, kContainer, kAnybody},
    {kNmWeb, "GET /ws/v1/node/containers/{}", kRead, kContainer, kAnybody},
    {kNmWeb, "GET /ws/v1/node/resources", kRead, kNode, kAnybody},
    {kNmWeb, "GET /ws/v1/node/resources/{%}", kRead, kNode, kAnybody},
    {kNmWeb, "GET /ws/v1/node/resources/{}/{}", kRead, kNode, kAnybody},
    {kNmWeb, "GET /ws/v1/node/logs", kRead, kLogs, kAnybody},
    {kNmWeb, "GET /ws/v1/node/logs/{}", kRead, kLogs, kAnybody},
    {kNmWeb, "GET /ws/v1/node/containers/{}/logs", kRead, kLogs, kAnybody},
    {kNmWeb, "GET /ws/v1/node/containers/{}/logs/{}", kRead, kLogs, kAnybody},
    {kNmWeb, "GET /ws/v1/node/containerlogs/{}/{}", kRead, kLogs, kAnybody},

    {kMasterWeb, "GET /", kRead, kPage, kAnybody},
    {kMasterWeb, "GET /static/weir.css", kRead, kPage, kAnybody},
    {kMasterWeb, "GET /healthz", kRead, kHealth, kAnybody},
    {kMasterWeb, "GET /metrics", kRead, kMetrics, kAnybody},
    {kMasterWeb, "GET /jobs", kRead, kJob, kAnybody},
    {kMasterWeb, "GET /jobs/{}", kRead, kJob, kAnybody},
};

// OperationsOf gives one piece of the table.
static_assert(std::is_sorted(std::begin(kOperations),
                             std::end(kOperations),
                             [](const Operation& a, const Operation& b) {
                               return a.service < b.service;
                             }));

}  // namespace

std::string_view ServiceName(Service service) {
  switch (service) {
    case Service::kClient:
      return "client";
    case Service::kAdmin:
      return "admin";
    case Service::kMaster:
      return "master";
    case Service::kTracker:
      return "tracker";
    case Service::kContainers:
      return "container";
    case Service::kJobs:
      return "job";
    case Service::kTasks:
      return "task";
    case Service::kRmWeb:
    case Service::kNmWeb:
    case Service::kMasterWeb:
      return "http";
  }
  return "";
}

std::string_view ServiceTitle(Service service) {
  switch (service) {
    case Service::kClient:
      return "ResourceManager, clients (`idl/client.thrift`)";
    case Service::kAdmin:
      return "ResourceManager, administrators (`idl/admin.thrift`, `idl/ha.thrift`)";
    case Service::kMaster:
      return "ResourceManager, ApplicationMasters (`idl/application_master.thrift`)";
    case Service::kTracker:
      return "ResourceManager, NodeManagers (`idl/resource_tracker.thrift`)";
    case Service::kContainers:
      return "NodeManager, ApplicationMasters (`idl/container_management.thrift`)";
    case Service::kJobs:
      return "JobManager, clients (`idl/job.thrift`)";
    case Service::kTasks:
      return "JobManager, TaskManagers (`idl/task.thrift`)";
    case Service::kRmWeb:
      return "ResourceManager, HTTP";
    case Service::kNmWeb:
      return "NodeManager, HTTP";
    case Service::kMasterWeb:
      return "JobManager, HTTP";
  }
  return "";
}

std::string_view KindName(OperationKind kind) {
  switch (kind) {
    case OperationKind::kRead:
      return "read";
    case OperationKind::kMutating:
      return "change";
    case OperationKind::kExchange:
      return "exchange";
  }
  return "";
}

std::string_view ObjectName(ObjectKind kind) {
  switch (kind) {
    case ObjectKind::kCluster:
      return "cluster";
    case ObjectKind::kQueue:
      return "queue";
    case ObjectKind::kQueues:
      return "configuration of queues";
    case ObjectKind::kApplication:
      return "application";
    case ObjectKind::kContainer:
      return "container";
    case ObjectKind::kNode:
      return "node";
    case ObjectKind::kLabels:
      return "labels of nodes";
    case ObjectKind::kKeys:
      return "keys of tokens";
    case ObjectKind::kRole:
      return "role of the ResourceManager";
    case ObjectKind::kFile:
      return "staged file";
    case ObjectKind::kAttempt:
      return "the caller's own attempt";
    case ObjectKind::kJob:
      return "job";
    case ObjectKind::kBlob:
      return "job library";
    case ObjectKind::kLogs:
      return "logs";
    case ObjectKind::kMetrics:
      return "metrics";
    case ObjectKind::kHealth:
      return "health";
    case ObjectKind::kPage:
      return "page";
  }
  return "";
}

std::span<const Operation> AllOperations() {
  return kOperations;
}

std::span<const Operation> OperationsOf(Service service) {
  const auto [first, last] = std::equal_range(
      std::begin(kOperations),
      std::end(kOperations),
      Operation{.service = service, .name = "", .kind = {}, .object = {}, .may = {}},
      [](const Operation& a, const Operation& b) { return a.service < b.service; });
  return {first, last};
}

const Operation* FindOperation(Service service, std::string_view name) {
  for (const Operation& operation : OperationsOf(service)) {
    if (operation.name == name) return &operation;
  }
  return nullptr;
}

const Operation& OperationNamed(Service service, std::string_view name) {
  const Operation* found = FindOperation(service, name);
  WEIR_CHECK(found != nullptr,
             std::string(name) + " of service " + std::string(ServiceName(service)) +
                 " is in security/operations.cc");
  return *found;
}

}  // namespace weir::security
