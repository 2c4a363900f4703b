// Nodes: registration, heartbeat as a long poll, health, and what follows when one goes.
#include <algorithm>
#include <compare>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/node_lease.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

constexpr size_t kHealthReportBytes = 4096;

Error RegisterFirst(const NodeId& id, const std::string& why) {
  return {ErrorCode::kResync, "node " + id.uuid + " " + why, "register again"};
}

std::string Superseded(const NodeId& id) {
  return "a newer heartbeat of node " + id.uuid + " came";
}

Status ValidateRegistration(const RegisterNodeRequest& request) {
  WEIR_RETURN_IF_ERROR(
      ValidateText("the node's id", request.id.uuid, limits::kNameBytes, EmptyText::kRefused));
  const std::string node = "node " + request.id.uuid;
  WEIR_RETURN_IF_ERROR(ValidateText(
      node + ": its host", request.address.host, limits::kNameBytes, EmptyText::kRefused));
  WEIR_RETURN_IF_ERROR(ValidateText(
      node + ": its HTTP address", request.http_address, limits::kNameBytes, EmptyText::kAllowed));
  WEIR_RETURN_IF_ERROR(
      ValidateText(node + ": its rack", request.rack, limits::kNameBytes, EmptyText::kAllowed));
  const Resource& capacity = request.capacity;
  if (capacity.memory_mib <= 0 || capacity.vcores <= 0 ||
      capacity.memory_mib > Resource::kMemoryMibMax || capacity.vcores > Resource::kVcoresMax) {
    return Error{ErrorCode::kInvalidArgument,
                 node + " offers " + capacity.ToString(),
                 "memory and vcores must be positive; see yarn.nodemanager.resource.*"};
  }
  return {};
}

// As the node sent them; nothing to tell them apart by is as a newer one.
std::strong_ordering OrderOf(const RegisterNodeRequest& request, const Node& node) {
  if (request.process == 0) return std::strong_ordering::greater;
  return std::pair(request.process, request.number) <=> node.registration;
}

}  // namespace

Node* ResourceManagerCore::State::FindNode(const NodeId& id) {
  const auto found = node_indices.find(id.uuid);
  return found == node_indices.end() ? nullptr : &NodeAt(found->second);
}

const Node* ResourceManagerCore::State::FindNode(const NodeId& id) const {
  const auto found = node_indices.find(id.uuid);
  return found == node_indices.end() ? nullptr : &NodeAt(found->second);
}

Node& ResourceManagerCore::State::AddNode(const store::NodeRecord& record) {
  auto owned = std::make_unique<Node>();
  Node& node = *owned;
  node.record = record;
  if (free_indices.empty()) {
    free_indices.push_back(static_cast<int32_t>(nodes_by_index.size()));
    nodes_by_index.push_back(nullptr);
  }
  node.index = free_indices.back();
  free_indices.pop_back();
  node.name = SharedText(record.id.uuid);
  node.words = SharedText("node=" + record.id.uuid);
  nodes_by_index[static_cast<size_t>(node.index)] = &node;
  node_indices.emplace(record.id.uuid, node.index);
  nodes.emplace(record.id, std::move(owned));
  return node;
}

bool ResourceManagerCore::State::Move(Node& node, NodeEvent event) {
  const bool was_active = IsActive(node.state);
  const auto about = [&] {
    return std::pair{Subject(node.name), SharedText("address=" + node.record.address.ToString())};
  };
  if (!Apply(node_table, "node", node.state, event, about)) return false;
  active_nodes += static_cast<int32_t>(IsActive(node.state)) - static_cast<int32_t>(was_active);
  if (node.awaited && node.state != NodeState::kNew) {
    node.awaited = false;
    --awaited_nodes;
    if (awaited_nodes == 0) EndBarrier("no node is awaited any more");
  }
  NoteGone(node);
  open_nodes_differ = true;
  return true;
}

void ResourceManagerCore::State::On(const RegisterNode& event) {
  const RegisterNodeRequest& request = event.request;
  if (Status valid = ValidateRegistration(request); !valid.ok()) {
    return Answer(event.call, std::move(valid).error());
  }
  const std::vector<std::string> names = {
      request.id.uuid, request.address.ToString(), request.address.host};
  if (auto why = RefusalOf(request.id, names)) {
    return Answer(
        event.call,
        Error{
            ErrorCode::kFailedPrecondition, "node " + request.address.ToString() + " " + *why, ""});
  }
  Node* known = FindNode(request.id);
  if (known != nullptr && OrderOf(request, *known) <= 0) return RegisterCopy(*known, event);
  std::vector<store::StoreOperation> batch;
  if (known == nullptr && nodes.size() >= options.known_nodes) {
    Node* oldest = LongestGone();
    if (oldest == nullptr) {
      return Answer(event.call,
                    Error{ErrorCode::kResourceExhausted,
                          "node " + request.id.uuid + " is one too many: " +
                              std::to_string(options.known_nodes) + " are there or awaited",
                          "end a NodeManager: the node that is gone for longest makes room"});
    }
    ForgetNode(*oldest, batch);
  }
  const store::NodeRecord record{.id = request.id,
                                 .address = request.address,
                                 .http_address = request.http_address,
                                 .rack = request.rack,
                                 .capacity = request.capacity};
  uint64_t sequence = 0;
  Node& node = known == nullptr ? AddNode(record) : *known;
  if (known == nullptr || node.record != record) {
    node.record = record;
    batch.push_back(store::Put{record});
    sequence = Append(std::move(batch));
  }
  if (sequence > 0) node.record_sequence = sequence;
  ActivateNode(node, request);
  AnswerRegistration(node, event.call);
}

void ResourceManagerCore::State::AnswerRegistration(const Node& node, CallId call) {
  Answer(call,
         RegisterNodeAnswer{.epoch = epoch.epoch,
                            .session = node.session,
                            .expiry = options.node_expiry,
                            .lease = NodeLease(options.node_lease, options.node_expiry),
                            .wall = now.wall,
                            .unconfirmed = leadership->Unconfirmed(now.monotonic)},
         node.record_sequence);
}

// One that comes late, such as when its sender gave up waiting, says less than was said since. The
// newest itself, come again, is answered as before.
void ResourceManagerCore::State::RegisterCopy(const Node& node, const RegisterNode& event) {
  if (OrderOf(event.request, node) == 0 && IsActive(node.state)) {
    return AnswerRegistration(node, event.call);
  }
  Answer(event.call,
         Error{ErrorCode::kAborted,
               "a later registration of node " + node.id().uuid + " came first",
               ""});
}

void ResourceManagerCore::State::ActivateNode(Node& node, const RegisterNodeRequest& request) {
  EndParked(node.polls, ErrorCode::kAborted, "node " + node.id().uuid + " registered again");
  node.polls.Reset();
  node.session = next_session++;
  node.registration = {request.process, request.number};
  node.last_heartbeat = now.wall;
  EndSilence(node);
  node.own_label = request.label;
  node.offered = request.capacity;
  if (IsActive(node.state)) {
    Move(node, NodeEvent::kReconnected);
    UseSettings(node);
  } else {
    Move(node, NodeEvent::kStarted);
    node.health_report.clear();
    node.healthy = true;
    node.drain_enforced = false;
    node.slot = sched->AddNode(
        node.id(), request.address.host, request.rack, LabelOf(node), CapacityOf(node));
    const auto slot = static_cast<size_t>(node.slot->value);
    if (node_slots.size() <= slot) node_slots.resize(slot + 1, -1);
    node_slots[slot] = node.index;
    node.granted.reset();
    UseGrant(node);
  }
  place = true;
  node_deadlines.Set(node.index, now.monotonic + options.node_expiry);
  Reconcile(node, request.containers);
  for (const auto& id : request.applications) {
    Application* application = FindApplication(id);
    if (application != nullptr && !application->final_durable) {
      application->nodes.Insert(node.index);
    } else {
      TellNodeFinished(node, id);
    }
  }
  if (node.state == NodeState::kRunning && decommissions.contains(node.id())) BeginDrain(node);
  // The new session has heard nothing yet.
  for (auto& [id, told_in] : node.starts) told_in = kUntold;
  for (auto& [id, stop] : node.stops) stop.told = false;
  for (const int64_t number : node.commands) commands.at(number).told = false;
  for (auto& [id, told_in] : node.recorded) told_in = kUntold;
  for (auto& [id, told_in] : node.finished_applications) told_in = kUntold;
}

void ResourceManagerCore::State::Reconcile(Node& node,
                                           const std::vector<ContainerStatus>& reported) {
  taking_report = true;
  std::set<ContainerId> present;
  for (const auto& status : reported) present.insert(status.id);
  // What was to be stopped here and is gone has ended.
  node.expected.merge(node.strangers);
  node.strangers.clear();
  node.unacknowledged.clear();
  std::erase_if(node.stops, [&](const auto& stop) {
    const auto slot = containers.Find(stop.first);
    const bool held = slot && containers.at(*slot).node == node.index;
    return !held && !present.contains(stop.first);
  });
  node.recorded.clear();  // what it still holds it reports again
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (!containers.IsHeld(slot)) continue;
    const Container& container = containers.at(slot);
    const ContainerId id = containers.IdOf(slot);
    if (present.contains(id)) continue;
    // A grant that an AM may be starting right now is not expected here yet; nor is an AM of
    // which the node has not acknowledged the start command.
    const bool start_heard =
        id.is_application_master() && container.told && !node.starts.contains(id);
    if (!container.at_node && (!start_heard || container.stopping)) continue;
    Move(slot, ContainerEvent::kNodeGone);
    FreeContainer(slot,
                  EndedStatus(slot, "The NodeManager registered again without this container"));
  }
  for (const auto& status : reported) OnReported(node, status);
  taking_report = false;
  SettleExpected(node, "The NodeManager registered again without this container");
}

void ResourceManagerCore::State::On(const NodeHeartbeat& event) {
  Node* found = FindNode(event.node);
  const NodeHeartbeatRequest& request = event.request;
  if (found == nullptr || !IsActive(found->state)) {
    return Answer(event.call, RegisterFirst(event.node, "is not registered"));
  }
  Node& node = *found;
  if (request.session != node.session) {
    return Answer(event.call, RegisterFirst(event.node, "sent a session that is over"));
  }
  const PollKind kind = node.polls.Classify(request.sequence);
  if (kind == PollKind::kGap) {
    return Answer(event.call,
                  RegisterFirst(event.node,
                                "sent sequence " + std::to_string(request.sequence) + " after " +
                                    std::to_string(node.polls.last())));
  }
  if (kind == PollKind::kOvertaken) {
    return Answer(event.call, Error{ErrorCode::kAborted, Superseded(event.node), ""});
  }
  node_deadlines.Set(node.index, now.monotonic + options.node_expiry);
  node.last_heartbeat = now.wall;
  EndSilence(node);
  if (kind == PollKind::kAnswered) {
    return Answer(event.call, node.polls.AnswerTo(request.sequence));
  }
  if (kind == PollKind::kNext) {
    if (node.polls.parked) {
      EndParked(node.polls, ErrorCode::kAborted, Superseded(event.node));
    }
    AcknowledgeAnswers(node);
    node.polls.Advance();
    // A signal is answered as what it was, though it has ended its container.
    for (const CommandOutcome& outcome : request.outcomes) OnOutcome(node, outcome);
    taking_report = true;
    for (const auto& status : request.containers) OnReported(node, status);
    taking_report = false;
    LaunchAllFree();
    SetHealth(node, request.healthy, request.health_report);
    node.utilization = request.utilization;
  }
  ParkNode(node, event.call, request.park);
  FinishDrainIfEmpty(node);
}

void ResourceManagerCore::State::ParkNode(Node& node, CallId call, Duration park) {
  // Not as one that a newer came after: its answer is still to be asked for.
  if (node.polls.parked) {
    EndParked(node.polls,
              ErrorCode::kUnavailable,
              "the same heartbeat of node " + node.id().uuid + " came again");
  }
  // A silent node is noticed in time only if its polls end well before that.
  const Duration longest =
      std::min<Duration>(milliseconds(limits::kParkMillisMax), options.node_expiry / 2);
  node.polls.parked = Park(call, park, longest);
  MarkDirty(node);
}

void ResourceManagerCore::State::SetHealth(Node& node, bool healthy, const std::string& report) {
  if (report.size() > kHealthReportBytes) {
    node.health_report = CutMiddle(report, kHealthReportBytes);
  } else if (node.health_report != report) {
    node.health_report = report;
  }
  node.healthy = healthy;
  if (Move(node, healthy ? NodeEvent::kHealthy : NodeEvent::kUnhealthy)) UseSchedulability(node);
}

void ResourceManagerCore::State::On(const UnregisterNode& event) {
  Node* node = FindNode(event.node);
  if (node == nullptr || node->session != event.session || node->state == NodeState::kLost) {
    return Answer(event.call, RegisterFirst(event.node, "is not registered with this session"));
  }
  if (Move(*node, NodeEvent::kShutdown)) {
    EvacuateNode(*node, "The NodeManager was shut down");
    FinishDrainOfGone(*node);
  }
  Answer(event.call, NoContent{});
}

void ResourceManagerCore::State::OnNodeExpired(Node& node) {
  if (!Move(node, NodeEvent::kExpire)) return;
  EvacuateNode(node,
               "Node " + node.record.address.ToString() +
                   " was lost: nothing was heard of it for " +
                   std::to_string(ToMillis(options.node_expiry)) + " ms");
  FinishDrainOfGone(node);
}

void ResourceManagerCore::State::EvacuateNode(Node& node, const std::string& why) {
  node_deadlines.Clear(node.index);
  overcommit_deadlines.Clear(node.index);
  if (node.silent_at != kNever) silent.erase({node.silent_at, node.index});
  node.silent_at = kNever;
  EndParked(node.polls, ErrorCode::kResync, why);
  node.polls.Reset();
  node.utilization = {};
  for (const ContainerSlot slot : containers.Listed(node.containers, &Container::of_node)) {
    if (!containers.IsHeld(slot)) continue;
    const Container& container = containers.at(slot);
    if (!container.told && !container.is_application_master()) AskAgain(slot);
    Move(slot, ContainerEvent::kNodeGone);
    FreeContainer(slot, EndedStatus(slot, why));
  }
  if (node.slot) sched->RemoveNode(*node.slot);
  node.slot.reset();
  node.starts.clear();
  node.stops.clear();
  node.recorded.clear();
  node.unacknowledged.clear();
  node.expected.merge(node.strangers);
  node.strangers.clear();
  SettleExpected(node, why);
  if (node.state == NodeState::kShutdown) node.finished_applications.clear();
  place = true;
}

}  // namespace weir::rm
