// PropertyIndex: which property belongs to which queue. The last property of a name wins.
//
// A queue's property is `yarn.scheduler.capacity.<path>.<suffix>`, and both path and suffix have
// dots: it belongs to the longest path of the tree that leaves a suffix behind.
// Keeps pointers to the properties: they must outlive it. Single-threaded.
#ifndef WEIR_SCHEDULER_CONFIG_PROPERTY_INDEX_H_
#define WEIR_SCHEDULER_CONFIG_PROPERTY_INDEX_H_

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "scheduler/config/config_fault.h"
#include "scheduler/config/fault_list.h"

namespace weir::scheduler {

inline constexpr std::string_view kCapacityPrefix = "yarn.scheduler.capacity.";

// By suffix ("capacity", "user-settings.mia.weight").
using PropertiesBySuffix = std::map<std::string, const ConfigProperty*, std::less<>>;

class PropertyIndex {
 public:
  PropertyIndex(const std::vector<ConfigProperty>& properties, FaultList& faults);

  // By the whole name; null when there is none.
  const ConfigProperty* Find(std::string_view name) const;
  // `yarn.scheduler.capacity.<path>.queues`
  const ConfigProperty* Children(const std::string& path) const;
  // Those that concern no queue.
  const std::vector<const ConfigProperty*>& global() const { return global_; }
  // Those of queues (their names begin with the path).
  const std::vector<const ConfigProperty*>& of_queues() const { return of_queues_; }

 private:
  std::map<std::string_view, const ConfigProperty*> by_name_;
  std::vector<const ConfigProperty*> global_;
  std::vector<const ConfigProperty*> of_queues_;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_PROPERTY_INDEX_H_
