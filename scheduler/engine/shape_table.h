// ShapeTable: the container sizes in use, each once, counted by its uses, so that asks and
// containers hold four bytes instead of an amount per resource type.
//
// Invariant: a slot with uses > 0 keeps its amounts. Owner: the engine. Single-threaded. Copyable.
#ifndef WEIR_SCHEDULER_ENGINE_SHAPE_TABLE_H_
#define WEIR_SCHEDULER_ENGINE_SHAPE_TABLE_H_

#include <cstdint>
#include <map>
#include <vector>

#include "common/resource.h"
#include "scheduler/amounts.h"
#include "scheduler/resource_types.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

class ShapeTable {
 public:
  // The slot of `amounts`, with one use more.
  ShapeSlot Use(const Amounts& amounts, const ResourceTypes& types);
  void AddUses(ShapeSlot shape, int64_t uses) { entries_[Index(shape)].uses += uses; }
  // Requires: so many uses. With the last one the slot may become another shape's.
  void DropUses(ShapeSlot shape, int64_t uses);

  const Amounts& amounts(ShapeSlot shape) const { return entries_[Index(shape)].amounts; }
  const Resource& resource(ShapeSlot shape) const { return entries_[Index(shape)].resource; }
  int64_t uses(ShapeSlot shape) const { return entries_[Index(shape)].uses; }
  size_t slots() const { return entries_.size(); }

 private:
  struct Entry {
    Amounts amounts;
    Resource resource;
    int64_t uses = 0;
  };
  std::vector<Entry> entries_;
  std::vector<int32_t> unused_;
  std::map<Amounts, int32_t> by_amounts_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_SHAPE_TABLE_H_
