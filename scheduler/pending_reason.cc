#include "scheduler/pending_reason.h"

namespace weir::scheduler {
namespace {

std::string Nodes(size_t count) {
  return std::to_string(count) + (count == 1 ? " node" : " nodes");
}

std::string Wanted(const ContainerAsk& ask) {
  return std::to_string(ask.count) + (ask.count == 1 ? " container of " : " containers of ") +
         ask.resource.ToString();
}

std::string NoNodesDetail(const NodeTable& nodes) {
  if (nodes.size() == 0) return "no node is registered";
  return "none of the " + Nodes(nodes.size()) +
         " takes new containers now (unhealthy or being drained)";
}

}  // namespace

PendingReason ReasonWithoutRoom(const NodeTable& nodes, const Resource& size) {
  if (nodes.schedulable_size() == 0) return PendingReason::kNoNodes;
  if (!nodes.SomeCapacityFits(size)) return PendingReason::kNoFitNode;
  if (size.FitsIn(nodes.schedulable_free())) return PendingReason::kFragmented;
  return PendingReason::kInsufficient;
}

std::string PendingDetail(const NodeTable& nodes,
                          PendingReason reason,
                          const ContainerAsk& ask,
                          const ContainerAsk& head) {
  if (reason == PendingReason::kNoNodes) {
    return Wanted(ask) + ": " + NoNodesDetail(nodes);
  }
  if (reason == PendingReason::kNoFitNode) {
    return Wanted(ask) + " fit on no node: " + Nodes(nodes.schedulable_size()) + " with at most " +
           nodes.LargestCapacity().ToString();
  }
  if (reason == PendingReason::kInsufficient) {
    return Wanted(ask) + ": " + nodes.schedulable_free().ToString() + " is free in all on " +
           Nodes(nodes.schedulable_size());
  }
  if (reason == PendingReason::kFragmented) {
    return Wanted(ask) + ": " + nodes.schedulable_free().ToString() + " is free in all on " +
           Nodes(nodes.schedulable_size()) + ", but at most " +
           nodes.index().LargestFree().ToString() + " on one";
  }
  if (reason == PendingReason::kPriority) {
    if (ask.request_id == head.request_id) return Wanted(ask) + ": others go first";
    return Wanted(ask) + ": request " + std::to_string(head.request_id) + " (priority " +
           std::to_string(head.priority) + ", " + Wanted(head) +
           ") of the same application goes first";
  }
  return "";
}

}  // namespace weir::scheduler
