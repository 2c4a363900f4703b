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
  kRejected,             // its queue takes it no longer, or can never hold its AM
  kAttemptUnregistered,  // the AM told the final status
  kAttemptFinished,      // the AM's container ended after that
  kKill,                 // the owner or an administrator asked for it
  kFinalStored,          // the final record is durable
};

constexpr std::string_view Name(RmApplicationState state) {
  switch (state) {
    case RmApplicationState::kNew:
      return "NEW";
    case RmApplicationState::kSubmitted:
      return "SUBMITTED";
    case RmApplicationState::kAccepted:
      return "ACCEPTED";
    case RmApplicationState::kRunning:
      return "RUNNING";
    case RmApplicationState::kFinishing:
      return "FINISHING";
    case RmApplicationState::kKilling:
      return "KILLING";
    case RmApplicationState::kFinished:
      return "FINISHED";
    case RmApplicationState::kFailed:
      return "FAILED";
    case RmApplicationState::kKilled:
      return "KILLED";
  }
  return kNoName;
}
inline constexpr auto kApplicationStates = Enumerators<RmApplicationState, &Name>();

constexpr std::string_view Name(ApplicationEvent event) {
  switch (event) {
    case ApplicationEvent::kStored:
      return "STORED";
    case ApplicationEvent::kAccepted:
      return "ACCEPTED";
    case ApplicationEvent::kAttemptRegistered:
      return "ATTEMPT_REGISTERED";
    case ApplicationEvent::kAttemptFailed:
      return "ATTEMPT_FAILED";
    case ApplicationEvent::kLastAttemptFailed:
      return "LAST_ATTEMPT_FAILED";
    case ApplicationEvent::kQueueTimeout:
      return "QUEUE_TIMEOUT";
    case ApplicationEvent::kRejected:
      return "REJECTED";
    case ApplicationEvent::kAttemptUnregistered:
      return "ATTEMPT_UNREGISTERED";
    case ApplicationEvent::kAttemptFinished:
      return "ATTEMPT_FINISHED";
    case ApplicationEvent::kKill:
      return "KILL";
    case ApplicationEvent::kFinalStored:
      return "FINAL_STORED";
  }
  return kNoName;
}
inline constexpr auto kApplicationEvents = Enumerators<ApplicationEvent, &Name>();

std::span<const TransitionRow<RmApplicationState, ApplicationEvent>> ApplicationTransitions();

// FINISHING counts as over: nothing can change its outcome any more.
inline bool IsOver(RmApplicationState state) {
  return state == RmApplicationState::kFinishing || state == RmApplicationState::kFinished ||
         state == RmApplicationState::kFailed || state == RmApplicationState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_APPLICATION_STATES_H_
