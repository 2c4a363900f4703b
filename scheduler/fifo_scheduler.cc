// The scheduler with one leaf queue: application priority, then submission order.
#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/limits.h"
#include "scheduler/application_table.h"
#include "scheduler/container_table.h"
#include "scheduler/leaf_queue.h"
#include "scheduler/node_table.h"
#include "scheduler/pending_reason.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {
namespace {

constexpr std::string_view kRoot = "root.";

class FifoScheduler final : public Scheduler {
 public:
  explicit FifoScheduler(const SchedulerOptions& options)
      : options_(options), leaf_(options.default_queue) {}

  NodeSlot AddNode(const NodeId& id, const std::string& rack, const Resource& capacity) override;
  std::vector<ContainerSlot> RemoveNode(NodeSlot node) override;
  void SetNodeSchedulable(NodeSlot node, bool schedulable) override;
  void SetNodeCapacity(NodeSlot node, const Resource& capacity) override;

  Result<std::string> ResolveQueue(const std::string& name) const override;
  ApplicationSlot AddApplication(const AttemptId& id,
                                 const std::string& queue,
                                 const std::string& user,
                                 int32_t priority,
                                 int64_t order) override;
  std::vector<ContainerSlot> RemoveApplication(ApplicationSlot application) override;

  Result<ContainerAsk> Validate(const ContainerAsk& ask) const override;
  void SetAsk(ApplicationSlot application, const ContainerAsk& ask) override;
  void Release(ContainerSlot container) override;
  ContainerSlot Recover(ApplicationSlot application, NodeSlot node, const Resource& r) override;

  bool Schedule(Now now, size_t limit, std::vector<Allocation>& out) override;

  const ContainerPlacement& placement(ContainerSlot container) const override {
    return containers_.at(container);
  }
  const NodeId& node_id(NodeSlot node) const override { return nodes_.at(node).id; }
  Resource node_capacity(NodeSlot node) const override { return nodes_.at(node).capacity; }
  Resource node_used(NodeSlot node) const override { return nodes_.at(node).used; }
  int32_t node_containers(NodeSlot node) const override { return nodes_.at(node).containers; }
  Resource application_used(ApplicationSlot application) const override {
    return applications_.at(application).used;
  }
  int32_t application_containers(ApplicationSlot application) const override {
    return applications_.at(application).containers;
  }
  std::vector<PendingAsk> pending(ApplicationSlot application) const override;
  Resource headroom(ApplicationSlot application) const override;
  std::vector<QueueReport> queues() const override { return {leaf_.Report()}; }
  Resource cluster_capacity() const override { return nodes_.capacity(); }
  Resource cluster_used() const override { return nodes_.used(); }
  Resource cluster_pending() const override { return leaf_.pending(); }
  int64_t pending_containers() const override { return leaf_.pending_containers(); }
  std::string CheckInvariants() const override;

 private:
  // Grants up to `limit` containers of the application's head on `node`.
  size_t PlaceOn(NodeSlot node, ApplicationSlot slot, size_t limit, std::vector<Allocation>& out);
  void WaitForHead(Application& application);
  void WakeForNode(NodeSlot node);
  PendingReason ReasonOf(const Application& application, const ContainerAsk& ask) const;
  std::string CheckApplications() const;
  std::string CheckContainers() const;
  std::string CheckBlocked() const;

  SchedulerOptions options_;
  NodeTable nodes_;
  ContainerTable containers_;
  ApplicationTable applications_;
  LeafQueue leaf_;
};

NodeSlot FifoScheduler::AddNode(const NodeId& id,
                                const std::string& rack,
                                const Resource& capacity) {
  const NodeSlot node = nodes_.Add(id, rack, capacity);
  WakeForNode(node);
  return node;
}

std::vector<ContainerSlot> FifoScheduler::RemoveNode(NodeSlot node) {
  // Its room must wake nobody.
  nodes_.SetSchedulable(node, false);
  std::vector<ContainerSlot> released = containers_.OfNode(node);
  for (const ContainerSlot container : released) Release(container);
  nodes_.Remove(node);
  return released;
}

void FifoScheduler::SetNodeSchedulable(NodeSlot node, bool schedulable) {
  nodes_.SetSchedulable(node, schedulable);
  WakeForNode(node);
}

void FifoScheduler::SetNodeCapacity(NodeSlot node, const Resource& capacity) {
  nodes_.SetCapacity(node, capacity);
  WakeForNode(node);
}

Result<std::string> FifoScheduler::ResolveQueue(const std::string& name) const {
  if (name.empty() || name == leaf_.path() || std::string(kRoot) + name == leaf_.path()) {
    return leaf_.path();
  }
  return Error{ErrorCode::kNotFound,
               "queue '" + name + "' does not exist",
               "the known queues are: " + leaf_.path()};
}

ApplicationSlot FifoScheduler::AddApplication(const AttemptId& id,
                                              const std::string& queue,
                                              const std::string& user,
                                              int32_t priority,
                                              int64_t order) {
  WEIR_CHECK(queue == leaf_.path(), "queue " + queue + " is resolved first");
  leaf_.AddApplication();
  return applications_.Add(id, user, priority, order);
}

std::vector<ContainerSlot> FifoScheduler::RemoveApplication(ApplicationSlot slot) {
  Application& application = applications_.at(slot);
  leaf_.waiting().StopWaiting(application.member);
  leaf_.ChangePending(Resource{} - application.asks.pending(), -application.asks.containers());
  std::vector<ContainerSlot> released = containers_.OfApplication(slot);
  for (const ContainerSlot container : released) Release(container);
  leaf_.RemoveApplication();
  applications_.Remove(slot);
  return released;
}

Result<ContainerAsk> FifoScheduler::Validate(const ContainerAsk& ask) const {
  if (ask.count < 0 || ask.count > limits::kContainersPerAsk) {
    return Error{
        ErrorCode::kInvalidArgument,
        "request " + std::to_string(ask.request_id) + " asks for " + std::to_string(ask.count) +
            " containers",
        "a request asks for 0 to " + std::to_string(limits::kContainersPerAsk) + " containers"};
  }
  if (ask.count == 0) return ask;  // it withdraws: its size does not matter
  ContainerAsk rounded = ask;
  WEIR_ASSIGN_OR_RETURN(
      rounded.resource,
      NormalizeRequest(ask.resource, options_.minimum_allocation, options_.maximum_allocation));
  return rounded;
}

void FifoScheduler::SetAsk(ApplicationSlot slot, const ContainerAsk& ask) {
  WEIR_CHECK(ask.count == 0 || (ask.resource.memory_mib > 0 && ask.resource.vcores > 0),
             "an ask is validated before it is set");
  Application& application = applications_.at(slot);
  const Resource pending = application.asks.pending();
  const int64_t containers = application.asks.containers();
  application.asks.Set(ask);
  leaf_.ChangePending(application.asks.pending() - pending,
                      application.asks.containers() - containers);
  WaitForHead(application);
}

void FifoScheduler::Release(ContainerSlot container) {
  WEIR_CHECK(containers_.IsLive(container),
             "container slot " + std::to_string(container.value) + " is in use");
  const ContainerPlacement placement = containers_.at(container);
  containers_.Remove(container);
  Application& application = applications_.at(placement.application);
  application.used -= placement.resource;
  --application.containers;
  leaf_.Discharge(placement.resource, 1);
  nodes_.Discharge(placement.node, placement.resource, 1);
  WakeForNode(placement.node);
}

ContainerSlot FifoScheduler::Recover(ApplicationSlot slot, NodeSlot node, const Resource& r) {
  Application& application = applications_.at(slot);
  application.used += r;
  ++application.containers;
  leaf_.Charge(r, 1);
  nodes_.Charge(node, r, 1);
  return containers_.Add(slot, node, r);
}

bool FifoScheduler::Schedule(Now /*now*/, size_t limit, std::vector<Allocation>& out) {
  size_t placed = 0;
  while (placed < limit) {
    const std::optional<ApplicationSlot> first = leaf_.waiting().FirstReady();
    if (!first) return false;
    const Application& application = applications_.at(*first);
    const std::optional<NodeSlot> node = nodes_.index().Find(application.asks.head()->resource);
    if (node) {
      placed += PlaceOn(*node, *first, limit - placed, out);
    } else {
      leaf_.waiting().Block(application.member);
    }
  }
  return leaf_.waiting().HasReady();
}

size_t FifoScheduler::PlaceOn(NodeSlot node,
                              ApplicationSlot slot,
                              size_t limit,
                              std::vector<Allocation>& out) {
  Application& application = applications_.at(slot);
  const ContainerAsk ask = *application.asks.head();
  // The fullest node stays the fullest while it has room: what fits is placed in one go.
  const Resource free = nodes_.at(node).free();
  const int64_t room =
      std::min(free.memory_mib / ask.resource.memory_mib, free.vcores / ask.resource.vcores);
  const int64_t wanted = std::min<int64_t>(room, ask.count);
  const int32_t count = static_cast<int32_t>(
      std::min<uint64_t>(static_cast<uint64_t>(wanted), static_cast<uint64_t>(limit)));

  const Resource total = ask.resource * count;
  application.asks.TakeFromHead(count);
  application.used += total;
  application.containers += count;
  leaf_.ChangePending(Resource{} - total, -count);
  leaf_.Charge(total, count);
  nodes_.Charge(node, ask.resource, count);
  for (int32_t i = 0; i < count; ++i) {
    out.push_back(
        {.container = containers_.Add(slot, node, ask.resource, ask.priority, ask.request_id),
         .application = slot,
         .node = node,
         .request_id = ask.request_id,
         .priority = ask.priority,
         .resource = ask.resource});
  }
  WaitForHead(application);
  return static_cast<size_t>(count);
}

void FifoScheduler::WaitForHead(Application& application) {
  const ContainerAsk* head = application.asks.head();
  if (head == nullptr) {
    leaf_.waiting().StopWaiting(application.member);
  } else {
    leaf_.waiting().Wait(application.member, head->resource);
  }
}

void FifoScheduler::WakeForNode(NodeSlot slot) {
  const Node& node = nodes_.at(slot);
  if (node.schedulable) leaf_.waiting().NodeHasRoom(node.free());
}

PendingReason FifoScheduler::ReasonOf(const Application& application,
                                      const ContainerAsk& ask) const {
  const ContainerAsk& head = *application.asks.head();
  if (ask.request_id != head.request_id || !leaf_.waiting().IsBlocked(application.member)) {
    return PendingReason::kPriority;
  }
  return ReasonWithoutRoom(nodes_, ask.resource);
}

std::vector<PendingAsk> FifoScheduler::pending(ApplicationSlot slot) const {
  const Application& application = applications_.at(slot);
  std::vector<PendingAsk> pending;
  pending.reserve(application.asks.asks().size());
  for (const auto& [order, ask] : application.asks.asks()) {
    const PendingReason reason = ReasonOf(application, ask);
    pending.push_back({.ask = ask,
                       .reason = reason,
                       .detail = PendingDetail(nodes_, reason, ask, *application.asks.head())});
  }
  return pending;
}

Resource FifoScheduler::headroom(ApplicationSlot slot) const {
  WEIR_CHECK(applications_.at(slot).containers >= 0, "an application has no fewer than none");
  return nodes_.schedulable_free();
}

std::string FifoScheduler::CheckInvariants() const {
  for (std::string fault : {nodes_.CheckInvariants(),
                            containers_.CheckInvariants(),
                            leaf_.waiting().CheckInvariants(),
                            CheckApplications(),
                            CheckContainers(),
                            CheckBlocked()}) {
    if (!fault.empty()) return fault;
  }
  return "";
}

std::string FifoScheduler::CheckApplications() const {
  Resource used;
  Resource pending;
  int64_t pending_containers = 0;
  int32_t containers = 0;
  int32_t count = 0;
  for (const ApplicationSlot slot : applications_.All()) {
    const Application& application = applications_.at(slot);
    const std::string fault = application.asks.CheckInvariants();
    if (!fault.empty()) return application.id.ToString() + ": " + fault;
    if ((application.asks.head() != nullptr) != application.member.waits()) {
      return application.id.ToString() + " waits for nothing, or not for what it asks";
    }
    Resource own;
    int32_t own_containers = 0;
    for (const ContainerSlot container : containers_.OfApplication(slot)) {
      own += containers_.at(container).resource;
      ++own_containers;
    }
    if (own != application.used || own_containers != application.containers) {
      return application.id.ToString() + " uses " + application.used.ToString() +
             ", its containers are " + own.ToString();
    }
    used += own;
    containers += own_containers;
    pending += application.asks.pending();
    pending_containers += application.asks.containers();
    ++count;
  }
  const QueueReport report = leaf_.Report();
  if (used != report.used || containers != report.containers || count != report.applications) {
    return report.path + " uses " + report.used.ToString() + ", its applications " +
           used.ToString();
  }
  if (used != nodes_.used()) {
    return "the nodes hold " + nodes_.used().ToString() + ", the applications " + used.ToString();
  }
  if (pending != report.pending || pending_containers != leaf_.pending_containers()) {
    return report.path + " wants " + report.pending.ToString() + ", its applications " +
           pending.ToString();
  }
  return "";
}

std::string FifoScheduler::CheckContainers() const {
  for (const ContainerSlot container : containers_.All()) {
    const NodeSlot slot = containers_.at(container).node;
    Resource used;
    int32_t count = 0;
    const std::vector<ContainerSlot> beside = containers_.OfNode(slot);
    if (beside.front() != container) continue;  // each node once
    for (const ContainerSlot other : beside) {
      used += containers_.at(other).resource;
      ++count;
    }
    const Node& node = nodes_.at(slot);
    if (used != node.used || count != node.containers) {
      return "node " + node.id.uuid + " uses " + node.used.ToString() + ", its containers are " +
             used.ToString();
    }
  }
  return "";
}

std::string FifoScheduler::CheckBlocked() const {
  for (const Resource& size : leaf_.waiting().BlockedSizes()) {
    if (nodes_.index().Find(size)) {
      return "asks of " + size.ToString() + " are set aside although a node has room";
    }
  }
  return "";
}

}  // namespace

std::unique_ptr<Scheduler> MakeFifoScheduler(const SchedulerOptions& options) {
  return std::make_unique<FifoScheduler>(options);
}

}  // namespace weir::scheduler
