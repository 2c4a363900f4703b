// The properties that a queue can have: one row each.
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "common/strings.h"
#include "scheduler/config/property_values.h"
#include "scheduler/config/queue_draft.h"

namespace weir::scheduler {
namespace {

// One property on its way into a draft.
struct Taking {
  QueueDraft& draft;
  const ConfigProperty& property;
  ReaderContext& context;

  std::string_view value() const { return property.value; }
  QueueSettings& settings() const { return draft.settings; }
  AutoCreation& creation() const { return draft.settings.auto_creation; }

  void Fault(const Error& error) const { context.faults.Add(property, draft.settings.path, error); }
  template <typename Parsed, typename Target>
  void Store(Result<Parsed> parsed, Target& target) const {
    if (parsed) {
      target = *std::move(parsed);
    } else {
      Fault(parsed.error());
    }
  }
};

void NoEffect(const Taking& t) {
  t.context.faults.NoEffect(t.property);
}
void Nothing(const Taking&) {}

void TakeLabels(const Taking& t) {
  t.draft.labels_given = true;
  t.settings().labels = ParseList(t.value());
  std::vector<std::string>& labels = t.settings().labels;
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  t.settings().every_label = std::find(labels.begin(), labels.end(), "*") != labels.end();
  if (t.settings().every_label) labels.clear();
}

void TakeAllocation(const Taking& t) {
  Result<AmountList> amounts = ParseAmounts(t.value(), t.context.types);
  if (!amounts) return t.Fault(amounts.error());
  for (size_t i = 0; i < amounts->size(); ++i) {
    if ((*amounts)[i]) t.draft.maximum_allocation[i] = (*amounts)[i];
  }
}

// The older keys count where the list says nothing: it is taken first, by its name.
void TakeAllocationOf(const Taking& t, int type) {
  std::optional<int64_t>& amount = t.draft.maximum_allocation[static_cast<size_t>(type)];
  std::optional<int64_t> own;
  t.Store(ParseAmount(t.value(), type, t.context.types), own);
  if (!amount) amount = own;
}

void TakeAmShare(const Taking& t) {
  t.Store(ParseFraction(t.value(), kWholeFactor, 0, kWholeFactor), t.settings().am_share);
}

constexpr int32_t kAnyLow = std::numeric_limits<int32_t>::min();

struct QueueKey {
  std::string_view suffix;
  void (*take)(const Taking&);
};
// Sorted by suffix.
constexpr std::array kKeys = std::to_array<QueueKey>({
    {"accessible-node-labels", TakeLabels},
    {"acl_administer_queue",
     [](const Taking& t) { t.settings().administer = ParseAccessList(t.value()); }},
    {"acl_administer_reservations", NoEffect},
    {"acl_application_max_priority",
     [](const Taking& t) {
       t.Store(ParsePriorityGrants(t.value()), t.settings().priority_grants);
     }},
    {"acl_list_reservations", NoEffect},
    {"acl_submit_applications",
     [](const Taking& t) { t.settings().submit = ParseAccessList(t.value()); }},
    {"acl_submit_reservations", NoEffect},
    {"allow-zero-capacity-sum",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.draft.allow_zero_sum); }},
    {"auto-create-child-queue.enabled",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.creation().managed); }},
    {"auto-create-child-queue.fail-on-exceeding-parent-capacity",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.creation().fail_when_full); }},
    {"auto-create-child-queue.management-policy", NoEffect},
    {"auto-create-child-queue.max-queues",
     [](const Taking& t) { t.Store(ParseWhole32(t.value(), 0), t.draft.managed_max_queues); }},
    {"auto-queue-creation-v2.enabled",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.creation().enabled); }},
    {"auto-queue-creation-v2.max-queues",
     [](const Taking& t) { t.Store(ParseWhole32(t.value(), 0), t.creation().max_queues); }},
    {"auto-queue-creation-v2.maximum-queue-depth",
     [](const Taking& t) { t.Store(ParseWhole32(t.value(), 1), t.creation().max_depth); }},
    {"auto-queue-creation-v2.queue-auto-removal.enable",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.creation().auto_removal); }},
    {"average-capacity", NoEffect},
    {"capacity",
     [](const Taking& t) {
       t.Store(ParseCapacity(t.value(), t.context.types, t.context.legacy),
               t.settings().partitions[""].capacity);
     }},
    {"default-application-lifetime",
     [](const Taking& t) { t.Store(ParseLifetime(t.value()), t.draft.default_lifetime); }},
    {"default-application-priority",
     [](const Taking& t) {
       t.Store(ParseWhole32(t.value(), 0), t.settings().default_application_priority);
     }},
    {"default-node-label-expression",
     [](const Taking& t) { t.draft.default_label = std::string(Trim(t.value())); }},
    {"disable_preemption",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.settings().preemption_disabled); }},
    {"instantaneous-max-capacity", NoEffect},
    {"intra-queue-preemption.disable_preemption",
     [](const Taking& t) {
       t.Store(ParseSwitch(t.value()), t.settings().intra_preemption_disabled);
     }},
    {"max-parallel-apps",
     [](const Taking& t) {
       t.Store(ParseCountLimit(t.value()), t.settings().maximum_parallel_applications);
     }},
    {"maximum-allocation", TakeAllocation},
    {"maximum-allocation-mb", [](const Taking& t) { TakeAllocationOf(t, Amounts::kMemory); }},
    {"maximum-allocation-vcores", [](const Taking& t) { TakeAllocationOf(t, Amounts::kVcores); }},
    {"maximum-am-resource-percent", TakeAmShare},
    {"maximum-application-lifetime",
     [](const Taking& t) { t.Store(ParseLifetime(t.value()), t.draft.maximum_lifetime); }},
    {"maximum-applications",
     [](const Taking& t) {
       std::optional<int64_t> limit;
       t.Store(ParseWhole(t.value(), -1, std::numeric_limits<int32_t>::max()), limit);
       if (limit && *limit >= 0) t.settings().maximum_applications = limit;
     }},
    {"maximum-capacity",
     [](const Taking& t) {
       t.Store(ParseMaximum(t.value(), t.context.types, t.context.legacy),
               t.settings().partitions[""].maximum);
     }},
    {"minimum-user-limit-percent",
     [](const Taking& t) {
       t.Store(ParseFraction(t.value(), kWholePercent / 100, 0, kWholePercent),
               t.settings().minimum_user_limit);
     }},
    {"multi-node-sorting.policy", NoEffect},
    {"ordering-policy",
     [](const Taking& t) { t.draft.ordering = std::string(Trim(t.value())); }},
    {"ordering-policy.exclusive-enforced-partitions",
     [](const Taking& t) {
       std::vector<std::string>& labels = t.settings().enforced_labels;
       labels = ParseList(t.value());
       std::sort(labels.begin(), labels.end());
     }},
    {"ordering-policy.fair.enable-size-based-weight",
     [](const Taking& t) { t.Store(ParseSwitch(t.value()), t.settings().size_based_weight); }},
    {"priority",
     [](const Taking& t) { t.Store(ParseWhole32(t.value(), kAnyLow), t.settings().priority); }},
    {"queues", Nothing},
    {"reservable",
     [](const Taking& t) {
       t.Store(ParseSwitch(t.value()), t.draft.reservable);
       if (t.draft.reservable) NoEffect(t);
     }},
    {"reservation-agent", NoEffect},
    {"reservation-enforcement-window", NoEffect},
    {"reservation-move-on-expiry", NoEffect},
    {"reservation-planner", NoEffect},
    {"reservation-policy", NoEffect},
    {"reservation-window", NoEffect},
    {"show-reservations-as-queues", NoEffect},
    {"state", [](const Taking& t) { t.Store(ParseState(t.value()), t.draft.state); }},
    {"user-limit-factor",
     [](const Taking& t) {
       t.Store(ParseUserLimitFactor(t.value()), t.settings().user_limit_factor);
     }},
});
static_assert(std::is_sorted(kKeys.begin(), kKeys.end(), [](const QueueKey& a, const QueueKey& b) {
  return a.suffix < b.suffix;
}));

const QueueKey* FindKey(std::string_view suffix) {
  const auto* const found = std::lower_bound(
      kKeys.begin(), kKeys.end(), suffix, [](const QueueKey& key, std::string_view wanted) {
        return key.suffix < wanted;
      });
  return found != kKeys.end() && found->suffix == suffix ? found : nullptr;
}

// --- families: a name in the middle, or a whole property behind a prefix

constexpr std::string_view kUserPrefix = "user-settings.";
constexpr std::string_view kUserEnd = ".weight";
constexpr std::string_view kLabelPrefix = "accessible-node-labels.";

struct TemplatePrefix {
  std::string_view prefix;
  std::map<std::string, std::string> AutoCreation::*target;
};
constexpr std::array<TemplatePrefix, 4> kTemplates = {{
    {"auto-queue-creation-v2.template.", &AutoCreation::any_template},
    {"auto-queue-creation-v2.leaf-template.", &AutoCreation::leaf_template},
    {"auto-queue-creation-v2.parent-template.", &AutoCreation::parent_template},
    {"leaf-queue-template.", &AutoCreation::leaf_template},
}};

const TemplatePrefix* FindTemplate(std::string_view suffix) {
  for (const TemplatePrefix& each : kTemplates) {
    if (suffix.starts_with(each.prefix) && suffix.size() > each.prefix.size()) return &each;
  }
  return nullptr;
}

bool IsUserWeight(std::string_view suffix) {
  return suffix.starts_with(kUserPrefix) && suffix.ends_with(kUserEnd) &&
         suffix.size() > kUserPrefix.size() + kUserEnd.size();
}

// "accessible-node-labels.<label>.<what>" in two; nothing when it is not one.
struct LabelKey {
  std::string_view label;
  std::string_view what;
};
std::optional<LabelKey> SplitLabelKey(std::string_view suffix) {
  if (!suffix.starts_with(kLabelPrefix)) return std::nullopt;
  suffix.remove_prefix(kLabelPrefix.size());
  const size_t dot = suffix.rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const LabelKey key{suffix.substr(0, dot), suffix.substr(dot + 1)};
  const bool known = key.what == "capacity" || key.what == "maximum-capacity" ||
                     key.what == "maximum-am-resource-percent";
  return known ? std::optional(key) : std::nullopt;
}

void TakeLabelKey(const Taking& t, const LabelKey& key) {
  PartitionCapacity& partition =
      t.settings().partitions.try_emplace(std::string(key.label), EmptyPartition()).first->second;
  if (key.what == "capacity") {
    t.Store(ParseCapacity(t.value(), t.context.types, t.context.legacy), partition.capacity);
  } else if (key.what == "maximum-capacity") {
    t.Store(ParseMaximum(t.value(), t.context.types, t.context.legacy), partition.maximum);
  } else {
    t.Store(ParseFraction(t.value(), kWholeFactor, 0, kWholeFactor), partition.am_share);
  }
}

void TakeUserWeight(const Taking& t, std::string_view suffix) {
  suffix.remove_prefix(kUserPrefix.size());
  suffix.remove_suffix(kUserEnd.size());
  t.Store(ParseFraction(t.value(), kWholeWeight, 0, kLargestWeight),
          t.settings().user_weights[std::string(suffix)]);
}

}  // namespace

bool IsQueueKey(std::string_view suffix) {
  return FindKey(suffix) != nullptr || FindTemplate(suffix) != nullptr || IsUserWeight(suffix) ||
         SplitLabelKey(suffix).has_value();
}

bool IsTemplateKey(std::string_view suffix) {
  return FindTemplate(suffix) != nullptr;
}

PropertiesBySuffix TemplateProperties(const PropertiesBySuffix& given, bool managed, bool leaf) {
  PropertiesBySuffix found;
  // The rows of kTemplates: for both, for leaves, for parents, for leaves of a managed parent.
  std::vector<size_t> rows =
      managed ? std::vector<size_t>{3} : std::vector<size_t>{leaf ? 1U : 2U, 0};
  for (const size_t row : rows) {
    const std::string_view prefix = kTemplates[row].prefix;
    for (auto entry = given.lower_bound(prefix);
         entry != given.end() && entry->first.starts_with(prefix);
         ++entry) {
      if (entry->first.size() > prefix.size()) {
        found.emplace(entry->first.substr(prefix.size()), entry->second);
      }
    }
  }
  return found;
}

std::optional<std::string> NearestQueueKey(std::string_view suffix) {
  std::vector<std::string> known;
  for (const QueueKey& key : kKeys) known.emplace_back(key.suffix);
  return NearestName(suffix.substr(0, 100), known);
}

void TakeProperty(QueueDraft& draft,
                  std::string_view suffix,
                  const ConfigProperty& property,
                  ReaderContext& context) {
  const Taking taking{draft, property, context};
  if (const QueueKey* const key = FindKey(suffix)) {
    key->take(taking);
  } else if (const TemplatePrefix* const family = FindTemplate(suffix)) {
    // "auto-create-child-queue.enabled" comes first in the order of names: managed is known.
    const bool of_managed = family->prefix == "leaf-queue-template.";
    if (of_managed != taking.creation().managed) return context.faults.NoEffect(property);
    const std::string_view inner = suffix.substr(family->prefix.size());
    (taking.creation().*(family->target))[std::string(inner)] = property.value;
  } else if (const std::optional<LabelKey> label = SplitLabelKey(suffix)) {
    TakeLabelKey(taking, *label);
  } else if (IsUserWeight(suffix)) {
    TakeUserWeight(taking, suffix);
  }
}

}  // namespace weir::scheduler
