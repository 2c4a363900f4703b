// What a configuration is made of, and what is told when a part of it cannot be taken.
// Immutable values.
#ifndef WEIR_SCHEDULER_CONFIG_CONFIG_FAULT_H_
#define WEIR_SCHEDULER_CONFIG_CONFIG_FAULT_H_

#include <string>

namespace weir::scheduler {

// One property as it stands in a file.
struct ConfigProperty {
  std::string name;
  std::string value;  // as written: a leading space means something in access lists
  std::string file;
  int line = 0;  // 0 = not known
  bool operator==(const ConfigProperty&) const = default;
};

struct ConfigFault {
  std::string file;
  int line = 0;
  std::string queue;    // path; "" when it concerns no queue
  std::string rule;     // what must hold
  std::string message;  // what was found instead
  bool operator==(const ConfigFault&) const = default;
  // "FILE:LINE: queue root.a: message (rule)"
  std::string ToString() const;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_CONFIG_FAULT_H_
