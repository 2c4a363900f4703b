// Recomputes what the engine keeps incrementally; the first difference in words.
#include <map>

#include "scheduler/engine/state.h"

namespace weir::scheduler {

std::string CapacityScheduler::State::CheckInvariants() const {
  for (std::string fault : {nodes.CheckInvariants(),
                            tree.CheckInvariants(),
                            containers.CheckInvariants(),
                            CheckApplications(),
                            CheckNodes(),
                            CheckWaiting()}) {
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string CapacityScheduler::State::CheckApplications() const {
  std::map<std::pair<int32_t, size_t>, Amounts> used_by_leaf;
  std::map<std::pair<int32_t, size_t>, Amounts> pending_by_leaf;
  Amounts all_wanted;
  int64_t all_containers = 0;
  for (size_t i = 0; i < applications.size(); ++i) {
    const Application& application = applications[i];
    if (!application.live) continue;
    const std::string name = application.id.ToString();
    std::vector<Amounts> own(application.uses.size());
    int32_t count = 0;
    for (const ContainerSlot container : containers.OfApplication({static_cast<int32_t>(i)})) {
      const ContainerPlacement& placement = containers.at(container).placement;
      own[Index(nodes.at(placement.node).partition)] += amounts(placement.shape);
      ++count;
    }
    if (count != application.containers) return name + " counts its containers wrong";
    for (size_t p = 0; p < own.size(); ++p) {
      if (!(own[p] == application.uses[p].used)) {
        return name + " uses " + Words(application.uses[p].used) + ", its containers are " +
               Words(own[p]);
      }
      used_by_leaf[{application.leaf.value, p}] += own[p] + application.uses[p].reserved;
    }
    int64_t wanted_here = 0;
    for (const int32_t index : application.lines) {
      const Line& line = line_at(index);
      Amounts pending;
      int64_t wanted_by_line = 0;
      for (const auto& entry : line.asks.entries()) {
        const Ask& ask = ask_at(entry.item);
        if (ask.count <= 0 || ask.line != index) return name + " has an empty ask";
        pending += amounts(ask.shape) * ask.count;
        wanted_by_line += ask.count;
      }
      if (!(pending == line.pending) || wanted_by_line != line.containers) {
        return name + " wants " + Words(pending) + ", its line says " + Words(line.pending);
      }
      if (application.activated) {
        pending_by_leaf[{application.leaf.value, Index(line.partition)}] += pending;
      }
      all_wanted += pending;
      wanted_here += wanted_by_line;
      const bool should_wait = application.activated && wanted_by_line > 0;
      if (should_wait != (line.group >= 0)) return name + " waits for nothing, or not at all";
    }
    if (wanted_here != application.wanted) return name + " counts what it wants wrong";
    all_containers += wanted_here;
  }
  if (!(all_wanted == wanted) || all_containers != wanted_containers) {
    return "the sum of what is wanted is wrong";
  }
  for (const QueueSlot queue : tree.All()) {
    if (!tree.settings(queue).leaf) continue;
    for (size_t p = 0; p < tree.at(queue).shares.size(); ++p) {
      const QueueShare& share = tree.at(queue).shares[p];
      if (!(share.used == used_by_leaf[{queue.value, p}])) {
        return tree.at(queue).path + " uses " + Words(share.used) + ", its applications " +
               Words(used_by_leaf[{queue.value, p}]);
      }
      if (!(share.pending == pending_by_leaf[{queue.value, p}])) {
        return tree.at(queue).path + " wants " + Words(share.pending) + ", its applications " +
               Words(pending_by_leaf[{queue.value, p}]);
      }
    }
  }
  return "";
}

std::string CapacityScheduler::State::CheckNodes() const {
  for (const NodeSlot slot : nodes.All()) {
    const Node& node = nodes.at(slot);
    Amounts used;
    int32_t count = 0;
    for (const ContainerSlot container : containers.OfNode(slot)) {
      used += amounts(containers.at(container).placement.shape);
      ++count;
    }
    if (!(used == node.used) || count != node.containers) {
      return "node " + node.id.uuid + " uses " + Words(node.used) + ", its containers are " +
             Words(used);
    }
    if (node.reserved != reservations.contains(slot)) {
      return "node " + node.id.uuid + " is held back for nobody, or not held back";
    }
  }
  return "";
}

std::string CapacityScheduler::State::CheckWaiting() const {
  for (size_t i = 0; i < groups.size(); ++i) {
    const Group& group = groups[i];
    if (!group.live) continue;
    const std::string name = "group " + std::to_string(i);
    if (group.lines.empty()) return name + " is empty";
    if (group.waits == Waits::kNowhere) return name + " waits nowhere";
    for (const auto& entry : group.lines.entries()) {
      const Line& line = line_at(entry.item);
      const Ask* head = Head(line);
      if (line.group != static_cast<int32_t>(i) || head == nullptr || head->shape != group.shape) {
        return name + " holds a line that is not its own";
      }
      if (app(line.application).leaf != group.leaf) return name + " is in another leaf";
    }
    if (group.waits == Waits::kReady) {
      // Ready ones are reachable from root, but for a parked queue on the way.
      for (QueueSlot queue = group.leaf; tree.at(queue).parent.value >= 0;
           queue = tree.at(queue).parent) {
        const QueueLane* own = FindLane(queue, group.partition);
        if (own->parked) break;
        if (!own->in_parent) return name + " is ready, but its queue is not";
      }
    }
    const bool set_aside = group.waits == Waits::kRoom && !group.solo;
    if (set_aside && nodes.Find(group.partition, amounts(group.shape)) && !wake_everybody) {
      return name + " is set aside although a node has room";
    }
  }
  return "";
}

}  // namespace weir::scheduler
