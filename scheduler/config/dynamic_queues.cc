#include "scheduler/config/dynamic_queues.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/strings.h"
#include "scheduler/config/capacity_text.h"
#include "scheduler/config/dynamic_templates.h"
#include "scheduler/config/fault_list.h"
#include "scheduler/config/property_values.h"
#include "scheduler/config/queue_draft.h"
#include "scheduler/config/queue_tree_reader.h"
#include "scheduler/config/recovery_queue.h"
#include "scheduler/config/sibling_rules.h"

namespace weir::scheduler {
namespace {

// Queues that are there already are not counted again when they move to a new configuration, and
// stay below a parent that was stopped.
enum class Purpose { kCreate, kCarry };

struct Place {
  std::string parent;                // the deepest queue that exists
  std::vector<std::string> missing;  // paths to make; the leaf is the last
};

Error Refused(ErrorCode code, std::string message, std::string rule) {
  return {code, std::move(message), std::move(rule)};
}

std::string Cannot(const std::string& path) {
  return "queue " + Quoted(path) + " cannot be made: ";
}

Status CheckPath(const QueueConfiguration& configuration, const std::string& path) {
  const std::vector<std::string_view> names = Split(path, '.');
  if (names.front() != "root" || names.size() < 2 || names.size() > kQueueLevelsMax) {
    return Refused(ErrorCode::kInvalidArgument,
                   Cannot(path) + "it is not a path from root",
                   "a path has the form root.PARENT.NAME, of at most " +
                       std::to_string(kQueueLevelsMax) + " names");
  }
  for (const std::string_view name : names) {
    if (const Status good = CheckQueueName(name); !good) {
      return Refused(
          ErrorCode::kInvalidArgument, Cannot(path) + good.error().message, good.error().remedy);
    }
  }
  if (configuration.Find(path) != nullptr) {
    return Refused(ErrorCode::kAlreadyExists, "queue " + Quoted(path) + " exists already", "");
  }
  if (configuration.queues.size() + names.size() > kQueuesMax) {
    return Refused(ErrorCode::kResourceExhausted,
                   Cannot(path) + "there are too many queues",
                   "there are at most " + std::to_string(kQueuesMax) + " queues");
  }
  return {};
}

Place FindPlace(const QueueConfiguration& configuration, const std::string& path) {
  Place place;
  std::string at = path;
  while (configuration.Find(at) == nullptr) {
    place.missing.push_back(at);
    at.resize(at.rfind('.'));
  }
  std::reverse(place.missing.begin(), place.missing.end());
  place.parent = at;
  return place;
}

const QueueSettings& FirstStatic(const QueueConfiguration& configuration,
                                 const QueueSettings& queue) {
  const QueueSettings* at = &queue;
  while (at->dynamic) at = &configuration.queues.at(at->parent);
  return *at;
}

int64_t LevelOf(const std::string& path) {
  return std::count(path.begin(), path.end(), '.');
}

// The parent takes new queues at all, in this depth.
Status CheckPlace(const QueueConfiguration& configuration,
                  const QueueSettings& parent,
                  const std::string& path,
                  Purpose purpose) {
  const QueueSettings& owner = FirstStatic(configuration, parent);
  const AutoCreation& creation = owner.auto_creation;
  if (parent.leaf) {
    return Refused(ErrorCode::kFailedPrecondition,
                   Cannot(path) + "queue " + parent.path + " is a leaf",
                   "queues are made below a parent");
  }
  if (!creation.enabled && !creation.managed) {
    return Refused(ErrorCode::kFailedPrecondition,
                   Cannot(path) + "queue " + owner.path + " creates no queues",
                   "set yarn.scheduler.capacity." + owner.path +
                       ".auto-queue-creation-v2.enabled, or name the queue in the configuration");
  }
  const int64_t depth = LevelOf(path) - LevelOf(owner.path);
  const int64_t most = creation.managed ? 1 : creation.max_depth;
  if (depth > most && (purpose == Purpose::kCreate || creation.managed)) {
    return Refused(
        ErrorCode::kFailedPrecondition,
        Cannot(path) + "it would be " + std::to_string(depth) + " levels below " + owner.path,
        creation.managed ? "a managed parent creates leaves only"
                         : "auto-queue-creation-v2.maximum-queue-depth is " + std::to_string(most));
  }
  return {};
}

// The parent takes one more queue now.
Status CheckRoom(const QueueConfiguration& configuration,
                 const QueueSettings& parent,
                 const std::string& path) {
  if (parent.state != QueueState::kRunning) {
    return Refused(ErrorCode::kFailedPrecondition,
                   Cannot(path) + "queue " + parent.path + " is STOPPED",
                   "below a stopped queue no queue is made");
  }
  const auto most = static_cast<size_t>(std::max(parent.auto_creation.max_queues, 0));
  if (parent.children.size() < most) return {};  // counting takes time
  const auto made =
      std::count_if(parent.children.begin(), parent.children.end(), [&](const std::string& child) {
        const QueueSettings& queue = configuration.queues.at(child);
        return queue.dynamic && !queue.holds;
      });
  if (made < parent.auto_creation.max_queues) return {};
  return Refused(ErrorCode::kResourceExhausted,
                 Cannot(path) + "queue " + parent.path + " has " + std::to_string(made) +
                     " queues that were made automatically",
                 "max-queues is " + std::to_string(parent.auto_creation.max_queues));
}

Result<Place> CheckedPlace(const QueueConfiguration& configuration,
                           const std::string& path,
                           Purpose purpose) {
  WEIR_RETURN_IF_ERROR(CheckPath(configuration, path));
  Place place = FindPlace(configuration, path);
  const QueueSettings& parent = configuration.queues.at(place.parent);
  WEIR_RETURN_IF_ERROR(CheckPlace(configuration, parent, path, purpose));
  if (purpose == Purpose::kCreate) WEIR_RETURN_IF_ERROR(CheckRoom(configuration, parent, path));
  return place;
}

// --- making one queue

class Maker {
 public:
  Maker(QueueConfiguration& configuration, const ResourceTypes& types)
      : configuration_(configuration), types_(types) {}

  // All of the place's missing queues, or none.
  Status Make(const Place& place) {
    for (size_t i = 0; i < place.missing.size(); ++i) {
      const bool leaf = i + 1 == place.missing.size();
      const std::string next = leaf ? "" : place.missing[i + 1];
      Status made = MakeOne(i == 0 ? place.parent : place.missing[i - 1], place.missing[i], next);
      if (made) continue;
      for (size_t k = 0; k < i; ++k) configuration_.queues.erase(place.missing[k]);
      if (i > 0) configuration_.queues.at(place.parent).children.pop_back();
      return made;
    }
    return {};
  }

 private:
  // `next`: the child that will be made below it; "" for a leaf.
  Status MakeOne(const std::string& parent_path, const std::string& path, const std::string& next) {
    QueueSettings& parent = configuration_.queues.at(parent_path);
    const bool leaf = next.empty();
    WEIR_ASSIGN_OR_RETURN(QueueSettings settings, Read(parent, path, next));
    if (settings.leaf != leaf) {
      return Refused(
          ErrorCode::kInvalidArgument,
          Cannot(path) + "its template does not let it be a " + (leaf ? "leaf" : "parent"),
          "templates do not change automatic creation");
    }
    if (parent.auto_creation.managed) WEIR_RETURN_IF_ERROR(FitManaged(parent, settings));
    WEIR_RETURN_IF_ERROR(CheckAmongSiblings(parent, settings));
    settings.children.clear();  // `next` joins when it is made
    parent.children.push_back(path);
    configuration_.queues.emplace(path, std::move(settings));
    return {};
  }

  Result<QueueSettings> Read(const QueueSettings& parent,
                             const std::string& path,
                             const std::string& next) const {
    FaultList faults;
    ReaderContext context{types_, configuration_.defaults, configuration_.legacy_mode, faults, 0};
    QueueDraft draft = StartDraft(&parent, path, context);
    QueueSettings& settings = draft.settings;
    settings.dynamic = true;
    if (!parent.auto_creation.managed) {
      settings.partitions[""].capacity = PlainCapacity(CapacityKind::kWeight, kWholeWeight);
      settings.auto_creation.enabled = !next.empty();
      settings.auto_creation.max_depth = parent.auto_creation.max_depth;
      settings.auto_creation.auto_removal = parent.auto_creation.auto_removal;
      if (next.empty()) {
        settings.user_limit_factor = std::nullopt;
        settings.am_share = kWholeFactor;
      }
    }
    if (!next.empty()) settings.children.push_back(next);
    const std::vector<ConfigProperty> properties =
        TemplatedProperties(configuration_, parent, path, next.empty());
    for (const ConfigProperty& property : properties) draft.given.emplace(property.name, &property);
    ReadDraft(draft, &parent, context);
    if (faults.empty()) return std::move(settings);
    const ConfigFault fault = faults.TakeFaults().front();
    return Refused(ErrorCode::kInvalidArgument,
                   Cannot(path) + "by its template, " + fault.message,
                   fault.rule);
  }

  std::vector<QueueSettings*> ChildrenOf(const QueueSettings& parent) {
    std::vector<QueueSettings*> children;
    for (const std::string& path : parent.children) {
      children.push_back(&configuration_.queues.at(path));
    }
    return children;
  }

  std::vector<SiblingFault> Check(const QueueSettings& parent,
                                  const std::vector<QueueSettings*>& children) const {
    const SiblingMode mode{configuration_.legacy_mode, true};
    return CheckSiblings(parent, children, mode, configuration_.type_names);
  }

  // A managed parent that is given away gives the next queue nothing until one of them goes, or has
  // no applications any more (BalanceManagedParent).
  Status FitManaged(const QueueSettings& parent, QueueSettings& settings) {
    std::vector<QueueSettings*> children = ChildrenOf(parent);
    children.push_back(&settings);
    const bool wrong_alone = !Check(parent, {&settings}).empty();
    if (wrong_alone || Check(parent, children).empty()) return {};
    if (parent.auto_creation.fail_when_full) {
      return Refused(ErrorCode::kResourceExhausted,
                     Cannot(settings.path) + "queue " + parent.path + " is given away",
                     "auto-create-child-queue.fail-on-exceeding-parent-capacity is true");
    }
    for (auto& [label, partition] : settings.partitions) {
      for (CapacityPart& part : partition.capacity.parts) part.value = 0;
    }
    return {};
  }

  // Among weights the kind is all that has to agree, and one sibling stands for all: making many
  // queues takes time in proportion.
  Status CheckAmongSiblings(const QueueSettings& parent, QueueSettings& settings) {
    std::vector<QueueSettings*> children;
    const bool weights =
        std::all_of(settings.partitions.begin(), settings.partitions.end(), [](const auto& each) {
          return each.second.capacity.IsAll(CapacityKind::kWeight);
        });
    if (weights && configuration_.legacy_mode) {
      const auto sibling =
          std::find_if(parent.children.begin(), parent.children.end(), [&](const auto& path) {
            const QueueSettings& queue = configuration_.queues.at(path);
            return std::any_of(queue.partitions.begin(),
                               queue.partitions.end(),
                               [](const auto& each) { return !IsNothing(each.second.capacity); });
          });
      if (sibling != parent.children.end()) children = {&configuration_.queues.at(*sibling)};
    } else {
      children = ChildrenOf(parent);
    }
    children.push_back(&settings);
    const std::vector<SiblingFault> faults = Check(parent, children);
    if (faults.empty()) return {};
    return Refused(ErrorCode::kFailedPrecondition,
                   Cannot(settings.path) + "in queue " + faults.front().queue->path + ", " +
                       faults.front().message,
                   faults.front().rule);
  }

  QueueConfiguration& configuration_;
  const ResourceTypes& types_;
};

Status Add(QueueConfiguration& configuration,
           const std::string& path,
           const ResourceTypes& types,
           Purpose purpose) {
  WEIR_ASSIGN_OR_RETURN(const Place place, CheckedPlace(configuration, path, purpose));
  return Maker(configuration, types).Make(place);
}

void EraseBelow(QueueConfiguration& configuration, const std::string& path) {
  std::vector<std::string> gone = {path};
  while (!gone.empty()) {
    const auto found = configuration.queues.find(gone.back());
    gone.pop_back();
    WEIR_CHECK(found != configuration.queues.end(), "a child of a queue exists");
    gone.insert(gone.end(), found->second.children.begin(), found->second.children.end());
    configuration.queues.erase(found);
  }
}

// What a queue of a managed parent had goes to the first one that has nothing.
void HandOn(QueueConfiguration& configuration,
            const QueueSettings& parent,
            const std::map<std::string, PartitionCapacity>& freed) {
  if (freed.empty() || IsNothing(freed.at("").capacity)) return;
  for (const std::string& path : parent.children) {
    QueueSettings& child = configuration.queues.at(path);
    if (!IsNothing(child.partitions.at("").capacity)) continue;
    for (auto& [label, partition] : child.partitions) {
      const auto given = freed.find(label);
      if (given != freed.end()) partition.capacity = given->second.capacity;
    }
    return;
  }
}

// Dynamic leaves, in the order of the tree.
void CollectDynamicLeaves(const QueueConfiguration& configuration,
                          const QueueSettings& queue,
                          std::vector<std::string>& leaves) {
  if (queue.dynamic && queue.leaf && !queue.holds) leaves.push_back(queue.path);
  for (const std::string& child : queue.children) {
    CollectDynamicLeaves(configuration, configuration.queues.at(child), leaves);
  }
}

}  // namespace

Status AddDynamicQueue(QueueConfiguration& configuration,
                       const std::string& path,
                       const ResourceTypes& types) {
  return Add(configuration, path, types, Purpose::kCreate);
}

Status AddDynamicQueueAgain(QueueConfiguration& configuration,
                            const std::string& path,
                            const ResourceTypes& types) {
  return Add(configuration, path, types, Purpose::kCarry);
}

Result<std::shared_ptr<const QueueConfiguration>> WithDynamicQueue(const QueueConfiguration& from,
                                                                   const std::string& path,
                                                                   const ResourceTypes& types) {
  WEIR_RETURN_IF_ERROR(CheckDynamicQueue(from, path));
  auto copy = std::make_shared<QueueConfiguration>(from);
  WEIR_RETURN_IF_ERROR(AddDynamicQueue(*copy, path, types));
  return std::shared_ptr<const QueueConfiguration>(std::move(copy));
}

Status CheckDynamicQueue(const QueueConfiguration& configuration, const std::string& path) {
  WEIR_RETURN_IF_ERROR(CheckedPlace(configuration, path, Purpose::kCreate));
  return {};
}

Result<std::shared_ptr<const QueueConfiguration>> WithoutDynamicQueue(
    const QueueConfiguration& from, const std::string& path) {
  const QueueSettings* const queue = from.Find(path);
  if (queue == nullptr) {
    return Refused(ErrorCode::kNotFound, "queue " + Quoted(path) + " does not exist", "");
  }
  if (!queue->dynamic) {
    return Refused(ErrorCode::kFailedPrecondition,
                   "queue " + path + " stands in the configuration",
                   "only queues that were made automatically are removed automatically");
  }
  auto copy = std::make_shared<QueueConfiguration>(from);
  QueueSettings& parent = copy->queues.at(queue->parent);
  parent.children.erase(std::find(parent.children.begin(), parent.children.end(), path));
  EraseBelow(*copy, path);
  if (parent.auto_creation.managed) HandOn(*copy, parent, queue->partitions);
  return std::shared_ptr<const QueueConfiguration>(std::move(copy));
}

std::shared_ptr<const QueueConfiguration> BalanceManagedParent(
    const QueueConfiguration& from,
    const std::string& parent,
    const std::function<std::optional<int64_t>(const std::string& path)>& oldest) {
  const QueueSettings* const managed = from.Find(parent);
  if (managed == nullptr || !managed->auto_creation.managed) return nullptr;
  std::vector<std::pair<int64_t, std::string>> lacking;
  std::vector<std::string> idle;
  for (const std::string& path : managed->children) {
    const bool has = !IsNothing(from.queues.at(path).partitions.at("").capacity);
    const std::optional<int64_t> order = oldest(path);
    if (order && !has) lacking.emplace_back(*order, path);
    if (!order && has) idle.push_back(path);
  }
  if (lacking.empty() || idle.empty()) return nullptr;
  std::sort(lacking.begin(), lacking.end());
  auto copy = std::make_shared<QueueConfiguration>(from);
  for (size_t i = 0; i < std::min(lacking.size(), idle.size()); ++i) {
    QueueSettings& giver = copy->queues.at(idle[i]);
    QueueSettings& taker = copy->queues.at(lacking[i].second);
    for (auto& [label, partition] : giver.partitions) {
      const auto given = taker.partitions.find(label);
      if (given != taker.partitions.end()) std::swap(partition.capacity, given->second.capacity);
    }
  }
  return copy;
}

std::shared_ptr<const QueueConfiguration> CarryDynamicQueues(const QueueConfiguration& running,
                                                             const QueueConfiguration& to,
                                                             const ResourceTypes& types) {
  auto copy = std::make_shared<QueueConfiguration>(to);
  std::vector<std::string> leaves;
  if (const QueueSettings* root = running.Find("root")) {
    CollectDynamicLeaves(running, *root, leaves);
  }
  for (const std::string& path : leaves) {
    // One that `to` has no place for is left out: CheckChange says so if it is in use.
    const Status carried = Add(*copy, path, types, Purpose::kCarry);
    if (!carried) continue;
  }
  if (running.Find(kRecoveryQueue) != nullptr) AddRecoveryQueue(*copy);
  return copy;
}

}  // namespace weir::scheduler
