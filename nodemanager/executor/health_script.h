// A health script: a program of the administrator's, run once (script_runner.h). At most
// kScriptOutputBytes of its standard output are looked at. Thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_HEALTH_SCRIPT_H_
#define WEIR_NODEMANAGER_EXECUTOR_HEALTH_SCRIPT_H_

#include <functional>
#include <string>
#include <vector>

#include "nodemanager/core/node_health.h"
#include "nodemanager/executor/script_runner.h"

namespace weir::nm {

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
