#include "scheduler/config/queue_draft.h"

#include <algorithm>
#include <array>
#include <utility>

#include "common/strings.h"
#include "scheduler/config/property_values.h"

namespace weir::scheduler {
namespace {

// Labels and user weights that queues take over from their parents, in all.
constexpr size_t kInheritedMax = 2'000'000;

struct Completing {
  QueueDraft& draft;
  const QueueSettings* parent;  // null for root
  ReaderContext& context;

  QueueSettings& settings() const { return draft.settings; }
  void Fault(std::string_view suffix, std::string rule, std::string message) const {
    context.faults.Add(
        draft.PlaceOf(suffix), draft.settings.path, std::move(rule), std::move(message));
  }
};

bool Contains(const std::vector<std::string>& sorted, const std::string& name) {
  return std::binary_search(sorted.begin(), sorted.end(), name);
}

bool MayUse(const QueueSettings& queue, const std::string& label) {
  return label.empty() || queue.every_label || Contains(queue.labels, label);
}

void CompleteState(const Completing& c) {
  const QueueState inherited = c.parent == nullptr ? QueueState::kRunning : c.parent->state;
  c.settings().state = c.draft.state.value_or(inherited);
  if (c.settings().state == QueueState::kRunning && inherited != QueueState::kRunning) {
    c.Fault("state",
            "below a stopped queue every queue is stopped",
            "it is RUNNING, but " + c.parent->path + " is STOPPED");
  }
}

void CompleteLabels(const Completing& c) {
  QueueSettings& settings = c.settings();
  if (c.parent == nullptr) {
    settings.every_label = true;
    settings.labels.clear();
  } else if (c.draft.labels_given && !c.parent->every_label) {
    constexpr std::string_view kRule = "a queue's labels are among those of its parent";
    if (settings.every_label) {
      c.Fault("accessible-node-labels",
              std::string(kRule),
              "it may use every label (*), but " + c.parent->path + " may not");
    }
    for (const std::string& label : settings.labels) {
      if (Contains(c.parent->labels, label)) continue;
      c.Fault("accessible-node-labels",
              std::string(kRule),
              "it may use label " + Quoted(label) + ", but " + c.parent->path + " may not");
    }
  }
  const std::string inherited = c.parent == nullptr ? "" : c.parent->default_label;
  settings.default_label =
      c.draft.default_label.value_or(MayUse(settings, inherited) ? inherited : "");
  if (!MayUse(settings, settings.default_label)) {
    c.Fault("default-node-label-expression",
            "the default label is among accessible-node-labels",
            "its default label " + Quoted(settings.default_label) + " is not accessible to it");
  }
  for (auto entry = settings.partitions.begin(); entry != settings.partitions.end();) {
    if (MayUse(settings, entry->first)) {
      ++entry;
      continue;
    }
    c.context.faults.Warn(c.draft.PlaceOf("accessible-node-labels." + entry->first + ".capacity"),
                          "queue " + settings.path + " has a capacity of label " +
                              Quoted(entry->first) + ", which is not accessible to it");
    entry = settings.partitions.erase(entry);
  }
}

// Root has the whole of every partition, whatever is written.
void CompleteRoot(const Completing& c) {
  PartitionCapacity whole;
  whole.capacity = whole.maximum = PlainCapacity(CapacityKind::kPercent, kWholePercent);
  for (auto& [label, partition] : c.settings().partitions) {
    if ((!IsNothing(partition.capacity) && partition.capacity != whole.capacity) ||
        partition.maximum != whole.maximum) {
      c.context.faults.Warn(c.draft.PlaceOf("capacity"),
                            "root always has the whole cluster; its capacity and maximum-capacity "
                            "do not count");
    }
    whole.am_share = partition.am_share;
    partition = whole;
  }
}

void CheckMaxima(const Completing& c) {
  for (const auto& [label, partition] : c.settings().partitions) {
    for (size_t i = 0; i < partition.maximum.parts.size(); ++i) {
      const CapacityPart& least = partition.capacity.parts[i];
      const CapacityPart& most = partition.maximum.parts[i];
      if (least.kind != most.kind || most.value >= least.value) continue;
      const std::string stem = label.empty() ? "" : "accessible-node-labels." + label + ".";
      const bool given = c.draft.given.contains(stem + "maximum-capacity");
      c.Fault(stem + (given ? "maximum-capacity" : "capacity"),
              "maximum-capacity is at least capacity",
              "its maximum-capacity is below its capacity" +
                  (label.empty() ? "" : " for label " + Quoted(label)));
      break;
    }
  }
}

void CompleteAllocation(const Completing& c) {
  const ResourceTypes& types = c.context.types;
  QueueSettings& settings = c.settings();
  const Amounts cluster = types.maximum();
  settings.maximum_allocation = c.parent == nullptr ? cluster : c.parent->maximum_allocation;
  for (int i = 0; i < types.count(); ++i) {
    const std::optional<int64_t> own = c.draft.maximum_allocation[static_cast<size_t>(i)];
    if (!own) continue;
    const int64_t least = std::max<int64_t>(types.at(i).minimum, i <= Amounts::kVcores ? 1 : 0);
    const int64_t most = settings.maximum_allocation[i];
    const std::string older =
        i == Amounts::kMemory ? "maximum-allocation-mb" : "maximum-allocation-vcores";
    const std::string suffix =
        c.draft.given.contains("maximum-allocation") ? "maximum-allocation" : older;
    const std::string what =
        "its maximum allocation of " + std::to_string(*own) + " " + types.at(i).name;
    if (*own < least) {
      c.Fault(suffix,
              "the maximum allocation is at least the minimum allocation",
              what + " is below the minimum of " + std::to_string(least));
    } else if (*own > cluster[i]) {
      c.Fault(
          suffix,
          "a queue's maximum allocation is at most the cluster's (" + types.at(i).maximum_key + ")",
          what + " is over the cluster's " + std::to_string(cluster[i]));
    } else if (*own > most) {
      c.Fault(suffix,
              "a queue's maximum allocation is at most its parent's",
              what + " is over its parent's " + std::to_string(most));
    } else {
      settings.maximum_allocation.Set(i, *own);
    }
  }
}

void CompleteLifetimes(const Completing& c) {
  QueueSettings& settings = c.settings();
  const Duration none{0};
  settings.maximum_lifetime =
      c.draft.maximum_lifetime.value_or(c.parent == nullptr ? none : c.parent->maximum_lifetime);
  const Duration longest = settings.maximum_lifetime;
  const Duration inherited = c.parent == nullptr ? none : c.parent->default_lifetime;
  settings.default_lifetime = c.draft.default_lifetime.value_or(inherited);
  if (c.draft.default_lifetime && longest > none && *c.draft.default_lifetime > longest) {
    c.Fault("default-application-lifetime",
            "default-application-lifetime is at most maximum-application-lifetime",
            "its default lifetime is over its maximum lifetime");
  }
  const bool bounded = longest > none;
  if (bounded && (settings.default_lifetime == none || settings.default_lifetime > longest)) {
    settings.default_lifetime = longest;
  }
}

struct OrderingName {
  std::string_view name;
  bool of_leaf;
  LeafOrdering leaf;
  ParentOrdering parent;
};
constexpr LeafOrdering kFifo = LeafOrdering::kFifo;
constexpr ParentOrdering kUsed = ParentOrdering::kUtilization;
constexpr ParentOrdering kPriority = ParentOrdering::kPriorityUtilization;
constexpr std::array kOrderings = std::to_array<OrderingName>({
    {"fifo", true, kFifo, kUsed},
    {"fair", true, LeafOrdering::kFair, kUsed},
    {"fifo-with-partitions", true, kFifo, kUsed},
    {"fifo-for-pending-apps", true, kFifo, kUsed},
    {"FifoOrderingPolicy", true, kFifo, kUsed},
    {"FairOrderingPolicy", true, LeafOrdering::kFair, kUsed},
    {"FifoOrderingPolicyWithExclusivePartitions", true, kFifo, kUsed},
    {"FifoOrderingPolicyForPendingApps", true, kFifo, kUsed},
    {"utilization", false, kFifo, kUsed},
    {"priority-utilization", false, kFifo, kPriority},
    {"PriorityUtilizationQueueOrderingPolicy", false, kFifo, kPriority},
});

void CompleteOrdering(const Completing& c) {
  QueueSettings& settings = c.settings();
  if (!c.draft.ordering) return;
  std::string_view name = *c.draft.ordering;
  name.remove_prefix(std::min(name.size(), name.rfind('.') + 1));
  const auto* const found =
      std::find_if(kOrderings.begin(), kOrderings.end(), [&](const OrderingName& each) {
        return each.name == name;
      });
  const bool known = found != kOrderings.end();
  // A template for leaves and parents alike sets the policy of those that it fits.
  if (known && settings.dynamic && found->of_leaf != settings.leaf) return;
  if (!known || found->of_leaf != settings.leaf) {
    return c.Fault("ordering-policy",
                   settings.leaf ? "a leaf's ordering-policy is fifo or fair"
                                 : "a parent's ordering-policy is utilization or "
                                   "priority-utilization",
                   "its ordering-policy is " + Quoted(*c.draft.ordering));
  }
  if (settings.leaf) {
    settings.leaf_ordering = found->leaf;
  } else {
    settings.parent_ordering = found->parent;
  }
}

void CheckUserWeights(const Completing& c) {
  const QueueSettings& settings = c.settings();
  __extension__ typedef __int128 Wide;
  const Wide whole = Wide{kWholePercent} * kWholeWeight;
  for (const auto& [user, weight] : settings.user_weights) {
    if (!settings.leaf || Wide{weight} * settings.minimum_user_limit <= whole) continue;
    c.Fault("user-settings." + user + ".weight",
            "a user's weight is from 0 to 100 / minimum-user-limit-percent",
            "the weight " + FormatDecimal(weight, kWholeWeight) + " of user " + Quoted(user) +
                " is too large for a minimum-user-limit-percent of " +
                FormatDecimal(settings.minimum_user_limit, kWholePercent / 100));
  }
}

void CheckCreation(const Completing& c) {
  const AutoCreation& creation = c.settings().auto_creation;
  if (c.draft.reservable && !c.settings().leaf) {
    c.Fault("reservable", "only a leaf is reservable", "it is reservable and has children");
  }
  if (!creation.managed) return;
  if (creation.enabled) {
    c.Fault("auto-create-child-queue.enabled",
            "a parent creates queues in one way: auto-create-child-queue or auto-queue-creation-v2",
            "it has both ways of automatic creation enabled");
  }
  if (!c.settings().children.empty()) {
    c.Fault("queues",
            "a parent with auto-create-child-queue.enabled has no queues of its own",
            "it is a managed parent and has queues in the file");
  }
  if (!creation.leaf_template.contains("capacity")) {
    c.Fault("auto-create-child-queue.enabled",
            "a managed parent has leaf-queue-template.capacity",
            "it lacks leaf-queue-template.capacity");
  }
}

void Inherit(const QueueSettings& parent, QueueDraft& draft, ReaderContext& context) {
  QueueSettings& settings = draft.settings;
  settings.every_label = parent.every_label;
  settings.parent_ordering = parent.parent_ordering;
  settings.preemption_disabled = parent.preemption_disabled;
  settings.intra_preemption_disabled = parent.intra_preemption_disabled;
  const size_t entries = parent.labels.size() + parent.user_weights.size();
  const bool fitted = context.inherited <= kInheritedMax;
  context.inherited += entries;
  if (context.inherited <= kInheritedMax) {
    settings.labels = parent.labels;
    settings.user_weights = parent.user_weights;
  } else if (fitted) {
    context.faults.Add(draft.named,
                       settings.path,
                       "queues take over at most " + std::to_string(kInheritedMax) +
                           " labels and user weights from their parents, in all",
                       "with this queue there are too many labels and user weights on its parents");
  }
}

}  // namespace

PartitionCapacity EmptyPartition() {
  PartitionCapacity partition;
  partition.maximum = PlainCapacity(CapacityKind::kPercent, kWholePercent);
  return partition;
}

QueueDraft StartDraft(const QueueSettings* parent,
                      const std::string& path,
                      ReaderContext& context) {
  QueueDraft draft;
  QueueSettings& settings = draft.settings;
  settings.path = path;
  settings.name = path.substr(path.rfind('.') + 1);
  settings.minimum_user_limit = context.defaults.minimum_user_limit;
  settings.user_limit_factor = context.defaults.user_limit_factor;
  settings.am_share = context.defaults.am_share;
  settings.maximum_parallel_applications = context.defaults.maximum_parallel_applications;
  settings.auto_creation.max_depth = context.defaults.dynamic_depth;
  settings.partitions[""] = EmptyPartition();
  settings.submit.everybody = settings.administer.everybody = parent == nullptr;
  if (parent != nullptr) settings.parent = parent->path;
  return draft;
}

void ReadDraft(QueueDraft& draft, const QueueSettings* parent, ReaderContext& context) {
  QueueSettings& settings = draft.settings;
  if (parent != nullptr) Inherit(*parent, draft, context);
  for (const auto& [suffix, property] : draft.given) {
    TakeProperty(draft, suffix, *property, context);
  }
  AutoCreation& creation = settings.auto_creation;
  if (creation.managed) creation.max_queues = draft.managed_max_queues.value_or(1000);
  settings.leaf =
      parent != nullptr && settings.children.empty() && !creation.enabled && !creation.managed;
  const ConfigProperty* const place = draft.PlaceOf(parent == nullptr ? "queues" : "capacity");
  if (place != nullptr) {
    settings.file = place->file;
    settings.line = place->line;
  }
  const Completing completing{draft, parent, context};
  CompleteState(completing);
  CompleteLabels(completing);
  if (parent == nullptr) CompleteRoot(completing);
  CheckMaxima(completing);
  CompleteAllocation(completing);
  CompleteLifetimes(completing);
  CompleteOrdering(completing);
  CheckUserWeights(completing);
  CheckCreation(completing);
}

}  // namespace weir::scheduler
