// What people and metrics read of the queues.
#include <string>
#include <utility>

#include "scheduler/config/capacity_text.h"
#include "scheduler/config/configuration_text.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

double Percent(int64_t part) {
  return static_cast<double>(part) / 1e6;
}
double PercentOf(Share share) {
  return 100.0 * static_cast<double>(share) / static_cast<double>(kWholeShare);
}

// The parts that are amounts.
Amounts AmountsOf(const CapacityVector& capacity) {
  Amounts amounts;
  for (int i = 0; i < Amounts::kMaxTypes; ++i) {
    const CapacityPart& part = capacity.parts[static_cast<size_t>(i)];
    if (part.kind == CapacityKind::kAbsolute && part.value != 0) amounts.Set(i, part.value);
  }
  return amounts;
}

std::string StateName(QueueState state) {
  switch (state) {
    case QueueState::kRunning:
      return "RUNNING";
    case QueueState::kStopped:
      return "STOPPED";
    case QueueState::kDraining:
      return "DRAINING";
  }
  return "";
}

std::string OrderingName(const QueueSettings& settings) {
  if (settings.leaf) return settings.leaf_ordering == LeafOrdering::kFair ? "fair" : "fifo";
  return settings.parent_ordering == ParentOrdering::kPriorityUtilization ? "priority-utilization"
                                                                          : "utilization";
}

}  // namespace

QueuePartitionReport CapacityScheduler::State::ReportPartition(QueueSlot queue,
                                                               PartitionSlot partition) const {
  const QueueSettings& settings = tree.settings(queue);
  const QueueShare& share = tree.at(queue).shares[Index(partition)];
  const Calculator calculator = configuration().calculator;
  const Amounts& total = tree.total(partition);
  const ResourceTypes& types = options.types;
  QueuePartitionReport report{
      .label = nodes.label(partition),
      .absolute_capacity = PercentOf(share.absolute_capacity),
      .absolute_maximum_capacity = PercentOf(ShareOf(calculator, share.maximum, total)),
      .used_capacity = PercentOf(share.used_capacity),
      .absolute_used_capacity = PercentOf(ShareOf(calculator, share.used, total)),
      .guaranteed = types.ToResource(share.guaranteed),
      .maximum = types.ToResource(share.maximum),
      .used = types.ToResource(share.used),
      .reserved = types.ToResource(share.reserved),
      .pending = types.ToResource(share.pending)};
  const QueueSlot parent = tree.at(queue).parent;
  const QueueShare* above = parent.value >= 0 ? &tree.at(parent).shares[Index(partition)] : nullptr;
  const Amounts& of = above == nullptr ? total : above->guaranteed;
  const Amounts& most_of = above == nullptr ? total : above->maximum;
  report.capacity = PercentOf(ShareOf(calculator, share.guaranteed, of));
  report.maximum_capacity = PercentOf(ShareOf(calculator, share.maximum, most_of));
  const auto configured = settings.partitions.find(report.label);
  if (configured != settings.partitions.end()) {
    report.configured_capacity =
        FormatCapacity(configured->second.capacity, configuration().type_names);
    report.configured_minimum = types.ToResource(AmountsOf(configured->second.capacity));
    report.configured_maximum = types.ToResource(AmountsOf(configured->second.maximum));
    const CapacityPart& first = configured->second.capacity.parts[0];
    if (first.kind == CapacityKind::kWeight) {
      report.weight = static_cast<double>(first.value) / static_cast<double>(kWholeWeight);
      report.normalized_weight = report.capacity / 100;
    } else if (first.kind == CapacityKind::kPercent) {
      report.capacity = Percent(first.value);
    }
    const CapacityPart& most = configured->second.maximum.parts[0];
    if (most.kind == CapacityKind::kPercent) report.maximum_capacity = Percent(most.value);
  }
  if (settings.leaf) {
    report.am_limit = types.ToResource(tree.AmLimit(queue, partition));
    report.am_used = types.ToResource(share.am_used);
    report.user_limit = types.ToResource(
        tree.CommonUserLimit(queue, partition, types.minimum(), LimitMode::kRespectExclusivity));
  }
  return report;
}

QueueReport CapacityScheduler::State::Report(QueueSlot slot) const {
  const Queue& queue = tree.at(slot);
  const QueueSettings& settings = tree.settings(slot);
  QueueReport report{
      .path = queue.path,
      .name = settings.name,
      .leaf = settings.leaf,
      .dynamic = settings.dynamic,
      .state = StateName(queue.state),
      .ordering_policy = OrderingName(settings),
      .priority = settings.priority,
      .pending_applications = queue.applications - queue.activated,
      .active_applications = queue.activated,
      .maximum_parallel_applications = settings.maximum_parallel_applications.value_or(0),
      .minimum_user_limit_percent = Percent(settings.minimum_user_limit),
      .user_limit_factor = -1,
      .preemption_disabled = settings.preemption_disabled,
      .intra_queue_preemption_disabled = settings.intra_preemption_disabled,
      .submit_acl = FormatAccessList(settings.submit),
      .administer_acl = FormatAccessList(settings.administer),
      .default_label = settings.default_label,
      .labels = settings.labels,
      .maximum_allocation = options.types.ToResource(settings.maximum_allocation)};
  if (settings.every_label) report.labels = {"*"};
  if (settings.user_limit_factor) {
    report.user_limit_factor =
        static_cast<double>(*settings.user_limit_factor) / static_cast<double>(kWholeFactor);
  }
  for (size_t p = 0; p < queue.shares.size(); ++p) {
    const PartitionSlot partition{static_cast<int32_t>(p)};
    if (!queue.shares[p].accessible && partition != kDefaultPartition) continue;
    report.partitions.push_back(ReportPartition(slot, partition));
    report.containers += queue.shares[p].containers;
    report.pending_containers += queue.shares[p].pending_containers;
  }
  for (const auto& [node, held] : reservations) {
    if (held.gang) continue;
    for (QueueSlot at = app(held.application).leaf; at.value >= 0; at = tree.at(at).parent) {
      if (at == slot) ++report.reserved_containers;
    }
  }
  if (!settings.leaf) return report;
  report.maximum_applications = tree.MaximumApplications(slot);
  report.maximum_applications_per_user = tree.MaximumApplicationsPerUser(slot);
  for (const UserSlot each : tree.UsersOf(slot)) {
    const QueueUser& user = tree.user(each);
    QueueUserReport of_user{
        .name = user.name,
        .weight = static_cast<double>(user.weight) / static_cast<double>(kWholeWeight),
        .active = user.asking > 0,
        .pending_applications = user.applications - user.activated,
        .active_applications = user.activated,
        .user_limit = options.types.ToResource(tree.UserLimit(
            each, kDefaultPartition, options.types.minimum(), LimitMode::kRespectExclusivity))};
    for (const UserShare& share : user.shares) {
      of_user.used += options.types.ToResource(share.used);
      of_user.am_used += options.types.ToResource(share.am_used);
    }
    report.users.push_back(std::move(of_user));
  }
  return report;
}

}  // namespace weir::scheduler
