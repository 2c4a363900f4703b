// Which queues one answer tells of. Pure functions; thread-safe.
#ifndef WEIR_RESOURCEMANAGER_SERVER_QUEUE_PAGES_H_
#define WEIR_RESOURCEMANAGER_SERVER_QUEUE_PAGES_H_

#include <string>
#include <vector>

#include "common/queue.h"
#include "common/result.h"

namespace weir::rm {

struct QueuePageRequest {
  std::string under;       // path or unique name: it and what is below it; "" = all
  std::string after_path;  // the last path of the page before; "" = from the first
  bool users = false;      // with the users of leaves
};

struct QueuePage {
  std::vector<QueueReport> queues;  // in the order of `all`
  bool more = false;
};

// As much as safely fits into one frame, but at least one queue. kNotFound with the nearest name;
// kInvalidArgument: the name of several queues, with their paths.
Result<QueuePage> SelectQueues(std::vector<QueueReport> all, const QueuePageRequest& request);

// Names of queues that come from outside: not empty, not endless. kInvalidArgument.
Status CheckQueueName(const std::string& name);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_QUEUE_PAGES_H_
