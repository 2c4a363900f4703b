#include "tests/unit/scheduler_preemption/fake_cluster.h"

#include <algorithm>
#include <set>

namespace weir::scheduler {

int FakeCluster::AddQueue(int parent, bool leaf, const Amounts& guaranteed) {
  FakeQueue queue;
  queue.parent = parent;
  queue.leaf = leaf;
  queue.guaranteed = guaranteed;
  queue.maximum = totals_[0];
  queues_.push_back(queue);
  return static_cast<int>(queues_.size()) - 1;
}

int FakeCluster::AddApplication(int leaf, int user, int32_t priority) {
  FakeApplication application;
  application.leaf = leaf;
  application.user = user;
  application.priority = priority;
  applications_.push_back(application);
  of_application_.emplace_back();
  return static_cast<int>(applications_.size()) - 1;
}

ContainerSlot FakeCluster::Start(int application, const FakeContainer& what) {
  int32_t slot = 0;  // the lowest free one: slots are reused
  for (const auto& [used, container] : containers_) {
    if (used.value != slot) break;
    ++slot;
  }
  FakeContainer container = what;
  container.application = application;
  container.born = ++births_;
  containers_.emplace(ContainerSlot{slot}, container);
  of_application_[static_cast<size_t>(application)].push_back(ContainerSlot{slot});
  return ContainerSlot{slot};
}

std::vector<ContainerSlot> FakeCluster::Start(int application, int count, const Amounts& size) {
  std::vector<ContainerSlot> started;
  FakeContainer what;
  what.size = size;
  for (int i = 0; i < count; ++i) started.push_back(Start(application, what));
  return started;
}

void FakeCluster::End(ContainerSlot container) {
  auto& of = of_application_[static_cast<size_t>(containers_.at(container).application)];
  of.erase(std::find(of.begin(), of.end(), container));
  containers_.erase(container);
}

void FakeCluster::SetPending(int index, const Amounts& amounts, PartitionSlot partition) {
  application(index).pending[partition] = amounts;
}

Amounts FakeCluster::Used(int queue, PartitionSlot partition) const {
  Amounts used;
  for (size_t i = 0; i < applications_.size(); ++i) {
    int at = applications_[i].leaf;
    while (at != queue && at >= 0) at = queues_[static_cast<size_t>(at)].parent;
    if (at == queue) used += UsedBy(ApplicationSlot{static_cast<int32_t>(i)}, partition);
  }
  return used;
}

int FakeCluster::Count(int application) const {
  return static_cast<int>(of_application_[static_cast<size_t>(application)].size());
}

Amounts FakeCluster::Free(PartitionSlot partition) const {
  return totals_[Index(partition)] - Used(0, partition);
}

QueueSnapshot FakeCluster::Snapshot() const {
  QueueSnapshot snapshot;
  snapshot.minimum_allocation = Amounts{1};
  snapshot.totals = totals_;
  for (size_t i = 0; i < queues_.size(); ++i) {
    const FakeQueue& from = queues_[i];
    SnapshotQueue queue;
    queue.queue = QueueSlot{static_cast<int32_t>(i)};
    queue.parent = from.parent;
    queue.leaf = from.leaf;
    queue.preemption_disabled = from.preemption_disabled;
    queue.priority = from.priority;
    queue.ordering = from.ordering;
    queue.minimum_user_limit = from.minimum_user_limit;
    queue.user_limit_factor.reset();
    for (size_t p = 0; p < totals_.size(); ++p) {
      SnapshotShare share;
      share.guaranteed = p == 0 ? from.guaranteed : Amounts();
      share.maximum = p == 0 ? from.maximum : totals_[p];
      share.am_limit = ScaleDown(share.guaranteed, from.am_share, kWholeFactor);
      queue.shares.push_back(share);
    }
    snapshot.queues.push_back(queue);
  }
  for (size_t i = 0; i < applications_.size(); ++i) {
    for (size_t p = 0; p < totals_.size(); ++p) {
      const ApplicationSlot slot{static_cast<int32_t>(i)};
      const PartitionSlot partition{static_cast<int32_t>(p)};
      const Amounts used = UsedBy(slot, partition);
      const Amounts pending = PendingOf(slot, partition);
      Amounts reserved;
      for (const Reservation& reservation : applications_[i].reservations) {
        if (reservation.partition == partition) reserved += reservation.amounts;
      }
      for (int at = applications_[i].leaf; at >= 0; at = queues_[static_cast<size_t>(at)].parent) {
        snapshot.queues[static_cast<size_t>(at)].shares[p].used += used;
        snapshot.queues[static_cast<size_t>(at)].shares[p].pending += pending;
        snapshot.queues[static_cast<size_t>(at)].shares[p].reserved += reserved;
      }
    }
  }
  return snapshot;
}

std::vector<SnapshotUser> FakeCluster::UsersOf(QueueSlot leaf, PartitionSlot partition) const {
  std::map<UserSlot, SnapshotUser> users;
  for (size_t i = 0; i < applications_.size(); ++i) {
    if (applications_[i].leaf != leaf.value || !applications_[i].live) continue;
    const UserSlot slot{applications_[i].user};
    SnapshotUser& user = users[slot];
    user.user = slot;
    user.used += UsedBy(ApplicationSlot{static_cast<int32_t>(i)}, partition);
  }
  std::vector<SnapshotUser> result;
  for (const auto& [slot, user] : users) result.push_back(user);
  return result;
}

const Amounts& FakeCluster::shape(ShapeSlot shape) const {
  return containers_.at(ContainerSlot{shape.value}).size;
}

std::vector<ApplicationSlot> FakeCluster::LeastImportantFirst(QueueSlot leaf) const {
  std::vector<ApplicationSlot> order;
  for (size_t i = applications_.size(); i-- > 0;) {
    if (applications_[i].leaf == leaf.value && applications_[i].live) {
      order.push_back(ApplicationSlot{static_cast<int32_t>(i)});
    }
  }
  std::stable_sort(order.begin(), order.end(), [this](ApplicationSlot a, ApplicationSlot b) {
    return applications_[Index(a)].priority < applications_[Index(b)].priority;
  });
  return order;
}

QueueSlot FakeCluster::LeafOf(ApplicationSlot application) const {
  const FakeApplication& of = applications_[Index(application)];
  return of.live ? QueueSlot{of.leaf} : QueueSlot();
}

UserSlot FakeCluster::UserOf(ApplicationSlot application) const {
  return UserSlot{applications_[Index(application)].user};
}

int32_t FakeCluster::PriorityOf(ApplicationSlot application) const {
  return applications_[Index(application)].priority;
}

Amounts FakeCluster::UsedBy(ApplicationSlot application, PartitionSlot partition) const {
  Amounts used;
  for (const ContainerSlot slot : of_application_[Index(application)]) {
    const FakeContainer& container = containers_.at(slot);
    if (container.partition == partition) used += container.size;
  }
  for (const Reservation& reservation : applications_[Index(application)].reservations) {
    if (reservation.partition == partition) used += reservation.amounts;
  }
  return used;
}

Amounts FakeCluster::PendingOf(ApplicationSlot application, PartitionSlot partition) const {
  const auto& pending = applications_[Index(application)].pending;
  const auto found = pending.find(partition);
  return found == pending.end() ? Amounts() : found->second;
}

std::vector<PreemptableContainer> FakeCluster::ContainersOf(ApplicationSlot application) const {
  std::vector<PreemptableContainer> result;
  const auto& of = of_application_[Index(application)];
  for (size_t i = of.size(); i-- > 0;) {
    const FakeContainer& from = containers_.at(of[i]);
    if (from.leaving) continue;
    PreemptableContainer container;
    container.container = of[i];
    container.partition = from.partition;
    container.shape = ShapeSlot{of[i].value};
    container.priority = from.priority;
    container.master = from.master;
    container.borrowed = from.borrowed;
    container.gang = from.gang;
    result.push_back(container);
  }
  return result;
}

std::vector<NodeContainer> FakeCluster::ContainersOn(NodeSlot node) const {
  std::vector<NodeContainer> result;
  for (const auto& [slot, from] : containers_) {
    if (from.node != node) continue;
    const ApplicationSlot application{from.application};
    for (const PreemptableContainer& each : ContainersOf(application)) {
      if (each.container == slot) result.push_back({application, each});
    }
  }
  std::sort(result.begin(), result.end(), [this](const NodeContainer& a, const NodeContainer& b) {
    return containers_.at(a.what.container).born > containers_.at(b.what.container).born;
  });
  return result;
}

std::vector<PreemptionSource::Reservation> FakeCluster::ReservationsOf(
    ApplicationSlot application) const {
  return applications_[Index(application)].reservations;
}

PreemptionSettings Undamped() {
  PreemptionSettings settings;
  settings.enabled = true;
  settings.per_round = kWholeFactor;
  settings.dead_zone = 0;
  settings.natural_termination = kWholeFactor;
  return settings;
}

Now At(int64_t milliseconds) {
  return Now{Instant(std::chrono::milliseconds(milliseconds)), WallFromMillis(milliseconds)};
}

std::vector<PreemptionOrder> RunRound(PreemptionMonitor& monitor,
                                      const PreemptionSource& source,
                                      int64_t milliseconds,
                                      int64_t budget) {
  while (monitor.Step(source, At(milliseconds), budget)) {
  }
  return monitor.TakeOrders();
}

std::vector<ContainerSlot> ContainersIn(const std::vector<PreemptionOrder>& orders,
                                        PreemptionOrder::Kind kind) {
  std::vector<ContainerSlot> containers;
  for (const PreemptionOrder& order : orders) {
    if (order.kind == kind) containers.push_back(order.container);
  }
  return containers;
}

}  // namespace weir::scheduler
