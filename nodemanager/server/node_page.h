// The one web page of the NodeManager: its numbers, its containers and the way to their logs, as a
// plain table. Pure function; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_NODE_PAGE_H_
#define WEIR_NODEMANAGER_SERVER_NODE_PAGE_H_

#include <string>
#include <vector>

#include "nodemanager/server/node_json.h"
#include "nodemanager/server/resource_json.h"

namespace weir::nm {

struct NodePageContent {
  NodeNumbers numbers;
  std::vector<NodeManagerCore::ContainerView> containers;
  NamedResources named;
};
std::string NodePage(const NodeFacts& facts, const NodePageContent& content);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_NODE_PAGE_H_
