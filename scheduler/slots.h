// Dense indices of what the scheduler holds. Each is valid until its thing is removed, and is
// reused afterwards. Immutable values.
#ifndef WEIR_SCHEDULER_SLOTS_H_
#define WEIR_SCHEDULER_SLOTS_H_

#include <compare>
#include <cstddef>
#include <cstdint>

namespace weir::scheduler {

struct NodeSlot {
  int32_t value = -1;
  auto operator<=>(const NodeSlot&) const = default;
};
struct ApplicationSlot {
  int32_t value = -1;
  auto operator<=>(const ApplicationSlot&) const = default;
};
struct ContainerSlot {
  int32_t value = -1;
  auto operator<=>(const ContainerSlot&) const = default;
};
// A queue of the tree; 0 is root.
struct QueueSlot {
  int32_t value = -1;
  auto operator<=>(const QueueSlot&) const = default;
};
// One user in one leaf queue.
struct UserSlot {
  int32_t value = -1;
  auto operator<=>(const UserSlot&) const = default;
};
// A set of nodes with the same label; 0 is the default partition, of the nodes without one.
struct PartitionSlot {
  int32_t value = 0;
  auto operator<=>(const PartitionSlot&) const = default;
};
inline constexpr PartitionSlot kDefaultPartition{0};
// An interned amount: the size that asks and containers share.
struct ShapeSlot {
  int32_t value = -1;
  auto operator<=>(const ShapeSlot&) const = default;
};

template <typename Slot>
constexpr size_t Index(Slot slot) {
  return static_cast<size_t>(slot.value);
}

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_SLOTS_H_
