// QueueDraft: one queue while it is being read: its settings so far, which properties it has, and
// what only becomes a setting once parent and children are known.
//
// A draft is started from its parent's finished settings, takes its properties one by one, and is
// completed. Drafts of files and of queues made automatically are read by the same code.
#ifndef WEIR_SCHEDULER_CONFIG_QUEUE_DRAFT_H_
#define WEIR_SCHEDULER_CONFIG_QUEUE_DRAFT_H_

#include <optional>
#include <string>
#include <string_view>

#include "common/time.h"
#include "scheduler/config/capacity_text.h"
#include "scheduler/config/fault_list.h"
#include "scheduler/config/property_index.h"
#include "scheduler/config/queue_configuration.h"
#include "scheduler/resource_types.h"

namespace weir::scheduler {

struct ReaderContext {
  const ResourceTypes& types;
  const QueueDefaults& defaults;
  bool legacy = true;
  FaultList& faults;
  // Labels and user weights that queues took over from their parents; bounded.
  size_t inherited = 0;
};

struct QueueDraft {
  QueueSettings settings;
  PropertiesBySuffix given;
  const ConfigProperty* named = nullptr;  // the parent's `queues`; null for root

  std::optional<QueueState> state;
  std::optional<std::string> default_label;
  bool labels_given = false;
  std::optional<std::string> ordering;
  std::optional<Duration> maximum_lifetime;
  std::optional<Duration> default_lifetime;
  AmountList maximum_allocation{};
  std::optional<int32_t> managed_max_queues;
  bool allow_zero_sum = false;
  bool reservable = false;

  // Where the property stands, or else where the queue is named.
  const ConfigProperty* PlaceOf(std::string_view suffix) const {
    const auto found = given.find(suffix);
    return found == given.end() ? named : found->second;
  }
};

// No capacity, and no maximum of its own.
PartitionCapacity EmptyPartition();

// What a queue takes over from its parent (null for root) and from the defaults.
QueueDraft StartDraft(const QueueSettings* parent, const std::string& path, ReaderContext& context);
// Takes draft.given, then checks and completes. Requires: settings.children is known.
void ReadDraft(QueueDraft& draft, const QueueSettings* parent, ReaderContext& context);

// --- the properties of a queue (queue_keys.cc)
bool IsQueueKey(std::string_view suffix);
// It is inside a template of automatic creation.
bool IsTemplateKey(std::string_view suffix);
// What `given` has in templates for a new leaf or parent, without the templates' prefixes: those
// for its kind before those for both. Of a managed parent: leaf-queue-template.
PropertiesBySuffix TemplateProperties(const PropertiesBySuffix& given, bool managed, bool leaf);
std::optional<std::string> NearestQueueKey(std::string_view suffix);
// Requires: IsQueueKey(suffix).
void TakeProperty(QueueDraft& draft,
                  std::string_view suffix,
                  const ConfigProperty& property,
                  ReaderContext& context);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_QUEUE_DRAFT_H_
