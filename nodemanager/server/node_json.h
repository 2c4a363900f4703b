// The NodeManager's REST answers in YARN's shapes. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_JSON_H_
#define WEIR_NODEMANAGER_SERVER_NODE_JSON_H_

#include <string>
#include <vector>

#include "nodemanager/core/node_manager_core.h"
#include "nodemanager/executor/log_directory.h"

namespace weir::nm {

struct NodeFacts {
  std::string name;  // host:port of the container service
  std::string host;
  std::string http_address;  // advertised
  std::string node_id;
  std::string version;
  WallTime started;
  std::string run_as = {};  // DescribeRunAs
};

// What changes, copied out of the core.
struct NodeNumbers {
  Resource used;
  Resource capacity;
  int64_t containers = 0;
  bool registered = false;
  WallTime last_answer;
  bool healthy = true;
  std::string health_report;
  std::vector<NodeHealth::Directory> directories;
  MemoryMonitorOptions memory;  // all off when nothing looks
  NodeUtilization utilization;
};

std::string NodeInfoJson(const NodeFacts& facts, const NodeNumbers& numbers);
std::string ContainersJson(const NodeFacts& facts,
                           const std::vector<NodeManagerCore::ContainerView>& containers);
std::string ContainerJson(const NodeFacts& facts, const NodeManagerCore::ContainerView& container);
std::string LoggedContainersJson(const NodeFacts& facts, const std::vector<ContainerId>& ids);
std::string ContainerLogsJson(const NodeFacts& facts,
                              const ContainerId& id,
                              const std::string& role,
                              const std::vector<LogFile>& logs);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_JSON_H_
