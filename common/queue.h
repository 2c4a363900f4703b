// What people are told about queues: their state, why something waits in them, and what a new
// configuration would change. Immutable values.
#ifndef WEIR_COMMON_QUEUE_H_
#define WEIR_COMMON_QUEUE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/resource.h"
#include "common/time.h"

namespace weir {

// One queue and one partition ("" = default). Capacities in percent, as YARN shows them.
struct QueuePartitionReport {
  std::string label;
  double capacity = 0;           // of the parent
  double maximum_capacity = 0;   // of the parent
  double absolute_capacity = 0;  // of the partition
  double absolute_maximum_capacity = 0;
  double used_capacity = 0;           // of the guarantee
  double absolute_used_capacity = 0;  // of the partition
  double weight = 0;                  // as configured; 0 when by percent or absolute
  double normalized_weight = 0;
  // As configured, in words ("12.5", "3w", "[memory=10240,vcores=12]"), and its amounts where it
  // has some.
  std::string configured_capacity;
  Resource configured_minimum;
  Resource configured_maximum;
  Resource guaranteed;
  Resource maximum;
  Resource used;
  Resource reserved;
  Resource pending;
  Resource am_limit;
  Resource am_used;
  Resource user_limit;  // of a user of weight 1, active or about to be
};

struct QueueUserReport {
  std::string name;
  double weight = 1;
  bool active = false;
  int32_t pending_applications = 0;
  int32_t active_applications = 0;
  Resource used;
  Resource am_used;
  Resource user_limit;
  int64_t memory_seconds = 0;
  int64_t vcore_seconds = 0;
};

struct QueueReport {
  std::string path;
  std::string name;
  bool leaf = true;
  bool dynamic = false;
  std::string state;  // RUNNING, STOPPED, DRAINING
  std::string ordering_policy;
  int32_t priority = 0;
  int32_t pending_applications = 0;
  int32_t active_applications = 0;
  int64_t maximum_applications = 0;
  int64_t maximum_applications_per_user = 0;
  int64_t maximum_parallel_applications = 0;  // 0 = unlimited
  int64_t containers = 0;
  int64_t pending_containers = 0;
  int64_t reserved_containers = 0;
  double minimum_user_limit_percent = 0;
  double user_limit_factor = 0;  // -1 = none
  bool preemption_disabled = false;
  bool intra_queue_preemption_disabled = false;
  // As capacity-scheduler.xml has them ("user1,user2 group1", "*", " "); of this queue alone.
  std::string submit_acl;
  std::string administer_acl;
  std::string default_label;
  std::vector<std::string> labels;  // accessible; "*" alone = every one
  Resource maximum_allocation;
  std::vector<QueuePartitionReport> partitions;  // the default one first
  std::vector<QueueUserReport> users;            // of a leaf, by name
  int64_t memory_seconds = 0;                    // MiB x s, used since the queue is known
  int64_t vcore_seconds = 0;
};

// How many nodes cannot take a container, and why.
struct RefusedNodes {
  std::string cause;  // "free memory too small", "blacklisted", ...
  int64_t nodes = 0;
};

// One ask that waits, told in full.
struct ExplainedAsk {
  int64_t request_id = 0;
  int32_t priority = 0;
  int32_t count = 0;
  Resource resource;
  std::string label;
  PendingReason reason = PendingReason::kNone;
  std::string detail;   // the sentence with its numbers
  std::string unblock;  // what would let it go on
  std::vector<RefusedNodes> refused;
};

// One limit that counts for the application, with its numbers.
struct ExplainedLimit {
  std::string
      name;  // "AM limit of root.a", "maximum capacity of root", "user limit of mia in root.a"
  Resource limit;
  Resource used;
  bool binds = false;
};

struct Explanation {
  ApplicationId application;
  std::string queue;
  std::string user;
  ApplicationState state = ApplicationState::kNew;
  PendingReason reason = PendingReason::kNone;  // the first that counts
  std::string detail;
  std::string unblock;
  int64_t applications_ahead = 0;
  std::vector<ExplainedLimit> limits;
  std::vector<ExplainedAsk> asks;  // at most 100
  int64_t asks_left_out = 0;
};

// One property of one queue that differs between two configurations.
struct QueueChange {
  std::string path;
  std::string what;  // "capacity", "added", "removed", ...
  std::string before;
  std::string after;
};

// What would happen to one application.
struct PlannedEffect {
  enum class Kind : int {
    kWaits = 1,      // asks or activation that could go on now would wait
    kPreempted = 2,  // loses containers to preemption
    kOverLimit = 3,  // uses more than a limit allows; nothing is taken from it
    kStarts = 4,     // waits now and could go on
    kOrphaned = 5,   // its queue would be gone: the change is refused
  };
  Kind kind = Kind::kWaits;
  ApplicationId application;
  std::string queue;
  std::string detail;
};

struct QueuePlan {
  std::vector<std::string> faults;  // not empty: it would be refused
  std::vector<QueueChange> changes;
  std::vector<PlannedEffect> effects;
  int64_t base_version = 0;  // of the configuration that it was compared with
};

// One applied configuration.
struct QueueConfigurationVersion {
  int64_t version = 0;
  WallTime applied;
  std::string by;      // user
  std::string origin;  // "start", "refreshQueues", "apply", "rollback to 3"
  std::string sha256;
};

// One partition of the nodes.
struct LabelReport {
  std::string name;  // "" = the default one
  bool exclusive = true;
  int64_t nodes = 0;  // active ones
  Resource total;
  Resource used;
};

}  // namespace weir

#endif  // WEIR_COMMON_QUEUE_H_
