// ContainerTable: the granted containers in dense slots, linked into one list per node and one per
// application. Adding and removing is O(1) and uses no heap once the table has its size.
//
// Invariant: every live slot is in exactly the lists of its node and its application.
// Owner: the scheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_CONTAINER_TABLE_H_
#define WEIR_SCHEDULER_CONTAINER_TABLE_H_

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "scheduler/scheduler.h"

namespace weir::scheduler {

class ContainerTable {
 public:
  ContainerSlot Add(ApplicationSlot application,
                    NodeSlot node,
                    const Resource& resource,
                    int32_t priority = 0,
                    int64_t request_id = 0);
  // Requires: a live slot.
  void Remove(ContainerSlot container);
  const ContainerPlacement& at(ContainerSlot container) const;
  bool IsLive(ContainerSlot container) const;

  // In slot order.
  std::vector<ContainerSlot> OfNode(NodeSlot node) const;
  std::vector<ContainerSlot> OfApplication(ApplicationSlot application) const;
  std::vector<ContainerSlot> All() const;
  size_t size() const { return live_; }

  std::string CheckInvariants() const;

 private:
  enum ListKind : size_t { kNodeList = 0, kApplicationList = 1 };
  struct Links {
    int32_t previous = -1;
    int32_t next = -1;
  };
  struct Slot {
    ContainerPlacement placement;
    std::array<Links, 2> links;
  };
  using Heads = std::vector<int32_t>;  // by node or application slot; -1 = empty list

  void Link(ListKind kind, int32_t owner, int32_t container);
  void Unlink(ListKind kind, int32_t owner, int32_t container);
  std::vector<ContainerSlot> Listed(ListKind kind, int32_t owner) const;
  Slot& slot(int32_t index) { return slots_[static_cast<size_t>(index)]; }
  const Slot& slot(int32_t index) const { return slots_[static_cast<size_t>(index)]; }

  std::vector<Slot> slots_;
  std::vector<int32_t> unused_;
  std::array<Heads, 2> heads_;
  size_t live_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONTAINER_TABLE_H_
