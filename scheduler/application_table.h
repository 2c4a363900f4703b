// ApplicationTable: the applications known to the scheduler, in dense slots.
// Owner: the scheduler. Single-threaded.
#ifndef WEIR_SCHEDULER_APPLICATION_TABLE_H_
#define WEIR_SCHEDULER_APPLICATION_TABLE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/resource.h"
#include "scheduler/application_asks.h"
#include "scheduler/ask_classes.h"
#include "scheduler/scheduler.h"

namespace weir::scheduler {

struct Application {
  Application(const AttemptId& attempt, std::string submitter, const ApplicationOrder& order)
      : id(attempt), user(std::move(submitter)), member(order) {}

  AttemptId id;
  std::string user;
  AskClasses::Member member;
  ApplicationAsks asks;
  Resource used;
  int32_t containers = 0;
};

class ApplicationTable {
 public:
  ApplicationSlot Add(const AttemptId& id,
                      const std::string& user,
                      int32_t priority,
                      int64_t order);
  void Remove(ApplicationSlot application);
  // Requires: a live slot.
  Application& at(ApplicationSlot application);
  const Application& at(ApplicationSlot application) const;
  std::vector<ApplicationSlot> All() const;

 private:
  std::vector<std::optional<Application>> applications_;
  std::vector<int32_t> unused_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_APPLICATION_TABLE_H_
