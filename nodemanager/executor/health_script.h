// A health script: a program of the administrator's, run once.
//
// It runs in a process group of its own with nothing on its standard input and a plain environment;
// its standard output is read to the end of its main process, of which at most kOutputBytes are
// looked at. When it ends, and when its time is over, whatever is left of its group is killed.
// Blocks for as long. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_HEALTH_SCRIPT_H_
#define WEIR_NODEMANAGER_EXECUTOR_HEALTH_SCRIPT_H_

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "nodemanager/core/node_health.h"

namespace weir::nm {

inline constexpr size_t kScriptOutputBytes = 64 << 10;

struct HealthScript {
  std::string name;
  std::string path;  // absolute
  std::vector<std::string> arguments;
  Duration interval = seconds(600);  // from one end to the next start
  Duration timeout = seconds(1200);
};

// `stopping` is asked several times a second; once it is true the script is killed and nothing is
// held against it.
ScriptResult RunHealthScript(const HealthScript& script, const std::function<bool()>& stopping);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_HEALTH_SCRIPT_H_
