// The properties that concern no queue: one row each (global_keys.cc, preemption_keys.cc).
#ifndef WEIR_SCHEDULER_CONFIG_GLOBAL_KEYS_H_
#define WEIR_SCHEDULER_CONFIG_GLOBAL_KEYS_H_

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "scheduler/config/fault_list.h"
#include "scheduler/config/property_index.h"
#include "scheduler/config/queue_configuration.h"

namespace weir::scheduler {

// One property on its way into the configuration.
struct GlobalTaking {
  QueueConfiguration& configuration;
  const ConfigProperty& property;
  FaultList& faults;

  std::string_view value() const { return property.value; }
  void Fault(const Error& error) const { faults.Add(property, "", error); }
  template <typename Parsed, typename Target>
  void Store(Result<Parsed> parsed, Target& target) const {
    if (parsed) {
      target = *std::move(parsed);
    } else {
      Fault(parsed.error());
    }
  }
};

struct GlobalKey {
  std::string_view name;  // without the prefix of its table
  void (*take)(const GlobalTaking&);
};

inline constexpr std::string_view kPreemptionPrefix =
    "yarn.resourcemanager.monitor.capacity.preemption.";
std::span<const GlobalKey> PreemptionKeys();

// Takes what concerns no queue; unknown names become warnings.
void ReadGlobalProperties(const PropertyIndex& index,
                          QueueConfiguration& configuration,
                          FaultList& faults);

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_GLOBAL_KEYS_H_
