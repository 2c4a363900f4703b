#include "scheduler/engine/shape_table.h"

#include "common/check.h"

namespace weir::scheduler {

ShapeSlot ShapeTable::Use(const Amounts& amounts, const ResourceTypes& types) {
  const auto found = by_amounts_.find(amounts);
  if (found != by_amounts_.end()) {
    ++entries_[static_cast<size_t>(found->second)].uses;
    return {found->second};
  }
  if (unused_.empty()) {
    unused_.push_back(static_cast<int32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const int32_t slot = unused_.back();
  unused_.pop_back();
  entries_[static_cast<size_t>(slot)] = {
      .amounts = amounts, .resource = types.ToResource(amounts), .uses = 1};
  by_amounts_.emplace(amounts, slot);
  return {slot};
}

void ShapeTable::DropUses(ShapeSlot shape, int64_t uses) {
  Entry& entry = entries_[Index(shape)];
  WEIR_CHECK(entry.uses >= uses, "a shape is used as often as it is dropped");
  entry.uses -= uses;
  if (entry.uses > 0) return;
  by_amounts_.erase(entry.amounts);
  unused_.push_back(shape.value);
}

}  // namespace weir::scheduler
