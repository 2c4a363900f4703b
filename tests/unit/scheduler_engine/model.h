// EngineModel: what the scheduler must do and must not do, said a second time and slowly. It hears
// of every change, checks each decision when it is told of it, and afterwards looks for what could
// still be placed by going over all nodes.
//
// It relies on QueueTree for the arithmetic of limits (which has tests of its own), fed from the
// model's books, and on nothing of the engine. A fault is told by throwing through RC_FAIL.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_ENGINE_MODEL_H_
#define WEIR_TESTS_UNIT_SCHEDULER_ENGINE_MODEL_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "scheduler/capacity_scheduler.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {

class EngineModel {
 public:
  using AskKey = std::pair<int32_t, int64_t>;  // priority, request id

  struct Node {
    std::string name;
    std::string rack;
    std::string label;
    Amounts capacity;
    Amounts used;
    int32_t containers = 0;
    bool schedulable = true;
  };
  struct Container {
    ApplicationSlot application;
    NodeSlot node;
    Amounts amounts;
    bool borrowed = false;  // placed in a partition that is not the application's
    bool master = false;
  };
  struct Application {
    std::string queue;
    std::string user;
    std::string label;  // of all of its asks
    int32_t priority = 0;
    int64_t order = 0;
    Amounts am;
    UserSlot slot;
    bool activated = false;
    bool asking = false;
    std::map<AskKey, ContainerAsk> asks;
    std::set<std::string> blacklist;
    std::set<ContainerSlot> containers;
    std::map<PartitionSlot, Amounts> reserved;
  };

  EngineModel(const SchedulerOptions& options, const QueueConfiguration& configuration);

  // --- what happens
  void Configure(const QueueConfiguration& configuration);
  void AddNode(NodeSlot slot, Node node);
  void RemoveNode(NodeSlot slot, const std::vector<ContainerSlot>& released);
  void SetSchedulable(NodeSlot slot, bool schedulable);
  void SetCapacity(NodeSlot slot, const Amounts& capacity);
  void SetLabel(NodeSlot slot, const std::string& label);
  void AddApplication(ApplicationSlot slot, Application application);
  void RemoveApplication(ApplicationSlot slot, const std::vector<ContainerSlot>& released);
  void Move(ApplicationSlot slot, const std::string& queue, bool activated);
  void SetAsk(ApplicationSlot slot, const ContainerAsk& ask);
  void Activated(ApplicationSlot slot);
  void Release(ContainerSlot container);
  void Recover(ApplicationSlot slot, NodeSlot node, ContainerSlot container, const Amounts& each);
  void SetMaster(ContainerSlot container);
  void Resize(ContainerSlot container, const Amounts& size, bool granted);

  // --- checks
  // The decisions of one call of Schedule, in order.
  void Take(const std::vector<Allocation>& decisions, const CapacityScheduler& scheduler);
  // Reads what is held back.
  void NoteReservations(const CapacityScheduler& scheduler);
  void CheckSums(const CapacityScheduler& scheduler) const;  // by node and application
  // By queue; what each is guaranteed as well when nothing has changed since the last decision.
  void CheckQueues(const CapacityScheduler& scheduler, bool decided) const;
  // After Schedule has returned false.
  void CheckNothingLeft(const CapacityScheduler& scheduler, Now now) const;
  void CheckReasons(const CapacityScheduler& scheduler) const;  // of every ask

  const std::map<NodeSlot, Node>& nodes() const { return nodes_; }
  const std::map<ApplicationSlot, Application>& applications() const { return applications_; }
  Application& application(ApplicationSlot slot) { return applications_.at(slot); }
  const std::map<ContainerSlot, Container>& containers() const { return containers_; }

 private:
  struct Prospect;  // what the oracle finds out about one ask

  PartitionSlot partition(const std::string& label) const { return labels_.at(label); }
  Amounts amounts(const Resource& resource) const { return options_.types.KnownPartsOf(resource); }
  void SetTotals();
  void SyncAsking(Application& application);
  void Charge(ApplicationSlot slot, NodeSlot node, ContainerSlot container, const Amounts& each);
  void CheckDecision(const Allocation& decision,
                     const ContainerAsk& ask,
                     bool first_of_gang,
                     bool reservations,
                     const CapacityScheduler& scheduler) const;
  bool MayGrow(const Container& container, const Amounts& more);
  bool MasterMayHave(const Application& application, const Amounts& size);
  void SetMasterSize(Application& application, const Amounts& size);
  void CheckPlace(const Application& application, const ContainerAsk& ask, NodeSlot node) const;
  void CheckLimits(const Application& application,
                   const ContainerAsk& ask,
                   const Amounts& each,
                   bool borrowed,
                   PartitionSlot at) const;
  bool GangAllowed(const Application& application, const ContainerAsk& ask) const;
  int64_t On(const Application& application, const std::string* rack, NodeSlot node) const;
  // How many more of the ask the node takes; the limits aside.
  int64_t Room(const Application& application, const ContainerAsk& ask, NodeSlot node) const;
  bool IsOpen(NodeSlot node) const;
  Prospect Look(const Application& application, const ContainerAsk& ask) const;
  int64_t GangRoom(const Application& application, const ContainerAsk& ask) const;
  // An earlier ask may have stopped one of the queues above.
  bool QueueStopped(const Application& application, PartitionSlot partition) const;
  bool QueueRefuses(const Application& application, const ContainerAsk& ask) const;
  void CheckHead(ApplicationSlot slot,
                 const CapacityScheduler& scheduler,
                 std::optional<Duration> until_next) const;
  void CheckReason(const Prospect& prospect,
                   const ContainerAsk& ask,
                   PendingReason reason,
                   const std::string& who) const;

  SchedulerOptions options_;
  std::map<std::string, PartitionSlot> labels_;
  std::map<std::string, bool> exclusive_;
  QueueTree tree_;
  std::map<NodeSlot, Node> nodes_;
  struct Held {
    ApplicationSlot holder;
    uint64_t number = 0;
  };
  std::map<NodeSlot, Held> reserved_;
  std::map<ApplicationSlot, Application> applications_;
  std::map<ContainerSlot, Container> containers_;
  std::optional<Amounts> batch_limit_;  // of the user, before the containers for one node
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_ENGINE_MODEL_H_
