#include "scheduler/config/sibling_rules.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

#include "scheduler/config/capacity_text.h"
#include "scheduler/config/fault_list.h"

namespace weir::scheduler {
namespace {

struct Checking {
  const QueueSettings& parent;
  const std::vector<QueueSettings*>& children;
  const SiblingMode& mode;
  const std::vector<std::string>& type_names;
  std::vector<SiblingFault>& faults;
};

const PartitionCapacity* Of(const QueueSettings& queue, const std::string& label) {
  const auto found = queue.partitions.find(label);
  return found == queue.partitions.end() ? nullptr : &found->second;
}

std::string ForLabel(const std::string& label) {
  return label.empty() ? "" : " for label " + Quoted(label);
}

std::string CapacitySuffix(const std::string& label) {
  return label.empty() ? "capacity" : "accessible-node-labels." + label + ".capacity";
}

// The children that say something about a label: a file with as many labels as queues takes time in
// proportion to what it says.
struct Member {
  const QueueSettings* queue = nullptr;
  const PartitionCapacity* own = nullptr;
};
using Members = std::vector<Member>;

std::map<std::string, Members> ByLabel(const std::vector<QueueSettings*>& children) {
  std::map<std::string, Members> by_label;
  for (const QueueSettings* child : children) {
    for (const auto& [label, partition] : child->partitions) {
      by_label[label].push_back({child, &partition});
    }
  }
  return by_label;
}

// What the members have of one type in one kind.
int64_t SumOf(const Members& members, size_t type, CapacityKind kind) {
  int64_t sum = 0;
  for (const Member& member : members) {
    const CapacityPart& part = member.own->capacity.parts[type];
    if (part.kind == kind) sum += part.value;
  }
  return sum;
}

// "a 50, b 40", the first few.
std::string Listed(const Checking& c, const std::string& label) {
  constexpr size_t kShown = 8;
  std::string text;
  for (size_t i = 0; i < std::min(kShown, c.children.size()); ++i) {
    const PartitionCapacity* const own = Of(*c.children[i], label);
    text += (i == 0 ? "" : ", ") + c.children[i]->name + " " +
            (own == nullptr ? "0" : FormatCapacity(own->capacity, c.type_names));
  }
  return text + (c.children.size() > kShown ? ", ..." : "");
}

// The first child of each kind that has a capacity at all.
using FirstOfKind = std::array<const QueueSettings*, 3>;

// Legacy: one kind for all; nothing when they differ or none has a capacity.
std::optional<CapacityKind> CheckOneKind(const Checking& c) {
  FirstOfKind first{};
  for (const QueueSettings* child : c.children) {
    for (const auto& [label, partition] : child->partitions) {
      if (IsNothing(partition.capacity)) continue;
      const auto kind = static_cast<size_t>(partition.capacity.parts[0].kind);
      if (first[kind] == nullptr) first[kind] = child;
    }
  }
  std::string found;
  std::optional<CapacityKind> kind;
  int kinds = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    if (first[i] == nullptr) continue;
    kind = static_cast<CapacityKind>(i);
    found += (++kinds == 1 ? "" : ", ") + first[i]->name + " has " + std::string(KindName(*kind));
  }
  if (kinds <= 1) return kind;
  c.faults.push_back({.queue = &c.parent,
                      .suffix = "queues",
                      .rule = "the children of one queue have one kind of capacity: percentages, "
                              "weights or amounts (unless "
                              "yarn.scheduler.capacity.legacy-queue-mode.enabled is false)",
                      .message = "its children have capacities of several kinds: " + found});
  return std::nullopt;
}

void UnifyKinds(const Checking& c, CapacityKind kind) {
  for (QueueSettings* child : c.children) {
    for (auto& [label, partition] : child->partitions) {
      if (IsNothing(partition.capacity)) partition.capacity = PlainCapacity(kind, 0);
    }
  }
}

void CheckPercentSum(const Checking& c, const std::string& label, const Members& members) {
  const int64_t sum = SumOf(members, 0, CapacityKind::kPercent);
  const auto fault = [&](std::string rule, std::string what) {
    c.faults.push_back({.queue = &c.parent,
                        .suffix = "queues",
                        .rule = std::move(rule),
                        .message = std::move(what) + ForLabel(label) + ": " + Listed(c, label)});
  };
  const std::string shown = FormatDecimal(sum, kWholePercent / 100);
  if (c.parent.auto_creation.managed) {
    if (sum <= kWholePercent + kPercentTolerance) return;
    return fault("the queues of a managed parent have at most 100% of it",
                 "the capacities of its children add up to " + shown + "%");
  }
  if (sum > kPercentTolerance && std::abs(sum - kWholePercent) > kPercentTolerance) {
    return fault("the capacities of a queue's children add up to 100%",
                 "the capacities of its children add up to " + shown + "%");
  }
  if (sum > kPercentTolerance || !label.empty() || c.mode.allow_zero_sum) return;
  const PartitionCapacity* const own = Of(c.parent, label);
  const bool has_percent = own != nullptr &&
                           own->capacity.parts[0].kind == CapacityKind::kPercent &&
                           own->capacity.parts[0].value > 0;
  if (has_percent || own == nullptr) {
    fault(
        "the capacities of a queue's children add up to 100%, or to 0 where the queue has 0 or "
        "allow-zero-capacity-sum",
        "its children have no capacity");
  }
}

// Amounts of the children against those of the parent, type by type. Root's come from the cluster.
void CheckAmounts(const Checking& c, const std::string& label, const Members& members) {
  const PartitionCapacity* const own = Of(c.parent, label);
  const bool root = c.parent.parent.empty();
  for (size_t type = 0; type < c.type_names.size(); ++type) {
    const int64_t sum = SumOf(members, type, CapacityKind::kAbsolute);
    if (root || sum == 0) continue;
    const bool absolute =
        own != nullptr && own->capacity.parts[type].kind == CapacityKind::kAbsolute;
    if (!absolute) {
      if (!c.mode.legacy && own != nullptr) continue;
      c.faults.push_back({.queue = &c.parent,
                          .suffix = CapacitySuffix(label),
                          .rule = "queues with absolute capacities have a parent with an absolute "
                                  "capacity",
                          .message = "its children have absolute capacities" + ForLabel(label) +
                                     ", but it has none: " + Listed(c, label)});
      return;
    }
    if (sum <= own->capacity.parts[type].value) continue;
    c.faults.push_back(
        {.queue = &c.parent,
         .suffix = CapacitySuffix(label),
         .rule = "the absolute capacities of a queue's children add up to at most its own",
         .message = "its children have " + std::to_string(sum) + " " + c.type_names[type] +
                    ForLabel(label) + ", but it has " +
                    std::to_string(own->capacity.parts[type].value)});
  }
}

// Vectors: per type, what is given by percentage is at most the whole.
void CheckVectorPercents(const Checking& c, const std::string& label, const Members& members) {
  for (size_t type = 0; type < c.type_names.size(); ++type) {
    const int64_t sum = SumOf(members, type, CapacityKind::kPercent);
    if (sum <= kWholePercent + kPercentTolerance) continue;
    c.faults.push_back({.queue = &c.parent,
                        .suffix = "queues",
                        .rule = "the capacities of a queue's children add up to at most 100%",
                        .message = "the capacities of its children add up to " +
                                   FormatDecimal(sum, kWholePercent / 100) + "% of " +
                                   c.type_names[type] + ForLabel(label)});
    return;
  }
}

void CheckMaxima(const Checking& c, const std::string& label, const Members& members) {
  const PartitionCapacity* const own = Of(c.parent, label);
  if (own == nullptr) return;
  const std::string stem = label.empty() ? "" : "accessible-node-labels." + label + ".";
  for (const Member& member : members) {
    for (size_t type = 0; type < c.type_names.size(); ++type) {
      const CapacityPart& most = own->maximum.parts[type];
      const CapacityPart& wanted = member.own->maximum.parts[type];
      if (most.kind != CapacityKind::kAbsolute || wanted.kind != most.kind) continue;
      if (wanted.value <= most.value) continue;
      c.faults.push_back({.queue = member.queue,
                          .suffix = stem + "maximum-capacity",
                          .rule = "an absolute maximum-capacity is at most the parent's",
                          .message = "its maximum of " + std::to_string(wanted.value) + " " +
                                     c.type_names[type] + ForLabel(label) +
                                     " is over its parent's " + std::to_string(most.value)});
      break;
    }
  }
}

}  // namespace

std::vector<SiblingFault> CheckSiblings(const QueueSettings& parent,
                                        const std::vector<QueueSettings*>& children,
                                        const SiblingMode& mode,
                                        const std::vector<std::string>& type_names) {
  std::vector<SiblingFault> faults;
  const Checking c{parent, children, mode, type_names, faults};
  if (children.empty()) return faults;
  const std::optional<CapacityKind> kind =
      mode.legacy ? CheckOneKind(c) : std::optional<CapacityKind>();
  if (mode.legacy && !faults.empty()) return faults;
  if (mode.legacy) UnifyKinds(c, kind.value_or(CapacityKind::kPercent));
  for (const auto& [label, members] : ByLabel(children)) {
    if (!mode.legacy) CheckVectorPercents(c, label, members);
    if (mode.legacy && kind.value_or(CapacityKind::kPercent) == CapacityKind::kPercent) {
      CheckPercentSum(c, label, members);
    }
    CheckAmounts(c, label, members);
    CheckMaxima(c, label, members);
  }
  return faults;
}

}  // namespace weir::scheduler
