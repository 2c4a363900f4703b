// QueueTree: the queues at run time: who uses how much of which partition, and how much each queue
// and user may use. Arithmetic and sums only: who goes next is the engine's matter.
//
// Terms, per queue and partition: *guaranteed* and *maximum* are the effective minimum and maximum
// in amounts, recomputed when the partition's total or the configuration changes; *used* includes
// what is reserved. A user is *active* in a leaf while one of its activated applications has an
// outstanding ask. The formulas are YARN's (CapacityScheduler's UsersManager, LeafQueue,
// AbstractCSQueue), see queues/limits.h for each.
//
// Invariants: used, reserved, pending, am_used and the counts of a parent are the sums over its
// children; those of a leaf are the sums over its users.
// Owner: the scheduler. Single-threaded. Copyable as a value. No heap in Charge, Discharge and the
// limit queries.
#ifndef WEIR_SCHEDULER_QUEUES_QUEUE_TREE_H_
#define WEIR_SCHEDULER_QUEUES_QUEUE_TREE_H_

#include <compare>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/result.h"
#include "scheduler/amounts.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// What one queue has of one partition.
struct QueueShare {
  Amounts guaranteed;
  Amounts maximum;
  Amounts used;
  Amounts reserved;  // part of used
  Amounts pending;
  Amounts am_used;
  int64_t containers = 0;
  int64_t pending_containers = 0;
  Share absolute_capacity = 0;  // guaranteed as a share of the partition
  Share used_capacity = 0;      // used / guaranteed
  bool accessible = false;      // the queue may use the partition's label
};

// What one user uses of one partition in one leaf.
struct UserShare {
  Amounts used;
  Amounts reserved;
  Amounts am_used;
};

struct QueueUser {
  std::string name;
  QueueSlot leaf;
  int64_t weight = kWholeWeight;  // 1e-6
  int32_t applications = 0;       // pending and activated
  int32_t activated = 0;
  int32_t asking = 0;  // activated ones with an outstanding ask
  bool live = false;
  std::vector<UserShare> shares;  // by partition
};

struct Queue {
  std::string path;
  QueueSlot parent;
  std::vector<QueueSlot> children;  // in the order of the configuration
  bool live = false;
  QueueState state = QueueState::kRunning;  // kDraining is decided here
  int32_t applications = 0;                 // of it and below: pending and activated
  int32_t activated = 0;
  std::vector<QueueShare> shares;  // by partition
  // Grows with everything that can change a limit in this leaf: usage, active users, configuration.
  int64_t version = 0;
};

// How the limits are meant for one placement.
enum class LimitMode {
  kRespectExclusivity,  // the ask's own partition
  kIgnoreExclusivity,   // idle space of a non-exclusive partition: queue maximum and user limit
                       // factor do not count
};

// How many containers the limits let through, and which limit stops there.
struct Allowance {
  int64_t count = 0;
  PendingReason binding = PendingReason::kNone;  // the limit that gives `count`; kNone: none binds
  QueueSlot queue;                               // whose limit binds
};

// The place of a queue among its siblings for one partition; smaller goes first.
struct QueueOrder {
  int32_t without_access = 0;
  int32_t zero_capacity = 0;
  int32_t over_guarantee = 0;    // priority-utilization only
  int32_t negated_priority = 0;  // priority-utilization only
  Share used = 0;
  int64_t negated_minimum = 0;
  Share negated_absolute = 0;
  int32_t position = 0;  // in the configuration
  auto operator<=>(const QueueOrder&) const = default;
};

class QueueTree {
 public:
  explicit QueueTree(const ResourceTypes& types);

  // --- configuration
  // Takes over a checked configuration. Queues that stay keep slot, usage and applications; new
  // ones get slots. `labels`: partition of each label. Requires: a queue with applications is still
  // a leaf.
  void Configure(std::shared_ptr<const QueueConfiguration> configuration,
                 const std::map<std::string, PartitionSlot>& labels);
  void SetPartitionTotal(PartitionSlot partition, const Amounts& total);
  const Amounts& total(PartitionSlot partition) const;

  std::optional<QueueSlot> Find(const std::string& path) const;
  const Queue& at(QueueSlot queue) const;
  const QueueSettings& settings(QueueSlot queue) const;
  const QueueConfiguration& configuration() const;
  std::vector<QueueSlot> All() const;  // live, parents before children
  const QueueUser& user(UserSlot user) const;
  std::vector<UserSlot> UsersOf(QueueSlot leaf) const;  // in name order

  // --- applications
  // YARN's order of checks: leaf and ancestors RUNNING, the counts of leaf, user, ancestors and
  // system. kConflict/kResourceExhausted-like errors name queue, count and limit.
  Status CheckSubmission(QueueSlot leaf, const std::string& user) const;
  UserSlot AddApplication(QueueSlot leaf, const std::string& user);
  void RemoveApplication(UserSlot user);
  // The application may run now: kNone, or kMaxParallelApplications, kAmLimit, kUserAmLimit.
  PendingReason CheckActivation(UserSlot user, PartitionSlot partition, const Amounts& am) const;
  void Activate(UserSlot user, PartitionSlot partition, const Amounts& am);
  void Deactivate(UserSlot user, PartitionSlot partition, const Amounts& am);
  void SetAsking(UserSlot user, bool asking);  // one of its activated applications begins or ends

  // --- usage
  void Charge(UserSlot user, PartitionSlot partition, const Amounts& amounts, int32_t containers);
  void Discharge(UserSlot user,
                 PartitionSlot partition,
                 const Amounts& amounts,
                 int32_t containers);
  void Reserve(UserSlot user, PartitionSlot partition, const Amounts& amounts);
  void Unreserve(UserSlot user, PartitionSlot partition, const Amounts& amounts);
  void ChangePending(QueueSlot leaf,
                     PartitionSlot partition,
                     const Amounts& difference,
                     int64_t containers);

  // --- limits
  // How many containers of `each` the limits of the queue and its ancestors let through now.
  Allowance QueueAllowance(QueueSlot leaf,
                           PartitionSlot partition,
                           const Amounts& each,
                           LimitMode mode) const;
  // How many the user limit lets through: the last one may overshoot, as in YARN.
  Allowance UserAllowance(UserSlot user,
                          PartitionSlot partition,
                          const Amounts& each,
                          LimitMode mode) const;
  Amounts UserLimit(UserSlot user,
                    PartitionSlot partition,
                    const Amounts& required,
                    LimitMode mode) const;
  // The user limit of a user of weight 1: what `UserLimit` is before the weight. For parking.
  Amounts CommonUserLimit(QueueSlot leaf,
                          PartitionSlot partition,
                          const Amounts& required,
                          LimitMode mode) const;
  Amounts AmLimit(QueueSlot leaf, PartitionSlot partition) const;
  Amounts UserAmLimit(UserSlot user, PartitionSlot partition) const;
  // What the queue may reach now, given what its ancestors and their other children use.
  Amounts CurrentLimit(QueueSlot queue, PartitionSlot partition) const;
  Amounts Headroom(UserSlot user, PartitionSlot partition, const Amounts& partition_free) const;
  int64_t MaximumApplications(QueueSlot leaf) const;
  int64_t MaximumApplicationsPerUser(QueueSlot leaf) const;

  // --- order
  QueueOrder Order(QueueSlot queue, PartitionSlot partition) const;

  std::string CheckInvariants() const;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_QUEUES_QUEUE_TREE_H_
