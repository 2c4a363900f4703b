// SchedulerModel: the scheduler's rules said a second time, by brute force: every decision scans
// all applications and all nodes. The oracle of the property tests. Slow on purpose.
// Single-threaded.
#ifndef WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_MODEL_H_
#define WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_MODEL_H_

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "scheduler/scheduler.h"

namespace weir::scheduler {

struct ModelNode {
  Resource capacity;
  Resource used;
  int64_t order = 0;
  bool schedulable = true;
};

struct ModelApplication {
  int32_t priority = 0;
  int64_t order = 0;
  std::vector<ContainerAsk> asks;
};

struct ModelContainer {
  ApplicationSlot application;
  NodeSlot node;
  Resource resource;
};

struct SchedulerModel {
  std::map<NodeSlot, ModelNode> nodes;
  std::map<ApplicationSlot, ModelApplication> applications;
  std::map<ContainerSlot, ModelContainer> containers;

  // The next grant by the rules, without applying it; the container slot stays -1.
  std::optional<Allocation> Next() const;
  // Takes over a grant that the scheduler made.
  void Apply(const Allocation& allocation);
  void Release(ContainerSlot container);
  void SetAsk(ApplicationSlot application, const ContainerAsk& ask);

  // The application's first ask by the rules; null when it wants nothing.
  static const ContainerAsk* Head(const ModelApplication& application);
  std::optional<NodeSlot> Fullest(const Resource& needed) const;
};

}  // namespace weir::scheduler

#endif  // WEIR_TESTS_UNIT_SCHEDULER_SCHEDULER_MODEL_H_
