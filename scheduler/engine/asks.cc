// What applications want: requests by id, in one line per partition.
#include <algorithm>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

const Constraints kPlain;

Constraints ConstraintsFrom(const ContainerAsk& ask) {
  return {.nodes = ask.nodes,
          .racks = ask.racks,
          .relax = ask.relax_locality,
          .gang = ask.gang,
          .spread = ask.spread,
          .max_per_node = ask.max_per_node,
          .max_per_rack = ask.max_per_rack};
}

Error Refused(const ContainerAsk& ask, const std::string& what, std::string remedy) {
  return {ErrorCode::kInvalidArgument,
          "request " + std::to_string(ask.request_id) + " " + what,
          std::move(remedy)};
}

}  // namespace

Result<ContainerAsk> CapacityScheduler::State::Validate(ApplicationSlot slot,
                                                        const ContainerAsk& ask) const {
  if (ask.count < 0 || ask.count > limits::kContainersPerAsk) {
    return Refused(
        ask,
        "asks for " + std::to_string(ask.count) + " containers",
        "a request asks for 0 to " + std::to_string(limits::kContainersPerAsk) + " containers");
  }
  if (ask.count == 0) return ask;  // it withdraws: the rest does not matter
  const Application& application = app(slot);
  const QueueSettings& queue = tree.settings(application.leaf);
  ContainerAsk valid = ask;
  WEIR_ASSIGN_OR_RETURN(const Amounts rounded,
                        options.types.Normalize(ask.resource, queue.maximum_allocation));
  valid.resource = options.types.ToResource(rounded);
  if (ask.max_per_node < 0 || ask.max_per_rack < 0) {
    return Refused(ask, "bounds its containers per node or rack below 0", "0 means no bound");
  }
  if (!ask.relax_locality && ask.nodes.empty() && ask.racks.empty()) {
    return Refused(ask, "is strict about its place and names none", "name nodes or racks");
  }
  if (valid.label.empty()) valid.label = application.default_label;
  if (valid.label.empty()) valid.label = queue.default_label;
  valid.label = EnforcedLabel(application, valid.label);
  const std::optional<PartitionSlot> partition = nodes.FindPartition(valid.label);
  if (!partition || (partition->value > 0 && !configuration().labels.contains(valid.label))) {
    return Refused(ask,
                   "wants nodes with the label '" + valid.label + "', which does not exist",
                   "see `weir cluster --list-node-labels`");
  }
  const bool may_use = valid.label.empty() || queue.every_label ||
                       std::binary_search(queue.labels.begin(), queue.labels.end(), valid.label);
  if (!may_use) {
    return Refused(ask,
                   "wants nodes with the label '" + valid.label + "', which queue " + queue.path +
                       " may not use",
                   "use another queue, or add it to accessible-node-labels");
  }
  return valid;
}

const std::string& CapacityScheduler::State::EnforcedLabel(const Application& application,
                                                           const std::string& asked) const {
  const auto enforced = [&](const std::string& label) {
    const auto among = [&](const std::vector<std::string>& labels_in_order) {
      return std::binary_search(labels_in_order.begin(), labels_in_order.end(), label);
    };
    return among(configuration().enforced_labels) ||
           among(tree.settings(application.leaf).enforced_labels);
  };
  const std::string& own = nodes.label(application.am_partition);
  return own != asked && (enforced(own) || enforced(asked)) ? own : asked;
}

const Constraints& CapacityScheduler::State::ConstraintsOf(const Ask& ask) const {
  return ask.constraints < 0 ? kPlain : constraints[static_cast<size_t>(ask.constraints)];
}

const Ask* CapacityScheduler::State::Head(const Line& line) const {
  return line.asks.empty() ? nullptr : &ask_at(line.asks.top().item);
}

ContainerAsk CapacityScheduler::State::ToContainerAsk(const Ask& ask) const {
  const Constraints& extra = ConstraintsOf(ask);
  return {.request_id = ask.request_id,
          .priority = ask.priority,
          .count = ask.count,
          .resource = shapes.resource(ask.shape),
          .nodes = extra.nodes,
          .racks = extra.racks,
          .relax_locality = extra.relax,
          .label = nodes.label(line_at(ask.line).partition),
          .gang = extra.gang,
          .spread = extra.spread,
          .max_per_node = extra.max_per_node,
          .max_per_rack = extra.max_per_rack};
}

int32_t CapacityScheduler::State::LineFor(ApplicationSlot slot, PartitionSlot partition) {
  for (const int32_t line : app(slot).lines) {
    if (line_at(line).partition == partition) return line;
  }
  if (unused_lines.empty()) {
    unused_lines.push_back(static_cast<int32_t>(lines.size()));
    lines.emplace_back();
  }
  const int32_t line = unused_lines.back();
  unused_lines.pop_back();
  line_at(line) = {};
  line_at(line).application = slot;
  line_at(line).partition = partition;
  std::vector<int32_t>& own = app(slot).lines;
  own.push_back(line);
  std::sort(own.begin(), own.end(), [this](int32_t a, int32_t b) {
    return line_at(a).partition < line_at(b).partition;
  });
  return line;
}

void CapacityScheduler::State::SetAsk(ApplicationSlot slot, const ContainerAsk& ask) {
  Application& application = app(slot);
  const auto known = application.asks.find(ask.request_id);
  if (known != application.asks.end()) {
    const int32_t index = known->second;
    const Ask& old = ask_at(index);
    const bool alike = ask.count > 0 && old.priority == ask.priority &&
                       line_at(old.line).partition == PartitionFor(application, ask.label) &&
                       shapes.resource(old.shape) == ask.resource &&
                       ConstraintsOf(old) == ConstraintsFrom(ask);
    const int32_t line = old.line;
    if (alike) {
      ChangeCount(index, ask.count - old.count);
      const bool gang = ConstraintsOf(ask_at(index)).gang;
      // A gang of another size is tried anew.
      if (gang && line_at(line).group >= 0) Rouse(line_at(line).group);
      TrimReservations(line);
      UsageChanged(application);
      NoteAsking(application);
      return;
    }
    EraseAsk(slot, index);
    SettleLine(line);
    TrimReservations(line);
  }
  if (ask.count > 0) InsertAsk(slot, ask);
  UsageChanged(application);
  NoteAsking(application);
}

void CapacityScheduler::State::InsertAsk(ApplicationSlot slot, const ContainerAsk& wish) {
  Application& application = app(slot);
  const int32_t line = LineFor(slot, PartitionFor(application, wish.label));
  if (unused_asks.empty()) {
    unused_asks.push_back(static_cast<int32_t>(asks.size()));
    asks.emplace_back();
  }
  const int32_t index = unused_asks.back();
  unused_asks.pop_back();
  Ask& ask = ask_at(index);
  ask = {.request_id = wish.request_id,
         .priority = wish.priority,
         .shape = shapes.Use(options.types.KnownPartsOf(wish.resource), options.types),
         .line = line};
  Constraints extra = ConstraintsFrom(wish);
  if (extra.bounded()) CountPlaces(application);
  if (!extra.plain()) {
    if (unused_constraints.empty()) {
      unused_constraints.push_back(static_cast<int32_t>(constraints.size()));
      constraints.emplace_back();
    }
    ask.constraints = unused_constraints.back();
    unused_constraints.pop_back();
    constraints[static_cast<size_t>(ask.constraints)] = std::move(extra);
  }
  application.asks.emplace(wish.request_id, index);
  line_at(line).asks.Push(ask_places, {wish.priority, wish.request_id}, index);
  ChangeCount(index, wish.count);
  if (line_at(line).asks.top().item != index) return;
  line_at(line).locality_since.reset();
  SettleLine(line);
  TrimReservations(line);
}

void CapacityScheduler::State::EraseAsk(ApplicationSlot slot, int32_t index) {
  const Ask ask = ask_at(index);
  ChangeCount(index, -ask.count);
  if (line_at(ask.line).asks.top().item == index) line_at(ask.line).locality_since.reset();
  line_at(ask.line).asks.Remove(ask_places, index);
  app(slot).asks.erase(ask.request_id);
  if (ask.constraints >= 0) {
    constraints[static_cast<size_t>(ask.constraints)] = {};
    unused_constraints.push_back(ask.constraints);
  }
  // The line may still stand in a group of this shape: it is settled before the slot can be
  // another's.
  SettleLine(ask.line);
  shapes.DropUses(ask.shape, 1);
  ask_at(index) = {};
  unused_asks.push_back(index);
}

void CapacityScheduler::State::ChangeCount(int32_t index, int32_t difference) {
  if (difference == 0) return;
  Ask& ask = ask_at(index);
  Line& line = line_at(ask.line);
  Application& application = app(line.application);
  const Amounts change = amounts(ask.shape) * difference;
  ask.count += difference;
  line.pending += change;
  line.containers += difference;
  application.wanted += difference;
  wanted += change;
  wanted_containers += difference;
  if (application.activated) {
    tree.ChangePending(application.leaf, line.partition, change, difference);
  }
}

void CapacityScheduler::State::Withdraw(ApplicationSlot slot) {
  Application& application = app(slot);
  for (const int32_t line : application.lines) {
    while (!line_at(line).asks.empty()) EraseAsk(slot, line_at(line).asks.top().item);
  }
  NoteAsking(application);
}

// The user counts as active while an activated application of his wants something.
void CapacityScheduler::State::NoteAsking(Application& application) {
  const bool asking = application.activated && application.wanted > 0;
  if (asking == application.asking) return;
  application.asking = asking;
  tree.SetAsking(application.user, asking);
  sweep_due = true;  // AM limits of users depend on how many ask
  for (size_t p = 0; p < lanes.size(); ++p) {
    WakeUsers(application.leaf, {static_cast<int32_t>(p)});
  }
}

PartitionUse& CapacityScheduler::State::use(Application& application, PartitionSlot partition) {
  if (application.uses.size() <= Index(partition)) application.uses.resize(Index(partition) + 1);
  return application.uses[Index(partition)];
}

}  // namespace weir::scheduler
