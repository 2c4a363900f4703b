// The state machine of a container as the ResourceManager sees it, as YARN's RMContainer.
//
// ALLOCATED: a node was chosen, nobody was told; ACQUIRED: its AM (or, for an AM's own container,
// the node) was told; RUNNING: its node has reported it. COMPLETED, EXPIRED, RELEASED and KILLED
// are final decisions; the resource stays taken until the node has reported the end (see
// container.h). Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_
#define WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::rm {

enum class RmContainerState : uint8_t {
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
  kRecover,   // its node reports what an earlier ResourceManager gave
};

constexpr std::string_view Name(RmContainerState state) {
  switch (state) {
    case RmContainerState::kNew:
      return "NEW";
    case RmContainerState::kAllocated:
      return "ALLOCATED";
    case RmContainerState::kAcquired:
      return "ACQUIRED";
    case RmContainerState::kRunning:
      return "RUNNING";
    case RmContainerState::kCompleted:
      return "COMPLETED";
    case RmContainerState::kExpired:
      return "EXPIRED";
    case RmContainerState::kReleased:
      return "RELEASED";
    case RmContainerState::kKilled:
      return "KILLED";
  }
  return kNoName;
}
inline constexpr auto kContainerStates = Enumerators<RmContainerState, &Name>();

constexpr std::string_view Name(ContainerEvent event) {
  switch (event) {
    case ContainerEvent::kStart:
      return "START";
    case ContainerEvent::kAcquired:
      return "ACQUIRED";
    case ContainerEvent::kLaunched:
      return "LAUNCHED";
    case ContainerEvent::kFinished:
      return "FINISHED";
    case ContainerEvent::kExpire:
      return "EXPIRE";
    case ContainerEvent::kRelease:
      return "RELEASED";
    case ContainerEvent::kKill:
      return "KILL";
    case ContainerEvent::kNodeGone:
      return "NODE_GONE";
    case ContainerEvent::kRecover:
      return "RECOVER";
  }
  return kNoName;
}
inline constexpr auto kContainerEvents = Enumerators<ContainerEvent, &Name>();

std::span<const TransitionRow<RmContainerState, ContainerEvent>> ContainerTransitions();

inline bool IsFinal(RmContainerState state) {
  return state == RmContainerState::kCompleted || state == RmContainerState::kExpired ||
         state == RmContainerState::kReleased || state == RmContainerState::kKilled;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_CONTAINER_STATES_H_
