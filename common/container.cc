#include "common/container.h"

#include "common/strings.h"

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

std::string_view ContainerSignalName(ContainerSignal signal) {
  switch (signal) {
    case ContainerSignal::kOutputThreadDump:
      return "OUTPUT_THREAD_DUMP";
    case ContainerSignal::kGracefulShutdown:
      return "GRACEFUL_SHUTDOWN";
    case ContainerSignal::kForcefulShutdown:
      return "FORCEFUL_SHUTDOWN";
  }
  return "UNKNOWN";
}

Result<ContainerSignal> ParseContainerSignal(std::string_view name) {
  const std::string wanted = ToLower(name);
  std::string known;
  for (const ContainerSignal signal : {ContainerSignal::kOutputThreadDump,
                                       ContainerSignal::kGracefulShutdown,
                                       ContainerSignal::kForcefulShutdown}) {
    const std::string_view own = ContainerSignalName(signal);
    if (ToLower(own) == wanted) return signal;
    known += (known.empty() ? "" : ", ") + std::string(own);
  }
  return Error{ErrorCode::kInvalidArgument,
               "'" + std::string(name) + "' is no signal for a container",
               "there are " + known};
}

}  // namespace weir
