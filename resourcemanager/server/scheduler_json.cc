#include "resourcemanager/server/scheduler_json.h"

#include <cmath>
#include <map>
#include <utility>

#include "common/strings.h"
#include "resourcemanager/server/json_values.h"

namespace weir::rm {
namespace {

constexpr int64_t kUnlimitedParallel = 2147483647;  // as YARN says it

const QueuePartitionReport& DefaultPartition(const QueueReport& queue) {
  static const QueuePartitionReport kNothing;
  for (const QueuePartitionReport& partition : queue.partitions) {
    if (partition.label.empty()) return partition;
  }
  return kNothing;
}

// The scheduler reckons in fixed point: what lies beyond its precision is not shown.
double Rounded(double value) {
  constexpr double kShown = 10'000;
  return std::round(value * kShown) / kShown;
}

double WeightOf(const QueuePartitionReport& partition) {
  return partition.weight > 0 ? partition.weight : -1;
}

Json CapacitiesObject(const QueuePartitionReport& partition) {
  return {{"partitionName", partition.label},
          {"capacity", Rounded(partition.capacity)},
          {"usedCapacity", Rounded(partition.used_capacity)},
          {"maxCapacity", Rounded(partition.maximum_capacity)},
          {"absoluteCapacity", Rounded(partition.absolute_capacity)},
          {"absoluteUsedCapacity", Rounded(partition.absolute_used_capacity)},
          {"absoluteMaxCapacity", Rounded(partition.absolute_maximum_capacity)},
          {"weight", WeightOf(partition)},
          {"normalizedWeight", Rounded(partition.normalized_weight)},
          {"configuredMinResource", ResourceObject(partition.configured_minimum)},
          {"configuredMaxResource", ResourceObject(partition.configured_maximum)},
          {"queueCapacityVectorInfo",
           Single("configuredCapacityVector", partition.configured_capacity)},
          {"effectiveMinResource", ResourceObject(partition.guaranteed)},
          {"effectiveMaxResource", ResourceObject(partition.maximum)}};
}

Json UsageObject(const QueuePartitionReport& partition) {
  return {{"partitionName", partition.label},
          {"used", ResourceObject(partition.used)},
          {"reserved", ResourceObject(partition.reserved)},
          {"pending", ResourceObject(partition.pending)},
          {"amUsed", ResourceObject(partition.am_used)},
          {"amLimit", ResourceObject(partition.am_limit)},
          {"userLimit", ResourceObject(partition.user_limit)}};
}

Json AclObject(const char* type, const std::string& list) {
  return {{"accessType", type}, {"accessControlList", list}};
}

// What the root and all others have in common.
void AddCommon(const QueueReport& queue, Json& json) {
  const QueuePartitionReport& main = DefaultPartition(queue);
  json["capacity"] = Rounded(main.capacity);
  json["usedCapacity"] = Rounded(main.used_capacity);
  json["maxCapacity"] = Rounded(main.maximum_capacity);
  json["weight"] = WeightOf(main);
  json["normalizedWeight"] = Rounded(main.normalized_weight);
  json["queueName"] = queue.name;
  json["queuePath"] = queue.path;
  json["maxParallelApps"] = queue.maximum_parallel_applications > 0
                                ? queue.maximum_parallel_applications
                                : kUnlimitedParallel;
  Json capacities = Json::array();
  for (const QueuePartitionReport& one : queue.partitions) {
    capacities.push_back(CapacitiesObject(one));
  }
  json["capacities"] = Single("queueCapacitiesByPartition", std::move(capacities));
  json["maximumAllocation"] = ResourceObject(queue.maximum_allocation);
  json["queuePriority"] = queue.priority;
  json["orderingPolicyInfo"] = queue.ordering_policy;
  json["mode"] = main.weight > 0 ? "weight" : "percentage";
  json["queueType"] = queue.leaf ? "leaf" : "parent";
  json["creationMethod"] = queue.dynamic ? "dynamicFlexible" : "static";
  json["defaultNodeLabelExpression"] = queue.default_label;
  json["queueAcls"] = Single("queueAcl",
                             Json::array({AclObject("ADMINISTER_QUEUE", queue.administer_acl),
                                          AclObject("SUBMIT_APP", queue.submit_acl)}));
}

void AddUsage(const QueueReport& queue, Json& json) {
  const QueuePartitionReport& main = DefaultPartition(queue);
  json["absoluteCapacity"] = Rounded(main.absolute_capacity);
  json["absoluteMaxCapacity"] = Rounded(main.absolute_maximum_capacity);
  json["absoluteUsedCapacity"] = Rounded(main.absolute_used_capacity);
  json["numApplications"] = queue.active_applications + queue.pending_applications;
  json["state"] = queue.state;
  json["resourcesUsed"] = ResourceObject(main.used);
  json["hideReservationQueues"] = false;
  json["nodeLabels"] = queue.labels;
  json["allocatedContainers"] = queue.containers;
  json["reservedContainers"] = queue.reserved_containers;
  json["pendingContainers"] = queue.pending_containers;
  json["minEffectiveCapacity"] = ResourceObject(main.guaranteed);
  json["maxEffectiveCapacity"] = ResourceObject(main.maximum);
  Json usages = Json::array();
  for (const QueuePartitionReport& one : queue.partitions) usages.push_back(UsageObject(one));
  json["resources"] = Single("resourceUsagesByPartition", std::move(usages));
  json["memorySeconds"] = queue.memory_seconds;
  json["vcoreSeconds"] = queue.vcore_seconds;
}

Json UserObject(const QueueUserReport& user) {
  return {{"username", user.name},
          {"resourcesUsed", ResourceObject(user.used)},
          {"numActiveApplications", user.active_applications},
          {"numPendingApplications", user.pending_applications},
          {"AMResourceUsed", ResourceObject(user.am_used)},
          {"userResourceLimit", ResourceObject(user.user_limit)},
          {"userWeight", user.weight},
          {"isActive", user.active},
          {"memorySeconds", user.memory_seconds},
          {"vcoreSeconds", user.vcore_seconds}};
}

void AddLeaf(const QueueReport& queue, Json& json) {
  const QueuePartitionReport& main = DefaultPartition(queue);
  json["type"] = "capacitySchedulerLeafQueueInfo";
  json["numActiveApplications"] = queue.active_applications;
  json["numPendingApplications"] = queue.pending_applications;
  json["numContainers"] = queue.containers;
  json["maxApplications"] = queue.maximum_applications;
  json["maxApplicationsPerUser"] = queue.maximum_applications_per_user;
  json["userLimit"] = queue.minimum_user_limit_percent;
  Json users = Json::array();
  for (const QueueUserReport& user : queue.users) users.push_back(UserObject(user));
  json["users"] = users.empty() ? Json::object() : Single("user", std::move(users));
  json["userLimitFactor"] = queue.user_limit_factor;
  json["AMResourceLimit"] = ResourceObject(main.am_limit);
  json["usedAMResource"] = ResourceObject(main.am_used);
  json["userAMResourceLimit"] = ResourceObject(main.user_limit);
  json["preemptionDisabled"] = queue.preemption_disabled;
  json["intraQueuePreemptionDisabled"] = queue.intra_queue_preemption_disabled;
}

std::string ParentOf(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(0, dot);
}

using Children = std::map<std::string, std::vector<const QueueReport*>>;  // by the parent's path

// The depth is that of the queues, which the parser bounds.
Json QueueObject(const QueueReport& queue, const Children& children) {
  Json json = Json::object();
  AddCommon(queue, json);
  AddUsage(queue, json);
  if (queue.leaf) AddLeaf(queue, json);
  const auto below = children.find(queue.path);
  if (below == children.end()) return json;
  Json list = Json::array();
  for (const QueueReport* child : below->second) list.push_back(QueueObject(*child, children));
  json["queues"] = Single("queue", std::move(list));
  return json;
}

}  // namespace

std::string SchedulerJson(const std::vector<QueueReport>& queues) {
  Children children;
  for (const QueueReport& queue : queues) {
    if (queue.path != "root") children[ParentOf(queue.path)].push_back(&queue);
  }
  Json info = Json::object();
  info["type"] = "capacityScheduler";
  for (const QueueReport& queue : queues) {
    if (queue.path != "root") continue;
    AddCommon(queue, info);
    Json list = Json::array();
    for (const QueueReport* child : children["root"]) {
      list.push_back(QueueObject(*child, children));
    }
    info["queues"] = Single("queue", std::move(list));
  }
  return Dump(Single("scheduler", Single("schedulerInfo", std::move(info))));
}

std::string SchedulerConfJson(const QueueProperties& properties) {
  Json list = Json::array();
  for (const store::QueueProperty& property : properties) {
    list.push_back({{"name", property.name}, {"value", property.value}});
  }
  return Dump(Single("property", std::move(list)));
}

std::string SchedulerConfVersionJson(int64_t version) {
  return Dump(Single("configversion", Single("versionID", version)));
}

std::string NodeLabelsJson(const std::vector<LabelReport>& labels) {
  Json list = Json::array();
  for (const LabelReport& label : labels) {
    list.push_back(
        {{"name", label.name},
         {"exclusivity", label.exclusive},
         {"partitionInfo", Single("resourceAvailable", ResourceObject(label.total - label.used))},
         {"activeNMs", label.nodes}});
  }
  return Dump(Wrapped("nodeLabelsInfo", "nodeLabelInfo", std::move(list)));
}

}  // namespace weir::rm
