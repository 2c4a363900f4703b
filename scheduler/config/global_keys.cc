#include "scheduler/config/global_keys.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <vector>

#include "common/strings.h"
#include "scheduler/config/property_values.h"

namespace weir::scheduler {
namespace {

constexpr int32_t kLargest32 = std::numeric_limits<int32_t>::max();
constexpr std::string_view kUserPrefix = "yarn.scheduler.capacity.user.";
constexpr std::string_view kUserEnd = ".max-parallel-apps";

QueueDefaults& Defaults(const GlobalTaking& t) {
  return t.configuration.defaults;
}
void NoEffect(const GlobalTaking& t) {
  t.faults.NoEffect(t.property);
}
void ReadElsewhere(const GlobalTaking&) {}

void TakePerQueueMaximum(const GlobalTaking& t) {
  std::optional<int64_t> limit;
  t.Store(ParseWhole(t.value(), -1, kLargest32), limit);
  if (limit && *limit > 0) t.configuration.per_queue_maximum_applications = limit;
}

void TakeExpiry(const GlobalTaking& t) {
  std::optional<Duration> expiry;
  t.Store(ParseLifetime(t.value()), expiry);
  if (expiry) t.configuration.dynamic_queue_expiry = *expiry;
}

void TakeMappingFormat(const GlobalTaking& t) {
  const std::string format = ToLower(Trim(t.value()));
  if (format == "legacy" || format == "json") return;
  t.Fault({ErrorCode::kInvalidArgument,
           "the format " + Quoted(t.value()) + " of mapping rules is not known",
           "mapping-rule-format is legacy or json"});
}

std::vector<std::string> SortedList(std::string_view text) {
  std::vector<std::string> list = ParseList(text);
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

void TakeWorkflowPriorities(const GlobalTaking& t) {
  for (const std::string& entry : ParseList(t.value())) {
    const std::vector<std::string_view> parts = Split(entry, ':');
    Result<int32_t> priority = ParseWhole32(parts.back(), 0);
    if (parts.size() != 3 || Trim(parts[0]).empty() || Trim(parts[1]).empty() || !priority) {
      t.Fault({ErrorCode::kInvalidArgument,
               Quoted(entry) + " is not a priority of a workflow",
               "an entry of workflow-priority-mappings has the form WORKFLOW:QUEUE:PRIORITY"});
      continue;
    }
    t.configuration.workflow_priorities.push_back(
        {std::string(Trim(parts[0])), std::string(Trim(parts[1])), *priority});
  }
}

using Taking = const GlobalTaking&;

// Behind yarn.scheduler.capacity.
constexpr std::array kCapacityKeys = std::to_array<GlobalKey>({
    {"maximum-applications",
     [](Taking t) {
       t.Store(ParseWhole(t.value(), 1, kLargest32), t.configuration.maximum_applications);
     }},
    {"global-queue-max-application", TakePerQueueMaximum},
    {"maximum-am-resource-percent",
     [](Taking t) {
       t.Store(ParseFraction(t.value(), kWholeFactor, 0, kWholeFactor), Defaults(t).am_share);
     }},
    {"max-parallel-apps",
     [](Taking t) {
       t.Store(ParseCountLimit(t.value()), Defaults(t).maximum_parallel_applications);
     }},
    {"user.max-parallel-apps",
     [](Taking t) { t.Store(ParseCountLimit(t.value()), t.configuration.user_maximum_parallel); }},
    {"minimum-user-limit-percent",
     [](Taking t) {
       t.Store(ParseFraction(t.value(), kWholePercent / 100, 0, kWholePercent),
               Defaults(t).minimum_user_limit);
     }},
    {"user-limit-factor",
     [](Taking t) { t.Store(ParseUserLimitFactor(t.value()), Defaults(t).user_limit_factor); }},
    {"resource-calculator",
     [](Taking t) { t.Store(ParseCalculator(t.value()), t.configuration.calculator); }},
    {"legacy-queue-mode.enabled",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.legacy_mode); }},
    {"node-locality-delay",
     [](Taking t) { t.Store(ParseWhole32(t.value(), -1), t.configuration.node_locality_delay); }},
    {"rack-locality-additional-delay",
     [](Taking t) {
       t.Store(ParseWhole32(t.value(), -1), t.configuration.rack_locality_additional_delay);
     }},
    {"rack-locality-full-reset",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.rack_locality_full_reset); }},
    {"reservations-continue-look-all-nodes",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.continue_look); }},
    {"auto-queue-creation-v2.queue-expiration-time", TakeExpiry},
    {"auto-queue-creation-v2.maximum-queue-depth",
     [](Taking t) { t.Store(ParseWhole32(t.value(), 1), Defaults(t).dynamic_depth); }},
    {"queue-mappings-override.enable",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.placement_overrides); }},
    {"mapping-rule-format", TakeMappingFormat},
    {"queue-mappings", ReadElsewhere},
    {"mapping-rule-json", ReadElsewhere},
    {"mapping-rule-json-file", ReadElsewhere},
    {"skip-allocate-on-nodes-with-reserved-containers", NoEffect},
    {"multi-node-placement-enabled", NoEffect},
    {"application.fail-fast", NoEffect},
    {"user-metrics.enable", NoEffect},
    {"lazy-preemption-enabled",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.preemption.lazy); }},
    {"ordering-policy.priority-utilization.underutilized-preemption.enabled",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.preemption.underutilized); }},
    {"ordering-policy.priority-utilization.underutilized-preemption.reserved-container-delay-ms",
     [](Taking t) {
       t.Store(ParseMilliseconds(t.value()), t.configuration.preemption.reserved_container_delay);
     }},
    {"ordering-policy.priority-utilization.underutilized-preemption.allow-move-reservation",
     NoEffect},
    {"workflow-priority-mappings", TakeWorkflowPriorities},
    {"workflow-priority-mappings-override.enable",
     [](Taking t) {
       t.Store(ParseSwitch(t.value()), t.configuration.workflow_priorities_override);
     }},
    {"queue.auto.refresh.monitoring-interval", NoEffect},
});

// By their whole names.
constexpr std::array kOtherKeys = std::to_array<GlobalKey>({
    {"yarn.resourcemanager.scheduler.monitor.enable",
     [](Taking t) { t.Store(ParseSwitch(t.value()), t.configuration.preemption.enabled); }},
    {"yarn.cluster.max-application-priority",
     [](Taking t) {
       t.Store(ParseWhole32(t.value(), 0), t.configuration.cluster_maximum_priority);
     }},
    {"yarn.scheduler.queue-placement-rules.app-name", ReadElsewhere},
    {"yarn.resourcemanager.scheduler.monitor.policies", ReadElsewhere},
    {"yarn.node-labels.enabled", ReadElsewhere},
    {"yarn.node-labels.configuration-type", ReadElsewhere},
    {"yarn.node-labels.fs-store.root-dir", ReadElsewhere},
    {"yarn.resource-types", ReadElsewhere},
    {"yarn.scheduler.minimum-allocation-mb", ReadElsewhere},
    {"yarn.scheduler.minimum-allocation-vcores", ReadElsewhere},
    {"yarn.scheduler.maximum-allocation-mb", ReadElsewhere},
    {"yarn.scheduler.maximum-allocation-vcores", ReadElsewhere},
    {"yarn.scheduler.queue-placement-rules", NoEffect},
    {"yarn.node-labels.exclusive-enforced-partitions",
     [](Taking t) { t.configuration.enforced_labels = SortedList(t.value()); }},
    {"yarn.resourcemanager.queue.auto.refresh.monitoring-interval", NoEffect},
});

struct KeyTable {
  std::string_view prefix;
  std::span<const GlobalKey> keys;
};
std::array<KeyTable, 3> Tables() {
  return {KeyTable{kCapacityPrefix, kCapacityKeys},
          KeyTable{kPreemptionPrefix, PreemptionKeys()},
          KeyTable{"", kOtherKeys}};
}

const GlobalKey* FindKey(std::string_view name) {
  for (const KeyTable& table : Tables()) {
    if (!name.starts_with(table.prefix)) continue;
    for (const GlobalKey& key : table.keys) {
      if (name.substr(table.prefix.size()) == key.name) return &key;
    }
  }
  return nullptr;
}

// Whole groups of YARN's keys that have nothing to steer here.
constexpr std::string_view kGroupsWithoutEffect[] = {
    "yarn.scheduler.capacity.per-node-heartbeat.",
    "yarn.scheduler.capacity.schedule-asynchronously.",
    "yarn.scheduler.capacity.multi-node-sorting.policy",
    "yarn.resourcemanager.monitor.capacity.queue-management.",
};

bool IsWithoutEffect(std::string_view name) {
  for (const std::string_view group : kGroupsWithoutEffect) {
    if (name.starts_with(group)) return true;
  }
  return false;
}

bool IsUserParallel(std::string_view name) {
  return name.starts_with(kUserPrefix) && name.ends_with(kUserEnd) &&
         name.size() > kUserPrefix.size() + kUserEnd.size();
}

void TakeUserParallel(const GlobalTaking& t) {
  std::string_view user = t.property.name;
  user.remove_prefix(kUserPrefix.size());
  user.remove_suffix(kUserEnd.size());
  std::optional<int64_t> limit;
  t.Store(ParseCountLimit(t.value()), limit);
  t.configuration.user_parallel[std::string(user)] = limit.value_or(kLargest32);
}

// Preemption is on when the monitor is, and its policy is among the named ones (the default is).
void DecidePreemption(const PropertyIndex& index, PreemptionSettings& preemption) {
  const ConfigProperty* const policies =
      index.Find("yarn.resourcemanager.scheduler.monitor.policies");
  const bool named =
      policies == nullptr ||
      policies->value.find("ProportionalCapacityPreemptionPolicy") != std::string::npos;
  preemption.enabled = preemption.enabled && named;
}

void WarnUnknown(const ConfigProperty& property,
                 const std::vector<std::string>& known,
                 FaultList& faults) {
  std::optional<std::string> nearest;
  if (faults.TakesWarnings()) nearest = NearestName(property.name.substr(0, 200), known);
  faults.Warn(&property,
              Quoted(property.name) + " is not known" +
                  (nearest ? "; did you mean " + *nearest + "?" : ""));
}

}  // namespace

void ReadGlobalProperties(const PropertyIndex& index,
                          QueueConfiguration& configuration,
                          FaultList& faults) {
  std::vector<std::string> known;
  for (const KeyTable& table : Tables()) {
    for (const GlobalKey& key : table.keys) {
      known.push_back(std::string(table.prefix) + std::string(key.name));
    }
  }
  for (const ConfigProperty* property : index.global()) {
    const GlobalTaking taking{configuration, *property, faults};
    if (const GlobalKey* const key = FindKey(property->name)) {
      key->take(taking);
    } else if (IsUserParallel(property->name)) {
      TakeUserParallel(taking);
    } else if (IsWithoutEffect(property->name)) {
      faults.NoEffect(*property);
    } else {
      WarnUnknown(*property, known, faults);
    }
  }
  DecidePreemption(index, configuration.preemption);
}

}  // namespace weir::scheduler
