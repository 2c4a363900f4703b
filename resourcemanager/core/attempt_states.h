// The state machine of an application attempt, as YARN's RMAppAttempt without its saving states.
//
// NEW: it waits before it asks, because attempts before it have failed; SCHEDULED: it asks;
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
  kRejected,           // its queue can never hold the AM
  kKill,               // the application is killed
  kRecover,            // known from the store only: its AM may be running
};

constexpr std::string_view Name(RmAttemptState state) {
  switch (state) {
    case RmAttemptState::kNew:
      return "NEW";
    case RmAttemptState::kScheduled:
      return "SCHEDULED";
    case RmAttemptState::kAllocated:
      return "ALLOCATED";
    case RmAttemptState::kLaunched:
      return "LAUNCHED";
    case RmAttemptState::kRunning:
      return "RUNNING";
    case RmAttemptState::kFinishing:
      return "FINISHING";
    case RmAttemptState::kFinished:
      return "FINISHED";
    case RmAttemptState::kFailed:
      return "FAILED";
    case RmAttemptState::kKilled:
      return "KILLED";
  }
  return kNoName;
}
inline constexpr auto kAttemptStates = Enumerators<RmAttemptState, &Name>();

constexpr std::string_view Name(AttemptEvent event) {
  switch (event) {
    case AttemptEvent::kStart:
      return "START";
    case AttemptEvent::kAllocated:
      return "CONTAINER_ALLOCATED";
    case AttemptEvent::kLaunched:
      return "LAUNCHED";
    case AttemptEvent::kRegistered:
      return "REGISTERED";
    case AttemptEvent::kUnregistered:
      return "UNREGISTERED";
    case AttemptEvent::kContainerFinished:
      return "CONTAINER_FINISHED";
    case AttemptEvent::kExpired:
      return "EXPIRE";
    case AttemptEvent::kQueueTimeout:
      return "QUEUE_TIMEOUT";
    case AttemptEvent::kRejected:
      return "REJECTED";
    case AttemptEvent::kKill:
      return "KILL";
    case AttemptEvent::kRecover:
      return "RECOVER";
  }
  return kNoName;
}
inline constexpr auto kAttemptEvents = Enumerators<AttemptEvent, &Name>();

std::span<const TransitionRow<RmAttemptState, AttemptEvent>> AttemptTransitions();

inline bool IsFinal(RmAttemptState state) {
  return state == RmAttemptState::kFinished || state == RmAttemptState::kFailed ||
         state == RmAttemptState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_ATTEMPT_STATES_H_
