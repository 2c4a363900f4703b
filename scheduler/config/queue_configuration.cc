#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

const QueueSettings* QueueConfiguration::Find(const std::string& path) const {
  const auto found = queues.find(path);
  return found == queues.end() ? nullptr : &found->second;
}

}  // namespace weir::scheduler
