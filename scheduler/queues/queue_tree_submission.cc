// Whether an application may be submitted, and whether it may run.
#include <algorithm>

#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {
namespace {

std::string Property(const std::string& path, const std::string& suffix) {
  return "yarn.scheduler.capacity." + path + "." + suffix;
}

Error Full(const std::string& what, int64_t count, int64_t limit, const std::string& property) {
  return {ErrorCode::kResourceExhausted,
          what + " has " + std::to_string(count) + " of at most " + std::to_string(limit) +
              " applications",
          "wait until one ends, or raise " + property};
}

}  // namespace

Status QueueTree::CheckRunning(QueueSlot slot) const {
  const Queue& queue = queues_[Index(slot)];
  if (queue.state == QueueState::kRunning) return {};
  const std::string state = queue.state == QueueState::kDraining ? "DRAINING" : "STOPPED";
  return Error{ErrorCode::kFailedPrecondition,
               "queue " + queue.path + " is " + state + " and takes no applications",
               "set " + Property(queue.path, "state") + " to RUNNING, or submit to another queue"};
}

Status QueueTree::CheckCounts(QueueSlot leaf, const std::string& user) const {
  const Queue& queue = queues_[Index(leaf)];
  const int64_t maximum = MaximumApplications(leaf);
  const std::string property = Property(queue.path, "maximum-applications");
  if (queue.applications >= maximum) {
    return Full("queue " + queue.path, queue.applications, maximum, property);
  }
  const std::optional<UserSlot> slot = FindUser(leaf, user);
  const int64_t of_user = slot ? users_[Index(*slot)].applications : 0;
  const int64_t per_user = MaximumApplicationsPerUser(leaf);
  if (of_user >= per_user) {
    return Full("user " + user + " in queue " + queue.path,
                of_user,
                per_user,
                property + ", " + Property(queue.path, "minimum-user-limit-percent") + " or " +
                    Property(queue.path, "user-limit-factor"));
  }
  return {};
}

Status QueueTree::CheckSubmission(QueueSlot leaf, const std::string& user) const {
  const std::vector<QueueSlot>& path = details_[Index(leaf)].path;
  WEIR_RETURN_IF_ERROR(CheckRunning(leaf));
  // A leaf that a managed parent made takes as many as come: YARN checks no counts there.
  const bool managed = path.size() > 1 && settings(leaf).dynamic &&
                       settings(path[path.size() - 2]).auto_creation.managed;
  if (!managed) WEIR_RETURN_IF_ERROR(CheckCounts(leaf, user));
  for (size_t i = path.size() - 1; i-- > 0;) {
    const Queue& ancestor = queues_[Index(path[i])];
    WEIR_RETURN_IF_ERROR(CheckRunning(path[i]));
    const std::optional<int64_t> maximum = settings(path[i]).maximum_applications;
    if (maximum && ancestor.applications >= *maximum) {
      return Full("queue " + ancestor.path,
                  ancestor.applications,
                  *maximum,
                  Property(ancestor.path, "maximum-applications"));
    }
  }
  const int64_t system = configuration_->maximum_applications;
  const int64_t all = queues_[Index(path.front())].applications;
  if (all >= system) {
    return Full("the cluster", all, system, "yarn.scheduler.capacity.maximum-applications");
  }
  return {};
}

int64_t QueueTree::MaximumApplications(QueueSlot leaf) const {
  const Queue& queue = queues_[Index(leaf)];
  MaximumApplicationsTerms terms;
  terms.configured = settings(leaf).maximum_applications;
  terms.per_queue = configuration_->per_queue_maximum_applications;
  terms.system = configuration_->maximum_applications;
  for (const QueueShare& share : queue.shares) {
    if (!share.accessible) continue;
    terms.absolute |= share.in_amounts;
    terms.absolute_capacity = std::max(terms.absolute_capacity, share.absolute_fraction);
  }
  return MaximumApplicationsOf(terms);
}

int64_t QueueTree::MaximumApplicationsPerUser(QueueSlot leaf) const {
  const QueueSettings& of = settings(leaf);
  return MaximumApplicationsPerUserOf(
      MaximumApplications(leaf), of.minimum_user_limit, of.user_limit_factor);
}

bool QueueTree::AtParallelLimit(const QueueUser& user) const {
  for (const QueueSlot at : details_[Index(user.leaf)].path) {
    const std::optional<int64_t> limit = settings(at).maximum_parallel_applications;
    if (limit && queues_[Index(at)].activated >= *limit) return true;
  }
  std::optional<int64_t> limit = configuration_->user_maximum_parallel;
  const auto own = configuration_->user_parallel.find(user.name);
  if (own != configuration_->user_parallel.end()) limit = own->second;
  if (!limit) return false;
  const auto running = running_of_user_.find(user.name);
  return (running == running_of_user_.end() ? 0 : running->second) >= *limit;
}

PendingReason QueueTree::CheckActivation(UserSlot slot,
                                         PartitionSlot partition,
                                         const Amounts& am) const {
  const QueueUser& user = LiveUser(slot);
  if (AtParallelLimit(user)) return PendingReason::kMaxParallelApplications;
  const Queue& leaf = queues_[Index(user.leaf)];
  const QueueShare& share = leaf.shares[Index(partition)];
  if (leaf.activated == 0 || share.am_used.IsZero()) return PendingReason::kNone;
  const Calculator calculator = configuration_->calculator;
  if (!Fits(calculator, share.am_used + am, AmLimit(user.leaf, partition))) {
    return PendingReason::kAmLimit;
  }
  const UserShare& of_user = user.shares[Index(partition)];
  if (!Fits(calculator, of_user.am_used + am, UserAmLimit(slot, partition))) {
    return PendingReason::kUserAmLimit;
  }
  return PendingReason::kNone;
}

}  // namespace weir::scheduler
