// Which containers hold which indices of resources. Nothing is kept of that but in the containers
// themselves: what a complete one held is free with that.
#include <map>
#include <utility>

#include "nodemanager/core/machine.h"

namespace weir::nm {

std::vector<IndexHolder> NodeManagerCore::Machine::IndexHolders() const {
  std::vector<IndexHolder> holders;
  for (const auto& [id, container] : containers) {
    if (container.complete() || container.token.resource.named.empty()) continue;
    holders.push_back({id, container.token.resource, container.indices});
  }
  return holders;
}

Result<ContainerIndices> NodeManagerCore::Machine::FreeIndices(const Resource& asked) const {
  if (options.indexed.empty() || asked.named.empty()) return ContainerIndices{};
  return AssignIndices(options.indexed, asked, IndexHolders());
}

bool NodeManagerCore::Machine::LacksIndices(const Container& container) const {
  return !MissingIndices(options.indexed, container.token.resource, container.indices).empty();
}

std::string NodeManagerCore::Machine::CheckIndices() const {
  std::map<std::pair<std::string, int32_t>, ContainerId> owners;
  for (const auto& [id, container] : containers) {
    if (container.complete()) continue;
    for (const HeldIndices& held : container.indices) {
      for (const int32_t index : held.indices) {
        const auto [owner, first] = owners.emplace(std::pair(held.type, index), id);
        if (first) continue;
        return owner->second.ToString() + " and " + id.ToString() + " both hold " + held.type +
               " " + std::to_string(index);
      }
    }
  }
  return "";
}

}  // namespace weir::nm
