// The state machine of an application, as YARN's RMApp without its saving states: a record that is
// on its way to the store is a flag of the application (see application.h), not a state.
//
// SUBMITTED lasts no longer than a step: the scheduler takes the application on at once (a
// recovered one is SUBMITTED until Start ends it). KILLING waits for the durable final record;
// FINISHING for the end of the ApplicationMaster's container. FINISHED, FAILED and KILLED are
// final. Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_APPLICATION_STATES_H_
#define WEIR_RESOURCEMANAGER_CORE_APPLICATION_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::rm {

enum class RmApplicationState : int {
  kNew,
  kSubmitted,
  kAccepted,
  kRunning,
  kFinishing,
  kKilling,
  kFinished,
  kFailed,
  kKilled,
};

enum class ApplicationEvent : int {
  kStored,               // the submission is durable
  kAccepted,             // the scheduler has taken it on
  kAttemptRegistered,    // the AM of the current attempt said hello
  kAttemptFailed,        // and another attempt is allowed
  kLastAttemptFailed,    // and no further one is allowed
  kQueueTimeout,         // no container for the AM in time
  kAttemptUnregistered,  // the AM told the final status
  kAttemptFinished,      // the AM's container ended after that
  kKill,                 // the owner or an administrator asked for it
  kFinalStored,          // the final record is durable
  kRestarted,            // the ResourceManager restarted under it
};

inline constexpr std::array kApplicationStates = {
    RmApplicationState::kNew,
    RmApplicationState::kSubmitted,
    RmApplicationState::kAccepted,
    RmApplicationState::kRunning,
    RmApplicationState::kFinishing,
    RmApplicationState::kKilling,
    RmApplicationState::kFinished,
    RmApplicationState::kFailed,
    RmApplicationState::kKilled,
};
inline constexpr std::array kApplicationEvents = {
    ApplicationEvent::kStored,
    ApplicationEvent::kAccepted,
    ApplicationEvent::kAttemptRegistered,
    ApplicationEvent::kAttemptFailed,
    ApplicationEvent::kLastAttemptFailed,
    ApplicationEvent::kQueueTimeout,
    ApplicationEvent::kAttemptUnregistered,
    ApplicationEvent::kAttemptFinished,
    ApplicationEvent::kKill,
    ApplicationEvent::kFinalStored,
    ApplicationEvent::kRestarted,
};

std::string_view Name(RmApplicationState state);
std::string_view Name(ApplicationEvent event);
std::span<const TransitionRow<RmApplicationState, ApplicationEvent>> ApplicationTransitions();

// FINISHING counts as over: nothing can change its outcome any more.
inline bool IsOver(RmApplicationState state) {
  return state == RmApplicationState::kFinishing || state == RmApplicationState::kFinished ||
         state == RmApplicationState::kFailed || state == RmApplicationState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_APPLICATION_STATES_H_
