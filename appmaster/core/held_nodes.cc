#include "appmaster/core/held_nodes.h"

#include <algorithm>

namespace weir::am {

void HeldNodes::Add(const NodeId& node, int key_id) {
  Held& held = nodes_[node];
  ++held.containers;
  held.key_id = std::max(held.key_id, key_id);
}

void HeldNodes::Remove(const NodeId& node) {
  const auto found = nodes_.find(node);
  if (found != nodes_.end() && --found->second.containers == 0) nodes_.erase(found);
}

void HeldNodes::Renewed(const NodeId& node, int key_id) {
  const auto found = nodes_.find(node);
  if (found != nodes_.end()) found->second.key_id = std::max(found->second.key_id, key_id);
}

std::vector<NodeId> HeldNodes::WithTokensBefore(int key_id, size_t most) const {
  std::vector<NodeId> old;
  for (const auto& [node, held] : nodes_) {
    if (old.size() == most) break;
    if (held.key_id < key_id) old.push_back(node);
  }
  return old;
}

}  // namespace weir::am
