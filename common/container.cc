#include "common/container.h"

namespace weir {

std::string_view ContainerStateName(ContainerState state) {
  switch (state) {
    case ContainerState::kNew:
      return "NEW";
    case ContainerState::kRunning:
      return "RUNNING";
    case ContainerState::kComplete:
      return "COMPLETE";
  }
  return "UNKNOWN";
}

}  // namespace weir
