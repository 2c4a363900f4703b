// The NodeManager's REST answers about named resources: how much there is of each, and who holds
// what. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RESOURCE_JSON_H_
#define WEIR_NODEMANAGER_SERVER_RESOURCE_JSON_H_

#include <optional>
#include <string>
#include <vector>

#include "nodemanager/core/node_manager_core.h"

namespace weir::nm {

// Copied out of the core.
struct NamedResources {
  Resource capacity;
  Resource used;
  std::vector<IndexedType> indexed;
  std::vector<NodeManagerCore::ContainerView> holders;  // that take some of any, and are not over
};
NamedResources NamedResourcesOf(const NodeManagerCore& core);

// {"resources": {"resource": [...]}}: of all types that the node has, or whose it holds.
std::string NamedResourcesJson(const NamedResources& resources);
// One of them; for yarn.io/gpu with YARN's totalGpuDevices and assignedGpuDevices beside. Nothing:
// the node knows no such type.
std::optional<std::string> NamedResourceJson(const NamedResources& resources,
                                             const std::string& type);

// For tables: each index of an indexed type, and each container's share of another.
struct NamedUse {
  std::string type;
  std::string what;       // "index 0"; "2 of 10"
  std::string container;  // "" = free
};
std::vector<NamedUse> NamedUses(const NamedResources& resources);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RESOURCE_JSON_H_
