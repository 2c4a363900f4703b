// FakeCluster: a PreemptionSource of plain data, for tests. Sizes are in memory only unless a test
// gives vcores; every container is its own shape. Users have the limit that the test gives them.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_PREEMPTION_FAKE_CLUSTER_H_
#define WEIR_TESTS_UNIT_SCHEDULER_PREEMPTION_FAKE_CLUSTER_H_

#include <cstdint>
#include <map>
#include <vector>

#include "scheduler/preemption/preemption_monitor.h"
#include "scheduler/preemption/preemption_source.h"

namespace weir::scheduler {

struct FakeQueue {
  int parent = -1;
  bool leaf = true;
  Amounts guaranteed;
  Amounts maximum;
  bool preemption_disabled = false;
  int32_t priority = 0;
  ParentOrdering ordering = ParentOrdering::kUtilization;  // of its children
  int64_t am_share = 100'000;                              // 1e-6
  int64_t minimum_user_limit = kWholePercent;
};

struct FakeContainer {
  int application = 0;
  Amounts size;
  int32_t priority = 0;
  bool master = false;
  bool borrowed = false;
  int64_t gang = 0;
  PartitionSlot partition;
  int64_t born = 0;  // the newest has the largest
  NodeSlot node{};
  bool leaving = false;
};

struct FakeApplication {
  int leaf = 0;
  int user = 0;
  int32_t priority = 0;
  std::map<PartitionSlot, Amounts> pending;
  std::vector<PreemptionSource::Reservation> reservations;
  bool live = true;
};

class FakeCluster : public PreemptionSource {
 public:
  explicit FakeCluster(std::vector<Amounts> totals) : totals_(std::move(totals)) {}

  // Queue 0 is the root, made with the totals. Users of a leaf are made as they are named.
  int AddQueue(int parent, bool leaf, const Amounts& guaranteed);
  int AddApplication(int leaf, int user = 0, int32_t priority = 0);
  ContainerSlot Start(int application, const FakeContainer& what);
  // `count` plain containers.
  std::vector<ContainerSlot> Start(int application, int count, const Amounts& size);
  void End(ContainerSlot container);
  void SetLeaving(ContainerSlot container) { containers_.at(container).leaving = true; }
  void SetPending(int application, const Amounts& amounts, PartitionSlot partition = {});

  const FakeQueue& queue(int index) const { return queues_[static_cast<size_t>(index)]; }
  FakeQueue& queue(int index) { return queues_[static_cast<size_t>(index)]; }
  FakeApplication& application(int index) { return applications_[static_cast<size_t>(index)]; }
  const std::map<ContainerSlot, FakeContainer>& containers() const { return containers_; }
  Amounts Used(int queue, PartitionSlot partition = {}) const;
  int Count(int application) const;
  Amounts Total(PartitionSlot partition = {}) const { return totals_[Index(partition)]; }
  Amounts Free(PartitionSlot partition = {}) const;

  QueueSnapshot Snapshot() const override;
  std::vector<SnapshotUser> UsersOf(QueueSlot leaf, PartitionSlot partition) const override;
  const Amounts& shape(ShapeSlot shape) const override;
  // By priority, then the newest.
  std::vector<ApplicationSlot> LeastImportantFirst(QueueSlot leaf) const override;
  QueueSlot LeafOf(ApplicationSlot application) const override;
  int64_t OrderOf(ApplicationSlot application) const override { return application.value; }
  UserSlot UserOf(ApplicationSlot application) const override;
  int32_t PriorityOf(ApplicationSlot application) const override;
  Amounts UsedBy(ApplicationSlot application, PartitionSlot partition) const override;
  Amounts PendingOf(ApplicationSlot application, PartitionSlot partition) const override;
  std::vector<PreemptableContainer> ContainersOf(ApplicationSlot application) const override;
  std::vector<Reservation> ReservationsOf(ApplicationSlot application) const override;
  bool RoomIsWanted(ContainerSlot container,
                    QueueSlot,
                    const std::function<bool(ContainerSlot)>& killable) const override {
    return killable(container) && room_is_wanted;
  }

  std::vector<HeldNode> HeldNodes() const override { return held; }
  std::vector<NodeContainer> ContainersOn(NodeSlot node) const override;

  bool room_is_wanted = true;
  std::vector<HeldNode> held;

 private:
  std::vector<Amounts> totals_;
  std::vector<FakeQueue> queues_;
  std::vector<FakeApplication> applications_;
  std::map<ContainerSlot, FakeContainer> containers_;
  std::vector<std::vector<ContainerSlot>> of_application_;  // oldest first
  int64_t births_ = 0;
};

// Everything at once: no damping, no dead zone, the whole cluster per round, no interval to wait.
PreemptionSettings Undamped();
Now At(int64_t milliseconds);
// Runs the round that is due at `now` to its end; its orders.
std::vector<PreemptionOrder> RunRound(PreemptionMonitor& monitor,
                                      const PreemptionSource& source,
                                      int64_t milliseconds,
                                      int64_t budget = PreemptionMonitor::kStepBudget);
std::vector<ContainerSlot> ContainersIn(const std::vector<PreemptionOrder>& orders,
                                        PreemptionOrder::Kind kind);

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_PREEMPTION_FAKE_CLUSTER_H_
