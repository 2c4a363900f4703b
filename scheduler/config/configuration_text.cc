#include "scheduler/config/configuration_text.h"

#include <optional>
#include <string_view>

#include "common/strings.h"
#include "scheduler/config/capacity_text.h"

namespace weir::scheduler {
namespace {

using Texts = std::map<std::string, std::string>;

std::string Switch(bool value) {
  return value ? "true" : "false";
}
std::string Factor(int64_t value) {
  return FormatDecimal(value, kWholeFactor);
}
std::string Percent(int64_t value) {
  return FormatDecimal(value, kWholePercent / 100);
}
std::string FactorOrNone(std::optional<int64_t> value) {
  return value ? Factor(*value) : "-1";
}
std::string CountOrNone(std::optional<int64_t> value, std::string none) {
  return value ? std::to_string(*value) : none;
}
std::string Millis(Duration time) {
  return std::to_string(ToMillis(time));
}
std::string Lifetime(Duration time) {
  return time == Duration(0) ? "-1" : std::to_string(ToMillis(time) / 1000);
}

std::string FormatGrants(const std::vector<PriorityGrant>& grants) {
  if (grants.empty()) return "*";
  std::string text;
  for (const PriorityGrant& grant : grants) {
    text += text.empty() ? "[" : " [";
    text += "user=" + (grant.who.everybody ? "*" : Join(grant.who.users, ","));
    if (!grant.who.groups.empty()) text += " group=" + Join(grant.who.groups, ",");
    if (grant.max_priority) text += " max_priority=" + std::to_string(*grant.max_priority);
    if (grant.default_priority) {
      text += " default_priority=" + std::to_string(*grant.default_priority);
    }
    text += "]";
  }
  return text;
}

void AddPartitions(const QueueSettings& queue,
                   const std::vector<std::string>& type_names,
                   Texts& texts) {
  for (const auto& [label, partition] : queue.partitions) {
    const std::string stem = label.empty() ? "" : "accessible-node-labels." + label + ".";
    texts[stem + "capacity"] = FormatCapacity(partition.capacity, type_names);
    texts[stem + "maximum-capacity"] = FormatCapacity(partition.maximum, type_names);
    if (partition.am_share) {
      texts[stem + "maximum-am-resource-percent"] = Factor(*partition.am_share);
    }
  }
}

void AddCreation(const AutoCreation& creation, Texts& texts) {
  if (creation.managed) {
    texts["auto-create-child-queue.enabled"] = "true";
    texts["auto-create-child-queue.max-queues"] = std::to_string(creation.max_queues);
    texts["auto-create-child-queue.fail-on-exceeding-parent-capacity"] =
        Switch(creation.fail_when_full);
    for (const auto& [suffix, value] : creation.leaf_template) {
      texts["leaf-queue-template." + suffix] = value;
    }
    return;
  }
  if (!creation.enabled) return;
  const std::string stem = "auto-queue-creation-v2.";
  texts[stem + "enabled"] = "true";
  texts[stem + "max-queues"] = std::to_string(creation.max_queues);
  texts[stem + "maximum-queue-depth"] = std::to_string(creation.max_depth);
  texts[stem + "queue-auto-removal.enable"] = Switch(creation.auto_removal);
  for (const auto& [suffix, value] : creation.any_template)
    texts[stem + "template." + suffix] = value;
  for (const auto& [suffix, value] : creation.leaf_template) {
    texts[stem + "leaf-template." + suffix] = value;
  }
  for (const auto& [suffix, value] : creation.parent_template) {
    texts[stem + "parent-template." + suffix] = value;
  }
}

void AddLeaf(const QueueSettings& queue, Texts& texts) {
  texts["ordering-policy"] = queue.leaf_ordering == LeafOrdering::kFair ? "fair" : "fifo";
  texts["ordering-policy.fair.enable-size-based-weight"] = Switch(queue.size_based_weight);
  texts["minimum-user-limit-percent"] = Percent(queue.minimum_user_limit);
  texts["user-limit-factor"] = FactorOrNone(queue.user_limit_factor);
  texts["maximum-am-resource-percent"] = Factor(queue.am_share);
  texts["maximum-applications"] = CountOrNone(queue.maximum_applications, "derived");
  texts["ordering-policy.exclusive-enforced-partitions"] = Join(queue.enforced_labels, ",");
  texts["acl_application_max_priority"] = FormatGrants(queue.priority_grants);
  texts["default-application-priority"] = std::to_string(queue.default_application_priority);
  texts["maximum-application-lifetime"] = Lifetime(queue.maximum_lifetime);
  texts["default-application-lifetime"] = Lifetime(queue.default_lifetime);
  for (const auto& [user, weight] : queue.user_weights) {
    texts["user-settings." + user + ".weight"] = FormatDecimal(weight, kWholeWeight);
  }
}

void AddPreemption(const PreemptionSettings& preemption, Texts& texts) {
  const std::string stem = "preemption.";
  texts[stem + "enabled"] = Switch(preemption.enabled);
  texts["lazy-preemption-enabled"] = Switch(preemption.lazy);
  texts[stem + "observe_only"] = Switch(preemption.observe_only);
  texts[stem + "monitoring_interval"] = Millis(preemption.interval);
  texts[stem + "max_wait_before_kill"] = Millis(preemption.warning);
  texts[stem + "total_preemption_per_round"] = Factor(preemption.per_round);
  texts[stem + "max_ignored_over_capacity"] = Factor(preemption.dead_zone);
  texts[stem + "natural_termination_factor"] = Factor(preemption.natural_termination);
  texts[stem + "select_based_on_reserved_containers"] = Switch(preemption.by_reservation);
  texts[stem + "additional_res_balance_based_on_reserved_containers"] =
      Switch(preemption.reserved_balance);
  texts["underutilized-preemption.enabled"] = Switch(preemption.underutilized);
  texts["underutilized-preemption.reserved-container-delay-ms"] =
      Millis(preemption.reserved_container_delay);
  texts[stem + "conservative-drf"] = Switch(preemption.conservative_drf);
  texts[stem + "preemption-to-balance-queue-after-satisfied.enabled"] =
      Switch(preemption.balance_after_satisfied);
  texts[stem + "preemption-to-balance-queue-after-satisfied.max-wait-before-kill"] =
      Millis(preemption.balance_warning);
  const std::string intra = stem + "intra-queue-preemption.";
  texts[intra + "enabled"] = Switch(preemption.intra_queue);
  texts[intra + "minimum-threshold"] = Factor(preemption.intra_minimum_threshold);
  texts[intra + "max-allowable-limit"] = Factor(preemption.intra_maximum);
  texts[intra + "preemption-order-policy"] =
      preemption.intra_priority_first ? "priority_first" : "userlimit_first";
  texts[intra + "conservative-drf"] = Switch(preemption.intra_conservative_drf);
}

std::string_view PolicyName(PlacementRule::Policy policy) {
  using Policy = PlacementRule::Policy;
  switch (policy) {
    case Policy::kCustom:
      return "custom";
    case Policy::kSpecified:
      return "specified";
    case Policy::kReject:
      return "reject";
    case Policy::kDefaultQueue:
      return "defaultQueue";
    case Policy::kUser:
      return "user";
    case Policy::kPrimaryGroup:
      return "primaryGroup";
    case Policy::kSecondaryGroup:
      return "secondaryGroup";
    case Policy::kPrimaryGroupUser:
      return "primaryGroupUser";
    case Policy::kSecondaryGroupUser:
      return "secondaryGroupUser";
    case Policy::kApplicationName:
      return "applicationName";
    case Policy::kSetDefaultQueue:
      return "setDefaultQueue";
  }
  return "";
}

std::string_view MatcherName(PlacementRule::Matcher matcher) {
  switch (matcher) {
    case PlacementRule::Matcher::kUser:
      return "user ";
    case PlacementRule::Matcher::kGroup:
      return "group ";
    case PlacementRule::Matcher::kApplication:
      return "application ";
  }
  return "";
}

std::string_view FallbackName(PlacementRule::Fallback fallback) {
  switch (fallback) {
    case PlacementRule::Fallback::kSkip:
      return "skip";
    case PlacementRule::Fallback::kReject:
      return "reject";
    case PlacementRule::Fallback::kPlaceDefault:
      return "placeDefault";
  }
  return "";
}

}  // namespace

std::string FormatAccessList(const AccessList& list) {
  if (list.everybody) return "*";
  return Join(list.users, ",") + " " + Join(list.groups, ",");
}

// "user mia -> custom root.a (create, else skip)"
std::string FormatRule(const PlacementRule& rule) {
  std::string text(MatcherName(rule.matcher));
  text += rule.matches + " -> " + std::string(PolicyName(rule.policy));
  if (!rule.parent_queue.empty()) text += " below " + rule.parent_queue;
  if (!rule.queue.empty()) text += " " + rule.queue;
  return text + (rule.create ? " (create, else " : " (else ") +
         std::string(FallbackName(rule.fallback)) + ")";
}

std::map<std::string, std::string> QueueProperties(const QueueSettings& queue,
                                                   const std::vector<std::string>& type_names) {
  Texts texts;
  texts["state"] = queue.state == QueueState::kRunning ? "RUNNING" : "STOPPED";
  texts["accessible-node-labels"] = queue.every_label ? "*" : Join(queue.labels, ",");
  texts["default-node-label-expression"] = queue.default_label;
  texts["priority"] = std::to_string(queue.priority);
  texts["max-parallel-apps"] = CountOrNone(queue.maximum_parallel_applications, "unlimited");
  texts["maximum-allocation"] = FormatAmounts(queue.maximum_allocation, type_names);
  texts["acl_submit_applications"] = FormatAccessList(queue.submit);
  texts["acl_administer_queue"] = FormatAccessList(queue.administer);
  texts["disable_preemption"] = Switch(queue.preemption_disabled);
  texts["intra-queue-preemption.disable_preemption"] = Switch(queue.intra_preemption_disabled);
  texts["made"] = queue.dynamic ? "automatically" : "by configuration";
  AddPartitions(queue, type_names, texts);
  AddCreation(queue.auto_creation, texts);
  if (queue.leaf) {
    AddLeaf(queue, texts);
  } else {
    texts["ordering-policy"] = queue.parent_ordering == ParentOrdering::kPriorityUtilization
                                   ? "priority-utilization"
                                   : "utilization";
  }
  return texts;
}

std::map<std::string, std::string> GlobalProperties(const QueueConfiguration& configuration) {
  Texts texts;
  texts["resource-calculator"] = configuration.calculator == Calculator::kDominant
                                     ? "DominantResourceCalculator"
                                     : "DefaultResourceCalculator";
  texts["maximum-applications"] = std::to_string(configuration.maximum_applications);
  texts["global-queue-max-application"] =
      CountOrNone(configuration.per_queue_maximum_applications, "derived");
  texts["user.max-parallel-apps"] = CountOrNone(configuration.user_maximum_parallel, "unlimited");
  for (const auto& [user, limit] : configuration.user_parallel) {
    texts["user." + user + ".max-parallel-apps"] = std::to_string(limit);
  }
  texts["legacy-queue-mode.enabled"] = Switch(configuration.legacy_mode);
  texts["node-locality-delay"] = std::to_string(configuration.node_locality_delay);
  texts["rack-locality-additional-delay"] =
      std::to_string(configuration.rack_locality_additional_delay);
  texts["rack-locality-full-reset"] = Switch(configuration.rack_locality_full_reset);
  texts["reservations-continue-look-all-nodes"] = Switch(configuration.continue_look);
  texts["auto-queue-creation-v2.queue-expiration-time"] =
      std::to_string(ToMillis(configuration.dynamic_queue_expiry) / 1000);
  texts["max-application-priority"] = std::to_string(configuration.cluster_maximum_priority);
  texts["exclusive-enforced-partitions"] = Join(configuration.enforced_labels, ",");
  std::string workflows;
  for (const WorkflowPriority& each : configuration.workflow_priorities) {
    workflows += (workflows.empty() ? "" : ",") + each.workflow + ":" + each.queue + ":" +
                 std::to_string(each.priority);
  }
  texts["workflow-priority-mappings"] = workflows;
  texts["workflow-priority-mappings-override.enable"] =
      Switch(configuration.workflow_priorities_override);
  texts["queue-mappings-override.enable"] = Switch(configuration.placement_overrides);
  std::string rules;
  for (const PlacementRule& rule : configuration.placement) {
    rules += (rules.empty() ? "" : "; ") + FormatRule(rule);
  }
  texts["queue-mappings"] = rules;
  for (const auto& [path, values] : configuration.unmade) {
    for (const auto& [suffix, value] : values) texts[path + "." + suffix] = value;
  }
  AddPreemption(configuration.preemption, texts);
  return texts;
}

}  // namespace weir::scheduler
