// Labels, and what administrators say about nodes: their label and what they offer.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "resourcemanager/core/submission_validator.h"

namespace weir::rm {
namespace {

constexpr size_t kLabelsMax = 500;
constexpr size_t kLabelBytes = 100;
constexpr size_t kNodeSettingsMax = 40'000;

bool IsLabelCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-';
}

Status ValidateLabel(const std::string& name) {
  WEIR_RETURN_IF_ERROR(ValidateText("a node label", name, kLabelBytes, EmptyText::kRefused));
  if (std::all_of(name.begin(), name.end(), IsLabelCharacter) && name.front() != '-') return {};
  return Error{ErrorCode::kInvalidArgument,
               "\"" + name + "\" is not a node label",
               "use letters, digits, '_' and '-'"};
}

Error UnknownLabel(const std::string& name) {
  return {ErrorCode::kNotFound,
          "no node label \"" + name + "\" exists",
          "add it first with `weir rmadmin -addToClusterNodeLabels`"};
}

}  // namespace

// Queues see labels through their configuration: it is judged, and later taken over, anew.
Result<std::shared_ptr<const scheduler::QueueConfiguration>> ResourceManagerCore::State::WithLabels(
    const std::map<std::string, bool>& next) const {
  const ParsedQueues parsed = Parse(applied_queues.back().properties, next);
  if (parsed.configuration == nullptr) {
    std::string faults;
    for (const std::string& fault : parsed.faults) faults += (faults.empty() ? "" : "; ") + fault;
    return Error{ErrorCode::kFailedPrecondition,
                 "the queues do not allow this change of labels: " + faults,
                 "change the queue configuration first"};
  }
  WEIR_RETURN_IF_ERROR(sched->CheckReconfigure(*parsed.configuration));
  return parsed.configuration;
}

Status ResourceManagerCore::State::Use(const PendingLabels& next) {
  WEIR_RETURN_IF_ERROR(sched->Reconfigure(next.configuration, now));
  labels = next.labels;
  // Its nodes lose a label that goes, so that no partition is left without a name.
  for (const auto& settings : next.settings)
    node_settings.insert_or_assign(settings.node, settings);
  for (auto& [id, node] : nodes) UseSettings(*node);
  return {};
}

Status ResourceManagerCore::State::Use(const PendingNodeSettings& next) {
  for (const auto& settings : next.settings)
    node_settings.insert_or_assign(settings.node, settings);
  for (auto& [id, node] : nodes) {
    UseSettings(*node);
    const auto names = NamesOf(*node);
    const bool meant = std::any_of(
        next.settings.begin(), next.settings.end(), [&](const store::NodeSettingsRecord& each) {
          return std::find(names.begin(), names.end(), each.node) != names.end();
        });
    if (!meant || !next.resizes) continue;
    overcommit_deadlines.Clear(node->index);
    if (!node->slot || next.overcommit_timeout < Duration(0)) continue;
    const Instant deadline = now.monotonic + next.overcommit_timeout;
    for (const ContainerSlot slot : Surplus(*node)) WantBack(slot, deadline);
    overcommit_deadlines.Set(node->index, deadline);
  }
  return {};
}

void ResourceManagerCore::State::On(const AddLabels& event) {
  if (WaitsForChange(event)) return;
  std::map<std::string, bool> next = labels;
  for (const NodeLabel& label : event.labels) {
    if (Status valid = ValidateLabel(label.name); !valid.ok()) {
      return Answer(event.call, std::move(valid).error());
    }
    const auto [known, is_new] = next.emplace(label.name, label.exclusive);
    if (is_new || known->second == label.exclusive) continue;
    return Answer(event.call,
                  Error{ErrorCode::kAlreadyExists,
                        "the node label \"" + label.name + "\" exists and is " +
                            (known->second ? "exclusive" : "not exclusive"),
                        "remove it first to change that"});
  }
  if (next.size() > kLabelsMax) {
    return Answer(event.call,
                  Error{ErrorCode::kInvalidArgument,
                        "there would be " + std::to_string(next.size()) + " node labels",
                        "at most " + std::to_string(kLabelsMax)});
  }
  if (next == labels) return Answer(event.call, NoContent{}, appended);
  auto configuration = WithLabels(next);
  if (!configuration.ok()) return Answer(event.call, std::move(configuration).error());
  PendingChange pending{.call = event.call,
                        .what = {},
                        .notes = {},
                        .undo = {store::Put{store::LabelsRecord{labels}}}};
  for (const NodeLabel& label : event.labels) {
    pending.notes.push_back({"labels", label.name, "added by " + event.by, false});
  }
  std::vector<store::StoreOperation> batch = {store::Put{store::LabelsRecord{next}}};
  pending.what = PendingLabels{*std::move(configuration), std::move(next), {}};
  StoreThenUse(std::move(batch), std::move(pending));
}

void ResourceManagerCore::State::On(const RemoveLabels& event) {
  if (WaitsForChange(event)) return;
  std::map<std::string, bool> next = labels;
  for (const std::string& name : event.labels) {
    if (next.erase(name) == 0) return Answer(event.call, UnknownLabel(name));
  }
  auto configuration = WithLabels(next);
  if (!configuration.ok()) return Answer(event.call, std::move(configuration).error());
  PendingChange pending{.call = event.call,
                        .what = {},
                        .notes = {},
                        .undo = {store::Put{store::LabelsRecord{labels}}}};
  std::vector<store::StoreOperation> batch = {store::Put{store::LabelsRecord{next}}};
  std::vector<store::NodeSettingsRecord> cleared;
  for (const auto& [name, settings] : node_settings) {
    if (settings.label.empty() || next.contains(settings.label)) continue;
    pending.undo.push_back(store::Put{settings});
    cleared.push_back(settings);
    cleared.back().label.clear();
    batch.push_back(store::Put{cleared.back()});
  }
  for (const std::string& name : event.labels) {
    pending.notes.push_back({"labels", name, "removed by " + event.by, false});
  }
  pending.what = PendingLabels{*std::move(configuration), std::move(next), std::move(cleared)};
  StoreThenUse(std::move(batch), std::move(pending));
}

void ResourceManagerCore::State::On(const ReplaceLabelsOnNodes& event) {
  if (WaitsForChange(event)) return;
  for (const auto& [node, label] : event.labels) {
    if (Status valid = ValidateText("the node", node, limits::kNameBytes, EmptyText::kRefused);
        !valid.ok()) {
      return Answer(event.call, std::move(valid).error());
    }
    if (!label.empty() && !labels.contains(label)) return Answer(event.call, UnknownLabel(label));
  }
  if (node_settings.size() + event.labels.size() > kNodeSettingsMax) {
    return Answer(event.call,
                  Error{ErrorCode::kResourceExhausted,
                        "too many nodes have settings of their own",
                        "at most " + std::to_string(kNodeSettingsMax)});
  }
  if (event.labels.empty()) return Answer(event.call, NoContent{}, appended);
  PendingChange pending{.call = event.call, .what = {}, .notes = {}, .undo = {}};
  PendingNodeSettings next;
  std::vector<store::StoreOperation> batch;
  for (const auto& [name, label] : event.labels) {
    const auto known = node_settings.find(name);
    store::NodeSettingsRecord settings =
        known == node_settings.end() ? store::NodeSettingsRecord{} : known->second;
    settings.node = name;
    settings.has_label = true;
    settings.label = label;
    batch.push_back(store::Put{settings});
    next.settings.push_back(std::move(settings));
    pending.notes.push_back({"nodes", name, "label=" + label + " by " + event.by, false});
  }
  pending.what = std::move(next);
  StoreThenUse(std::move(batch), std::move(pending));
}

std::vector<std::string> ResourceManagerCore::State::NamesOf(const Node& node) const {
  return {node.id().uuid, node.record.address.ToString(), node.record.address.host};
}

std::string ResourceManagerCore::State::LabelOf(const Node& node) const {
  for (const std::string& name : NamesOf(node)) {
    const auto found = node_settings.find(name);
    if (found != node_settings.end() && found->second.has_label) return found->second.label;
  }
  return labels.contains(node.own_label) ? node.own_label : std::string();
}

Resource ResourceManagerCore::State::CapacityOf(const Node& node) const {
  for (const std::string& name : NamesOf(node)) {
    const auto found = node_settings.find(name);
    if (found != node_settings.end() && found->second.has_capacity) return found->second.capacity;
  }
  return node.offered;
}

void ResourceManagerCore::State::UseSettings(Node& node) {
  if (!node.slot) return;
  if (const std::string label = LabelOf(node); sched->node_label(*node.slot) != label) {
    sched->SetNodeLabel(*node.slot, label);
    place = true;
    open_nodes_differ = true;
  }
  const Resource capacity = CapacityOf(node);
  const auto& types = sched->types();
  if (sched->node_capacity(*node.slot) != types.ToResource(types.KnownPartsOf(capacity))) {
    sched->SetNodeCapacity(*node.slot, capacity);
    place = true;
  }
  UseGrant(node);
}

void ResourceManagerCore::State::UseGrant(Node& node) {
  const Resource capacity = CapacityOf(node);
  const auto before = node.granted;
  node.granted = capacity == node.offered ? std::nullopt : std::optional<Resource>(capacity);
  if (!node.granted || node.granted == before) return;
  node.granted_untold = true;
  MarkDirty(node);
}

void ResourceManagerCore::State::On(const UpdateNodeResource& event) {
  if (WaitsForChange(event)) return;
  const bool known = std::any_of(nodes.begin(), nodes.end(), [&](const auto& entry) {
    const auto names = NamesOf(*entry.second);
    return std::find(names.begin(), names.end(), event.node) != names.end();
  });
  if (!known) {
    return Answer(event.call,
                  Error{ErrorCode::kNotFound,
                        "no node " + event.node.substr(0, limits::kNameBytes) + " is known",
                        "see `weir node -list -all`"});
  }
  if (event.capacity &&
      (event.capacity->memory_mib < 0 || event.capacity->vcores < 0 ||
       event.capacity->memory_mib > Resource::kMemoryMibMax ||
       event.capacity->vcores > Resource::kVcoresMax || !event.capacity->IsNonNegative())) {
    return Answer(event.call,
                  Error{ErrorCode::kInvalidArgument,
                        "node " + event.node + " cannot offer " + event.capacity->ToString(),
                        "give amounts of 0 or more"});
  }
  const auto before = node_settings.find(event.node);
  store::NodeSettingsRecord settings =
      before == node_settings.end() ? store::NodeSettingsRecord{} : before->second;
  settings.node = event.node;
  settings.has_capacity = event.capacity.has_value();
  settings.capacity = event.capacity.value_or(Resource{});
  std::vector<store::StoreOperation> batch = {store::Put{settings}};
  const std::string offer =
      event.capacity ? event.capacity->ToString() : std::string("what its NodeManager says");
  StoreThenUse(std::move(batch),
               {.call = event.call,
                .what = PendingNodeSettings{.settings = {std::move(settings)},
                                            .resizes = true,
                                            .overcommit_timeout = event.overcommit_timeout},
                .notes = {{"nodes", event.node, "offers " + offer + " by " + event.by, false}},
                .undo = {}});
}

std::vector<LabelReport> ResourceManagerCore::Labels() const {
  const State& state = *state_;
  std::map<std::string, LabelReport> reports;
  reports[""] = {.name = "", .exclusive = true, .nodes = 0, .total = {}, .used = {}};
  for (const auto& [name, exclusive] : state.labels) {
    reports[name] = {.name = name, .exclusive = exclusive, .nodes = 0, .total = {}, .used = {}};
  }
  for (const auto& [id, node] : state.nodes) {
    if (!node->slot) continue;
    LabelReport& report = reports[state.sched->node_label(*node->slot)];
    ++report.nodes;
    report.total += state.sched->node_capacity(*node->slot);
    report.used += state.sched->node_used(*node->slot);
  }
  std::vector<LabelReport> all;
  for (auto& [name, report] : reports) all.push_back(std::move(report));
  return all;
}

}  // namespace weir::rm
