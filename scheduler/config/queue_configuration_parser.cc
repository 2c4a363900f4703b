#include "scheduler/config/queue_configuration_parser.h"

#include <algorithm>
#include <set>
#include <utility>

#include "scheduler/config/fault_list.h"
#include "scheduler/config/global_keys.h"
#include "scheduler/config/property_index.h"
#include "scheduler/config/queue_draft.h"
#include "scheduler/config/queue_mappings.h"
#include "scheduler/config/queue_tree_reader.h"
#include "scheduler/config/sibling_rules.h"
#include "scheduler/config/template_check.h"

namespace weir::scheduler {
namespace {

// What containers may ask for is part of yarn-site.xml, but nothing fits together without it.
void CheckAllocations(const PropertyIndex& index, const ResourceTypes& types, FaultList& faults) {
  for (int i = 0; i < types.count(); ++i) {
    const ResourceType& type = types.at(i);
    const bool needed = i <= Amounts::kVcores;
    if ((!needed || type.minimum > 0) && type.minimum >= 0 && type.minimum <= type.maximum)
      continue;
    ConfigProperty place;
    place.file = "yarn-site.xml";
    if (const ConfigProperty* const given = index.Find(type.maximum_key)) place = *given;
    faults.Add(&place,
               "",
               "the minimum allocation is positive and at most the maximum",
               "containers have from " + std::to_string(type.minimum) + " to " +
                   std::to_string(type.maximum) + " " + type.name);
  }
}

void CheckRoot(const ParserInput& input, const QueueDraft& root, FaultList& faults) {
  if (!root.settings.children.empty() || root.settings.auto_creation.enabled) return;
  ConfigProperty place;
  if (!input.properties.empty()) place.file = input.properties.front().file;
  const ConfigProperty* const named = root.PlaceOf("queues");
  faults.Add(named == nullptr ? &place : named,
             "root",
             "yarn.scheduler.capacity.root.queues names the queues below root",
             "queue configuration is missing child queue names for root");
}

void CheckGroups(QueueDrafts& tree, const QueueConfiguration& configuration, FaultList& faults) {
  for (QueueDraft& parent : tree.drafts) {
    std::vector<QueueSettings*> children;
    for (const std::string& path : parent.settings.children) {
      const auto found = tree.by_path.find(path);
      if (found != tree.by_path.end()) children.push_back(&tree.drafts[found->second].settings);
    }
    const SiblingMode mode{configuration.legacy_mode, parent.allow_zero_sum};
    for (const SiblingFault& fault :
         CheckSiblings(parent.settings, children, mode, configuration.type_names)) {
      const QueueDraft& where = tree.drafts[tree.by_path.at(fault.queue->path)];
      faults.Add(where.PlaceOf(fault.suffix), fault.queue->path, fault.rule, fault.message);
    }
  }
}

void WarnOfUnknownLabels(const QueueConfiguration& configuration, FaultList& faults) {
  std::map<std::string, std::string> unknown;  // label -> a queue that has it
  for (const auto& [path, queue] : configuration.queues) {
    for (const std::string& label : queue.labels) {
      if (!configuration.labels.contains(label)) unknown.emplace(label, path);
    }
    for (const auto& [label, partition] : queue.partitions) {
      if (!label.empty() && !configuration.labels.contains(label)) unknown.emplace(label, path);
    }
  }
  for (const auto& [label, path] : unknown) {
    faults.Warn(nullptr,
                "queue " + path + " uses label " + Quoted(label) +
                    ", which does not exist yet (weir rmadmin -addToClusterNodeLabels)");
  }
}

QueueDrafts ReadQueues(const PropertyIndex& index, ReaderContext& context) {
  QueueDrafts tree = ReadQueueTree(index, context);
  for (size_t i = 0; i < tree.drafts.size(); ++i) {
    const QueueSettings* const parent = i == 0 ? nullptr : &tree.drafts[tree.parents[i]].settings;
    ReadDraft(tree.drafts[i], parent, context);
  }
  return tree;
}

}  // namespace

ParsedQueueConfiguration ParseQueueConfiguration(const ParserInput& input) {
  FaultList faults;
  const PropertyIndex index(input.properties, faults);
  auto configuration = std::make_shared<QueueConfiguration>();
  configuration->labels = input.labels;
  for (int i = 0; i < input.types.count(); ++i) {
    configuration->type_names.push_back(input.types.at(i).name);
  }
  CheckAllocations(index, input.types, faults);
  ReadGlobalProperties(index, *configuration, faults);
  ReaderContext context{
      input.types, configuration->defaults, configuration->legacy_mode, faults, 0};
  QueueDrafts tree = ReadQueues(index, context);
  CheckRoot(input, tree.drafts.front(), faults);
  CheckGroups(tree, *configuration, faults);
  CheckTemplates(tree, context);
  SortStrays(tree, context, *configuration);
  for (QueueDraft& draft : tree.drafts) {
    std::string path = draft.settings.path;
    configuration->queues.emplace(std::move(path), std::move(draft.settings));
  }
  WarnOfUnknownLabels(*configuration, faults);
  ReadMappings(index, input.json_rules, *configuration, faults);
  ParsedQueueConfiguration parsed;
  if (faults.empty()) parsed.configuration = std::move(configuration);
  parsed.faults = faults.TakeFaults();
  parsed.warnings = faults.TakeWarnings();
  return parsed;
}

std::vector<ConfigProperty> DefaultProperties() {
  const std::string prefix(kCapacityPrefix);
  const std::string file = "(built in)";
  return {
      {prefix + "maximum-applications", "10000", file},
      {prefix + "resource-calculator", "DominantResourceCalculator", file},
      {prefix + "root.queues", "default", file},
      {prefix + "root.default.capacity", "100", file},
      {prefix + "root.default.user-limit-factor", "1", file},
      {prefix + "root.default.maximum-capacity", "100", file},
      {prefix + "root.default.maximum-am-resource-percent", "0.5", file},
      {prefix + "root.default.state", "RUNNING", file},
      {prefix + "root.default.acl_submit_applications", "*", file},
      {prefix + "root.acl_administer_queue", " ", file},
      {prefix + "root.default.acl_administer_queue", " ", file},
      {prefix + "root.default.acl_application_max_priority", "*", file},
      {prefix + "root.default.maximum-application-lifetime", "-1", file},
      {prefix + "root.default.default-application-lifetime", "-1", file},
      {prefix + "node-locality-delay", "40", file},
      {prefix + "rack-locality-additional-delay", "-1", file},
      {prefix + "queue-mappings", "", file},
      {prefix + "queue-mappings-override.enable", "false", file},
  };
}

}  // namespace weir::scheduler
