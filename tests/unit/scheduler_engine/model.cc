#include "tests/unit/scheduler_engine/model.h"

#include <rapidcheck.h>

#include <algorithm>
#include <limits>
#include <memory>

namespace weir::scheduler {
namespace {

void Require(bool holds, const std::string& what) {
  if (!holds) RC_FAIL(what);
}

std::string Name(ApplicationSlot slot) {
  return "application " + std::to_string(slot.value);
}

}  // namespace

EngineModel::EngineModel(const SchedulerOptions& options, const QueueConfiguration& configuration)
    : options_(options), tree_(options.types) {
  Configure(configuration);
}

void EngineModel::Configure(const QueueConfiguration& configuration) {
  exclusive_ = configuration.labels;
  labels_.emplace("", kDefaultPartition);
  for (const auto& [label, exclusive] : configuration.labels) {
    labels_.emplace(label, PartitionSlot{static_cast<int32_t>(labels_.size())});
  }
  tree_.Configure(std::make_shared<const QueueConfiguration>(configuration), labels_);
  SetTotals();
}

void EngineModel::SetTotals() {
  for (const auto& [label, slot] : labels_) {
    Amounts total;
    for (const auto& [id, node] : nodes_) {
      if (node.schedulable && node.label == label) total += node.capacity;
    }
    tree_.SetPartitionTotal(slot, total);
  }
}

// --- nodes

void EngineModel::AddNode(NodeSlot slot, Node node) {
  Require(nodes_.emplace(slot, std::move(node)).second, "a node's slot is given out twice");
  SetTotals();
}

void EngineModel::RemoveNode(NodeSlot slot, const std::vector<ContainerSlot>& released) {
  std::vector<ContainerSlot> expected;
  for (const auto& [id, container] : containers_) {
    if (container.node == slot) expected.push_back(id);
  }
  Require(expected == released, "not the node's containers are released with it");
  for (const ContainerSlot container : released) Release(container);
  nodes_.erase(slot);
  SetTotals();
}

void EngineModel::SetSchedulable(NodeSlot slot, bool schedulable) {
  nodes_.at(slot).schedulable = schedulable;
  SetTotals();
}

void EngineModel::SetCapacity(NodeSlot slot, const Amounts& capacity) {
  nodes_.at(slot).capacity = capacity;
  SetTotals();
}

void EngineModel::SetLabel(NodeSlot slot, const std::string& label) {
  Node& node = nodes_.at(slot);
  for (const auto& [id, container] : containers_) {
    if (container.node != slot) continue;
    const UserSlot user = applications_.at(container.application).slot;
    tree_.Discharge(user, partition(node.label), container.amounts, 1);
    tree_.Charge(user, partition(label), container.amounts, 1);
  }
  node.label = label;
  SetTotals();
}

// --- applications

void EngineModel::AddApplication(ApplicationSlot slot, Application application) {
  application.slot = tree_.AddApplication(tree_.Find(application.queue).value(), application.user);
  Require(applications_.emplace(slot, std::move(application)).second,
          "an application's slot is given out twice");
}

void EngineModel::RemoveApplication(ApplicationSlot slot,
                                    const std::vector<ContainerSlot>& released) {
  Application& application = applications_.at(slot);
  const std::vector<ContainerSlot> expected(application.containers.begin(),
                                            application.containers.end());
  Require(expected == released, "not the application's containers are released with it");
  application.asks.clear();
  SyncAsking(application);
  for (const auto& [at, amount] : application.reserved) {
    tree_.Unreserve(application.slot, at, amount);
  }
  application.reserved.clear();
  for (const ContainerSlot container : released) Release(container);
  if (application.activated) {
    tree_.Deactivate(application.slot, partition(application.label), application.am);
  }
  tree_.RemoveApplication(application.slot);
  applications_.erase(slot);
}

void EngineModel::Move(ApplicationSlot slot, const std::string& queue, bool activated) {
  Application& application = applications_.at(slot);
  for (const auto& [at, amount] : application.reserved) {
    tree_.Unreserve(application.slot, at, amount);
  }
  application.reserved.clear();
  if (application.asking) tree_.SetAsking(application.slot, false);
  application.asking = false;
  const PartitionSlot am_partition = partition(application.label);
  for (const ContainerSlot id : application.containers) {
    const Container& container = containers_.at(id);
    tree_.Discharge(
        application.slot, partition(nodes_.at(container.node).label), container.amounts, 1);
  }
  if (application.activated) tree_.Deactivate(application.slot, am_partition, application.am);
  tree_.RemoveApplication(application.slot);
  application.queue = queue;
  application.slot = tree_.AddApplication(tree_.Find(queue).value(), application.user);
  for (const ContainerSlot id : application.containers) {
    const Container& container = containers_.at(id);
    tree_.Charge(
        application.slot, partition(nodes_.at(container.node).label), container.amounts, 1);
  }
  Require(activated == !application.containers.empty(), "only what runs stays active in a move");
  // One that was not active before is told of separately.
  application.activated = application.activated && activated;
  if (application.activated) tree_.Activate(application.slot, am_partition, application.am);
  SyncAsking(application);
}

void EngineModel::SyncAsking(Application& application) {
  const bool asking = application.activated && !application.asks.empty();
  if (asking == application.asking) return;
  application.asking = asking;
  tree_.SetAsking(application.slot, asking);
}

void EngineModel::SetAsk(ApplicationSlot slot, const ContainerAsk& ask) {
  Application& application = applications_.at(slot);
  std::erase_if(application.asks,
                [&](const auto& each) { return each.first.second == ask.request_id; });
  if (ask.count > 0) application.asks.emplace(AskKey{ask.priority, ask.request_id}, ask);
  SyncAsking(application);
}

void EngineModel::Activated(ApplicationSlot slot) {
  Application& application = applications_.at(slot);
  Require(!application.activated, Name(slot) + " is activated twice");
  tree_.Activate(application.slot, partition(application.label), application.am);
  application.activated = true;
  SyncAsking(application);
}

// --- containers

void EngineModel::Charge(ApplicationSlot slot,
                         NodeSlot node_slot,
                         ContainerSlot container,
                         const Amounts& each) {
  Application& application = applications_.at(slot);
  Node& node = nodes_.at(node_slot);
  const bool borrowed = partition(node.label) != partition(application.label);
  const bool fresh =
      containers_.emplace(container, Container{slot, node_slot, each, borrowed}).second;
  Require(fresh, "a container's slot is given out twice");
  application.containers.insert(container);
  node.used += each;
  ++node.containers;
  tree_.Charge(application.slot, partition(node.label), each, 1);
}

void EngineModel::Release(ContainerSlot id) {
  const Container container = containers_.at(id);
  Application& application = applications_.at(container.application);
  Node& node = nodes_.at(container.node);
  containers_.erase(id);
  application.containers.erase(id);
  node.used -= container.amounts;
  --node.containers;
  tree_.Discharge(application.slot, partition(node.label), container.amounts, 1);
}

void EngineModel::Recover(ApplicationSlot slot,
                          NodeSlot node,
                          ContainerSlot container,
                          const Amounts& each) {
  Charge(slot, node, container, each);
  containers_.at(container).borrowed = false;
}

// As a new container of `more` there would be judged.
bool EngineModel::MayGrow(const Container& container, const Amounts& more) {
  const Node& node = nodes_.at(container.node);
  if (!IsOpen(container.node)) return false;
  if (!more.FitsIn(node.capacity - node.used)) return false;
  const Application& application = applications_.at(container.application);
  const PartitionSlot at = partition(node.label);
  const LimitMode mode =
      container.borrowed ? LimitMode::kIgnoreExclusivity : LimitMode::kRespectExclusivity;
  const QueueSlot leaf = tree_.Find(application.queue).value();
  return tree_.UserAllowance(application.slot, at, more, mode).count > 0 &&
         tree_.QueueAllowance(leaf, at, more, mode).count > 0;
}

bool EngineModel::MasterMayHave(const Application& application, const Amounts& size) {
  if (!application.activated || size.FitsIn(application.am)) return true;
  const PartitionSlot at = partition(application.label);
  tree_.Deactivate(application.slot, at, application.am);
  const PendingReason reason = tree_.CheckActivation(application.slot, at, size);
  tree_.Activate(application.slot, at, application.am);
  return reason == PendingReason::kNone;
}

void EngineModel::SetMasterSize(Application& application, const Amounts& size) {
  const PartitionSlot at = partition(application.label);
  if (application.activated) tree_.Deactivate(application.slot, at, application.am);
  application.am = size;
  if (application.activated) tree_.Activate(application.slot, at, application.am);
}

void EngineModel::SetMaster(ContainerSlot id) {
  Container& container = containers_.at(id);
  container.master = true;
  SetMasterSize(applications_.at(container.application), container.amounts);
}

void EngineModel::Resize(ContainerSlot id, const Amounts& size, bool granted) {
  Container& container = containers_.at(id);
  Application& application = applications_.at(container.application);
  if (size == container.amounts) return Require(granted, "a size is refused that it has");
  const Amounts more = FloorAtZero(size - container.amounts);
  bool may = more.IsZero() || MayGrow(container, more);
  if (may && container.master) may = MasterMayHave(application, size);
  Require(may == granted, may ? "a size is refused that may be had" : "a size is granted in vain");
  if (!may) return;
  if (container.master) SetMasterSize(application, size);
  Node& node = nodes_.at(container.node);
  node.used += size - container.amounts;
  tree_.Charge(application.slot, partition(node.label), size - container.amounts, 0);
  container.amounts = size;
}

void EngineModel::NoteReservations(const CapacityScheduler& scheduler) {
  reserved_.clear();
  std::set<ApplicationSlot> holders;
  for (const auto& [slot, node] : nodes_) {
    const std::optional<ApplicationSlot> holder = scheduler.reserved_for(slot);
    if (!holder) continue;
    Require(applications_.contains(*holder), "a node is held back for nobody");
    Require(node.schedulable, "a node is held back that may not get containers");
    Require(applications_.at(*holder).label == node.label,
            "a node of another partition is held back");
    reserved_.emplace(slot, Held{*holder, scheduler.reservation_number(slot).value()});
    holders.insert(*holder);
  }
  for (auto& [slot, application] : applications_) {
    if (!holders.contains(slot) && application.reserved.empty()) continue;
    const Amounts now = amounts(scheduler.application_reserved(slot));
    const PartitionSlot at = partition(application.label);
    const auto before = application.reserved.find(at);
    if (before != application.reserved.end()) {
      tree_.Unreserve(application.slot, at, before->second);
      application.reserved.erase(before);
    }
    if (now.IsZero()) continue;  // a gang's, which is not charged
    Require(holders.contains(slot), Name(slot) + " has reserved, but no node is held back for it");
    tree_.Reserve(application.slot, at, now);
    application.reserved.emplace(at, now);
  }
}

// --- each decision

int64_t EngineModel::On(const Application& application,
                        const std::string* rack,
                        NodeSlot node) const {
  int64_t count = 0;
  for (const ContainerSlot id : application.containers) {
    const NodeSlot at = containers_.at(id).node;
    count += rack != nullptr ? nodes_.at(at).rack == *rack : at == node;
  }
  return count;
}

void EngineModel::CheckPlace(const Application& application,
                             const ContainerAsk& ask,
                             NodeSlot slot) const {
  const Node& node = nodes_.at(slot);
  Require(!application.blacklist.contains(node.name), "placed on a node that is not wanted");
  if (!ask.relax_locality) {
    const bool there =
        std::find(ask.nodes.begin(), ask.nodes.end(), node.name) != ask.nodes.end() ||
        std::find(ask.racks.begin(), ask.racks.end(), node.rack) != ask.racks.end();
    Require(there, "placed elsewhere than where alone it may go");
  }
  if (ask.max_per_node > 0) {
    Require(On(application, nullptr, slot) < ask.max_per_node, "more on a node than allowed");
  }
  if (ask.max_per_rack > 0) {
    Require(On(application, &node.rack, slot) < ask.max_per_rack, "more in a rack than allowed");
  }
  if (node.label == ask.label) return;
  Require(ask.label.empty() && !ask.gang && !application.containers.empty() &&
              exclusive_.contains(node.label) && !exclusive_.at(node.label),
          "placed in a partition that it may not borrow from");
}

void EngineModel::CheckLimits(const Application& application,
                              const ContainerAsk& ask,
                              const Amounts& each,
                              bool borrowed,
                              PartitionSlot at) const {
  if (ask.gang) {
    Require(GangAllowed(application, ask), "a gang is placed over a limit");
    return;
  }
  const LimitMode mode = borrowed ? LimitMode::kIgnoreExclusivity : LimitMode::kRespectExclusivity;
  // The limit is not quite monotone in the usage (it is the larger of two amounts by their dominant
  // shares), so what goes to one node in one go is measured by the limit as it was before.
  const Amounts& used = tree_.user(application.slot).shares[Index(at)].used;
  const bool within =
      batch_limit_ &&
      Compare(tree_.configuration().calculator, used, *batch_limit_, tree_.total(at)) <= 0;
  Require(within || tree_.UserAllowance(application.slot, at, each, mode).count > 0,
          "the user limit is exceeded by more than one container");
  if (borrowed) return;
  const QueueSlot leaf = tree_.user(application.slot).leaf;
  Require(tree_.QueueAllowance(leaf, at, each, mode).count > 0, "a queue's limit is exceeded");
}

bool EngineModel::GangAllowed(const Application& application, const ContainerAsk& ask) const {
  const PartitionSlot at = partition(ask.label);
  const Amounts each = amounts(ask.resource);
  const Amounts whole = each * ask.count;
  const LimitMode mode = LimitMode::kRespectExclusivity;
  const Amounts limit = tree_.UserLimit(application.slot, at, whole, mode);
  const Amounts before = tree_.user(application.slot).shares[Index(at)].used + whole - each;
  const Calculator calculator = tree_.configuration().calculator;
  return Compare(calculator, before, limit, tree_.total(at)) <= 0 &&
         tree_.QueueAllowance(tree_.user(application.slot).leaf, at, whole, mode).count > 0;
}

void EngineModel::CheckDecision(const Allocation& decision,
                                const ContainerAsk& ask,
                                bool first_of_gang,
                                bool reservations,
                                const CapacityScheduler& scheduler) const {
  const Application& application = applications_.at(decision.application);
  const Node& node = nodes_.at(decision.node);
  const Amounts each = amounts(scheduler.resource(decision.shape));
  Require(scheduler.IsLive(decision.container), "a container is granted that is not there");
  Require(application.activated, "an application gets a container before it may run");
  Require(each == amounts(ask.resource), "another size is granted than was asked for");
  Require(node.schedulable, "placed on a node that may get no containers");
  Require((node.used + each).FitsIn(node.capacity), "placed on a node without room");
  // One that was given up in between did not hold, even if its holder has the node again by now.
  const auto held = reserved_.find(decision.node);
  Require(held == reserved_.end() || held->second.holder == decision.application ||
              scheduler.reservation_number(decision.node) != held->second.number,
          "placed on a node that is held back for another");
  CheckPlace(application, ask, decision.node);
  // What is held back changes unseen in between: then only the checks above.
  if (reservations || (ask.gang && !first_of_gang)) return;
  CheckLimits(application, ask, each, node.label != ask.label, partition(node.label));
}

void EngineModel::Take(const std::vector<Allocation>& decisions,
                       const CapacityScheduler& scheduler) {
  bool reservations = !reserved_.empty();
  for (const auto& [slot, node] : nodes_) reservations |= scheduler.reserved_for(slot).has_value();
  std::pair<ApplicationSlot, int64_t> gang{ApplicationSlot{}, 0};
  bool in_gang = false;
  ApplicationSlot batch_app;
  NodeSlot batch_node;
  ShapeSlot batch_shape;
  for (const Allocation& decision : decisions) {
    const auto found = applications_.find(decision.application);
    Require(found != applications_.end(), "a container for an application that has gone");
    Application& application = found->second;
    Require(!application.asks.empty(), "a container for an application that wants none");
    const auto head = application.asks.begin();
    ContainerAsk& ask = head->second;
    Require(ask.request_id == decision.request_id && ask.priority == decision.priority,
            "another ask is served than the first one");
    const std::pair of(decision.application, decision.request_id);
    const bool same_batch = batch_app == decision.application && batch_node == decision.node &&
                            batch_shape == decision.shape;
    if (!same_batch) {
      const PartitionSlot at = partition(nodes_.at(decision.node).label);
      const LimitMode mode = nodes_.at(decision.node).label != ask.label
                                 ? LimitMode::kIgnoreExclusivity
                                 : LimitMode::kRespectExclusivity;
      batch_limit_ = tree_.UserLimit(application.slot, at, options_.types.minimum(), mode);
    }
    batch_app = decision.application;
    batch_node = decision.node;
    batch_shape = decision.shape;
    Require(!in_gang || gang == of, "something else comes between the containers of a gang");
    CheckDecision(decision, ask, ask.gang && !in_gang, reservations, scheduler);
    Charge(decision.application, decision.node, decision.container, amounts(ask.resource));
    gang = of;
    in_gang = ask.gang;
    if (--ask.count == 0) {
      application.asks.erase(head);
      in_gang = false;
    }
    SyncAsking(application);
  }
  Require(!in_gang, "a part of a gang is placed");
}

// --- sums

void EngineModel::CheckSums(const CapacityScheduler& scheduler) const {
  const std::string fault = scheduler.CheckInvariants();
  Require(fault.empty(), fault);
  for (const auto& [slot, node] : nodes_) {
    Require(amounts(scheduler.node_used(slot)) == node.used &&
                scheduler.node_containers(slot) == node.containers &&
                scheduler.node_label(slot) == node.label,
            "a node's books differ");
  }
  for (const auto& [slot, application] : applications_) {
    Amounts used;
    for (const ContainerSlot id : application.containers) used += containers_.at(id).amounts;
    Amounts pending;
    for (const auto& [key, ask] : application.asks) {
      pending += amounts(ask.resource) * ask.count;
      Require(scheduler.Wanted(slot, ask.request_id) == ask.count, Name(slot) + " wants another");
    }
    Require(amounts(scheduler.application_used(slot)) == used &&
                amounts(scheduler.application_pending(slot)) == pending &&
                scheduler.queue_of(slot) == application.queue &&
                scheduler.activated(slot) == application.activated,
            Name(slot) + "'s books differ");
  }
}

void EngineModel::CheckQueues(const CapacityScheduler& scheduler, bool decided) const {
  const std::string fault = tree_.CheckInvariants();
  Require(fault.empty(), "model: " + fault);
  const std::vector<QueueReport> reports = scheduler.queues();
  Require(reports.size() == tree_.All().size(), "another number of queues");
  for (const QueueReport& report : reports) {
    const Queue& queue = tree_.at(tree_.Find(report.path).value());
    for (const QueuePartitionReport& part : report.partitions) {
      const QueueShare& share = queue.shares[Index(partition(part.label))];
      Require(amounts(part.used) == share.used && amounts(part.reserved) == share.reserved &&
                  amounts(part.am_used) == (report.leaf ? share.am_used : Amounts{}),
              "the books of " + report.path + " in '" + part.label + "' differ");
      Require(!decided || amounts(part.guaranteed) == share.guaranteed,
              "what " + report.path + " has of '" + part.label + "' differs");
    }
    Require(report.active_applications == queue.activated &&
                report.pending_applications == queue.applications - queue.activated,
            "the counts of " + report.path + " differ");
  }
}

}  // namespace weir::scheduler
