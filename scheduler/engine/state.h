// The inside of CapacityScheduler: all of its data, and what can be done to it. The functions are
// spread over files by meaning, as the sections below name them. See docs/scheduler.md.
//
// Everything refers by slots, never by pointers, so that a copy of the whole decides the same.
// Owner: CapacityScheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_ENGINE_STATE_H_
#define WEIR_SCHEDULER_ENGINE_STATE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "scheduler/capacity_scheduler.h"
#include "scheduler/engine/container_table.h"
#include "scheduler/engine/indexed_heap.h"
#include "scheduler/engine/preemption_view.h"
#include "scheduler/engine/records.h"
#include "scheduler/engine/shape_table.h"
#include "scheduler/nodes/node_table.h"
#include "scheduler/preemption/preemption_monitor.h"
#include "scheduler/queues/queue_tree.h"

namespace weir::scheduler {

struct CapacityScheduler::State {
  State(const SchedulerOptions& scheduler_options,
        std::shared_ptr<const QueueConfiguration> queue_configuration);

  // --- nodes (nodes.cc)
  NodeSlot AddNode(const NodeId& id,
                   const std::string& name,
                   const std::string& rack,
                   const std::string& label,
                   const Resource& capacity);
  std::vector<ContainerSlot> RemoveNode(NodeSlot node);
  void SetNodeSchedulable(NodeSlot node, bool schedulable);
  void SetNodeCapacity(NodeSlot node, const Resource& capacity);
  void SetNodeLabel(NodeSlot node, const std::string& label);
  PartitionSlot PartitionOf(const std::string& label);
  void TotalChanged(PartitionSlot partition);
  void RefreshTotals();
  // The node may have more room than before.
  void WakeForNode(NodeSlot node);

  // --- applications (applications.cc, activation.cc)
  ApplicationSlot AddApplication(const ApplicationSpec& spec);
  std::vector<ContainerSlot> RemoveApplication(ApplicationSlot application);
  Status CheckMove(ApplicationSlot application, const std::string& path) const;
  Status MoveApplication(ApplicationSlot application, const std::string& path);
  void SetPriority(ApplicationSlot application, int32_t priority);
  void ContinueApplication(ApplicationSlot application, const AttemptId& id);
  void ChangeBlacklist(ApplicationSlot application,
                       const std::vector<std::string>& add,
                       const std::vector<std::string>& remove);
  void EnterLeaf(ApplicationSlot slot, QueueSlot leaf);
  void LeaveLeaf(ApplicationSlot slot);
  PartitionSlot PartitionFor(const Application& application, const std::string& label) const;
  // Activates what the limits let through, in every leaf where that may have changed.
  void ActivatePending();
  void PlanSweep();  // when limits may have grown
  void ActivateNewcomers(QueueSlot leaf, const std::set<LineKey>& keys);
  void ActivateIn(QueueSlot leaf, const std::vector<LineKey>& waiting);
  void Activate(ApplicationSlot slot);
  void Deactivate(ApplicationSlot slot);
  void LimitsMayAllow(QueueSlot leaf) { activation_due.insert(leaf); }

  // --- asks (asks.cc)
  Result<ContainerAsk> Validate(ApplicationSlot application, const ContainerAsk& ask) const;
  // Where exclusive-enforced-partitions send an ask for `asked`: to the label of the application's
  // ApplicationMaster, when that or `asked` is enforced.
  const std::string& EnforcedLabel(const Application& application, const std::string& asked) const;
  void SetAsk(ApplicationSlot application, const ContainerAsk& ask);
  void InsertAsk(ApplicationSlot application, const ContainerAsk& ask);
  void EraseAsk(ApplicationSlot application, int32_t ask);
  // The ask has `difference` containers more.
  void ChangeCount(int32_t ask, int32_t difference);
  void Withdraw(ApplicationSlot application);  // all of its asks
  int32_t LineFor(ApplicationSlot application, PartitionSlot partition);
  void NoteAsking(Application& application);
  const Constraints& ConstraintsOf(const Ask& ask) const;
  ContainerAsk ToContainerAsk(const Ask& ask) const;
  const Ask* Head(const Line& line) const;

  // --- who waits where (waiting.cc)
  // The line's head, or its application's place, has changed.
  void SettleLine(int32_t line);
  void LeaveGroup(int32_t line);
  int32_t GroupFor(const Line& line, const Ask& head, bool solo);
  void FreeGroup(int32_t group);
  LineKey KeyOf(int32_t line) const;
  void GroupKeyChanged(int32_t group);
  void KeyChanged(int32_t line);
  void UsageChanged(const Application& application);  // fair leaves order by it
  void MakeReady(int32_t group);
  void Unpark(int32_t group);  // from wherever it is; it is then nowhere
  void Rouse(int32_t group);   // Unpark and MakeReady
  // What the application has on nodes and racks has become less.
  void WakeLines(const Application& application);
  void Park(int32_t group, const Refusal& refusal);
  bool StopsQueue(const Group& group, const Refusal& refusal) const;
  void ParkByUser(int32_t group);
  void ParkForRoom(int32_t group, PendingReason reason);
  Instant Since(int32_t group);
  void ParkByQueueLimit(int32_t group, QueueSlot binding, PendingReason reason);
  void ParkQueue(QueueSlot queue, PartitionSlot partition, PendingReason reason);
  // The queue has room again, perhaps.
  void UnparkQueue(QueueSlot queue, PartitionSlot partition);
  void Resume(QueueSlot queue, PartitionSlot partition);
  // Who is ready below the leaf has changed: the one that a queue stopped for may be gone, or
  // somebody may go before it.
  void ResumeAbove(QueueSlot leaf, PartitionSlot partition);
  Share WeighedShare(UserSlot user, PartitionSlot partition) const;
  void EnterTree(QueueSlot queue, PartitionSlot partition);
  void LeaveTree(QueueSlot queue, PartitionSlot partition);
  // The usage of the leaf has changed: the places of it and its ancestors.
  void OrderChanged(QueueSlot leaf, PartitionSlot partition);
  void UsageFell(UserSlot user, PartitionSlot partition);
  void WakeUsers(QueueSlot leaf, PartitionSlot partition);
  bool WakeGangs();  // true when some may go on
  void WakeClass(PartitionSlot partition, ShapeSlot shape, const Amounts& free);
  // Limits or totals have changed: everybody is tried again.
  void WakeAll(PartitionSlot partition);
  void WakeAll();
  void SetDeadline(int32_t group, Instant at);
  QueueLane& lane(QueueSlot queue, PartitionSlot partition);
  const QueueLane* FindLane(QueueSlot queue, PartitionSlot partition) const;
  ShapeClass& shape_class(PartitionSlot partition, ShapeSlot shape);

  // --- decisions (placement.cc)
  bool Schedule(Now at, size_t limit, std::vector<Allocation>& out);
  std::optional<QueueSlot> FirstLeaf(PartitionSlot partition) const;
  void TryFirst(QueueSlot leaf,
                PartitionSlot partition,
                size_t limit,
                std::vector<Allocation>& out);
  void TryPlain(int32_t group, size_t limit, std::vector<Allocation>& out);
  // How many containers the limits let through; 0 = refused.
  int64_t Allowed(const Group& group, LimitMode mode, PartitionSlot partition, Refusal& refusal);
  // How many may be placed before a sibling goes first.
  int64_t BeforeSibling(QueueSlot leaf, PartitionSlot partition, const Amounts& each) const;
  // Grants up to `count` containers of the line's head, and of the asks behind it that are alike.
  int32_t Place(
      int32_t line, NodeSlot node, int64_t count, int32_t gang, std::vector<Allocation>& out);
  void Charge(ApplicationSlot application, NodeSlot node, const Amounts& each, int32_t count);
  void Release(ContainerSlot container);
  ContainerSlot Recover(ApplicationSlot application, NodeSlot node, const Resource& resource);
  void HoldToGuarantees(bool held);
  void FireDeadlines();

  // --- other sizes (resizes.cc)
  Result<Amounts> SizeFor(ContainerSlot container, const Resource& size) const;
  Status CheckGrowth(ContainerSlot container, const Amounts& more) const;
  Status CheckMaster(ApplicationSlot application, const Amounts& size);
  void SetMaster(ContainerSlot container);
  void SetMasterSize(ApplicationSlot application, const Amounts& size);
  Status Resize(ContainerSlot container, const Resource& resource);
  void SetSize(ContainerSlot container, const Amounts& size);

  // --- constrained asks (search.cc)
  void TrySolo(int32_t group, size_t limit, std::vector<Allocation>& out);
  struct Target {
    NodeSlot node;
    int64_t room = 0;  // containers, by the node and the bounds
  };
  std::optional<Target> SearchLocal(const Application& application,
                                    const Ask& ask,
                                    PartitionSlot partition);
  std::optional<Target> SearchRacks(const Application& application,
                                    const Ask& ask,
                                    PartitionSlot partition);
  std::optional<Target> SearchAnywhere(const Application& application,
                                       const Ask& ask,
                                       PartitionSlot partition);
  struct Found {
    std::optional<Target> target;
    bool local = false;           // as near as it wants: the wait for that begins anew
    std::optional<Instant> next;  // when it may go further
  };
  Found SearchByLocality(const Application& application,
                         const Ask& ask,
                         Instant since,
                         PartitionSlot partition);
  PendingReason ReasonWithoutPlace(const Application& application,
                                   const Ask& ask,
                                   bool waits,
                                   PartitionSlot partition) const;
  // How many of the ask the node may take; 0 = not at all.
  int64_t RoomOn(const Application& application, const Ask& ask, NodeSlot node) const;
  Duration RackDelay(PartitionSlot partition) const;
  Duration AnywhereDelay(const Ask& ask, PartitionSlot partition) const;
  static bool Unwanted(const Application& application, const Node& node);
  void CountPlaces(Application& application);
  bool IsSolo(const Application& application, const Ask& ask) const;

  // --- late measures (late_measures.cc): borrowing, reservation
  // For a group that has waited: true when something was placed.
  bool TryBorrow(int32_t group, size_t limit, std::vector<Allocation>& out);
  bool MayBorrow(const Group& group) const;
  void TryReserve(int32_t group);
  bool MayReserve(const Group& group) const;
  // Until `out` is that long; false when some are left.
  bool FulfilReservations(size_t enough, std::vector<Allocation>& out);
  // Gives up one reservation of the group's first line when the limits count it twice: a node has
  // room for the container, but with what is held back for it the limit is reached.
  void UnreserveFor(int32_t group);
  void DropReservation(NodeSlot node);
  void DropReservations(ApplicationSlot application);
  // Gives up reservations that the line no longer needs.
  void TrimReservations(int32_t line);

  // --- gangs (gangs.cc)
  void TryGang(int32_t group, std::vector<Allocation>& out);
  void PlaceGang(int32_t group, std::vector<Allocation>& out);
  class BoundedRoom;
  int64_t GangRoom(const Group& group,
                   const Application& application,
                   const Ask& ask,
                   const GangPlan* plan) const;
  Refusal GangLimits(const Group& group, const Ask& ask) const;  // waits: kReady = none
  void PlanGang(int32_t group);
  void DropPlan(QueueSlot leaf);
  // Those whose time has passed.
  void EndPlans();
  // By its node, rack, locality and the application's wishes the ask may go there.
  bool MayGoTo(const Application& application, const Ask& ask, const Node& node) const;

  // --- configuration (configuration.cc, plan.cc)
  void Configure(std::shared_ptr<const QueueConfiguration> configuration);
  Status Reconfigure(std::shared_ptr<const QueueConfiguration> configuration);
  std::vector<std::string> Objections(const QueueConfiguration& next) const;
  Status CheckReconfigure(const QueueConfiguration& next) const;
  Result<QueueSlot> MakeQueue(const std::string& path);
  std::map<std::string, std::string> RecoverQueues(const std::set<std::string>& paths);
  std::optional<Instant> NextDeadline() const;
  void ExpireDynamicQueues();
  // The leaf has its first application, or its last one has left: when a managed parent made it,
  // what that shares out goes to those with applications.
  void ActivityChanged(QueueSlot leaf);
  void BalanceManagedParents();

  struct Gains {  // containers placed, by application slot
    std::map<int32_t, int64_t> before;
    std::map<int32_t, int64_t> after;
  };
  static std::vector<PlannedEffect> EffectsOf(const State& before,
                                              const State& after,
                                              const Gains& gains);
  void AddOverLimit(std::vector<PlannedEffect>& effects) const;
  void AddPreempted(std::vector<PlannedEffect>& effects);

  // --- preemption (preemption_bridge.cc)
  bool PreemptionStep(Now at);
  PreemptionView View() const;
  bool PreemptsFor(QueueSlot leaf) const;    // containers are being taken back for it
  std::vector<ContainerSlot> FindVictims();  // of one round, without warning anybody

  // --- reasons (reasons.cc, explain.cc)
  PendingReason ReasonOf(ApplicationSlot application) const;
  PendingReason ReasonOf(const Group& group, const Application& application) const;
  PendingReason ReasonWithoutRoom(PartitionSlot partition, const Amounts& shape) const;
  PendingReason ReasonAtLimit(const Group& group, PendingReason limit) const;
  std::string DetailOf(const Application& application, const Ask& ask, PendingReason reason) const;
  std::string UnblockOf(const Application& application, const Ask& ask, PendingReason reason) const;
  std::string InactiveDetail(const Application& application) const;
  std::vector<PendingAsk> Pending(ApplicationSlot application, size_t limit) const;
  std::vector<int32_t> AsksInOrder(const Application& application) const;
  Explanation Explain(ApplicationSlot application) const;

  // --- reports (reports.cc)
  QueueReport Report(QueueSlot queue) const;
  QueuePartitionReport ReportPartition(QueueSlot queue, PartitionSlot partition) const;

  // --- checks (invariants.cc)
  std::string CheckInvariants() const;
  std::string CheckApplications() const;
  std::string CheckNodes() const;
  std::string CheckWaiting() const;

  Application& app(ApplicationSlot slot) { return applications[Index(slot)]; }
  const Application& app(ApplicationSlot slot) const { return applications[Index(slot)]; }
  Line& line_at(int32_t line) { return lines[static_cast<size_t>(line)]; }
  const Line& line_at(int32_t line) const { return lines[static_cast<size_t>(line)]; }
  Group& group_at(int32_t group) { return groups[static_cast<size_t>(group)]; }
  const Group& group_at(int32_t group) const { return groups[static_cast<size_t>(group)]; }
  Ask& ask_at(int32_t ask) { return asks[static_cast<size_t>(ask)]; }
  const Ask& ask_at(int32_t ask) const { return asks[static_cast<size_t>(ask)]; }
  PartitionUse& use(Application& application, PartitionSlot partition);
  const Amounts& amounts(ShapeSlot shape) const { return shapes.amounts(shape); }
  const QueueConfiguration& configuration() const { return tree.configuration(); }
  std::string Words(const Amounts& a) const { return options.types.ToString(a); }

  SchedulerOptions options;
  Amounts minimum;  // allocation
  std::map<std::string, PartitionSlot> labels;
  NodeTable nodes;
  QueueTree tree;
  ContainerTable containers;
  ShapeTable shapes;
  PreemptionMonitor preemption;

  std::vector<Application> applications;  // by slot
  std::vector<int32_t> unused_applications;
  std::vector<std::vector<ApplicationSlot>> members;  // by leaf, in no order
  std::vector<Ask> asks;
  std::vector<int32_t> unused_asks;
  std::vector<Constraints> constraints;
  std::vector<int32_t> unused_constraints;
  std::vector<Line> lines;
  std::vector<int32_t> unused_lines;
  std::vector<Group> groups;
  std::vector<int32_t> unused_groups;
  std::vector<std::vector<int32_t>> user_groups;  // by user slot: the groups that are not solo
  std::vector<std::vector<int32_t>> over_limit_of_user;  // by user slot: parked by the user limit
  HeapPlaces ask_places;                                 // in their line
  HeapPlaces line_places;                                // in their group
  HeapPlaces group_places;                               // in the heap of their leaf
  HeapPlaces deadline_places;
  std::vector<HeapPlaces> queue_places;  // by partition: in their parent
  IndexedHeap<Instant> deadlines;        // of groups

  std::vector<std::vector<QueueLane>> lanes;                         // [partition][queue]
  std::vector<std::vector<ShapeClass>> classes;                      // [partition][shape]
  std::vector<std::set<std::pair<int64_t, int32_t>>> parked_shapes;  // (memory, shape) by partition
  std::vector<int64_t> placed;  // containers by partition, ever

  std::set<QueueSlot> activation_due;                // all that wait there are looked at
  std::map<QueueSlot, std::set<LineKey>> newcomers;  // of other leaves only these
  std::map<QueueSlot, std::set<LineKey>> inactive;   // by leaf: (order, application in `line`)
  std::vector<NodeUsage> usages;                     // by node
  std::map<NodeSlot, Reservation> reservations;
  uint64_t last_reservation = 0;  // its number
  std::vector<NodeSlot> fulfil;   // reserved nodes with room now
  std::map<QueueSlot, GangPlan> plans;
  std::map<QueueSlot, Instant> plan_pause;     // no new plan before
  std::map<std::string, Instant> idle_queues;  // dynamic leaves without applications, since when
  std::set<std::string> managed_due;           // managed parents whose leaves have changed
  Amounts wanted;                              // by all applications, activated or not
  int64_t wanted_containers = 0;
  SearchPosition spread_from;          // where the last spread placement went on
  std::set<PartitionSlot> totals_due;  // nodes have come, gone or changed
  std::vector<std::pair<QueueSlot, PartitionSlot>>
      gangs_due;              // leaves whose user limit has changed
  int64_t parked_queues = 0;  // lanes
  bool wake_everybody = false;
  bool sweep_due = false;           // usage fell: some AM limit may have grown
  std::optional<Instant> sweep_at;  // when all inactive applications are looked at again

  std::vector<Notice> notices;
  Now now;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_ENGINE_STATE_H_
