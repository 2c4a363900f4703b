// The state machine of a node, as YARN's RMNode. LOST, SHUTDOWN and DECOMMISSIONED nodes hold
// nothing; they come back by registering, decommissioned ones once they may. Immutable values.
#ifndef WEIR_RESOURCEMANAGER_CORE_NODE_STATES_H_
#define WEIR_RESOURCEMANAGER_CORE_NODE_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/application.h"
#include "common/transition_table.h"

namespace weir::rm {

enum class NodeEvent : int {
  kStarted,      // it registered, and was not active
  kReconnected,  // it registered again while active
  kHealthy,
  kUnhealthy,
  kExpire,                // silent for too long
  kShutdown,              // it took its leave
  kRecover,               // known from the store only
  kGracefulDecommission,  // it is to go once its containers have ended
  kDecommission,          // it is out
  kRecommission,          // it may stay after all
};

inline constexpr std::array kNodeStates = {
    NodeState::kNew,
    NodeState::kRunning,
    NodeState::kUnhealthy,
    NodeState::kLost,
    NodeState::kShutdown,
    NodeState::kDecommissioning,
    NodeState::kDecommissioned,
};

constexpr std::string_view Name(NodeEvent event) {
  switch (event) {
    case NodeEvent::kStarted:
      return "STARTED";
    case NodeEvent::kReconnected:
      return "RECONNECTED";
    case NodeEvent::kHealthy:
      return "HEALTHY";
    case NodeEvent::kUnhealthy:
      return "UNHEALTHY";
    case NodeEvent::kExpire:
      return "EXPIRE";
    case NodeEvent::kShutdown:
      return "SHUTDOWN";
    case NodeEvent::kRecover:
      return "RECOVER";
    case NodeEvent::kGracefulDecommission:
      return "GRACEFUL_DECOMMISSION";
    case NodeEvent::kDecommission:
      return "DECOMMISSION";
    case NodeEvent::kRecommission:
      return "RECOMMISSION";
  }
  return kNoName;
}
inline constexpr auto kNodeEvents = Enumerators<NodeEvent, &Name>();

inline std::string_view Name(NodeState state) {
  return NodeStateName(state);
}
std::span<const TransitionRow<NodeState, NodeEvent>> NodeTransitions();

// Registered, and in the scheduler.
inline bool IsActive(NodeState state) {
  return state == NodeState::kRunning || state == NodeState::kUnhealthy ||
         state == NodeState::kDecommissioning;
}

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_NODE_STATES_H_
