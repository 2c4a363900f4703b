// The state machine of an application attempt, as YARN's RMAppAttempt without its saving states.
//
// ALLOCATED: the AM has a container, whose record and start command are on their way; LAUNCHED: the
// start command was given to the node; RUNNING: the AM has registered; FINISHING: it has told the
// final status, its container still runs. FINISHED, FAILED and KILLED are final. Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_ATTEMPT_STATES_H_
#define WEIR_RESOURCEMANAGER_CORE_ATTEMPT_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::rm {

enum class RmAttemptState : int {
  kNew,
  kScheduled,
  kAllocated,
  kLaunched,
  kRunning,
  kFinishing,
  kFinished,
  kFailed,
  kKilled,
};

enum class AttemptEvent : int {
  kStart,              // the scheduler has the ask for the AM's container
  kAllocated,          // a container for the AM
  kLaunched,           // the start command is in an answer to the node
  kRegistered,         // the AM said hello
  kUnregistered,       // the AM told the final status
  kContainerFinished,  // the AM's container ended
  kExpired,            // the AM was silent for too long
  kQueueTimeout,       // no container in time
  kKill,               // the application is killed
};

inline constexpr std::array kAttemptStates = {
    RmAttemptState::kNew,
    RmAttemptState::kScheduled,
    RmAttemptState::kAllocated,
    RmAttemptState::kLaunched,
    RmAttemptState::kRunning,
    RmAttemptState::kFinishing,
    RmAttemptState::kFinished,
    RmAttemptState::kFailed,
    RmAttemptState::kKilled,
};
inline constexpr std::array kAttemptEvents = {
    AttemptEvent::kStart,
    AttemptEvent::kAllocated,
    AttemptEvent::kLaunched,
    AttemptEvent::kRegistered,
    AttemptEvent::kUnregistered,
    AttemptEvent::kContainerFinished,
    AttemptEvent::kExpired,
    AttemptEvent::kQueueTimeout,
    AttemptEvent::kKill,
};

std::string_view Name(RmAttemptState state);
std::string_view Name(AttemptEvent event);
std::span<const TransitionRow<RmAttemptState, AttemptEvent>> AttemptTransitions();

inline bool IsFinal(RmAttemptState state) {
  return state == RmAttemptState::kFinished || state == RmAttemptState::kFailed ||
         state == RmAttemptState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_ATTEMPT_STATES_H_
