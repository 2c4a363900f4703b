// Properties over generated histories: the scheduler against the brute-force model, call by call.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "tests/unit/scheduler/scheduler_model.h"

namespace weir::scheduler {
namespace {

// One call of a history; the numbers choose among what exists when it is applied.
struct Call {
  uint32_t kind = 0;
  uint32_t who = 0;
  uint32_t a = 0;
  uint32_t b = 0;
};

std::ostream& operator<<(std::ostream& out, const Call& call) {
  return out << "{" << call.kind << ", " << call.who << ", " << call.a << ", " << call.b << "}";
}

rc::Gen<std::vector<Call>> History() {
  const auto number = rc::gen::inRange<uint32_t>(0, 1000);
  return rc::gen::container<std::vector<Call>>(
      rc::gen::build<Call>(rc::gen::set(&Call::kind, rc::gen::inRange<uint32_t>(0, 20)),
                           rc::gen::set(&Call::who, number),
                           rc::gen::set(&Call::a, number),
                           rc::gen::set(&Call::b, number)));
}

class HistoryRunner {
 public:
  HistoryRunner()
      : scheduler_(MakeFifoScheduler(
            {.minimum_allocation = {512, 1}, .maximum_allocation = {16384, 16}})) {}

  void Run(const std::vector<Call>& history) {
    for (const Call& call : history) {
      Apply(call);
      RC_ASSERT(scheduler_->CheckInvariants() == "");
    }
    ScheduleAll();
    CheckSums();
  }

  // Ends everything; nothing may be left.
  void ReleaseAll() {
    while (!model_.containers.empty()) Release(model_.containers.begin()->first);
    while (!model_.applications.empty()) RemoveApplication(model_.applications.begin()->first);
    RC_ASSERT(scheduler_->cluster_used() == Resource{});
    RC_ASSERT(scheduler_->cluster_pending() == Resource{});
    RC_ASSERT(scheduler_->pending_containers() == 0);
    for (const auto& [slot, node] : model_.nodes) {
      RC_ASSERT(scheduler_->node_used(slot) == Resource{});
      RC_ASSERT(scheduler_->node_containers(slot) == 0);
    }
    RC_ASSERT(scheduler_->CheckInvariants() == "");
  }

  const std::vector<Allocation>& decisions() const { return decisions_; }

 private:
  void Apply(const Call& call) {
    switch (call.kind) {
      case 0:
      case 1:
        return AddNode(call);
      case 2:
        return RemoveNode(call);
      case 3:
        return ChangeNode(call);
      case 4:
      case 5:
        return AddApplication(call);
      case 6:
        if (!model_.applications.empty()) RemoveApplication(Pick(model_.applications, call.who));
        return;
      case 7:
      case 8:
      case 9:
      case 10:
        if (!model_.containers.empty()) Release(Pick(model_.containers, call.who));
        return;
      case 11:
        return Recover(call);
      case 12:
      case 13:
      case 14:
        Schedule(call.a % 7 + 1);
        return;
      default:
        return SetAsk(call);
    }
  }

  template <typename Map>
  static typename Map::key_type Pick(const Map& map, uint32_t number) {
    return std::next(map.begin(), static_cast<ptrdiff_t>(number % map.size()))->first;
  }
  static Resource SizeOf(const Call& call) { return {512 * (1 + call.a % 8), 1 + call.b % 4}; }

  void AddNode(const Call& call) {
    const Resource capacity{512 * (call.a % 20), call.b % 12};
    const NodeSlot slot = scheduler_->AddNode({"n" + std::to_string(next_)}, "/r", capacity);
    RC_ASSERT(!model_.nodes.contains(slot));
    model_.nodes[slot] = {.capacity = capacity, .used = {}, .order = next_++, .schedulable = true};
  }
  void RemoveNode(const Call& call) {
    if (model_.nodes.empty()) return;
    const NodeSlot slot = Pick(model_.nodes, call.who);
    std::vector<ContainerSlot> held;
    for (const auto& [container, placement] : model_.containers) {
      if (placement.node == slot) held.push_back(container);
    }
    RC_ASSERT(scheduler_->RemoveNode(slot) == held);
    for (const ContainerSlot container : held) model_.containers.erase(container);
    model_.nodes.erase(slot);
  }
  void ChangeNode(const Call& call) {
    if (model_.nodes.empty()) return;
    const NodeSlot slot = Pick(model_.nodes, call.who);
    ModelNode& node = model_.nodes.at(slot);
    if (call.a % 2 == 0) {
      node.schedulable = call.b % 2 == 0;
      scheduler_->SetNodeSchedulable(slot, node.schedulable);
    } else {
      node.capacity = {512 * (call.b % 20), call.b % 9};
      scheduler_->SetNodeCapacity(slot, node.capacity);
    }
  }
  void AddApplication(const Call& call) {
    const int32_t priority = static_cast<int32_t>(call.a % 3);
    const ApplicationSlot slot = scheduler_->AddApplication(
        {{1, static_cast<int32_t>(next_)}, 1}, "root.default", "ann", priority, next_);
    RC_ASSERT(!model_.applications.contains(slot));
    model_.applications[slot] = {.priority = priority, .order = next_++, .asks = {}};
  }
  void RemoveApplication(ApplicationSlot slot) {
    std::vector<ContainerSlot> held;
    for (const auto& [container, placement] : model_.containers) {
      if (placement.application == slot) held.push_back(container);
    }
    RC_ASSERT(scheduler_->RemoveApplication(slot) == held);
    for (const ContainerSlot container : held) model_.Release(container);
    model_.applications.erase(slot);
  }
  void SetAsk(const Call& call) {
    if (model_.applications.empty()) return;
    const ApplicationSlot slot = Pick(model_.applications, call.who);
    const ContainerAsk ask{.request_id = call.a % 4,
                           .priority = static_cast<int32_t>(call.b % 3),
                           .count = static_cast<int32_t>((call.a + call.b) % 6),
                           .resource = SizeOf(call)};
    model_.SetAsk(slot, ask);
    scheduler_->SetAsk(slot, ask);
  }
  void Release(ContainerSlot container) {
    scheduler_->Release(container);
    model_.Release(container);
  }
  void Recover(const Call& call) {
    if (model_.applications.empty() || model_.nodes.empty()) return;
    const Allocation recovered{.container = {},
                               .application = Pick(model_.applications, call.who),
                               .node = Pick(model_.nodes, call.a),
                               .request_id = 0,
                               .priority = 0,
                               .resource = SizeOf(call)};
    const ContainerSlot slot =
        scheduler_->Recover(recovered.application, recovered.node, recovered.resource);
    RC_ASSERT(!model_.containers.contains(slot));
    model_.nodes.at(recovered.node).used += recovered.resource;
    model_.containers[slot] = {recovered.application, recovered.node, recovered.resource};
  }

  bool Schedule(size_t limit) {
    std::vector<Allocation> placed;
    const bool more = scheduler_->Schedule({}, limit, placed);
    RC_ASSERT(placed.size() <= limit);
    for (const Allocation& allocation : placed) {
      const std::optional<Allocation> expected = model_.Next();
      RC_ASSERT(expected.has_value());
      RC_ASSERT(allocation.application == expected->application);
      RC_ASSERT(allocation.node == expected->node);
      RC_ASSERT(allocation.request_id == expected->request_id);
      RC_ASSERT(allocation.priority == expected->priority);
      RC_ASSERT(allocation.resource == expected->resource);
      RC_ASSERT(!model_.containers.contains(allocation.container));
      model_.Apply(allocation);
      const ModelNode& node = model_.nodes.at(allocation.node);
      RC_ASSERT(node.used.FitsIn(node.capacity));
      decisions_.push_back(allocation);
    }
    if (!more) CheckNothingThatFitsWaits();
    return more;
  }
  void ScheduleAll() {
    while (Schedule(3)) {
    }
  }
  void CheckNothingThatFitsWaits() {
    RC_ASSERT(!model_.Next().has_value());
    for (const auto& [slot, application] : model_.applications) {
      const std::vector<PendingAsk> pending = scheduler_->pending(slot);
      RC_ASSERT(pending.size() == application.asks.size());
      for (const PendingAsk& ask : pending) {
        RC_ASSERT(ask.reason != PendingReason::kNone);
        RC_ASSERT(!ask.detail.empty());
      }
      if (!pending.empty()) RC_ASSERT(pending.front().reason == BruteForceReason(pending.front()));
    }
  }
  PendingReason BruteForceReason(const PendingAsk& head) const {
    Resource free;
    bool some_node = false;
    bool some_fit = false;
    for (const auto& [slot, node] : model_.nodes) {
      if (!node.schedulable) continue;
      some_node = true;
      some_fit = some_fit || head.ask.resource.FitsIn(node.capacity);
      free.memory_mib += std::max<int64_t>(0, node.capacity.memory_mib - node.used.memory_mib);
      free.vcores += std::max<int64_t>(0, node.capacity.vcores - node.used.vcores);
    }
    if (!some_node) return PendingReason::kNoNodes;
    if (!some_fit) return PendingReason::kNoFitNode;
    return head.ask.resource.FitsIn(free) ? PendingReason::kFragmented
                                          : PendingReason::kInsufficient;
  }

  void CheckSums() {
    Resource used;
    Resource pending;
    for (const auto& [slot, node] : model_.nodes) {
      RC_ASSERT(scheduler_->node_used(slot) == node.used);
      RC_ASSERT(scheduler_->node_capacity(slot) == node.capacity);
      used += node.used;
    }
    for (const auto& [slot, application] : model_.applications) {
      for (const ContainerAsk& ask : application.asks) pending += ask.resource * ask.count;
    }
    for (const auto& [slot, container] : model_.containers) {
      RC_ASSERT(scheduler_->placement(slot).live);
      RC_ASSERT(scheduler_->placement(slot).node == container.node);
      RC_ASSERT(scheduler_->placement(slot).resource == container.resource);
    }
    RC_ASSERT(scheduler_->cluster_used() == used);
    RC_ASSERT(scheduler_->cluster_pending() == pending);
    RC_ASSERT(scheduler_->queues().front().used == used);
  }

  std::unique_ptr<Scheduler> scheduler_;
  SchedulerModel model_;
  std::vector<Allocation> decisions_;
  int64_t next_ = 1;
};

RC_GTEST_PROP(SchedulerProperty, DecidesAsTheBruteForceModelAndLeavesNothing, ()) {
  const std::vector<Call> history = *History();
  HistoryRunner runner;
  runner.Run(history);
  runner.ReleaseAll();
}

RC_GTEST_PROP(SchedulerProperty, SameCallsGiveTheSameDecisions, ()) {
  const std::vector<Call> history = *History();
  HistoryRunner first;
  HistoryRunner second;
  first.Run(history);
  second.Run(history);
  RC_ASSERT(first.decisions().size() == second.decisions().size());
  for (size_t i = 0; i < first.decisions().size(); ++i) {
    RC_ASSERT(first.decisions()[i].container == second.decisions()[i].container);
    RC_ASSERT(first.decisions()[i].node == second.decisions()[i].node);
    RC_ASSERT(first.decisions()[i].application == second.decisions()[i].application);
  }
}

}  // namespace
}  // namespace weir::scheduler
