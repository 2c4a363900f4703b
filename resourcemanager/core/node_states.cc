#include "resourcemanager/core/node_states.h"

namespace weir::rm {
namespace {

using S = NodeState;
using E = NodeEvent;

constexpr std::array kTable = {
    Allow(S::kNew, E::kStarted, S::kRunning, "it can take containers"),
    Allow(S::kNew, E::kRecover, S::kNew, "known from an earlier ResourceManager, and awaited"),
    Allow(S::kNew, E::kExpire, S::kLost, "it did not register again; its containers are over"),
    Allow(S::kNew, E::kDecommission, S::kDecommissioned, "it may not come back"),

    Allow(S::kRunning, E::kReconnected, S::kRunning, "a new session; its containers are compared"),
    Allow(S::kRunning, E::kUnhealthy, S::kUnhealthy, "it keeps its containers, gets no new ones"),
    Allow(S::kRunning, E::kExpire, S::kLost, "its containers count as killed"),
    Allow(S::kRunning, E::kShutdown, S::kShutdown, "its containers count as killed"),
    Allow(S::kRunning,
          E::kGracefulDecommission,
          S::kDecommissioning,
          "it gets no new containers; its own may end until the deadline"),
    Ignore(S::kRunning, E::kHealthy, "as before"),

    Allow(S::kUnhealthy,
          E::kReconnected,
          S::kUnhealthy,
          "a new session; its containers are compared"),
    Allow(S::kUnhealthy, E::kHealthy, S::kRunning, "it can take containers again"),
    Allow(S::kUnhealthy, E::kExpire, S::kLost, "its containers count as killed"),
    Allow(S::kUnhealthy, E::kShutdown, S::kShutdown, "its containers count as killed"),
    Allow(S::kUnhealthy,
          E::kGracefulDecommission,
          S::kDecommissioning,
          "its containers may end until the deadline"),
    Ignore(S::kUnhealthy, E::kUnhealthy, "as before"),

    Allow(S::kDecommissioning,
          E::kReconnected,
          S::kDecommissioning,
          "a new session; its containers are compared"),
    Allow(S::kDecommissioning, E::kDecommission, S::kDecommissioned, "nothing is left on it"),
    Allow(S::kDecommissioning, E::kRecommission, S::kRunning, "it can take containers again"),
    Allow(S::kDecommissioning, E::kExpire, S::kLost, "its containers count as killed"),
    Allow(S::kDecommissioning, E::kShutdown, S::kShutdown, "its containers count as killed"),
    Ignore(S::kDecommissioning, E::kHealthy, "it gets no containers whatever it says"),
    Ignore(S::kDecommissioning, E::kUnhealthy, "it gets no containers whatever it says"),

    Allow(S::kLost, E::kStarted, S::kRunning, "it is back; what it still runs is stopped"),
    Allow(S::kShutdown, E::kStarted, S::kRunning, "it is back; what it still runs is stopped"),
    Ignore(S::kShutdown, E::kShutdown, "the answer was lost; it is given again"),
    Allow(S::kLost, E::kDecommission, S::kDecommissioned, "it may not come back"),
    Allow(S::kShutdown, E::kDecommission, S::kDecommissioned, "it may not come back"),

    Allow(S::kDecommissioned, E::kStarted, S::kRunning, "it was taken back, and is here again"),
    Ignore(S::kDecommissioned, E::kDecommission, "it was taken back, but has not come yet"),
    Ignore(S::kDecommissioned, E::kShutdown, "it is out already"),
};
static_assert(HasUniquePairs(std::span<const TransitionRow<S, E>>(kTable)));

}  // namespace

std::span<const TransitionRow<S, E>> NodeTransitions() {
  return kTable;
}

}  // namespace weir::rm
