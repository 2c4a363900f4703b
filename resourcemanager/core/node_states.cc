#include "resourcemanager/core/node_states.h"

namespace weir::rm {
namespace {

using S = NodeState;
using E = NodeEvent;

constexpr std::array kTable = {
    Allow(S::kNew, E::kStarted, S::kRunning, "it can take containers"),
    Allow(S::kNew, E::kRecover, S::kLost, "known from an earlier ResourceManager"),

    Allow(S::kRunning, E::kReconnected, S::kRunning, "a new session; its containers are compared"),
    Allow(S::kRunning, E::kUnhealthy, S::kUnhealthy, "it keeps its containers, gets no new ones"),
    Allow(S::kRunning, E::kExpire, S::kLost, "its containers count as killed"),
    Allow(S::kRunning, E::kShutdown, S::kShutdown, "its containers count as killed"),
    Ignore(S::kRunning, E::kHealthy, "as before"),

    Allow(S::kUnhealthy,
          E::kReconnected,
          S::kUnhealthy,
          "a new session; its containers are compared"),
    Allow(S::kUnhealthy, E::kHealthy, S::kRunning, "it can take containers again"),
    Allow(S::kUnhealthy, E::kExpire, S::kLost, "its containers count as killed"),
    Allow(S::kUnhealthy, E::kShutdown, S::kShutdown, "its containers count as killed"),
    Ignore(S::kUnhealthy, E::kUnhealthy, "as before"),

    Allow(S::kLost, E::kStarted, S::kRunning, "it is back; what it still runs is stopped"),
    Allow(S::kShutdown, E::kStarted, S::kRunning, "it is back; what it still runs is stopped"),
    Ignore(S::kShutdown, E::kShutdown, "the answer was lost; it is given again"),
};
static_assert(HasUniquePairs(std::span<const TransitionRow<S, E>>(kTable)));

}  // namespace

std::span<const TransitionRow<S, E>> NodeTransitions() {
  return kTable;
}

}  // namespace weir::rm
