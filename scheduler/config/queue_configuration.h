// QueueConfiguration: everything capacity-scheduler.xml says, checked, as values. What the
// scheduler is built from and what `plan` compares.
//
// Terms: a *path* is the dotted full name ("root.streams.eu"); a *label* names a partition of
// nodes, "" is the default partition. A *part* of a capacity is what it says about one resource
// type.
//
// Invariants of a parsed one: every queue but root is among its parent's children, and the other
// way round. In legacy mode the children of one parent have one kind of capacity; percentages add
// up to the whole (within 0.05 of a hundred) or to nothing, absolute ones to at most the parent's.
// A maximum is at least the capacity where both have one kind, and is never a weight. Weights may
// add up to nothing.
// Immutable after parsing (queue_configuration_parser.h); shared by const pointer.
#ifndef WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_H_
#define WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_H_

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/time.h"
#include "scheduler/amounts.h"

namespace weir::scheduler {

// Percentages are held in 1e-8 of the whole, weights and factors in 1e-6 of one.
inline constexpr int64_t kWholePercent = 100'000'000;
inline constexpr int64_t kWholeWeight = 1'000'000;
inline constexpr int64_t kWholeFactor = 1'000'000;

enum class CapacityKind { kPercent, kWeight, kAbsolute };
struct CapacityPart {
  CapacityKind kind = CapacityKind::kPercent;
  int64_t value = 0;  // 1e-8 of the parent, 1e-6 of one weight, or units of the type
  bool operator==(const CapacityPart&) const = default;
};
// By resource type. In the plain forms all parts have one kind; a percentage or weight stands in
// every part.
struct CapacityVector {
  std::array<CapacityPart, Amounts::kMaxTypes> parts{};
  bool operator==(const CapacityVector&) const = default;
  bool IsAll(CapacityKind kind) const {
    for (const CapacityPart& part : parts) {
      if (part.kind != kind) return false;
    }
    return true;
  }
};

// What a queue may use of one partition. Types that a capacity does not name have nothing
// (absolute 0), types that a maximum does not name are not bounded (100%).
struct PartitionCapacity {
  CapacityVector capacity;
  CapacityVector maximum;           // percent (default all) or absolute
  std::optional<int64_t> am_share;  // maximum-am-resource-percent, in 1e-6; else the queue's
  bool operator==(const PartitionCapacity&) const = default;
};

enum class QueueState { kRunning, kStopped, kDraining };
enum class LeafOrdering { kFifo, kFair };
enum class ParentOrdering { kUtilization, kPriorityUtilization };

// Who may do something: YARN's "user1,user2 group1,group2", "*" and " ".
struct AccessList {
  bool everybody = false;
  std::vector<std::string> users;   // sorted
  std::vector<std::string> groups;  // sorted
  bool operator==(const AccessList&) const = default;
};

// acl_application_max_priority: the first entry that matches the user bounds the priority.
struct PriorityGrant {
  AccessList who;
  std::optional<int32_t> max_priority;
  std::optional<int32_t> default_priority;
  bool operator==(const PriorityGrant&) const = default;
};

struct AutoCreation {
  bool enabled = false;  // auto-queue-creation-v2.enabled
  int32_t max_queues = 1000;
  int32_t max_depth = 2;
  bool auto_removal = true;
  // Raw suffix -> value; applied by the parser when a queue is made under this parent.
  std::map<std::string, std::string> any_template;
  std::map<std::string, std::string> leaf_template;
  std::map<std::string, std::string> parent_template;
  bool fail_when_full = false;  // managed: fail-on-exceeding-parent-capacity
  // The older form: leaves only, from leaf-queue-template; no static siblings.
  bool managed = false;  // auto-create-child-queue.enabled
  bool operator==(const AutoCreation&) const = default;
};

struct QueueSettings {
  std::string path;
  std::string name;                   // its last part
  std::string parent;                 // path; "" for root
  std::vector<std::string> children;  // paths in the order of the file
  bool leaf = true;
  bool dynamic = false;  // made by automatic creation
  bool holds = false;    // the recovery queue: nothing is given out in it (recovery_queue.h)
  std::string file;      // where its capacity (or its name) stands
  int line = 0;

  QueueState state = QueueState::kRunning;  // own, or inherited; never kDraining
  // By label; "" is always there. A label without an entry: the whole for root; for the others no
  // capacity, and no maximum of their own.
  std::map<std::string, PartitionCapacity> partitions;
  bool every_label = false;         // accessible-node-labels *
  std::vector<std::string> labels;  // accessible, sorted, without ""
  std::string default_label;        // default-node-label-expression

  int32_t priority = 0;
  ParentOrdering parent_ordering = ParentOrdering::kUtilization;
  LeafOrdering leaf_ordering = LeafOrdering::kFifo;
  bool size_based_weight = false;

  int64_t minimum_user_limit = kWholePercent;               // 1e-8
  std::optional<int64_t> user_limit_factor = kWholeFactor;  // 1e-6; nothing = -1, no limit
  std::map<std::string, int64_t> user_weights;              // 1e-6; others have kWholeWeight
  int64_t am_share = kWholeFactor / 10;                     // 1e-6
  std::optional<int64_t> maximum_applications;              // explicit; else derived (yarn 1.6)
  std::optional<int64_t> maximum_parallel_applications;
  Amounts maximum_allocation;  // of one container; filled from the cluster's and the parent's

  AccessList submit;
  AccessList administer;
  std::vector<PriorityGrant> priority_grants;  // empty = everybody may have any priority
  int32_t default_application_priority = 0;
  // ordering-policy.exclusive-enforced-partitions, sorted; see the configuration's.
  std::vector<std::string> enforced_labels;
  Duration maximum_lifetime{0};  // 0 = none; inherited
  Duration default_lifetime{0};

  bool preemption_disabled = false;        // inherited
  bool intra_preemption_disabled = false;  // inherited
  AutoCreation auto_creation;
  bool operator==(const QueueSettings&) const = default;
};

// One rule that says into which queue an application goes (queue-mappings and mapping rules).
struct PlacementRule {
  enum class Matcher { kUser, kGroup, kApplication };
  enum class Policy {
    kCustom,
    kSpecified,
    kReject,
    kDefaultQueue,
    kUser,
    kPrimaryGroup,
    kSecondaryGroup,
    kPrimaryGroupUser,
    kSecondaryGroupUser,
    kApplicationName,
    kSetDefaultQueue,
  };
  enum class Fallback { kSkip, kReject, kPlaceDefault };
  Matcher matcher = Matcher::kUser;
  std::string matches;  // "*" = everyone
  Policy policy = Policy::kCustom;
  std::string queue;         // pattern of kCustom, or value of kSetDefaultQueue
  std::string parent_queue;  // of the policies that make a name
  bool create = false;
  Fallback fallback = Fallback::kSkip;
  int line = 0;
  bool operator==(const PlacementRule&) const = default;
};

// workflow-priority-mappings: what an application of the workflow has in the queue and below it.
struct WorkflowPriority {
  std::string workflow;
  std::string queue;  // path, or the last part of one
  int32_t priority = 0;
  bool operator==(const WorkflowPriority&) const = default;
};

struct PreemptionSettings {
  bool enabled = false;
  bool lazy = false;  // lazy-preemption-enabled
  bool observe_only = false;
  Duration interval = std::chrono::milliseconds(3000);
  Duration warning = std::chrono::milliseconds(15000);  // max_wait_before_kill
  int64_t per_round = kWholeFactor / 10;                // total_preemption_per_round, 1e-6
  int64_t dead_zone = kWholeFactor / 10;                // max_ignored_over_capacity
  int64_t natural_termination = kWholeFactor / 5;       // natural_termination_factor
  bool balance_after_satisfied = false;
  Duration balance_warning = std::chrono::milliseconds(300000);
  bool by_reservation = false;    // select_based_on_reserved_containers
  bool reserved_balance = false;  // additional_res_balance_based_on_reserved_containers
  // ordering-policy.priority-utilization.underutilized-preemption
  bool underutilized = false;
  Duration reserved_container_delay = std::chrono::milliseconds(60000);
  bool conservative_drf = false;
  bool intra_queue = false;
  int64_t intra_minimum_threshold = kWholeFactor / 2;
  int64_t intra_maximum = kWholeFactor / 5;
  bool intra_priority_first = false;  // else userlimit_first
  bool intra_conservative_drf = true;
  bool operator==(const PreemptionSettings&) const = default;
};

// What a queue has that says nothing about it.
struct QueueDefaults {
  int64_t minimum_user_limit = kWholePercent;
  std::optional<int64_t> user_limit_factor = kWholeFactor;
  int64_t am_share = kWholeFactor / 10;
  std::optional<int64_t> maximum_parallel_applications;
  int32_t dynamic_depth = 2;
  bool operator==(const QueueDefaults&) const = default;
};

struct QueueConfiguration {
  std::map<std::string, QueueSettings> queues;  // by path, "root" among them
  std::vector<std::string> type_names;          // by index of Amounts
  QueueDefaults defaults;
  // Raw suffix -> value of queues that are not there but could be made automatically, by path or
  // pattern ("root.a.*").
  std::map<std::string, std::map<std::string, std::string>> unmade;
  Calculator calculator = Calculator::kDominant;
  int64_t maximum_applications = 10'000;
  std::optional<int64_t> per_queue_maximum_applications;  // global-queue-max-application
  std::optional<int64_t> user_maximum_parallel;           // user.max-parallel-apps
  std::map<std::string, int64_t> user_parallel;           // user.<name>.max-parallel-apps
  bool legacy_mode = true;
  int32_t node_locality_delay = 40;             // missed opportunities; -1 = locality is off
  int32_t rack_locality_additional_delay = -1;  // -1 = by formula
  bool rack_locality_full_reset = true;
  bool continue_look = true;  // reservations-continue-look-all-nodes
  Duration dynamic_queue_expiry = std::chrono::seconds(300);
  int32_t cluster_maximum_priority = 0;  // from yarn.cluster.max-application-priority
  std::map<std::string, bool> labels;    // label -> exclusive; known from the label store
  // yarn.node-labels.exclusive-enforced-partitions, sorted: applications whose ApplicationMaster
  // has one of these labels get containers there alone, and no others get any there.
  std::vector<std::string> enforced_labels;
  std::vector<WorkflowPriority> workflow_priorities;  // in the order of the file
  bool workflow_priorities_override = false;
  std::vector<PlacementRule> placement;
  bool placement_overrides = false;  // queue-mappings-override.enable
  PreemptionSettings preemption;

  const QueueSettings* Find(const std::string& path) const;
  bool operator==(const QueueConfiguration&) const = default;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_QUEUE_CONFIGURATION_H_
