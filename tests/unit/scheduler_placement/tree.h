// Queue configurations for tests: queues by their paths. Immutable values.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_PLACEMENT_TREE_H_
#define WEIR_TESTS_UNIT_SCHEDULER_PLACEMENT_TREE_H_

#include <string>
#include <vector>

#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// The leaves and every parent on the way; everybody may submit and administer nothing.
inline QueueConfiguration Tree(const std::vector<std::string>& leaves) {
  QueueConfiguration tree;
  for (const std::string& leaf : leaves) {
    std::string path = leaf;
    while (true) {
      QueueSettings& queue = tree.queues[path];
      const bool known = !queue.path.empty();
      const size_t dot = path.rfind('.');
      queue.path = path;
      queue.name = dot == std::string::npos ? path : path.substr(dot + 1);
      queue.leaf = path == leaf;
      if (dot == std::string::npos || known) break;
      queue.parent = path.substr(0, dot);
      tree.queues[queue.parent].children.push_back(path);
      path = queue.parent;
    }
  }
  return tree;
}

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_PLACEMENT_TREE_H_
