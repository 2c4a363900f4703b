// CapacityScheduler: decides which node each asked-for container gets, by queue, user, priority,
// label and locality, with YARN's CapacityScheduler as the model. A pure, deterministic library:
// mutations in, decisions out; same calls, same decisions.
//
// Terms: an *application* here is one application attempt's line of asks in one leaf queue. It is
// *pending* until the limits let its ApplicationMaster run, then *activated*. A *container slot* is
// the dense index of a granted container, the one place where its allocation lives (node,
// application, shape): the owner of the core keeps its life cycle in an array on the same index. A
// slot is freed by Release and may be reused afterwards. A *shape* is an interned container size.
//
// Placement is ask-driven over the whole cluster: Schedule() places whatever fits now and is called
// after every batch of mutations and at NextDeadline(). What cannot be placed is set aside with the
// reason and looked at again only when something happens that could help, or its time has come.
//
// Invariants: per node, used = sum of its containers <= capacity (but after a capacity was
// lowered); per queue and user, used = sum of the applications; every ask with a count > 0 has,
// after a Schedule() that returned false, a PendingReason other than kNone.
//
// Owner: the ResourceManager core. Single-threaded. No clock: `now` comes in.
#ifndef WEIR_SCHEDULER_CAPACITY_SCHEDULER_H_
#define WEIR_SCHEDULER_CAPACITY_SCHEDULER_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/queue.h"
#include "common/resource.h"
#include "common/result.h"
#include "common/time.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/config/recovery_queue.h"
#include "scheduler/placement/placement.h"
#include "scheduler/resource_types.h"
#include "scheduler/slots.h"

namespace weir::scheduler {

struct SchedulerOptions {
  ResourceTypes types{Resource{1024, 1}, Resource{8192, 4}};
  // What one node heartbeat of YARN counts as, where YARN counts heartbeats (docs/scheduler.md).
  Duration heartbeat = std::chrono::milliseconds(1000);
  // How long one gang may hold back nodes before it gives them up, and how long it then pauses.
  Duration gang_timeout = std::chrono::seconds(30);
  Duration gang_pause = std::chrono::seconds(10);
};

struct ApplicationSpec {
  AttemptId id;
  std::string queue;  // path, from PlaceApplication
  std::string user;
  int32_t priority = 0;       // higher goes first
  int64_t order = 0;          // ties of priority: lower first
  Resource am_resource;       // counts against the AM limits while it is activated
  std::string am_label;       // partition of the AM; the queue's default when empty
  std::string default_label;  // of asks that name none; the queue's default when empty
  bool runs = false;          // its AM runs already (recovery): activated whatever the limits say
};

// One granted container. The core gives it its ContainerId.
struct Allocation {
  ContainerSlot container;
  ApplicationSlot application;
  NodeSlot node;
  ShapeSlot shape;
  int32_t priority = 0;
  int64_t request_id = 0;
};

// What a node says that its processes use, whatever was granted.
struct NodeUsage {
  int64_t memory_mib = 0;
  int64_t milli_vcores = 0;
};

// Where a container lives; what the slot holds.
struct ContainerPlacement {
  ApplicationSlot application;
  NodeSlot node;
  ShapeSlot shape;
  int32_t priority = 0;
  int64_t request_id = 0;
};

// What the scheduler wants done or known, besides allocations; in the order decided.
struct Notice {
  enum class Kind {
    kPreemptionWarning,    // tell the AM: the container is to be given back by `deadline`
    kPreemptionCancelled,  // no longer wanted back
    kPreempt,              // stop the container now (exit status: preempted)
    kActivated,            // the application may run
    kQueueStopped,         // a draining queue has become empty
    kQueueCreated,         // a dynamic queue
    kQueueRemoved,
  };
  Kind kind = Kind::kActivated;
  ContainerSlot container;
  ApplicationSlot application;
  std::string queue;
  Instant deadline;
};

struct PendingAsk {
  ContainerAsk ask;
  PendingReason reason = PendingReason::kNone;
  std::string detail;  // the reason in a sentence, with its numbers
};

class CapacityScheduler {
 public:
  // Requires: a configuration accepted by ParseQueueConfiguration with these types.
  CapacityScheduler(const SchedulerOptions& options,
                    std::shared_ptr<const QueueConfiguration> configuration);
  ~CapacityScheduler();
  CapacityScheduler(const CapacityScheduler&) = delete;
  CapacityScheduler& operator=(const CapacityScheduler&) = delete;
  // A copy that decides the same from here on; for plans.
  std::unique_ptr<CapacityScheduler> Clone() const;

  // --- nodes. What queues may use of them follows with the next Schedule. `name` is the host, as
  // locality asks name it; `label` "" = the default partition.
  NodeSlot AddNode(const NodeId& id,
                   const std::string& name,
                   const std::string& rack,
                   const std::string& label,
                   const Resource& capacity);
  // Its containers are released; their slots are returned, in slot order.
  std::vector<ContainerSlot> RemoveNode(NodeSlot node);
  // An unschedulable node keeps its containers and gets no new ones (unhealthy, draining).
  void SetNodeSchedulable(NodeSlot node, bool schedulable);
  void SetNodeCapacity(NodeSlot node, const Resource& capacity);
  // What a heartbeat said: the usage is kept for reports, the free space is offered anew.
  void UpdateNode(NodeSlot node, const NodeUsage& usage);
  // Its containers stay and count for the new partition.
  void SetNodeLabel(NodeSlot node, const std::string& label);

  // --- queues
  const QueueConfiguration& configuration() const;
  // All or nothing. kFailedPrecondition: what runs would be orphaned, with every reason in the
  // message.
  Status Reconfigure(std::shared_ptr<const QueueConfiguration> configuration, Now now);
  // Whether Reconfigure would take it now: the same errors, and nothing changes.
  Status CheckReconfigure(const QueueConfiguration& configuration) const;
  // What Reconfigure would do, without doing it.
  QueuePlan Plan(std::shared_ptr<const QueueConfiguration> configuration, Now now) const;

  // --- applications
  // The path of the leaf for an application with this queue name ("" = default), by the placement
  // rules. kNotFound names the known leaves; kInvalidArgument: not a leaf, ambiguous name;
  // kPermissionDenied: rejected by a rule. A queue that automatic creation would make is returned
  // as if it existed; AddApplication makes it.
  Result<std::string> PlaceApplication(const std::string& queue,
                                       const std::string& application_name,
                                       const Submitter& submitter) const;
  // ACL, state of the queue and its ancestors, counts; the error names limit and number.
  Status CheckSubmission(const std::string& path, const Submitter& submitter) const;
  bool MayAdminister(const std::string& path, const Submitter& submitter) const;
  bool MaySubmit(const std::string& path, const Submitter& submitter) const;
  // The priority that an application gets: asked, the queue's default, clamped to the maxima.
  int32_t PriorityFor(const std::string& path,
                      const Submitter& submitter,
                      std::optional<int32_t> asked,
                      const std::vector<std::string>& tags = {}) const;
  // Longest life; 0 = no end. `asked` 0 = the queue's default.
  Duration LifetimeFor(const std::string& path, Duration asked) const;

  // For applications of an earlier ResourceManager: leaves that are missing are made again if they
  // had been made automatically. Those that cannot be used any more, each with the reason in words:
  // their applications go to kRecoveryQueue.
  std::map<std::string, std::string> RecoverQueues(const std::set<std::string>& paths, Now now);
  // Requires: the queue as PlaceApplication gave it, checked by CheckSubmission; or recovered:
  // a leaf by RecoverQueues, or kRecoveryQueue.
  ApplicationSlot AddApplication(const ApplicationSpec& spec, Now now);
  // Another attempt of the application goes on in its place, with its containers and without what
  // it did not want. Requires: it asks for nothing.
  void ContinueApplication(ApplicationSlot application, const AttemptId& id);
  // Its asks go, its containers are released and their slots returned, in slot order.
  std::vector<ContainerSlot> RemoveApplication(ApplicationSlot application);
  // Whether a move would be refused now: the errors of CheckSubmission's counts and states; a label
  // that the target may not use.
  Status CheckMove(ApplicationSlot application, const std::string& path) const;
  // With all it has. The errors of CheckMove; nothing has changed then.
  Status MoveApplication(ApplicationSlot application, const std::string& path, Now now);
  void SetPriority(ApplicationSlot application, int32_t priority);
  bool activated(ApplicationSlot application) const;
  // Of a queue that was made automatically: nobody is in it any more.
  bool IsIdle(const std::string& path) const;
  // Nodes (host names, or ids) that it does not want; both lists are applied, additions first.
  void ChangeBlacklist(ApplicationSlot application,
                       const std::vector<std::string>& add,
                       const std::vector<std::string>& remove);

  // --- asks and containers
  // The ask as it will be placed: rounded up, with the label it goes to. kInvalidArgument: not
  // positive, unknown resource or label, over the queue's maximum, a negative count, a count over
  // limits::kContainersPerAsk, a label that the queue may not use.
  Result<ContainerAsk> Validate(ApplicationSlot application, const ContainerAsk& ask) const;
  // Absolute: replaces the ask with the same request id; count 0 withdraws it.
  // Requires: a validated ask.
  void SetAsk(ApplicationSlot application, const ContainerAsk& ask, Now now);
  // Containers still wanted under this request id.
  int32_t Wanted(ApplicationSlot application, int64_t request_id) const;
  // Requires: a live slot.
  void Release(ContainerSlot container);
  // Marks the ApplicationMaster's container: preempted last; its size counts against the AM limits.
  void SetMaster(ContainerSlot container);
  // The size that the container would have when it asks for this one: rounded up as asks are.
  // kInvalidArgument: not positive, over the queue's maximum. Requires: a live slot.
  Result<Resource> SizeFor(ContainerSlot container, const Resource& size) const;
  // Charges it with another size from now on. What it has more is held against node, user and
  // queues as a new container of that much would be, and for an ApplicationMaster against the
  // limits of those as well. kResourceExhausted names the limit; kFailedPrecondition: its node
  // gives nothing out; nothing has changed then. What it has less of can never be refused.
  // Requires: a live slot; a size as SizeFor says, or between such.
  Status Resize(ContainerSlot container, const Resource& size);
  // Charges it with the size that it is found to have, whatever the limits say: what runs, runs.
  // Requires: a live slot.
  void SetSize(ContainerSlot container, const Resource& size);
  // Charges a container that already runs (recovery). Requires: live application and node.
  ContainerSlot Recover(ApplicationSlot application, NodeSlot node, const Resource& resource);

  // While not all is known that runs (recovery), queues may be held to their guarantees of what is
  // known: what would be more waits (kRecoveryBarrier), nothing is borrowed and nothing preempted.
  void HoldToGuarantees(bool held);

  // --- decisions
  // Places at most `limit` containers; appends them to `out` in the order decided. True when more
  // could be placed now (call again). A gang is placed whole even beyond the limit.
  bool Schedule(Now now, size_t limit, std::vector<Allocation>& out);
  // One bounded step of the preemption monitor, if its time has come; true when more is due now.
  bool PreemptionStep(Now now);
  std::vector<Notice> TakeNotices();
  // When to call Schedule and PreemptionStep again although nothing happened.
  std::optional<Instant> NextDeadline() const;

  // --- queries
  bool IsLive(ContainerSlot container) const;
  const ContainerPlacement& placement(ContainerSlot container) const;
  const Resource& resource(ShapeSlot shape) const;
  const NodeId& node_id(NodeSlot node) const;
  Resource node_capacity(NodeSlot node) const;
  Resource node_used(NodeSlot node) const;
  int32_t node_containers(NodeSlot node) const;
  const NodeUsage& node_usage(NodeSlot node) const;
  const std::string& node_label(NodeSlot node) const;
  // Whom the node is held back for: one large container, or a gang.
  std::optional<ApplicationSlot> reserved_for(NodeSlot node) const;
  // Which of all reservations that is, for who wants to know whether it is the same one as before.
  std::optional<uint64_t> reservation_number(NodeSlot node) const;
  const std::string& queue_of(ApplicationSlot application) const;
  Resource application_used(ApplicationSlot application) const;
  Resource application_pending(ApplicationSlot application) const;
  Resource application_reserved(ApplicationSlot application) const;
  int32_t application_containers(ApplicationSlot application) const;
  // What waits, in placement order; reasons are those of the last Schedule(). At most `limit`.
  std::vector<PendingAsk> pending(ApplicationSlot application, size_t limit) const;
  // The code for the first ask that waits (or for the activation); O(1).
  PendingReason pending_reason(ApplicationSlot application) const;
  // Everything there is to know about why it waits. O(nodes + queues).
  Explanation Explain(ApplicationSlot application) const;
  // What the application could still get now.
  Resource headroom(ApplicationSlot application) const;
  Resource maximum_allocation(const std::string& queue_path) const;
  std::vector<QueueReport> queues() const;  // parents before children
  Resource cluster_capacity() const;
  Resource cluster_used() const;
  Resource cluster_pending() const;
  int64_t pending_containers() const;
  const ResourceTypes& types() const;
  // Recomputes every sum from the parts; the first difference in words, "" if there is none.
  std::string CheckInvariants() const;

 private:
  struct State;
  explicit CapacityScheduler(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CAPACITY_SCHEDULER_H_
