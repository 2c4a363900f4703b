// Nodes that are gone for good are forgotten, in memory and in the store.
//
// A node is gone while it is LOST, SHUTDOWN or DECOMMISSIONED; it may come back, so it stays known.
// There are two ends of that. With a non-empty include list, one that no list names any more is
// *untracked*: it could not register anyhow, and goes after a while. And when as many nodes are
// known as there may be, the one that is gone for longest makes room for a new one: first among
// those that nobody has taken out by command, as with those the command is forgotten too. Since
// when a node is gone is not stored: after a restart that begins anew.
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {

void ResourceManagerCore::State::NoteGone(Node& node) {
  const bool is_gone = !IsActive(node.state) && node.state != NodeState::kNew;
  if (is_gone == (node.gone_at != kNever)) return;
  if (is_gone) {
    node.gone_at = now.monotonic;
    gone.emplace(node.gone_at, node.index);
    if (IsUntracked(node))
      removal_deadlines.Set(node.index, now.monotonic + options.untracked_timeout);
    return;
  }
  gone.erase({node.gone_at, node.index});
  node.gone_at = kNever;
  removal_deadlines.Clear(node.index);
}

bool ResourceManagerCore::State::IsUntracked(const Node& node) const {
  if (lists.include.empty()) return false;
  for (const std::string& name : NamesOf(node)) {
    if (lists.include.contains(name) || lists.exclude.contains(name)) return false;
  }
  return true;
}

// The lists are others now.
void ResourceManagerCore::State::TrackGone() {
  for (const auto& [since, index] : gone) {
    if (!IsUntracked(NodeAt(index))) {
      removal_deadlines.Clear(index);
    } else if (!removal_deadlines.Has(index)) {
      removal_deadlines.Set(index, now.monotonic + options.untracked_timeout);
    }
  }
}

void ResourceManagerCore::State::OnRemovalDeadline(Node& node) {
  std::vector<store::StoreOperation> batch;
  ForgetNode(node, batch);
  Append(std::move(batch));
}

Node* ResourceManagerCore::State::LongestGone() {
  for (const auto& [since, index] : gone) {
    Node& node = NodeAt(index);
    const auto out = decommissions.find(node.id());
    if (out == decommissions.end() || out->second.from_file) return &node;
  }
  return gone.empty() ? nullptr : &NodeAt(gone.begin()->second);
}

void ResourceManagerCore::State::ForgetNode(Node& node, std::vector<store::StoreOperation>& batch) {
  const NodeId id = node.id();
  const int32_t index = node.index;
  batch.push_back(store::Delete{store::NodeKey(id)});
  const bool was_out = decommissions.erase(id) > 0;
  if (was_out) batch.push_back(store::Delete{store::DecommissionKey(id)});
  Emit(Noted{"nodes",
             node.record.address.ToString(),
             "forgotten: it is " + std::string(Name(node.state)) +
                 (node.last_heartbeat == WallTime{}
                      ? ""
                      : ", last heard of at " + ToIso8601(node.last_heartbeat)) +
                 (was_out ? "; it was decommissioned, and that is forgotten too" : ""),
             false});
  gone.erase({node.gone_at, index});
  for (auto* deadlines : {&overcommit_deadlines, &decommission_deadlines, &removal_deadlines}) {
    deadlines->Clear(index);
  }
  node_deadlines.Clear(index);
  node_polls.Clear(index);
  std::erase(dirty_nodes, index);
  // What is still known of its containers no longer says where they were.
  for (auto& [container, end] : ended) {
    if (end.node == index) end.node = -1;
  }
  for (auto& [application, owned] : applications) {
    owned->nodes.Erase(index);
    for (auto& attempt : owned->attempts) {
      for (auto& [container, completion] : attempt->completions) {
        if (completion.node == index) completion.node = -1;
      }
    }
  }
  nodes_by_index[static_cast<size_t>(index)] = nullptr;
  free_indices.push_back(index);
  node_indices.erase(id.uuid);
  nodes.erase(id);
}

}  // namespace weir::rm
