#include "scheduler/config/dynamic_templates.h"

#include <map>
#include <string_view>

#include "scheduler/config/queue_draft.h"

namespace weir::scheduler {
namespace {

using Values = std::map<std::string, std::string>;

constexpr std::string_view kAny = "auto-queue-creation-v2.template.";
constexpr std::string_view kLeaf = "auto-queue-creation-v2.leaf-template.";
constexpr std::string_view kParent = "auto-queue-creation-v2.parent-template.";

// Those that are there already stay.
void AddWithPrefix(const Values& from, std::string_view prefix, Values& to) {
  for (auto entry = from.lower_bound(std::string(prefix));
       entry != from.end() && entry->first.starts_with(prefix);
       ++entry) {
    to.emplace(entry->first.substr(prefix.size()), entry->second);
  }
}

// "root.a.b": root.a.*, root.*.*
std::vector<std::string> PatternsOf(const std::string& path) {
  std::vector<std::string> patterns;
  std::string stars;
  for (size_t dot = path.rfind('.'); dot != std::string::npos && dot > 0;
       dot = path.rfind('.', dot - 1)) {
    stars += ".*";
    patterns.push_back(path.substr(0, dot) + stars);
  }
  return patterns;
}

Values Templated(const QueueConfiguration& configuration, const QueueSettings& parent, bool leaf) {
  const AutoCreation& creation = parent.auto_creation;
  if (creation.managed) return creation.leaf_template;
  Values own = leaf ? creation.leaf_template : creation.parent_template;
  Values any = creation.any_template;
  std::vector<std::string> sources = PatternsOf(parent.path);
  sources.insert(sources.begin(), parent.path);
  for (const std::string& source : sources) {
    const auto found = configuration.unmade.find(source);
    if (found == configuration.unmade.end()) continue;
    AddWithPrefix(found->second, leaf ? kLeaf : kParent, own);
    AddWithPrefix(found->second, kAny, any);
  }
  own.merge(any);
  return own;
}

}  // namespace

std::vector<ConfigProperty> TemplatedProperties(const QueueConfiguration& configuration,
                                                const QueueSettings& parent,
                                                const std::string& path,
                                                bool leaf) {
  Values values;
  const auto explicit_values = configuration.unmade.find(path);
  if (explicit_values != configuration.unmade.end()) values = explicit_values->second;
  Values templated = Templated(configuration, parent, leaf);
  values.merge(templated);
  std::vector<ConfigProperty> properties;
  for (const auto& [suffix, value] : values) {
    if (!IsQueueKey(suffix) || suffix == "queues") continue;
    properties.push_back({.name = suffix, .value = value, .file = "", .line = 0});
  }
  return properties;
}

}  // namespace weir::scheduler
