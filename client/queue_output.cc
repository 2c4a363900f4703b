#include "client/queue_output.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "client/output.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kUnlimitedParallel = 2147483647;  // as YARN prints it
constexpr size_t kDigestShown = 12;

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + "\n";
}

std::string Decimal(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", value);
  return text;
}
std::string Percent(double value) {
  return Decimal(value) + "%";
}

// The default partition, which every queue has.
const QueuePartitionReport& DefaultPartition(const QueueReport& queue) {
  static const QueuePartitionReport kNothing;
  for (const QueuePartitionReport& partition : queue.partitions) {
    if (partition.label.empty()) return partition;
  }
  return kNothing;
}

std::string WeightOf(const QueuePartitionReport& partition) {
  return Decimal(partition.weight > 0 ? partition.weight : -1);
}
std::string ParallelOf(const QueueReport& queue) {
  const int64_t most = queue.maximum_parallel_applications;
  return std::to_string(most > 0 ? most : kUnlimitedParallel);
}

// Rows of cells under a title, in a frame of + - |.
std::string FormatBox(const std::string& title,
                      const std::vector<std::string>& header,
                      const std::vector<std::vector<std::string>>& rows) {
  std::vector<size_t> widths;
  for (const std::string& cell : header) widths.push_back(cell.size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string rule = "+";
  for (const size_t width : widths) rule += std::string(width + 2, '-') + "+";
  rule += "\n";
  const auto line = [&](const std::vector<std::string>& row) {
    std::string text = "|";
    for (size_t i = 0; i < row.size(); ++i) {
      text += " " + row[i] + std::string(widths[i] - row[i].size() + 1, ' ') + "|";
    }
    return text + "\n";
  };
  std::string text = title + "\n" + rule + line(header) + rule;
  for (const auto& row : rows) text += line(row);
  return text + rule;
}

ordered_json ToJson(const Resource& resource) {
  ordered_json json = {{"memory", resource.memory_mib}, {"vCores", resource.vcores}};
  for (const NamedAmount& part : resource.named) json[part.name] = part.amount;
  return json;
}

// The scheduler reckons in fixed point: what lies beyond its precision is not shown.
double Rounded(double value) {
  constexpr double kShown = 10'000;
  return std::round(value * kShown) / kShown;
}

ordered_json ToJson(const QueuePartitionReport& partition) {
  return {{"partitionName", partition.label},
          {"capacity", Rounded(partition.capacity)},
          {"maxCapacity", Rounded(partition.maximum_capacity)},
          {"absoluteCapacity", Rounded(partition.absolute_capacity)},
          {"absoluteMaxCapacity", Rounded(partition.absolute_maximum_capacity)},
          {"usedCapacity", Rounded(partition.used_capacity)},
          {"absoluteUsedCapacity", Rounded(partition.absolute_used_capacity)},
          {"weight", partition.weight > 0 ? partition.weight : -1},
          {"normalizedWeight", Rounded(partition.normalized_weight)},
          {"effectiveMinResource", ToJson(partition.guaranteed)},
          {"effectiveMaxResource", ToJson(partition.maximum)},
          {"used", ToJson(partition.used)},
          {"reserved", ToJson(partition.reserved)},
          {"pending", ToJson(partition.pending)},
          {"amLimit", ToJson(partition.am_limit)},
          {"amUsed", ToJson(partition.am_used)},
          {"userLimit", ToJson(partition.user_limit)}};
}

ordered_json ToJson(const QueueUserReport& user) {
  return {{"username", user.name},
          {"userWeight", user.weight},
          {"isActive", user.active},
          {"numPendingApplications", user.pending_applications},
          {"numActiveApplications", user.active_applications},
          {"resourcesUsed", ToJson(user.used)},
          {"AMResourceUsed", ToJson(user.am_used)},
          {"userResourceLimit", ToJson(user.user_limit)},
          {"memorySeconds", user.memory_seconds},
          {"vcoreSeconds", user.vcore_seconds}};
}

ordered_json ToJson(const QueueReport& queue);
ordered_json ToJson(const QueueChange& change);
ordered_json ToJson(const PlannedEffect& effect);
ordered_json ToJson(const QueueConfigurationVersion& version);
ordered_json ToJson(const LabelReport& label);

template <typename Value>
ordered_json ToJsonList(const std::vector<Value>& values) {
  ordered_json list = ordered_json::array();
  for (const Value& value : values) list.push_back(ToJson(value));
  return list;
}

ordered_json ToJson(const QueueReport& queue) {
  return {{"queueName", queue.name},
          {"queuePath", queue.path},
          {"queueType", queue.leaf ? "leaf" : "parent"},
          {"creationMethod", queue.dynamic ? "dynamicFlexible" : "static"},
          {"state", queue.state},
          {"orderingPolicyInfo", queue.ordering_policy},
          {"queuePriority", queue.priority},
          {"numPendingApplications", queue.pending_applications},
          {"numActiveApplications", queue.active_applications},
          {"maxApplications", queue.maximum_applications},
          {"maxApplicationsPerUser", queue.maximum_applications_per_user},
          {"maxParallelApps", queue.maximum_parallel_applications},
          {"allocatedContainers", queue.containers},
          {"pendingContainers", queue.pending_containers},
          {"reservedContainers", queue.reserved_containers},
          {"minimumUserLimitPercent", queue.minimum_user_limit_percent},
          {"userLimitFactor", queue.user_limit_factor},
          {"preemptionDisabled", queue.preemption_disabled},
          {"intraQueuePreemptionDisabled", queue.intra_queue_preemption_disabled},
          {"defaultNodeLabelExpression", queue.default_label},
          {"nodeLabels", queue.labels},
          {"maximumAllocation", ToJson(queue.maximum_allocation)},
          {"partitions", ToJsonList(queue.partitions)},
          {"users", ToJsonList(queue.users)},
          {"memorySeconds", queue.memory_seconds},
          {"vcoreSeconds", queue.vcore_seconds}};
}

ordered_json ToJson(const QueueChange& change) {
  return {{"queuePath", change.path},
          {"what", change.what},
          {"before", change.before},
          {"after", change.after}};
}

std::string KindName(PlannedEffect::Kind kind) {
  switch (kind) {
    case PlannedEffect::Kind::kWaits:
      return "WAITS";
    case PlannedEffect::Kind::kPreempted:
      return "PREEMPTED";
    case PlannedEffect::Kind::kOverLimit:
      return "OVER_LIMIT";
    case PlannedEffect::Kind::kStarts:
      return "STARTS";
    case PlannedEffect::Kind::kOrphaned:
      return "ORPHANED";
  }
  return "UNKNOWN";
}

ordered_json ToJson(const PlannedEffect& effect) {
  return {{"kind", KindName(effect.kind)},
          {"applicationId", effect.application.ToString()},
          {"queuePath", effect.queue},
          {"detail", effect.detail}};
}

ordered_json ToJson(const QueueConfigurationVersion& version) {
  return {{"version", version.version},
          {"appliedTime", ToMillis(version.applied)},
          {"by", version.by},
          {"origin", version.origin},
          {"sha256", version.sha256}};
}

ordered_json ToJson(const LabelReport& label) {
  return {{"name", label.name},
          {"exclusivity", label.exclusive},
          {"activeNMs", label.nodes},
          {"total", ToJson(label.total)},
          {"used", ToJson(label.used)}};
}

// YARN's lines, then ours.
std::vector<std::pair<std::string, std::string>> LinesOf(const QueueReport& queue) {
  const QueuePartitionReport& main = DefaultPartition(queue);
  const std::string labels = queue.labels.empty() ? "" : Join(queue.labels, ",");
  return {
      {"State", queue.state},
      {"Capacity", Percent(main.capacity)},
      {"Current Capacity", Percent(main.used_capacity)},
      {"Maximum Capacity", Percent(main.maximum_capacity)},
      {"Weight", WeightOf(main)},
      {"Maximum Parallel Apps", ParallelOf(queue)},
      {"Default Node Label expression",
       queue.default_label.empty() ? "<DEFAULT_PARTITION>" : queue.default_label},
      {"Accessible Node Labels", labels},
      {"Preemption", queue.preemption_disabled ? "disabled" : "enabled"},
      {"Intra-queue Preemption", queue.intra_queue_preemption_disabled ? "disabled" : "enabled"},
      {"Absolute Capacity",
       Percent(main.absolute_capacity) + " to " + Percent(main.absolute_maximum_capacity)},
      {"Guaranteed", main.guaranteed.ToString()},
      {"Used", main.used.ToString()},
      {"Pending", main.pending.ToString()},
      {"Containers",
       std::to_string(queue.containers) + ", " + std::to_string(queue.pending_containers) +
           " pending, " + std::to_string(queue.reserved_containers) + " reserved"},
      {"Applications",
       std::to_string(queue.active_applications) + " active, " +
           std::to_string(queue.pending_applications) + " pending, at most " +
           std::to_string(queue.maximum_applications)},
      {"AM Resource", main.am_used.ToString() + " of " + main.am_limit.ToString()},
      {"Aggregate Resource Allocation",
       std::to_string(queue.memory_seconds) + " MB-seconds, " +
           std::to_string(queue.vcore_seconds) + " vcore-seconds"}};
}

std::string UsersTable(const std::vector<QueueUserReport>& users) {
  std::vector<std::vector<std::string>> rows;
  for (const QueueUserReport& user : users) {
    rows.push_back({user.name,
                    user.used.ToString(),
                    user.user_limit.ToString(),
                    std::to_string(user.active_applications),
                    std::to_string(user.pending_applications)});
  }
  return FormatTable({"User", "Used", "Limit", "Active", "Pending"}, rows);
}

std::string LabelsTable(const std::vector<QueuePartitionReport>& partitions) {
  std::vector<std::vector<std::string>> rows;
  for (const QueuePartitionReport& partition : partitions) {
    if (partition.label.empty()) continue;
    rows.push_back({partition.label,
                    Percent(partition.capacity),
                    Percent(partition.maximum_capacity),
                    Percent(partition.used_capacity),
                    partition.used.ToString()});
  }
  if (rows.empty()) return "";
  return FormatTable({"Label", "Capacity", "Maximum", "Current", "Used"}, rows);
}

}  // namespace

std::string FormatQueueList(const std::vector<QueueReport>& queues) {
  std::vector<std::vector<std::string>> rows;
  for (const QueueReport& queue : queues) {
    const QueuePartitionReport& main = DefaultPartition(queue);
    rows.push_back({queue.name,
                    queue.path,
                    queue.state,
                    Percent(main.capacity),
                    Percent(main.used_capacity),
                    Percent(main.maximum_capacity),
                    WeightOf(main),
                    ParallelOf(queue)});
  }
  return FormatBox(std::to_string(queues.size()) + " queues were found",
                   {"Queue Name",
                    "Queue Path",
                    "State",
                    "Capacity",
                    "Current Capacity",
                    "Maximum Capacity",
                    "Weight",
                    "Maximum Parallel Apps"},
                   rows);
}

std::string FormatQueue(const QueueReport& queue) {
  std::string text =
      "Queue Information : \nScheduler Name : CapacityScheduler\nQueue Name : " + queue.name +
      "\nQueue Path : " + queue.path + "\n";
  for (const auto& [label, value] : LinesOf(queue)) text += "\t" + label + " : " + value + "\n";
  if (!queue.users.empty()) text += "\n" + UsersTable(queue.users);
  if (const std::string labels = LabelsTable(queue.partitions); !labels.empty()) {
    text += "\n" + labels;
  }
  return text;
}

std::string QueuesJson(const std::vector<QueueReport>& queues) {
  return Dump({{"queues", {{"queue", ToJsonList(queues)}}}});
}

std::string QueueJson(const QueueReport& queue) {
  return Dump({{"queue", ToJson(queue)}});
}

std::string FormatPlan(const QueuePlan& plan) {
  std::string text;
  if (!plan.faults.empty()) {
    text = "It would be refused:\n";
    for (const std::string& fault : plan.faults) text += "  " + fault + "\n";
  }
  if (plan.changes.empty() && !plan.faults.empty()) return text;
  if (plan.changes.empty()) {
    text += "No queue differs from version " + std::to_string(plan.base_version) + ".\n";
  } else {
    std::vector<std::vector<std::string>> rows;
    for (const QueueChange& change : plan.changes) {
      rows.push_back(
          {change.path.empty() ? "(all)" : change.path, change.what, change.before, change.after});
    }
    text += "Changes against version " + std::to_string(plan.base_version) + ":\n" +
            FormatTable({"Queue", "What", "Before", "After"}, rows);
  }
  if (plan.effects.empty()) {
    return text + (plan.faults.empty() ? "No application is affected.\n" : "");
  }
  std::vector<std::vector<std::string>> rows;
  for (const PlannedEffect& effect : plan.effects) {
    rows.push_back(
        {effect.application.ToString(), effect.queue, KindName(effect.kind), effect.detail});
  }
  return text + "Effects:\n" + FormatTable({"Application", "Queue", "Effect", "Detail"}, rows);
}

std::string PlanJson(const QueuePlan& plan) {
  return Dump({{"plan",
                {{"baseVersion", plan.base_version},
                 {"faults", plan.faults},
                 {"changes", ToJsonList(plan.changes)},
                 {"effects", ToJsonList(plan.effects)}}}});
}

std::string FormatHistory(const std::vector<QueueConfigurationVersion>& versions) {
  std::vector<std::vector<std::string>> rows;
  for (const QueueConfigurationVersion& version : versions) {
    rows.push_back({std::to_string(version.version),
                    FormatTime(version.applied),
                    version.by,
                    version.origin,
                    version.sha256.substr(0, kDigestShown)});
  }
  return FormatTable({"Version", "Applied", "By", "Origin", "SHA-256"}, rows);
}

std::string HistoryJson(const std::vector<QueueConfigurationVersion>& versions) {
  return Dump({{"versions", ToJsonList(versions)}});
}

std::string VersionJson(const QueueConfigurationVersion& version) {
  return Dump(ToJson(version));
}

std::string FormatLabels(const std::vector<LabelReport>& labels) {
  std::vector<std::string> names;
  for (const LabelReport& label : labels) {
    if (label.name.empty()) continue;
    names.push_back("<" + label.name +
                    ":exclusivity=" + std::string(label.exclusive ? "true" : "false") + ">");
  }
  return "Node Labels: " + Join(names, ",") + "\n";
}

std::string LabelsJson(const std::vector<LabelReport>& labels) {
  return Dump({{"nodeLabelsInfo", {{"nodeLabelInfo", ToJsonList(labels)}}}});
}

}  // namespace weir::cli
