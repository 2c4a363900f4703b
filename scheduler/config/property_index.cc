#include "scheduler/config/property_index.h"

namespace weir::scheduler {

PropertyIndex::PropertyIndex(const std::vector<ConfigProperty>& properties, FaultList& faults) {
  for (const ConfigProperty& property : properties) {
    const auto [entry, is_new] = by_name_.emplace(property.name, &property);
    if (is_new) continue;
    if (entry->second->value != property.value) {
      faults.Warn(&property,
                  Quoted(property.name) + " stands here again; this value counts, not the one of " +
                      "line " + std::to_string(entry->second->line));
    }
    entry->second = &property;
  }
  for (const auto& [name, property] : by_name_) {
    std::string_view rest = name;
    const bool ours = rest.starts_with(kCapacityPrefix);
    if (ours) rest.remove_prefix(kCapacityPrefix.size());
    (ours && rest.starts_with("root.") ? of_queues_ : global_).push_back(property);
  }
}

const ConfigProperty* PropertyIndex::Find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

const ConfigProperty* PropertyIndex::Children(const std::string& path) const {
  return Find(std::string(kCapacityPrefix) + path + ".queues");
}

}  // namespace weir::scheduler
