#include "scheduler/config/config_fault.h"

namespace weir::scheduler {

std::string ConfigFault::ToString() const {
  std::string text = file;
  if (line > 0) text += (text.empty() ? "line " : ":") + std::to_string(line);
  if (!text.empty()) text += ": ";
  if (!queue.empty()) text += "queue " + queue + ": ";
  return text + message + " (" + rule + ")";
}

}  // namespace weir::scheduler
