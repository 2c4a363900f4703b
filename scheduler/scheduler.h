// Scheduler: decides which node each asked-for container gets. A pure, deterministic library:
// mutations in, decisions out, same calls, same decisions.
//
// Terms: an *application* here is one application attempt's line of asks in one leaf queue; a
// *container slot* is the dense index of a granted container, the one place where its allocation
// lives (node, application, resource): the owner of the core keeps its life cycle in an array on
// the same index. A slot is freed by Release and may be reused afterwards.
//
// Placement is ask-driven over the whole cluster: Schedule() places whatever fits now and is called
// after every batch of mutations. Within a leaf queue: application priority (higher first), then
// submission order; within an application: ask priority (lower number first), then request id.
// An ask that fits nowhere does not hold up smaller ones behind it in other applications, but does
// hold up later asks of its own application (reservation comes with the capacity scheduler).
// Node choice: the fullest node on which it fits (packing), ties by node order of registration.
//
// Invariants: per node, used = sum of its containers <= capacity (but after a capacity was
// lowered); per queue, used = sum of its applications; every ask with a count > 0 after Schedule()
// has a PendingReason other than kNone.
//
// Owner: the ResourceManager core. Single-threaded. No clock: `now` comes in.
#ifndef WEIR_SCHEDULER_SCHEDULER_H_
#define WEIR_SCHEDULER_SCHEDULER_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "common/application.h"
#include "common/ids.h"
#include "common/master_messages.h"
#include "common/resource.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::scheduler {

// Dense indices; valid until the thing is removed, reused afterwards.
struct NodeSlot {
  int32_t value = -1;
  auto operator<=>(const NodeSlot&) const = default;
};
struct ApplicationSlot {
  int32_t value = -1;
  auto operator<=>(const ApplicationSlot&) const = default;
};
struct ContainerSlot {
  int32_t value = -1;
  auto operator<=>(const ContainerSlot&) const = default;
};

struct SchedulerOptions {
  Resource minimum_allocation{1024, 1};
  Resource maximum_allocation{8192, 4};
  std::string default_queue = "root.default";
};

// One granted container. The core gives it its ContainerId.
struct Allocation {
  ContainerSlot container;
  ApplicationSlot application;
  NodeSlot node;
  int64_t request_id = 0;
  int32_t priority = 0;
  Resource resource;
};

// Where a container lives; what the slot holds.
struct ContainerPlacement {
  ApplicationSlot application;
  NodeSlot node;
  Resource resource;
  int32_t priority = 0;
  int64_t request_id = 0;
  bool live = false;
};

struct PendingAsk {
  ContainerAsk ask;
  PendingReason reason = PendingReason::kNone;
  std::string detail;  // the reason in a sentence, with its numbers
};

struct QueueReport {
  std::string path;
  Resource used;
  Resource pending;
  int32_t applications = 0;
  int32_t containers = 0;
};

class Scheduler {
 public:
  virtual ~Scheduler() = default;

  // --- nodes
  virtual NodeSlot AddNode(const NodeId& id, const std::string& rack, const Resource& capacity) = 0;
  // Its containers are released; their slots are returned, in slot order.
  virtual std::vector<ContainerSlot> RemoveNode(NodeSlot node) = 0;
  // An unschedulable node keeps its containers and gets no new ones (unhealthy, draining).
  virtual void SetNodeSchedulable(NodeSlot node, bool schedulable) = 0;
  virtual void SetNodeCapacity(NodeSlot node, const Resource& capacity) = 0;

  // --- applications
  // The full path of the queue that `name` means ("" = default). kNotFound names the known ones.
  virtual Result<std::string> ResolveQueue(const std::string& name) const = 0;
  // Requires: `queue` as ResolveQueue gave it. `order` breaks ties of priority, lower first.
  virtual ApplicationSlot AddApplication(const AttemptId& id,
                                         const std::string& queue,
                                         const std::string& user,
                                         int32_t priority,
                                         int64_t order) = 0;
  // Its asks go, its containers are released and their slots returned, in slot order.
  virtual std::vector<ContainerSlot> RemoveApplication(ApplicationSlot application) = 0;

  // --- asks and containers
  // The ask as it will be placed: rounded up. kInvalidArgument: not positive, over the maximum, a
  // negative count, a count over limits::kContainersPerAsk.
  virtual Result<ContainerAsk> Validate(const ContainerAsk& ask) const = 0;
  // Absolute: replaces the ask with the same request id; count 0 withdraws it.
  // Requires: a validated ask.
  virtual void SetAsk(ApplicationSlot application, const ContainerAsk& ask) = 0;
  // Requires: a live slot.
  virtual void Release(ContainerSlot container) = 0;
  // Charges a container that already runs (recovery). Requires: live application and node.
  virtual ContainerSlot Recover(ApplicationSlot application, NodeSlot node, const Resource& r) = 0;

  // --- decisions
  // Places at most `limit` containers; appends them to `out` in the order decided. True when more
  // could be placed now (call again).
  virtual bool Schedule(Now now, size_t limit, std::vector<Allocation>& out) = 0;

  // --- queries
  virtual const ContainerPlacement& placement(ContainerSlot container) const = 0;
  virtual const NodeId& node_id(NodeSlot node) const = 0;
  virtual Resource node_capacity(NodeSlot node) const = 0;
  virtual Resource node_used(NodeSlot node) const = 0;
  virtual int32_t node_containers(NodeSlot node) const = 0;
  virtual Resource application_used(ApplicationSlot application) const = 0;
  virtual int32_t application_containers(ApplicationSlot application) const = 0;
  // What waits, in placement order; reasons are those of the last Schedule().
  virtual std::vector<PendingAsk> pending(ApplicationSlot application) const = 0;
  // What the application could still get now.
  virtual Resource headroom(ApplicationSlot application) const = 0;
  virtual std::vector<QueueReport> queues() const = 0;
  virtual Resource cluster_capacity() const = 0;
  virtual Resource cluster_used() const = 0;
  virtual Resource cluster_pending() const = 0;
  virtual int64_t pending_containers() const = 0;
  // Recomputes every sum from the parts; the first difference in words, "" if there is none.
  virtual std::string CheckInvariants() const = 0;
};

std::unique_ptr<Scheduler> MakeFifoScheduler(const SchedulerOptions& options);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_SCHEDULER_H_
