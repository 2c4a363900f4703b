#include "tests/unit/scheduler/scheduler_model.h"

#include <algorithm>
#include <tuple>

namespace weir::scheduler {

const ContainerAsk* SchedulerModel::Head(const ModelApplication& application) {
  const ContainerAsk* head = nullptr;
  for (const ContainerAsk& ask : application.asks) {
    if (head == nullptr ||
        std::tie(ask.priority, ask.request_id) < std::tie(head->priority, head->request_id)) {
      head = &ask;
    }
  }
  return head;
}

std::optional<NodeSlot> SchedulerModel::Fullest(const Resource& needed) const {
  std::optional<NodeSlot> best;
  std::tuple<int64_t, int64_t, int64_t> best_rank;
  for (const auto& [slot, node] : nodes) {
    const Resource free = node.capacity - node.used;
    if (!node.schedulable || !needed.FitsIn(free)) continue;
    const std::tuple<int64_t, int64_t, int64_t> rank(free.memory_mib, free.vcores, node.order);
    if (!best || rank < best_rank) {
      best = slot;
      best_rank = rank;
    }
  }
  return best;
}

std::optional<Allocation> SchedulerModel::Next() const {
  std::optional<Allocation> next;
  std::tuple<int64_t, int64_t> next_rank;
  for (const auto& [slot, application] : applications) {
    const ContainerAsk* head = Head(application);
    if (head == nullptr) continue;
    const std::optional<NodeSlot> node = Fullest(head->resource);
    const std::tuple<int64_t, int64_t> rank(-application.priority, application.order);
    if (!node || (next && next_rank < rank)) continue;
    next = Allocation{.container = {},
                      .application = slot,
                      .node = *node,
                      .request_id = head->request_id,
                      .priority = head->priority,
                      .resource = head->resource};
    next_rank = rank;
  }
  return next;
}

void SchedulerModel::Apply(const Allocation& allocation) {
  std::vector<ContainerAsk>& asks = applications.at(allocation.application).asks;
  const auto ask = std::find_if(asks.begin(), asks.end(), [&](const ContainerAsk& candidate) {
    return candidate.request_id == allocation.request_id;
  });
  if (--ask->count == 0) asks.erase(ask);
  nodes.at(allocation.node).used += allocation.resource;
  containers[allocation.container] = {allocation.application, allocation.node, allocation.resource};
}

void SchedulerModel::Release(ContainerSlot container) {
  const ModelContainer& held = containers.at(container);
  nodes.at(held.node).used -= held.resource;
  containers.erase(container);
}

void SchedulerModel::SetAsk(ApplicationSlot application, const ContainerAsk& ask) {
  std::vector<ContainerAsk>& asks = applications.at(application).asks;
  std::erase_if(asks,
                [&](const ContainerAsk& known) { return known.request_id == ask.request_id; });
  if (ask.count > 0) asks.push_back(ask);
}

}  // namespace weir::scheduler
