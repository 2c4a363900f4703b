// Containers that get another size where they are.
#include <optional>

#include "common/check.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

Result<Amounts> CapacityScheduler::State::SizeFor(ContainerSlot container,
                                                  const Resource& size) const {
  const Application& application = app(containers.at(container).placement.application);
  return options.types.Normalize(size, tree.settings(application.leaf).maximum_allocation);
}

// The rules are those of a new container of `more`: its node, its user, its queues.
Status CapacityScheduler::State::CheckGrowth(ContainerSlot container, const Amounts& more) const {
  const ContainerTable::Slot& slot = containers.at(container);
  const Application& application = app(slot.placement.application);
  const Node& node = nodes.at(slot.placement.node);
  const PartitionSlot partition = node.partition;
  const std::string wanted_more = Words(more) + " more";
  if (tree.settings(application.leaf).holds) {
    return Error{ErrorCode::kFailedPrecondition,
                 wanted_more + ": queue " + tree.at(application.leaf).path + " gives nothing out",
                 "move the application to another queue (`weir application -movetoqueue`)"};
  }
  if (!node.schedulable) {
    return Error{ErrorCode::kFailedPrecondition,
                 "node " + node.name + " gives nothing out now",
                 "see 'weir node -list -all' for why"};
  }
  // A node that lacks something gives nothing out, even of what it has: as in NodeTable's searches.
  if (!more.FitsIn(node.free())) {
    return Error{
        ErrorCode::kResourceExhausted,
        wanted_more + ": node " + node.name + " has " + Words(FloorAtZero(node.free())) + " left",
        "ask for less, or wait until other containers of the node have ended"};
  }
  if (node.reserved) {
    return Error{ErrorCode::kResourceExhausted,
                 wanted_more + ": what node " + node.name +
                     " has left is held back for a container that waits for it",
                 "try again later"};
  }
  const LimitMode mode =
      slot.borrowed ? LimitMode::kIgnoreExclusivity : LimitMode::kRespectExclusivity;
  if (tree.UserAllowance(application.user, partition, more, mode).count <= 0) {
    const QueueUser& user = tree.user(application.user);
    return Error{ErrorCode::kResourceExhausted,
                 wanted_more + ": user " + user.name + " uses " +
                     Words(user.shares[Index(partition)].used) + " of the " +
                     Words(tree.UserLimit(application.user, partition, more, mode)) +
                     " that one user may have of queue " + tree.at(application.leaf).path + " now",
                 "end other containers of this user, or ask for a higher user-limit-factor"};
  }
  const Allowance by_queue = tree.QueueAllowance(application.leaf, partition, more, mode);
  if (by_queue.count > 0) return {};
  const QueueSlot binding = by_queue.queue.value >= 0 ? by_queue.queue : application.leaf;
  const QueueShare& share = tree.at(binding).shares[Index(partition)];
  return Error{ErrorCode::kResourceExhausted,
               wanted_more + ": queue " + tree.at(binding).path + " uses " + Words(share.used) +
                   " of its maximum " + Words(share.maximum),
               "end other containers of the queue, or ask for a higher maximum-capacity"};
}

// An ApplicationMaster counts with its size against limits of its own.
Status CapacityScheduler::State::CheckMaster(ApplicationSlot slot, const Amounts& size) {
  const Application& application = app(slot);
  if (!application.activated || size.FitsIn(application.am)) return {};
  const PartitionSlot partition = application.am_partition;
  tree.Deactivate(application.user, partition, application.am);
  const PendingReason reason = tree.CheckActivation(application.user, partition, size);
  tree.Activate(application.user, partition, application.am);
  if (reason == PendingReason::kNone) return {};
  const bool of_user = reason == PendingReason::kUserAmLimit;
  const Amounts limit = of_user ? tree.UserAmLimit(application.user, partition)
                                : tree.AmLimit(application.leaf, partition);
  return Error{ErrorCode::kResourceExhausted,
               "as an ApplicationMaster of " + Words(size) + " it would exceed the " +
                   Words(limit) + " that ApplicationMasters " + (of_user ? "of its user " : "") +
                   "may have of queue " + tree.at(application.leaf).path,
               "ask for a higher maximum-am-resource-percent"};
}

// One that runs since before a restart may have another size than was submitted.
void CapacityScheduler::State::SetMaster(ContainerSlot container) {
  containers.SetMaster(container);
  const ContainerPlacement& placement = containers.at(container).placement;
  if (app(placement.application).am == amounts(placement.shape)) return;
  SetMasterSize(placement.application, amounts(placement.shape));
}

void CapacityScheduler::State::SetMasterSize(ApplicationSlot slot, const Amounts& size) {
  Application& application = app(slot);
  const PartitionSlot partition = application.am_partition;
  if (application.activated) tree.Deactivate(application.user, partition, application.am);
  application.am = size;
  if (application.activated) tree.Activate(application.user, partition, application.am);
  sweep_due = true;
  LimitsMayAllow(application.leaf);
}

Status CapacityScheduler::State::Resize(ContainerSlot container, const Resource& resource) {
  WEIR_CHECK(containers.IsLive(container),
             "container slot " + std::to_string(container.value) + " is in use");
  const ContainerTable::Slot& slot = containers.at(container);
  const Amounts size = options.types.KnownPartsOf(resource);
  if (size == amounts(slot.placement.shape)) return {};
  const Amounts more = FloorAtZero(size - amounts(slot.placement.shape));
  if (!more.IsZero()) WEIR_RETURN_IF_ERROR(CheckGrowth(container, more));
  if (slot.master) WEIR_RETURN_IF_ERROR(CheckMaster(slot.placement.application, size));
  SetSize(container, size);
  return {};
}

void CapacityScheduler::State::SetSize(ContainerSlot container, const Amounts& size) {
  WEIR_CHECK(containers.IsLive(container),
             "container slot " + std::to_string(container.value) + " is in use");
  const ContainerPlacement placement = containers.at(container).placement;
  const Amounts before = amounts(placement.shape);
  if (size == before) return;
  if (containers.at(container).master) SetMasterSize(placement.application, size);
  Application& application = app(placement.application);
  const PartitionSlot partition = nodes.at(placement.node).partition;
  const ShapeSlot shape = shapes.Use(size, options.types);
  shapes.DropUses(placement.shape, 1);
  containers.SetShape(container, shape);
  use(application, partition).used += size - before;
  nodes.Discharge(placement.node, before, 1);
  nodes.Charge(placement.node, size, 1);
  tree.Charge(application.user, partition, size - before, 0);
  UsageChanged(application);
  if (!size.FitsIn(before)) {
    OrderChanged(application.leaf, partition);
    sweep_due = true;
    WakeUsers(application.leaf, partition);
  }
  if (!before.FitsIn(size)) {
    UsageFell(application.user, partition);
    WakeForNode(placement.node);
  }
}

}  // namespace weir::scheduler
