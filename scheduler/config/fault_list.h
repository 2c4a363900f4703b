// Where the readers of the configuration put what they find: faults, and warnings of a bounded
// number. Used by one parse at a time.
#ifndef WEIR_SCHEDULER_CONFIG_FAULT_LIST_H_
#define WEIR_SCHEDULER_CONFIG_FAULT_LIST_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "scheduler/config/config_fault.h"

namespace weir::scheduler {

// A value as it can stand in a message: quoted, cut to 120 bytes, control characters as '?'.
std::string Quoted(std::string_view value);

class FaultList {
 public:
  // `where` may be null when the fault has no place in a file.
  void Add(const ConfigProperty* where,
           const std::string& queue,
           std::string rule,
           std::string message);
  // The error's remedy is the rule.
  void Add(const ConfigProperty& where, const std::string& queue, const Error& error);

  // "FILE:LINE: text"; after 100 only counted.
  void Warn(const ConfigProperty* where, const std::string& text);
  bool TakesWarnings() const { return warnings_.size() < kWarningsMax; }
  void NoEffect(const ConfigProperty& property);

  bool empty() const { return faults_.empty(); }
  const std::vector<ConfigFault>& raw() const { return faults_; }
  // By file, line and queue, each once.
  std::vector<ConfigFault> TakeFaults();
  std::vector<std::string> TakeWarnings();

 private:
  static constexpr size_t kWarningsMax = 100;

  std::vector<ConfigFault> faults_;
  std::vector<std::string> warnings_;
  size_t warnings_left_out_ = 0;
  std::vector<std::string> no_effect_;
  size_t no_effect_left_out_ = 0;
};

}  // namespace weir::scheduler

#endif  // WEIR_SCHEDULER_CONFIG_FAULT_LIST_H_
