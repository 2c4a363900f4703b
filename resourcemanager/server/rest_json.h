// The JSON of /ws/v1/cluster, in YARN's shapes and field names, from values.
//
// Fields that YARN has and Weir has no source for yet carry YARN's own "nothing": 0, -1 or "".
// Text that is not UTF-8 has its bad bytes replaced. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_REST_JSON_H_
#define WEIR_RESOURCEMANAGER_SERVER_REST_JSON_H_

#include <string>
#include <vector>

#include "common/application.h"
#include "common/time.h"
#include "resourcemanager/core/resource_manager_core.h"

namespace weir::rm {

// What is the same in every answer of one ResourceManager.
struct RestIdentity {
  std::string cluster_id;
  std::string store_name;
  std::string version;
  int64_t cluster_timestamp = 0;  // of the application ids of this epoch
};

// An application with what its node is called by people.
struct RestApplication {
  ApplicationReport report;
  std::string am_node_name;  // host:port; "" when it has none
};

// `zookeeper`: RoleReport's.
std::string ClusterInfoJson(const RestIdentity& identity,
                            const std::string& zookeeper,
                            const ClusterSummary& summary);
// Of a standby. `leader`: the id of the active one, "" = none is known.
std::string StandbyInfoJson(const RestIdentity& identity,
                            const std::string& zookeeper,
                            const std::string& leader);
std::string ClusterMetricsJson(const ClusterSummary& summary);
std::string ApplicationsJson(const std::vector<RestApplication>& applications, Now now);
std::string ApplicationJson(const RestApplication& application, Now now);
std::string NodesJson(const std::vector<NodeReport>& nodes);
std::string NodeJson(const NodeReport& node);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_REST_JSON_H_
