#include "scheduler/capacity_scheduler.h"

#include <algorithm>
#include <utility>

#include "scheduler/config/dynamic_queues.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {

CapacityScheduler::CapacityScheduler(const SchedulerOptions& options,
                                     std::shared_ptr<const QueueConfiguration> configuration)
    : state_(std::make_unique<State>(options, std::move(configuration))) {}
CapacityScheduler::CapacityScheduler(std::unique_ptr<State> state) : state_(std::move(state)) {}
CapacityScheduler::~CapacityScheduler() = default;

std::unique_ptr<CapacityScheduler> CapacityScheduler::Clone() const {
  return std::unique_ptr<CapacityScheduler>(
      new CapacityScheduler(std::make_unique<State>(*state_)));
}

// --- nodes

NodeSlot CapacityScheduler::AddNode(const NodeId& id,
                                    const std::string& name,
                                    const std::string& rack,
                                    const std::string& label,
                                    const Resource& capacity) {
  return state_->AddNode(id, name, rack, label, capacity);
}
std::vector<ContainerSlot> CapacityScheduler::RemoveNode(NodeSlot node) {
  return state_->RemoveNode(node);
}
void CapacityScheduler::SetNodeSchedulable(NodeSlot node, bool schedulable) {
  state_->SetNodeSchedulable(node, schedulable);
}
void CapacityScheduler::SetNodeCapacity(NodeSlot node, const Resource& capacity) {
  state_->SetNodeCapacity(node, capacity);
}
void CapacityScheduler::SetNodeLabel(NodeSlot node, const std::string& label) {
  state_->SetNodeLabel(node, label);
}
void CapacityScheduler::UpdateNode(NodeSlot node, const NodeUsage& usage) {
  state_->usages[Index(node)] = usage;
  state_->WakeForNode(node);
}

// --- queues

const QueueConfiguration& CapacityScheduler::configuration() const {
  return state_->configuration();
}
Status CapacityScheduler::CheckReconfigure(const QueueConfiguration& configuration) const {
  return state_->CheckReconfigure(
      *CarryDynamicQueues(state_->configuration(), configuration, state_->options.types));
}
Status CapacityScheduler::Reconfigure(std::shared_ptr<const QueueConfiguration> configuration,
                                      Now now) {
  state_->now = now;
  return state_->Reconfigure(
      CarryDynamicQueues(state_->configuration(), *configuration, state_->options.types));
}

// --- applications

Result<std::string> CapacityScheduler::PlaceApplication(const std::string& queue,
                                                        const std::string& application_name,
                                                        const Submitter& submitter) const {
  return PlaceInQueue(state_->configuration(), queue, application_name, submitter);
}

Status CapacityScheduler::CheckSubmission(const std::string& path,
                                          const Submitter& submitter) const {
  const QueueConfiguration& configuration = state_->configuration();
  if (!HasRight(configuration, path, QueueRight::kSubmit, submitter)) {
    return Error{ErrorCode::kPermissionDenied,
                 "user " + submitter.user + " may not submit to queue " + path,
                 "ask for acl_submit_applications on it or on a parent"};
  }
  const std::optional<QueueSlot> leaf = state_->tree.Find(path);
  if (leaf) return state_->tree.CheckSubmission(*leaf, submitter.user);
  // It would be made: the rules for that decide.
  return CheckDynamicQueue(configuration, path);
}

bool CapacityScheduler::MayAdminister(const std::string& path, const Submitter& submitter) const {
  return HasRight(state_->configuration(), path, QueueRight::kAdminister, submitter);
}
bool CapacityScheduler::MaySubmit(const std::string& path, const Submitter& submitter) const {
  return HasRight(state_->configuration(), path, QueueRight::kSubmit, submitter);
}
int32_t CapacityScheduler::PriorityFor(const std::string& path,
                                       const Submitter& submitter,
                                       std::optional<int32_t> asked,
                                       const std::vector<std::string>& tags) const {
  return EffectivePriority(state_->configuration(), path, submitter, asked, tags);
}
Duration CapacityScheduler::LifetimeFor(const std::string& path, Duration asked) const {
  return EffectiveLifetime(state_->configuration(), path, asked);
}

std::map<std::string, std::string> CapacityScheduler::RecoverQueues(
    const std::set<std::string>& paths, Now now) {
  state_->now = now;
  return state_->RecoverQueues(paths);
}
ApplicationSlot CapacityScheduler::AddApplication(const ApplicationSpec& spec, Now now) {
  state_->now = now;
  return state_->AddApplication(spec);
}
std::vector<ContainerSlot> CapacityScheduler::RemoveApplication(ApplicationSlot application) {
  return state_->RemoveApplication(application);
}
Status CapacityScheduler::CheckMove(ApplicationSlot application, const std::string& path) const {
  return state_->CheckMove(application, path);
}
Status CapacityScheduler::MoveApplication(ApplicationSlot application,
                                          const std::string& path,
                                          Now now) {
  state_->now = now;
  return state_->MoveApplication(application, path);
}
void CapacityScheduler::SetPriority(ApplicationSlot application, int32_t priority) {
  state_->SetPriority(application, priority);
}
bool CapacityScheduler::activated(ApplicationSlot application) const {
  return state_->app(application).activated;
}
void CapacityScheduler::ContinueApplication(ApplicationSlot application, const AttemptId& id) {
  state_->ContinueApplication(application, id);
}
void CapacityScheduler::ChangeBlacklist(ApplicationSlot application,
                                        const std::vector<std::string>& add,
                                        const std::vector<std::string>& remove) {
  state_->ChangeBlacklist(application, add, remove);
}

// --- asks and containers

Result<ContainerAsk> CapacityScheduler::Validate(ApplicationSlot application,
                                                 const ContainerAsk& ask) const {
  return state_->Validate(application, ask);
}
void CapacityScheduler::SetAsk(ApplicationSlot application, const ContainerAsk& ask, Now now) {
  state_->now = now;
  state_->SetAsk(application, ask);
}
int32_t CapacityScheduler::Wanted(ApplicationSlot application, int64_t request_id) const {
  const auto& asks = state_->app(application).asks;
  const auto found = asks.find(request_id);
  return found == asks.end() ? 0 : state_->ask_at(found->second).count;
}
void CapacityScheduler::Release(ContainerSlot container) {
  state_->Release(container);
}
void CapacityScheduler::SetMaster(ContainerSlot container) {
  state_->SetMaster(container);
}
Result<Resource> CapacityScheduler::SizeFor(ContainerSlot container, const Resource& size) const {
  WEIR_ASSIGN_OR_RETURN(const Amounts amounts, state_->SizeFor(container, size));
  return state_->options.types.ToResource(amounts);
}
Status CapacityScheduler::Resize(ContainerSlot container, const Resource& size) {
  return state_->Resize(container, size);
}
void CapacityScheduler::SetSize(ContainerSlot container, const Resource& size) {
  state_->SetSize(container, state_->options.types.KnownPartsOf(size));
}
ContainerSlot CapacityScheduler::Recover(ApplicationSlot application,
                                         NodeSlot node,
                                         const Resource& resource) {
  return state_->Recover(application, node, resource);
}

void CapacityScheduler::HoldToGuarantees(bool held) {
  state_->HoldToGuarantees(held);
}

// --- decisions

bool CapacityScheduler::Schedule(Now now, size_t limit, std::vector<Allocation>& out) {
  return state_->Schedule(now, limit, out);
}
bool CapacityScheduler::PreemptionStep(Now now) {
  return state_->PreemptionStep(now);
}
bool CapacityScheduler::IsIdle(const std::string& path) const {
  return state_->idle_queues.contains(path);
}
std::vector<Notice> CapacityScheduler::TakeNotices() {
  return std::exchange(state_->notices, {});
}
std::optional<Instant> CapacityScheduler::NextDeadline() const {
  return state_->NextDeadline();
}

// --- queries

bool CapacityScheduler::IsLive(ContainerSlot container) const {
  return state_->containers.IsLive(container);
}
const ContainerPlacement& CapacityScheduler::placement(ContainerSlot container) const {
  return state_->containers.at(container).placement;
}
const Resource& CapacityScheduler::resource(ShapeSlot shape) const {
  return state_->shapes.resource(shape);
}
const NodeId& CapacityScheduler::node_id(NodeSlot node) const {
  return state_->nodes.at(node).id;
}
Resource CapacityScheduler::node_capacity(NodeSlot node) const {
  return state_->options.types.ToResource(state_->nodes.at(node).capacity);
}
Resource CapacityScheduler::node_used(NodeSlot node) const {
  return state_->options.types.ToResource(state_->nodes.at(node).used);
}
int32_t CapacityScheduler::node_containers(NodeSlot node) const {
  return state_->nodes.at(node).containers;
}
const NodeUsage& CapacityScheduler::node_usage(NodeSlot node) const {
  return state_->usages[Index(node)];
}
const std::string& CapacityScheduler::node_label(NodeSlot node) const {
  return state_->nodes.label(state_->nodes.at(node).partition);
}
const std::string& CapacityScheduler::queue_of(ApplicationSlot application) const {
  return state_->tree.at(state_->app(application).leaf).path;
}
Resource CapacityScheduler::application_used(ApplicationSlot application) const {
  Amounts used;
  for (const PartitionUse& each : state_->app(application).uses) used += each.used;
  return state_->options.types.ToResource(used);
}
Resource CapacityScheduler::application_pending(ApplicationSlot application) const {
  Amounts pending;
  for (const int32_t line : state_->app(application).lines) {
    pending += state_->line_at(line).pending;
  }
  return state_->options.types.ToResource(pending);
}
Resource CapacityScheduler::application_reserved(ApplicationSlot application) const {
  Amounts reserved;
  for (const PartitionUse& each : state_->app(application).uses) reserved += each.reserved;
  return state_->options.types.ToResource(reserved);
}
int32_t CapacityScheduler::application_containers(ApplicationSlot application) const {
  return state_->app(application).containers;
}
std::vector<PendingAsk> CapacityScheduler::pending(ApplicationSlot application,
                                                   size_t limit) const {
  return state_->Pending(application, limit);
}
PendingReason CapacityScheduler::pending_reason(ApplicationSlot application) const {
  return state_->ReasonOf(application);
}
Explanation CapacityScheduler::Explain(ApplicationSlot application) const {
  return state_->Explain(application);
}

// The sum over the partitions that it asks for, or the default one.
Resource CapacityScheduler::headroom(ApplicationSlot slot) const {
  const Application& application = state_->app(slot);
  const auto of = [&](PartitionSlot partition) {
    return state_->tree.Headroom(application.user, partition, state_->nodes.open_free(partition));
  };
  Amounts room;
  for (const int32_t line : application.lines) room += of(state_->line_at(line).partition);
  if (application.lines.empty()) room = of(kDefaultPartition);
  return state_->options.types.ToResource(room);
}

Resource CapacityScheduler::maximum_allocation(const std::string& queue_path) const {
  const QueueSettings* settings = state_->configuration().Find(queue_path);
  return state_->options.types.ToResource(settings == nullptr ? state_->options.types.maximum()
                                                              : settings->maximum_allocation);
}

std::vector<QueueReport> CapacityScheduler::queues() const {
  std::vector<QueueReport> reports;
  for (const QueueSlot queue : state_->tree.All()) reports.push_back(state_->Report(queue));
  return reports;
}

Resource CapacityScheduler::cluster_capacity() const {
  Amounts sum;
  for (const NodeSlot node : state_->nodes.All()) sum += state_->nodes.at(node).capacity;
  return state_->options.types.ToResource(sum);
}
Resource CapacityScheduler::cluster_used() const {
  Amounts sum;
  for (size_t p = 0; p < state_->nodes.partitions(); ++p) {
    sum += state_->nodes.used({static_cast<int32_t>(p)});
  }
  return state_->options.types.ToResource(sum);
}
Resource CapacityScheduler::cluster_pending() const {
  return state_->options.types.ToResource(state_->wanted);
}
int64_t CapacityScheduler::pending_containers() const {
  return state_->wanted_containers;
}
const ResourceTypes& CapacityScheduler::types() const {
  return state_->options.types;
}
std::string CapacityScheduler::CheckInvariants() const {
  return state_->CheckInvariants();
}

}  // namespace weir::scheduler
