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
#include "scheduler/queues/effective_capacity.h"
#include "scheduler/queues/limits.h"
#include "scheduler/queues/share_scale.h"
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
  Share absolute_used = 0;      // used as a share of the partition
  Share used_capacity = 0;      // used / max(guaranteed, minimum allocation), each as a share
  // As configured and divided, in 1 / kWholeFraction; for reports and derived numbers.
  int64_t capacity_fraction = 0;  // of the parent
  int64_t maximum_fraction = 0;   // of the parent's maximum
  int64_t absolute_fraction = 0;  // of the partition
  int64_t absolute_maximum_fraction = 0;
  bool in_amounts = false;  // the capacity is configured as amounts
  bool accessible = false;  // the queue and its ancestors may use the partition's label
};

// What one user uses of one partition in one leaf.
struct UserShare {
  Amounts used;
  Amounts reserved;  // part of used
  Amounts am_used;
  Share ratio = 0;  // used as a share of the partition
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
  // Grows with everything that can change a limit of this queue: usage, active users, configuration
  // (of it and below: what an ancestor's other children use shows in the ancestor's version).
  int64_t version = 0;
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
  // a leaf; a queue that is left out has no applications and no usage.
  void Configure(std::shared_ptr<const QueueConfiguration> configuration,
                 const std::map<std::string, PartitionSlot>& labels);
  // Recomputes every queue: O(queues + users). Once per batch of changes of nodes.
  void SetPartitionTotal(PartitionSlot partition, const Amounts& total);
  const Amounts& total(PartitionSlot partition) const;

  std::optional<QueueSlot> Find(const std::string& path) const;
  const Queue& at(QueueSlot queue) const;
  const QueueSettings& settings(QueueSlot queue) const;
  const QueueConfiguration& configuration() const;
  std::vector<QueueSlot> All() const;  // live, parents before children
  const QueueUser& user(UserSlot user) const;
  const std::vector<UserSlot>& UsersOf(QueueSlot leaf) const;  // in name order
  std::optional<UserSlot> FindUser(QueueSlot leaf, const std::string& user) const;

  // --- applications
  // YARN's order of checks: leaf and ancestors RUNNING, the counts of leaf, user, ancestors and
  // system. kFailedPrecondition: not RUNNING; kResourceExhausted names queue, count and limit.
  Status CheckSubmission(QueueSlot leaf, const std::string& user) const;
  UserSlot AddApplication(QueueSlot leaf, const std::string& user);
  // The user's slot is freed with its last application, or with the last of its usage when that
  // goes later. Returns the draining queues that have become stopped by this, the leaf first.
  // Requires: the application is not activated any more.
  std::vector<QueueSlot> RemoveApplication(UserSlot user);
  // The application may run now: kNone, or kMaxParallelApplications, kAmLimit, kUserAmLimit.
  // The limits for ApplicationMasters do not count while the leaf runs nothing, or no
  // ApplicationMaster in this partition: at least one may start.
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
  // No queue below root may take more than its guarantee, whatever its maximum.
  void HoldToGuarantees(bool held) { held_to_guarantees_ = held; }
  bool held_to_guarantees() const { return held_to_guarantees_; }
  // How many containers of `each` the limits of the queue and its ancestors let through now; no
  // part of a limit may be exceeded already. Of equal limits the one nearest to root binds. A queue
  // that may have the whole partition has no limit of its own (the nodes are the limit).
  // kNodeLabel: a queue may not use the partition; kQueueCapacity: the leaf; kParentCapacity: an
  // ancestor; kRecoveryBarrier: its guarantee, while queues are held to it. With kIgnoreExclusivity
  // only what root has left counts.
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
  // The form that preemption compares with: all users count as active.
  Amounts UserLimitOfAll(UserSlot user,
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

  // Recomputes every sum from the parts; the first difference in words, "" if there is none.
  std::string CheckInvariants() const;

 private:
  // What limits need of one queue and partition beyond its QueueShare.
  struct ShareDetails {
    ShareScale relative;             // to max(guaranteed, minimum allocation)
    int64_t configured_minimum = 0;  // memory, when the capacity is an amount
    int64_t am_share = 0;
    // Of a leaf: sums over its users.
    Amounts used_by_active;
    Share usage_ratios = 0;
    // The user limit that placement asks for (minimum allocation, kRespectExclusivity), as of this
    // version of the leaf; or one that stops users at the same usage, and does not change with it.
    bool fixed_user_limit = false;
    mutable int64_t user_limit_version = -1;
    mutable Amounts user_limit;
  };
  struct QueueDetails {
    const QueueSettings* settings = nullptr;  // in *configuration_
    std::vector<QueueSlot> path;              // from root to the queue itself
    int32_t position = 0;                     // among its siblings
    std::vector<ShareDetails> shares;         // by partition
    // Of a leaf.
    std::vector<UserSlot> users;  // by name
    int64_t all_weight = 0;
    int64_t active_weight = 0;
    int32_t asking_users = 0;
    int32_t waiting_users = 0;  // with applications, but none activated
  };
  struct Partition {
    std::optional<std::string> label;
    Amounts total;
    ShareScale scale;
  };

  // configuration (queue_tree.cc)
  void EnsurePartitions(size_t count);
  void RemoveMissing();
  QueueSlot Take(const std::string& path);
  void Place(QueueSlot slot, QueueSlot parent, int32_t position);
  void Recompute(PartitionSlot partition);
  void SetCapacity(QueueSlot slot, PartitionSlot partition, const EffectiveCapacity& capacity);
  void RecomputeUsers(QueueSlot leaf, PartitionSlot partition);
  void FixUserLimit(QueueSlot leaf, PartitionSlot partition);
  const PartitionCapacity* CapacityOf(QueueSlot slot, PartitionSlot partition) const;
  bool MayUse(const QueueSettings& settings, PartitionSlot partition) const;
  void UpdateState(Queue& queue, const QueueSettings& settings);
  void ResetUserSums(QueueSlot leaf);
  int64_t WeightOf(const QueueSettings& settings, const std::string& user) const;

  // usage (queue_tree_usage.cc)
  QueueUser& LiveUser(UserSlot slot);
  const QueueUser& LiveUser(UserSlot slot) const;
  void CountUser(const QueueUser& user, int32_t sign);
  void BumpPath(const QueueDetails& leaf);
  void ChangeUsage(UserSlot slot,
                   PartitionSlot partition,
                   const Amounts& difference,
                   int32_t containers);
  void ChangeReserved(UserSlot slot, PartitionSlot partition, const Amounts& difference);
  void ChangeAm(UserSlot slot, PartitionSlot partition, const Amounts& difference, int32_t count);
  void FreeUserIfGone(UserSlot slot);

  // limits (queue_tree_limits.cc)
  UserLimitTerms TermsOf(QueueSlot leaf, PartitionSlot partition) const;
  const Amounts& PlacementUserLimit(QueueSlot leaf, PartitionSlot partition) const;
  Allowance NoAccess(QueueSlot leaf, PartitionSlot partition) const;
  bool AtParallelLimit(const QueueUser& user) const;
  Status CheckRunning(QueueSlot queue) const;
  Status CheckCounts(QueueSlot leaf, const std::string& user) const;

  // invariants (queue_tree_check.cc)
  std::string CheckLeaf(QueueSlot leaf) const;
  std::string CheckLeafShare(QueueSlot leaf, PartitionSlot partition) const;
  std::string CheckParent(QueueSlot parent) const;
  std::string CheckRunningCounts() const;

  int types_ = 2;
  AllocationStep step_;
  std::shared_ptr<const QueueConfiguration> configuration_;
  std::vector<Partition> partitions_;
  bool held_to_guarantees_ = false;
  std::map<std::string, QueueSlot> by_path_;
  std::vector<QueueSlot> order_;  // live, parents before children
  std::vector<Queue> queues_;
  std::vector<QueueDetails> details_;  // by queue
  std::vector<QueueSlot> free_queues_;
  std::vector<QueueUser> users_;
  std::vector<UserSlot> free_users_;
  std::map<std::string, int32_t> running_of_user_;  // activated applications in all leaves
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_QUEUES_QUEUE_TREE_H_
