#include "scheduler/config/queue_mappings.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "common/strings.h"
#include "scheduler/config/property_values.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kMappingForm =
    "queue-mappings is a list of u:USER:QUEUE and g:GROUP:QUEUE, where USER may be %user";
constexpr std::string_view kApplicationForm =
    "app-name mappings are a list of NAME:QUEUE, where both may be %application";
constexpr std::array<std::string_view, 6> kVariables = {
    "%application", "%user", "%primary_group", "%secondary_group", "%default", "%specified"};

class MappingReader {
 public:
  MappingReader(QueueConfiguration& configuration, FaultList& faults)
      : configuration_(configuration), faults_(faults) {
    for (const auto& [path, queue] : configuration.queues) {
      Named& named = by_name_[queue.name];
      named.leaves += queue.leaf ? 1 : 0;
      named.queue = named.queues++ == 0 ? &queue : nullptr;
    }
  }

  void ReadUsersAndGroups(const ConfigProperty& property) {
    for (const std::string& text : ParseList(property.value)) {
      const std::vector<std::string_view> parts = Split(text, ':');
      if (parts.size() != 3 || (Trim(parts[0]) != "u" && Trim(parts[0]) != "g") ||
          Trim(parts[1]).empty() || Trim(parts[2]).empty()) {
        Fault(property, kMappingForm, "the mapping " + Quoted(text) + " cannot be read");
        continue;
      }
      const bool user = Trim(parts[0]) == "u";
      Add(property,
          user ? PlacementRule::Matcher::kUser : PlacementRule::Matcher::kGroup,
          user && Trim(parts[1]) == "%user" ? "*" : Trim(parts[1]),
          Trim(parts[2]));
    }
  }

  void ReadApplications(const ConfigProperty& property) {
    for (const std::string& text : ParseList(property.value)) {
      const std::vector<std::string_view> parts = Split(text, ':');
      if (parts.size() != 2 || Trim(parts[0]).empty() || Trim(parts[1]).empty()) {
        Fault(property, kApplicationForm, "the mapping " + Quoted(text) + " cannot be read");
        continue;
      }
      Add(property,
          PlacementRule::Matcher::kApplication,
          Trim(parts[0]) == "%application" ? "*" : Trim(parts[0]),
          Trim(parts[1]));
    }
  }

  // Of rules that came as JSON.
  void Take(const ConfigProperty& property, const PlacementRule& rule) {
    using Policy = PlacementRule::Policy;
    if (rule.matcher == PlacementRule::Matcher::kGroup && rule.matches == "*") {
      Fault(property, "a rule for groups names its group", "a rule matches every group (*)");
    }
    if (rule.policy == Policy::kCustom || rule.policy == Policy::kSetDefaultQueue) {
      CheckTarget(property, rule.queue, rule.create);
    }
    if (!rule.parent_queue.empty()) CheckParent(property, rule.parent_queue);
    configuration_.placement.push_back(rule);
  }

 private:
  // The queues of one name.
  struct Named {
    size_t queues = 0;
    size_t leaves = 0;
    const QueueSettings* queue = nullptr;  // the only one
  };

  void Fault(const ConfigProperty& property, std::string_view rule, std::string message) {
    faults_.Add(&property, "", std::string(rule), std::move(message));
  }

  void Add(const ConfigProperty& property,
           PlacementRule::Matcher matcher,
           std::string_view matches,
           std::string_view queue) {
    PlacementRule rule;
    rule.matcher = matcher;
    rule.matches = matches;
    rule.policy = PlacementRule::Policy::kCustom;
    rule.queue = queue;
    rule.create = true;
    rule.line = property.line;
    CheckTarget(property, rule.queue, rule.create);
    configuration_.placement.push_back(std::move(rule));
  }

  // The variables are known ones, and what stands before the first one is a parent.
  void CheckTarget(const ConfigProperty& property, const std::string& target, bool create) {
    const size_t variable = target.find('%');
    if (variable == std::string::npos) return CheckLeaf(property, target, create);
    for (const std::string_view part : Split(target, '.')) {
      const bool known = std::find(kVariables.begin(), kVariables.end(), part) != kVariables.end();
      if (part.find('%') == std::string_view::npos || known) continue;
      return Fault(property,
                   "the variables of mappings are %user, %primary_group, %secondary_group, "
                   "%application, %default and %specified",
                   Quoted(part) + " of a mapping to " + Quoted(target) + " is not known");
    }
    const size_t dot = target.rfind('.', variable);
    if (dot != std::string::npos) CheckParent(property, target.substr(0, dot));
  }

  void CheckLeaf(const ConfigProperty& property, const std::string& name, bool create) {
    const std::string target = "a mapping goes to " + Quoted(name);
    if (name.find('.') == std::string::npos && name != "root") {
      const auto found = by_name_.find(name);
      const size_t leaves = found == by_name_.end() ? 0 : found->second.leaves;
      if (leaves == 1) return;
      return Fault(property,
                   "a mapping names one leaf, by its path where its name means several",
                   target + (leaves == 0 ? ", which is no leaf"
                                         : ", which means " + std::to_string(leaves) + " leaves"));
    }
    const std::optional<std::string> path = FullPath(name);
    const QueueSettings* const queue = path ? configuration_.Find(*path) : nullptr;
    if (queue != nullptr && queue->leaf) return;
    if (queue == nullptr && path && create && CanBeMade(*path)) return;
    Fault(property,
          "a mapping names a leaf, or one that automatic creation would make",
          target + (queue == nullptr ? ", which does not exist" : ", which is no leaf"));
  }

  void CheckParent(const ConfigProperty& property, const std::string& name) {
    const std::optional<std::string> path = FullPath(name);
    const QueueSettings* const queue = path ? configuration_.Find(*path) : nullptr;
    if (queue != nullptr && !queue->leaf) return;
    if (queue == nullptr && path && CanBeMade(*path)) return;
    Fault(property,
          "the parent that a mapping names has queues below it, or they can be made automatically",
          "a mapping goes below " + Quoted(name) +
              (queue == nullptr ? ", which does not exist" : ", which is a leaf"));
  }

  // From root, or from a queue whose name means one.
  std::optional<std::string> FullPath(const std::string& name) const {
    const std::string first = name.substr(0, name.find('.'));
    if (first == "root") return name;
    const auto found = by_name_.find(first);
    if (found == by_name_.end() || found->second.queue == nullptr) return std::nullopt;
    return found->second.queue->path + name.substr(first.size());
  }

  bool CanBeMade(std::string path) const {
    for (size_t dot = path.rfind('.'); dot != std::string::npos; dot = path.rfind('.')) {
      path.resize(dot);
      const QueueSettings* const ancestor = configuration_.Find(path);
      if (ancestor == nullptr) continue;
      return ancestor->auto_creation.enabled || ancestor->auto_creation.managed;
    }
    return false;
  }

  QueueConfiguration& configuration_;
  FaultList& faults_;
  std::map<std::string, Named> by_name_;
};

}  // namespace

void ReadMappings(const PropertyIndex& index,
                  const std::vector<PlacementRule>& json_rules,
                  QueueConfiguration& configuration,
                  FaultList& faults) {
  MappingReader reader(configuration, faults);
  const ConfigProperty* const format = index.Find("yarn.scheduler.capacity.mapping-rule-format");
  if (format != nullptr && ToLower(Trim(format->value)) == "json") {
    const ConfigProperty* place = index.Find("yarn.scheduler.capacity.mapping-rule-json");
    if (place == nullptr) place = index.Find("yarn.scheduler.capacity.mapping-rule-json-file");
    for (const PlacementRule& rule : json_rules)
      reader.Take(place == nullptr ? *format : *place, rule);
    return;
  }
  if (const auto* const property = index.Find("yarn.scheduler.capacity.queue-mappings")) {
    reader.ReadUsersAndGroups(*property);
  }
  if (const auto* const property = index.Find("yarn.scheduler.queue-placement-rules.app-name")) {
    reader.ReadApplications(*property);
  }
}

}  // namespace weir::scheduler
