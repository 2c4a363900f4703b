// What every application of one leaf should have of what the leaf has, and how much is to be taken
// from which for the sake of more important ones or of users below their limit: the arithmetic of
// YARN's FifoIntraQueuePreemptionPlugin, as a pure function.
//
// 1. The applications, most important first, get an *ideal* without their ApplicationMaster:
//    the least of what is left of the leaf, what its user's limit leaves, and used + pending. The
//    masters are frozen: neither counted as available nor taken.
// 2. An application *lacks* what its ideal has over its use, less what is free; its *surplus* is
//    what it uses over its ideal.
// 3. Surplus is matched to lacks, the most important lack first, the least important surplus first:
//      priority first:    only from applications of lower priority;
//      user limit first:  from lower priority, or from another user; from another user never below
//                         that user's limit.
//    So applications of the same user and priority never take from each other.
#ifndef WEIR_SCHEDULER_PREEMPTION_INTRA_QUEUE_H_
#define WEIR_SCHEDULER_PREEMPTION_INTRA_QUEUE_H_

#include <cstdint>
#include <vector>

#include "scheduler/amounts.h"
#include "scheduler/preemption/queue_snapshot.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

// Pairs of applications looked at per leaf and round; a leaf with more combinations takes less.
inline constexpr int64_t kIntraQueuePairs = 20'000;

struct IntraApplication {
  int user = 0;          // index into the users
  int32_t priority = 0;  // higher is more important
  Amounts used;          // with its master
  Amounts masters;
  Amounts selected;  // part of used, being taken already
  Amounts pending;
};

struct IntraUser {
  Amounts used;
  Amounts limit;
};

struct IntraSettings {
  bool priority_first = false;
  Amounts room;     // what the leaf may use in all
  Amounts maximum;  // to be taken in one round
};

struct IntraShare {
  Amounts ideal;
  Amounts to_take;
  // The part of to_take that is for another user: it stops at the limit of the application's user.
  bool keep_user_limit = false;
};

// By application. Requires: most important first.
std::vector<IntraShare> ComputeIntraQueue(const IntraSettings& settings,
                                          const std::vector<IntraUser>& users,
                                          const std::vector<IntraApplication>& applications);

// YARN's user limit over all users of the leaf (not just the active ones), by user: what
// preemption within a leaf goes by (UsersManager.getComputedResourceLimitForAllUsers). The limit
// grows with what the leaf uses; `expected`: as if it used at least this much.
std::vector<Amounts> AllUsersLimits(const QueueSnapshot& snapshot,
                                    const SnapshotQueue& leaf,
                                    PartitionSlot partition,
                                    const std::vector<SnapshotUser>& users,
                                    const Amounts& expected = Amounts());

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_PREEMPTION_INTRA_QUEUE_H_
