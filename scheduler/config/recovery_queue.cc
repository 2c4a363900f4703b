#include "scheduler/config/recovery_queue.h"

#include <utility>

#include "common/check.h"
#include "scheduler/config/queue_draft.h"

namespace weir::scheduler {
namespace {

constexpr char kParent[] = "root";

}  // namespace

void AddRecoveryQueue(QueueConfiguration& configuration) {
  if (configuration.Find(kRecoveryQueue) != nullptr) return;
  const auto found = configuration.queues.find(kParent);
  WEIR_CHECK(found != configuration.queues.end(), "every configuration has a root");
  QueueSettings& parent = found->second;
  QueueSettings queue;
  queue.path = kRecoveryQueue;
  queue.name = queue.path.substr(queue.path.rfind('.') + 1);
  queue.parent = kParent;
  queue.dynamic = true;
  queue.holds = true;
  queue.state = parent.state;
  queue.partitions[""] = EmptyPartition();
  // An ApplicationMaster is not to fail on what it asks for while it is held.
  queue.every_label = true;
  queue.maximum_allocation = parent.maximum_allocation;
  queue.user_limit_factor = std::nullopt;
  queue.preemption_disabled = true;
  queue.intra_preemption_disabled = true;
  parent.children.push_back(queue.path);
  configuration.queues.emplace(queue.path, std::move(queue));
}

std::shared_ptr<const QueueConfiguration> WithRecoveryQueue(const QueueConfiguration& from) {
  auto copy = std::make_shared<QueueConfiguration>(from);
  AddRecoveryQueue(*copy);
  return copy;
}

}  // namespace weir::scheduler
