// ContainerTable: the granted containers in dense slots, linked into one list per node and one per
// application (newest first). Adding and removing is O(1).
//
// Slots come in chunks; a chunk that has become empty gives its memory back. 48 bytes per slot.
// Invariant: every live slot is in exactly the lists of its node and its application.
// Owner: the engine. Single-threaded. Copyable.
#ifndef WEIR_SCHEDULER_ENGINE_CONTAINER_TABLE_H_
#define WEIR_SCHEDULER_ENGINE_CONTAINER_TABLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/capacity_scheduler.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

class ContainerTable {
 public:
  struct Slot {
    ContainerPlacement placement;
    int32_t gang = 0;  // of its application; 0 = none
    bool live = false;
    bool borrowed = false;  // on a non-exclusive partition, for an ask of the default one
    bool master = false;
    bool leaving = false;  // preempted: on its way out
  };

  ContainerSlot Add(const ContainerPlacement& placement, int32_t gang, bool borrowed);
  // Requires: a live slot.
  void Remove(ContainerSlot container);
  bool IsLive(ContainerSlot container) const;
  // Requires: a live slot.
  const Slot& at(ContainerSlot container) const { return entry(container.value).slot; }
  void SetMaster(ContainerSlot container) { entry(container.value).slot.master = true; }
  void SetShape(ContainerSlot container, ShapeSlot shape) {
    entry(container.value).slot.placement.shape = shape;
  }
  void SetLeaving(ContainerSlot container) { entry(container.value).slot.leaving = true; }

  // The first of a list, and the one after it; -1 = none.
  ContainerSlot FirstOfNode(NodeSlot node) const { return First(kNodeList, node.value); }
  ContainerSlot FirstOfApplication(ApplicationSlot application) const {
    return First(kApplicationList, application.value);
  }
  ContainerSlot NextOfNode(ContainerSlot c) const { return {entry(c.value).links[kNodeList].next}; }
  ContainerSlot NextOfApplication(ContainerSlot c) const {
    return {entry(c.value).links[kApplicationList].next};
  }
  // In slot order.
  std::vector<ContainerSlot> OfNode(NodeSlot node) const;
  std::vector<ContainerSlot> OfApplication(ApplicationSlot application) const;
  size_t size() const { return live_; }

  std::string CheckInvariants() const;

 private:
  enum ListKind : size_t { kNodeList = 0, kApplicationList = 1 };
  struct Links {
    int32_t previous = -1;
    int32_t next = -1;
  };
  struct Entry {
    Slot slot;
    std::array<Links, 2> links;  // an unused entry: links[0].next is the next unused of its chunk
  };
  struct Chunk {
    std::vector<Entry> entries;  // none while the chunk is empty
    int32_t unused = -1;         // first unused entry within it
    int32_t live = 0;
    bool open = false;  // in open_
  };
  static constexpr int32_t kChunk = 4096;
  using Heads = std::vector<int32_t>;

  ContainerSlot First(ListKind kind, int32_t owner) const;
  void Link(ListKind kind, int32_t owner, int32_t container);
  void Unlink(ListKind kind, int32_t owner, int32_t container);
  std::vector<ContainerSlot> Listed(ListKind kind, int32_t owner) const;
  int32_t OpenChunk();
  Entry& entry(int32_t slot) {
    return chunks_[static_cast<size_t>(slot / kChunk)].entries[static_cast<size_t>(slot % kChunk)];
  }
  const Entry& entry(int32_t slot) const {
    return chunks_[static_cast<size_t>(slot / kChunk)].entries[static_cast<size_t>(slot % kChunk)];
  }

  std::vector<Chunk> chunks_;
  std::vector<int32_t> open_;  // chunks with an unused entry, or empty ones; used from the back
  std::array<Heads, 2> heads_;
  size_t live_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_CONTAINER_TABLE_H_
