#include "nodemanager/core/container_states.h"

namespace weir::nm {

std::string_view StateName(State state) {
  switch (state) {
    case State::kNew:
      return "NEW";
    case State::kLocalizing:
      return "LOCALIZING";
    case State::kLocalizationFailed:
      return "LOCALIZATION_FAILED";
    case State::kScheduled:
      return "SCHEDULED";
    case State::kRunning:
      return "RUNNING";
    case State::kExitedWithSuccess:
      return "EXITED_WITH_SUCCESS";
    case State::kExitedWithFailure:
      return "EXITED_WITH_FAILURE";
    case State::kKilling:
      return "KILLING";
    case State::kCleanedUpAfterKill:
      return "CONTAINER_CLEANEDUP_AFTER_KILL";
    case State::kDone:
      return "DONE";
  }
  return "UNKNOWN";
}

std::string_view TriggerName(Trigger trigger) {
  switch (trigger) {
    case Trigger::kStart:
      return "START";
    case Trigger::kRefuse:
      return "REFUSE";
    case Trigger::kLocalized:
      return "RESOURCES_LOCALIZED";
    case Trigger::kLocalizationFailed:
      return "RESOURCE_FAILED";
    case Trigger::kLaunched:
      return "LAUNCHED";
    case Trigger::kLaunchFailed:
      return "LAUNCH_FAILED";
    case Trigger::kExitSuccess:
      return "EXITED_WITH_SUCCESS";
    case Trigger::kExitFailure:
      return "EXITED_WITH_FAILURE";
    case Trigger::kStop:
      return "STOP";
    case Trigger::kDrained:
      return "DRAINED";
    case Trigger::kCleanedUp:
      return "RESOURCES_CLEANEDUP";
  }
  return "UNKNOWN";
}

}  // namespace weir::nm
