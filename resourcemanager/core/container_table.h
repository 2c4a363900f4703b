// ContainerTable: the held containers on the indices of their scheduler slots, in chunks that are
// given back when they are empty; the look-up from id to slot; the lists they are in.
//
// Terms: a list links containers through one of their ContainerLink members, in the order in which
// they were appended. The look-up is open addressing over slots (Knuth, TAOCP vol. 3, 6.4,
// algorithm L, with deletion by moving back), so that one container costs 4 bytes / load there.
//
// References into the table are valid until the container is removed.
// Owner: the core's state. Single-threaded. No heap but for growth.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_TABLE_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_TABLE_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "common/ids.h"
#include "resourcemanager/core/container.h"

namespace weir::rm {

struct ContainerList {
  int32_t first = -1;
  int32_t last = -1;
  int32_t size = 0;
  bool empty() const { return size == 0; }
};

class ContainerTable {
 public:
  using Slot = scheduler::ContainerSlot;
  using Link = ContainerLink Container::*;

  // The attempt that an application slot stands for, and that has its containers. Another one of
  // the same application may take them over.
  void SetAttempt(scheduler::ApplicationSlot application, const AttemptId& attempt);
  const AttemptId& AttemptOf(scheduler::ApplicationSlot application) const {
    return attempts_[static_cast<size_t>(application.value)];
  }

  // A fresh, held container. Requires: the slot is free, the id is not in use and of the
  // application that the application slot stands for.
  Container& Add(Slot slot, scheduler::ApplicationSlot application, const ContainerId& id);
  // Requires: held, in no list.
  void Remove(Slot slot);
  bool IsHeld(Slot slot) const;
  // Requires: a held slot.
  Container& at(Slot slot) { return Cell(slot.value); }
  const Container& at(Slot slot) const { return Cell(slot.value); }
  ContainerId IdOf(Slot slot) const;
  std::optional<Slot> Find(const ContainerId& id) const;
  size_t size() const { return size_; }
  std::vector<Slot> All() const;  // in slot order

  void Append(ContainerList& list, Link link, Slot slot);
  void Prepend(ContainerList& list, Link link, Slot slot);
  void Unlink(ContainerList& list, Link link, Slot slot);
  // In the order of the list. For loops whose body may remove.
  std::vector<Slot> Listed(const ContainerList& list, Link link) const;

 private:
  static constexpr size_t kChunk = 4096;  // above malloc's threshold for maps of their own
  struct Chunk {
    std::array<Container, kChunk> cells;
    size_t held = 0;
  };

  Container& Cell(int32_t slot) {
    return chunks_[static_cast<size_t>(slot) / kChunk]->cells[static_cast<size_t>(slot) % kChunk];
  }
  const Container& Cell(int32_t slot) const {
    return chunks_[static_cast<size_t>(slot) / kChunk]->cells[static_cast<size_t>(slot) % kChunk];
  }
  size_t Home(const ContainerId& id) const;
  size_t HomeOf(int32_t slot) const;
  void Rehash(size_t cells);

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::vector<AttemptId> attempts_;  // by application slot
  std::vector<int32_t> index_;       // a power of two; -1 = empty
  size_t size_ = 0;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_TABLE_H_
