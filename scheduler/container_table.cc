#include "scheduler/container_table.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {

ContainerSlot ContainerTable::Add(ApplicationSlot application,
                                  NodeSlot node,
                                  const Resource& resource,
                                  int32_t priority,
                                  int64_t request_id) {
  int32_t index = static_cast<int32_t>(slots_.size());
  if (unused_.empty()) {
    slots_.emplace_back();
  } else {
    index = unused_.back();
    unused_.pop_back();
  }
  slot(index).placement = {.application = application,
                           .node = node,
                           .resource = resource,
                           .priority = priority,
                           .request_id = request_id,
                           .live = true};
  Link(kNodeList, node.value, index);
  Link(kApplicationList, application.value, index);
  ++live_;
  return {index};
}

void ContainerTable::Remove(ContainerSlot container) {
  WEIR_CHECK(IsLive(container), "container slot " + std::to_string(container.value) + " is in use");
  const ContainerPlacement placement = at(container);
  Unlink(kNodeList, placement.node.value, container.value);
  Unlink(kApplicationList, placement.application.value, container.value);
  slot(container.value).placement = {};
  unused_.push_back(container.value);
  --live_;
}

const ContainerPlacement& ContainerTable::at(ContainerSlot container) const {
  WEIR_CHECK(container.value >= 0 && static_cast<size_t>(container.value) < slots_.size(),
             "container slot " + std::to_string(container.value) + " exists");
  return slot(container.value).placement;
}

bool ContainerTable::IsLive(ContainerSlot container) const {
  return container.value >= 0 && static_cast<size_t>(container.value) < slots_.size() &&
         slot(container.value).placement.live;
}

std::vector<ContainerSlot> ContainerTable::OfNode(NodeSlot node) const {
  return Listed(kNodeList, node.value);
}

std::vector<ContainerSlot> ContainerTable::OfApplication(ApplicationSlot application) const {
  return Listed(kApplicationList, application.value);
}

std::vector<ContainerSlot> ContainerTable::All() const {
  std::vector<ContainerSlot> all;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].placement.live) all.push_back({static_cast<int32_t>(i)});
  }
  return all;
}

void ContainerTable::Link(ListKind kind, int32_t owner, int32_t container) {
  Heads& heads = heads_[kind];
  const size_t position = static_cast<size_t>(owner);
  if (heads.size() <= position) heads.resize(position + 1, -1);
  const int32_t first = heads[position];
  slot(container).links[kind] = {.previous = -1, .next = first};
  if (first >= 0) slot(first).links[kind].previous = container;
  heads[position] = container;
}

void ContainerTable::Unlink(ListKind kind, int32_t owner, int32_t container) {
  const Links links = slot(container).links[kind];
  if (links.previous >= 0) {
    slot(links.previous).links[kind].next = links.next;
  } else {
    heads_[kind][static_cast<size_t>(owner)] = links.next;
  }
  if (links.next >= 0) slot(links.next).links[kind].previous = links.previous;
  slot(container).links[kind] = {};
}

std::vector<ContainerSlot> ContainerTable::Listed(ListKind kind, int32_t owner) const {
  std::vector<ContainerSlot> listed;
  const Heads& heads = heads_[kind];
  if (owner < 0 || static_cast<size_t>(owner) >= heads.size()) return listed;
  for (int32_t i = heads[static_cast<size_t>(owner)]; i >= 0; i = slot(i).links[kind].next) {
    listed.push_back({i});
  }
  std::sort(listed.begin(), listed.end());
  return listed;
}

std::string ContainerTable::CheckInvariants() const {
  const std::vector<ContainerSlot> all = All();
  if (all.size() != live_ || live_ + unused_.size() != slots_.size()) {
    return "container slots are miscounted";
  }
  for (const ListKind kind : {kNodeList, kApplicationList}) {
    size_t listed = 0;
    for (size_t owner = 0; owner < heads_[kind].size(); ++owner) {
      for (const ContainerSlot container : Listed(kind, static_cast<int32_t>(owner))) {
        const ContainerPlacement& placement = slot(container.value).placement;
        const int32_t holder =
            kind == kNodeList ? placement.node.value : placement.application.value;
        if (!placement.live || holder != static_cast<int32_t>(owner)) {
          return "container slot " + std::to_string(container.value) + " is in a wrong list";
        }
        ++listed;
      }
    }
    if (listed != live_) return "a container is missing from a list";
  }
  return "";
}

}  // namespace weir::scheduler
