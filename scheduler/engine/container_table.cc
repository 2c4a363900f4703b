#include "scheduler/engine/container_table.h"

#include <algorithm>

#include "common/check.h"

namespace weir::scheduler {

int32_t ContainerTable::OpenChunk() {
  if (open_.empty()) {
    open_.push_back(static_cast<int32_t>(chunks_.size()));
    chunks_.emplace_back();
    chunks_.back().open = true;
  }
  const int32_t index = open_.back();
  Chunk& chunk = chunks_[static_cast<size_t>(index)];
  if (chunk.entries.empty()) {
    chunk.entries.resize(kChunk);
    for (int32_t i = 0; i < kChunk; ++i) {
      chunk.entries[static_cast<size_t>(i)].links[0].next = i + 1 < kChunk ? i + 1 : -1;
    }
    chunk.unused = 0;
  }
  return index;
}

ContainerSlot ContainerTable::Add(const ContainerPlacement& placement,
                                  int32_t gang,
                                  bool borrowed) {
  const int32_t index = OpenChunk();
  Chunk& chunk = chunks_[static_cast<size_t>(index)];
  const int32_t within = chunk.unused;
  Entry& added = chunk.entries[static_cast<size_t>(within)];
  chunk.unused = added.links[0].next;
  ++chunk.live;
  if (chunk.unused < 0) {
    chunk.open = false;
    open_.pop_back();
  }
  const int32_t slot = index * kChunk + within;
  added.slot = {.placement = placement, .gang = gang, .live = true, .borrowed = borrowed};
  Link(kNodeList, placement.node.value, slot);
  Link(kApplicationList, placement.application.value, slot);
  ++live_;
  return {slot};
}

void ContainerTable::Remove(ContainerSlot container) {
  WEIR_CHECK(IsLive(container), "a container is removed once");
  const ContainerPlacement placement = at(container).placement;
  Unlink(kNodeList, placement.node.value, container.value);
  Unlink(kApplicationList, placement.application.value, container.value);
  Chunk& chunk = chunks_[static_cast<size_t>(container.value / kChunk)];
  Entry& removed = entry(container.value);
  removed.slot = {};
  removed.links[0].next = chunk.unused;
  chunk.unused = container.value % kChunk;
  --chunk.live;
  --live_;
  if (!chunk.open) {
    chunk.open = true;
    open_.push_back(container.value / kChunk);
  }
  if (chunk.live == 0) std::vector<Entry>().swap(chunk.entries);
}

bool ContainerTable::IsLive(ContainerSlot container) const {
  if (container.value < 0) return false;
  const auto chunk = static_cast<size_t>(container.value / kChunk);
  return chunk < chunks_.size() && !chunks_[chunk].entries.empty() &&
         entry(container.value).slot.live;
}

ContainerSlot ContainerTable::First(ListKind kind, int32_t owner) const {
  const Heads& heads = heads_[kind];
  const auto index = static_cast<size_t>(owner);
  return {index < heads.size() ? heads[index] : -1};
}

void ContainerTable::Link(ListKind kind, int32_t owner, int32_t container) {
  Heads& heads = heads_[kind];
  const auto index = static_cast<size_t>(owner);
  if (index >= heads.size()) heads.resize(index + 1, -1);
  Links& links = entry(container).links[kind];
  links = {.previous = -1, .next = heads[index]};
  if (links.next >= 0) entry(links.next).links[kind].previous = container;
  heads[index] = container;
}

void ContainerTable::Unlink(ListKind kind, int32_t owner, int32_t container) {
  const Links links = entry(container).links[kind];
  if (links.previous >= 0) {
    entry(links.previous).links[kind].next = links.next;
  } else {
    heads_[kind][static_cast<size_t>(owner)] = links.next;
  }
  if (links.next >= 0) entry(links.next).links[kind].previous = links.previous;
}

std::vector<ContainerSlot> ContainerTable::Listed(ListKind kind, int32_t owner) const {
  std::vector<ContainerSlot> listed;
  for (ContainerSlot c = First(kind, owner); c.value >= 0; c = {entry(c.value).links[kind].next}) {
    listed.push_back(c);
  }
  std::sort(listed.begin(), listed.end());
  return listed;
}

std::vector<ContainerSlot> ContainerTable::OfNode(NodeSlot node) const {
  return Listed(kNodeList, node.value);
}

std::vector<ContainerSlot> ContainerTable::OfApplication(ApplicationSlot application) const {
  return Listed(kApplicationList, application.value);
}

std::string ContainerTable::CheckInvariants() const {
  size_t live = 0;
  for (const Chunk& chunk : chunks_) {
    int32_t in_chunk = 0;
    for (const Entry& each : chunk.entries) in_chunk += each.slot.live ? 1 : 0;
    if (in_chunk != chunk.live) return "a chunk of containers counts wrong";
    live += static_cast<size_t>(in_chunk);
  }
  for (const ListKind kind : {kNodeList, kApplicationList}) {
    size_t linked = 0;
    for (size_t owner = 0; owner < heads_[kind].size(); ++owner) {
      for (const ContainerSlot c : Listed(kind, static_cast<int32_t>(owner))) {
        const ContainerPlacement& placement = at(c).placement;
        const int32_t own = kind == kNodeList ? placement.node.value : placement.application.value;
        if (!at(c).live || own != static_cast<int32_t>(owner)) {
          return "container slot " + std::to_string(c.value) + " is in the wrong list";
        }
        ++linked;
      }
    }
    if (linked != live) return "a list of containers misses some";
  }
  return live == live_ ? "" : "the number of containers is wrong";
}

}  // namespace weir::scheduler
