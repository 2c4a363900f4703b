#include "tests/unit/scheduler_config/config_text.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/strings.h"

namespace weir::scheduler {
namespace {

std::string CheckTree(const QueueConfiguration& configuration) {
  if (configuration.Find("root") == nullptr) return "there is no root";
  for (const auto& [path, queue] : configuration.queues) {
    if (queue.path != path || !path.ends_with(queue.name)) return path + " has another name";
    if (queue.leaf && !queue.children.empty()) return path + " is a leaf with children";
    if (path != "root") {
      const QueueSettings* const parent = configuration.Find(queue.parent);
      if (parent == nullptr || parent->leaf) return path + " has no parent";
      if (std::count(parent->children.begin(), parent->children.end(), path) != 1) {
        return path + " is not once among its parent's children";
      }
    }
    for (const std::string& child : queue.children) {
      const QueueSettings* const found = configuration.Find(child);
      if (found == nullptr || found->parent != path) return child + " has another parent";
    }
  }
  return "";
}

std::string CheckQueue(const QueueConfiguration& configuration, const QueueSettings& queue) {
  if (!queue.partitions.contains("")) return "no default partition";
  if (queue.state == QueueState::kDraining) return "draining";
  const QueueSettings* const parent = configuration.Find(queue.parent);
  if (parent != nullptr && parent->state == QueueState::kStopped &&
      queue.state == QueueState::kRunning) {
    return "runs below a stopped queue";
  }
  for (const auto& [label, partition] : queue.partitions) {
    const bool accessible =
        label.empty() || queue.every_label ||
        std::find(queue.labels.begin(), queue.labels.end(), label) != queue.labels.end();
    if (!accessible) return "a capacity of a label that is not accessible";
    for (size_t i = 0; i < partition.capacity.parts.size(); ++i) {
      const CapacityPart& least = partition.capacity.parts[i];
      const CapacityPart& most = partition.maximum.parts[i];
      if (least.value < 0 || most.value < 0) return "a negative capacity";
      if (most.kind == CapacityKind::kWeight) return "a maximum weight";
      if (least.kind == most.kind && most.value < least.value) return "a maximum below capacity";
      if (least.kind == CapacityKind::kPercent && least.value > kWholePercent) return "over 100%";
    }
  }
  if (queue.minimum_user_limit < 0 || queue.minimum_user_limit > kWholePercent) return "user limit";
  if (queue.am_share < 0 || queue.am_share > kWholeFactor) return "AM share";
  if (!queue.maximum_allocation.FitsIn(TestTypes().maximum())) return "maximum allocation";
  if (!TestTypes().minimum().FitsIn(queue.maximum_allocation)) return "small maximum allocation";
  if (queue.maximum_lifetime > Duration(0) && queue.default_lifetime > queue.maximum_lifetime) {
    return "default lifetime";
  }
  return "";
}

// What the children of one queue have of one label and type, by kind.
struct Sums {
  int64_t of_kind[3] = {0, 0, 0};
  int kinds() const { return (of_kind[0] > 0) + (of_kind[1] > 0) + (of_kind[2] > 0); }
  int64_t percent() const { return of_kind[static_cast<int>(CapacityKind::kPercent)]; }
  int64_t amount() const { return of_kind[static_cast<int>(CapacityKind::kAbsolute)]; }
};

std::string CheckSum(const QueueConfiguration& configuration,
                     const QueueSettings& queue,
                     const std::string& label,
                     size_t type) {
  constexpr int64_t kTolerance = kWholePercent / 2000;
  Sums sums;
  for (const std::string& path : queue.children) {
    const auto& partitions = configuration.Find(path)->partitions;
    const auto found = partitions.find(label);
    if (found == partitions.end()) continue;
    const CapacityPart& part = found->second.capacity.parts[type];
    sums.of_kind[static_cast<int>(part.kind)] += part.value;
  }
  const bool legacy = configuration.legacy_mode;
  if (legacy && sums.kinds() > 1) return "children of several kinds";
  if (sums.percent() > kWholePercent + kTolerance) return "children with more than the whole";
  if (legacy && !queue.auto_creation.managed && sums.percent() > kTolerance &&
      sums.percent() < kWholePercent - kTolerance) {
    return "children with less than the whole";
  }
  const auto own = queue.partitions.find(label);
  if (queue.path == "root" || sums.amount() == 0) return "";
  const bool absolute = own != queue.partitions.end() &&
                        own->second.capacity.parts[type].kind == CapacityKind::kAbsolute;
  if (legacy && !absolute) return "absolute children of a queue without amounts";
  if (absolute && sums.amount() > own->second.capacity.parts[type].value) return "too much given";
  return "";
}

std::string CheckSums(const QueueConfiguration& configuration, const QueueSettings& queue) {
  for (const std::string label : {"", "fast", "slow"}) {
    for (size_t type = 0; type < configuration.type_names.size(); ++type) {
      const std::string fault = CheckSum(configuration, queue, label, type);
      if (!fault.empty()) return fault + " of label '" + label + "'";
    }
  }
  return "";
}

}  // namespace

ResourceTypes TestTypes() {
  return *ResourceTypes::Make(
      {1024, 1},
      {8192, 4},
      {{.name = "yarn.io/gpu", .maximum = 8, .maximum_key = "yarn.io/gpu.maximum"}});
}

std::vector<ConfigProperty> Properties(std::string_view text) {
  std::vector<ConfigProperty> properties;
  int line = 0;
  for (const std::string_view each : Split(text, '\n')) {
    ++line;
    const std::string_view trimmed =
        each.substr(std::min(each.size(), each.find_first_not_of(' ')));
    if (trimmed.empty()) continue;
    const size_t space = trimmed.find(' ');
    const std::string name(trimmed.substr(0, space));
    const std::string_view value = space == std::string_view::npos ? "" : trimmed.substr(space + 1);
    properties.push_back({name.starts_with("yarn.") ? name : "yarn.scheduler.capacity." + name,
                          std::string(value),
                          "q.xml",
                          line});
  }
  return properties;
}

ParsedQueueConfiguration ParseText(std::string_view text) {
  return ParseQueueConfiguration({.properties = Properties(text),
                                  .types = TestTypes(),
                                  .labels = {{"fast", true}, {"slow", false}}});
}

QueueConfiguration Parsed(std::string_view text) {
  const ParsedQueueConfiguration parsed = ParseText(text);
  for (const ConfigFault& fault : parsed.faults) ADD_FAILURE() << fault.ToString();
  return parsed.configuration == nullptr ? QueueConfiguration() : *parsed.configuration;
}

std::string CheckUsable(const QueueConfiguration& configuration) {
  if (std::string fault = CheckTree(configuration); !fault.empty()) return fault;
  for (const auto& [path, queue] : configuration.queues) {
    const std::string fault = CheckQueue(configuration, queue);
    if (!fault.empty()) return path + ": " + fault;
    const std::string sums = CheckSums(configuration, queue);
    if (!sums.empty()) return path + ": " + sums;
  }
  return "";
}

}  // namespace weir::scheduler
