#include "resourcemanager/server/durability_gate.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::rm {

bool DurabilityGate::Hold(Action action) {
  if (held_ >= capacity_) return false;
  ++held_;
  waiting_[action.after_record].push_back(std::move(action));
  return true;
}

Actions DurabilityGate::Commit(uint64_t sequence) {
  committed_ = std::max(committed_, sequence);
  Actions due;
  const auto end = waiting_.upper_bound(committed_);
  size_t count = 0;
  for (auto group = waiting_.begin(); group != end; ++group) count += group->second.size();
  due.reserve(count);
  for (auto group = waiting_.begin(); group != end; ++group) {
    std::move(group->second.begin(), group->second.end(), std::back_inserter(due));
  }
  waiting_.erase(waiting_.begin(), end);
  held_ -= due.size();
  return due;
}

void DurabilityGate::Clear() {
  waiting_.clear();
  held_ = 0;
}

}  // namespace weir::rm
