// The state machine of a container as the ResourceManager sees it, as YARN's RMContainer.
//
// ALLOCATED: a node was chosen, nobody was told; ACQUIRED: its AM (or, for an AM's own container,
// the node) was told; RUNNING: its node has reported it. COMPLETED, EXPIRED, RELEASED and KILLED
// are final decisions; the resource stays taken until the node has reported the end (see
// container.h). Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::rm {

enum class RmContainerState : int {
  kNew,
  kAllocated,
  kAcquired,
  kRunning,
  kCompleted,
  kExpired,
  kReleased,
  kKilled,
};

enum class ContainerEvent : int {
  kStart,     // the scheduler has placed it
  kAcquired,  // it was told to who starts it
  kLaunched,  // its node has reported it
  kFinished,  // its node has reported its end
  kExpire,    // not started in time
  kRelease,   // its AM gives it back
  kKill,      // its attempt is over
  kNodeGone,  // its node is lost, shut down, or no longer knows it
};

inline constexpr std::array kContainerStates = {
    RmContainerState::kNew,
    RmContainerState::kAllocated,
    RmContainerState::kAcquired,
    RmContainerState::kRunning,
    RmContainerState::kCompleted,
    RmContainerState::kExpired,
    RmContainerState::kReleased,
    RmContainerState::kKilled,
};
inline constexpr std::array kContainerEvents = {
    ContainerEvent::kStart,
    ContainerEvent::kAcquired,
    ContainerEvent::kLaunched,
    ContainerEvent::kFinished,
    ContainerEvent::kExpire,
    ContainerEvent::kRelease,
    ContainerEvent::kKill,
    ContainerEvent::kNodeGone,
};

std::string_view Name(RmContainerState state);
std::string_view Name(ContainerEvent event);
std::span<const TransitionRow<RmContainerState, ContainerEvent>> ContainerTransitions();

inline bool IsFinal(RmContainerState state) {
  return state == RmContainerState::kCompleted || state == RmContainerState::kExpired ||
         state == RmContainerState::kReleased || state == RmContainerState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_
