#include "scheduler/config/template_check.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "scheduler/config/capacity_text.h"
#include "scheduler/config/sibling_rules.h"

namespace weir::scheduler {
namespace {

// Makes a queue on trial below `parent`, with the faults it would have.
void TryQueue(const QueueSettings& parent,
              const std::string& path,
              bool leaf,
              PropertiesBySuffix given,
              const ConfigProperty* named,
              ReaderContext& context) {
  QueueDraft draft = StartDraft(&parent, path, context);
  draft.settings.dynamic = true;
  draft.settings.auto_creation.enabled = !leaf;
  draft.named = named;
  for (auto entry = given.begin(); entry != given.end();) {
    if (IsQueueKey(entry->first)) {
      ++entry;
      continue;
    }
    std::optional<std::string> nearest;
    if (context.faults.TakesWarnings()) nearest = NearestQueueKey(entry->first);
    context.faults.Warn(entry->second,
                        Quoted(entry->first) + " in the template of " + parent.path +
                            " is not known" + (nearest ? "; did you mean " + *nearest + "?" : ""));
    entry = given.erase(entry);
  }
  draft.given = std::move(given);
  ReadDraft(draft, &parent, context);
  if (!parent.auto_creation.managed) return;
  std::vector<std::string> type_names;
  for (int i = 0; i < context.types.count(); ++i) type_names.push_back(context.types.at(i).name);
  const SiblingMode mode{context.legacy, true};
  for (const SiblingFault& fault : CheckSiblings(parent, {&draft.settings}, mode, type_names)) {
    context.faults.Add(draft.PlaceOf("capacity"), fault.queue->path, fault.rule, fault.message);
  }
}

// In legacy mode new queues have weights, and their siblings must have, too.
void WarnOfSiblings(const QueueDraft& parent, const QueueDrafts& tree, ReaderContext& context) {
  if (!context.legacy || parent.given.contains("auto-queue-creation-v2.template.capacity") ||
      parent.given.contains("auto-queue-creation-v2.leaf-template.capacity")) {
    return;
  }
  for (const std::string& child : parent.settings.children) {
    const auto found = tree.by_path.find(child);
    if (found == tree.by_path.end()) continue;
    const QueueSettings& settings = tree.drafts[found->second].settings;
    const CapacityVector& capacity = settings.partitions.at("").capacity;
    if (IsNothing(capacity) || capacity.IsAll(CapacityKind::kWeight)) continue;
    return context.faults.Warn(parent.PlaceOf("auto-queue-creation-v2.enabled"),
                               "queue " + parent.settings.path +
                                   " can create no queue: a new one has a weight, but its child " +
                                   settings.name + " has none");
  }
}

std::string NearestOf(const std::string& name, const std::vector<std::string>& paths) {
  constexpr size_t kCompared = 200;
  std::vector<std::string> names;
  for (size_t i = 0; i < std::min(kCompared, paths.size()); ++i) {
    names.push_back(paths[i].substr(paths[i].rfind('.') + 1));
  }
  return NearestName(name, names).value_or("");
}

}  // namespace

void CheckTemplates(const QueueDrafts& tree, ReaderContext& context) {
  for (const QueueDraft& draft : tree.drafts) {
    const AutoCreation& creation = draft.settings.auto_creation;
    if (!creation.enabled && !creation.managed) continue;
    const std::string path = draft.settings.path + ".*";
    const ConfigProperty* const place = draft.PlaceOf(
        creation.managed ? "auto-create-child-queue.enabled" : "auto-queue-creation-v2.enabled");
    for (const bool leaf : {true, false}) {
      if (creation.managed && !leaf) continue;
      PropertiesBySuffix given = TemplateProperties(draft.given, creation.managed, leaf);
      if (!given.empty()) {
        TryQueue(draft.settings, path, leaf, std::move(given), place, context);
      }
    }
    if (creation.enabled) WarnOfSiblings(draft, tree, context);
  }
}

void SortStrays(const QueueDrafts& tree,
                ReaderContext& context,
                QueueConfiguration& configuration) {
  struct Stray {
    const StrayProperty* first = nullptr;
    size_t count = 0;
    PropertiesBySuffix given;
  };
  std::map<std::string, Stray> by_path;
  for (const StrayProperty& property : tree.strays) {
    Stray& stray = by_path[property.path];
    if (stray.count++ == 0) stray.first = &property;
    stray.given.emplace(property.suffix, property.property);
  }
  for (const auto& [path, stray] : by_path) {
    const QueueDraft& ancestor = tree.drafts[stray.first->ancestor];
    const bool pattern = path.find('*') != std::string::npos;
    const bool wanted =
        pattern ? std::any_of(stray.given.begin(),
                              stray.given.end(),
                              [](const auto& each) { return IsTemplateKey(each.first); })
                : ancestor.settings.auto_creation.enabled;
    if (wanted) {
      for (const auto& [suffix, property] : stray.given) {
        configuration.unmade[path][suffix] = property->value;
      }
      for (const bool leaf : {true, false}) {
        PropertiesBySuffix given = TemplateProperties(stray.given, false, leaf);
        if (!given.empty()) {
          TryQueue(ancestor.settings, path + ".*", leaf, std::move(given), ancestor.named, context);
        }
      }
      if (!pattern) {
        TryQueue(ancestor.settings, path, true, stray.given, ancestor.named, context);
      }
      continue;
    }
    const std::string nearest =
        context.faults.TakesWarnings()
            ? NearestOf(path.substr(ancestor.settings.path.size() + 1), ancestor.settings.children)
            : "";
    context.faults.Warn(stray.first->property,
                        std::to_string(stray.count) + " properties are of queue " + Quoted(path) +
                            ", which is not in the tree" +
                            (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
  }
}

}  // namespace weir::scheduler
