// Finds the queues of a file and gives each its properties; nothing is interpreted here.
#ifndef WEIR_SCHEDULER_CONFIG_QUEUE_TREE_READER_H_
#define WEIR_SCHEDULER_CONFIG_QUEUE_TREE_READER_H_

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/config/property_index.h"
#include "scheduler/config/queue_draft.h"

namespace weir::scheduler {

inline constexpr size_t kQueuesMax = 100'000;
inline constexpr size_t kQueueLevelsMax = 32;  // root is level 1

// A property whose queue is not in the tree.
struct StrayProperty {
  size_t ancestor = 0;  // the nearest queue that is in the tree: index of its draft
  std::string path;     // "root.a.x", or a pattern "root.a.*"
  std::string suffix;
  const ConfigProperty* property = nullptr;
};

struct QueueDrafts {
  std::vector<QueueDraft> drafts;  // parents before children; the first is root
  std::vector<size_t> parents;     // index of the parent; of root: 0
  std::map<std::string, size_t, std::less<>> by_path;
  std::vector<StrayProperty> strays;
};

QueueDrafts ReadQueueTree(const PropertyIndex& index, ReaderContext& context);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_QUEUE_TREE_READER_H_
