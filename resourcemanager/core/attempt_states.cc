#include "resourcemanager/core/attempt_states.h"

namespace weir::rm {
namespace {

using S = RmAttemptState;
using E = AttemptEvent;

constexpr std::array kTable = {
    Allow(S::kNew, E::kStart, S::kScheduled, "the ask for the AM's container waits"),
    Allow(S::kNew, E::kRejected, S::kFailed, "its application ends with the cause"),
    Allow(S::kNew, E::kKill, S::kKilled, "it never asks"),
    Allow(S::kNew, E::kRecover, S::kLaunched, "its AM registers again, or its node says its end"),

    Allow(S::kScheduled, E::kAllocated, S::kAllocated, "the attempt's record goes to the store"),
    Allow(S::kScheduled, E::kQueueTimeout, S::kFailed, "the ask is withdrawn"),
    Allow(S::kScheduled, E::kKill, S::kKilled, "the ask is withdrawn"),

    Allow(S::kAllocated, E::kLaunched, S::kLaunched, "the node starts the AM"),
    Allow(S::kAllocated, E::kContainerFinished, S::kFailed, "the AM was never started"),
    Allow(S::kAllocated, E::kKill, S::kKilled, "the container is given back"),

    Allow(S::kLaunched, E::kRegistered, S::kRunning, "the AM may ask for containers"),
    Allow(S::kLaunched, E::kContainerFinished, S::kFailed, "the AM ended before it registered"),
    Allow(S::kLaunched, E::kExpired, S::kFailed, "the AM runs, but did not register in time"),
    Allow(S::kLaunched, E::kKill, S::kKilled, "its containers are stopped"),
    Ignore(S::kLaunched, E::kLaunched, "the start command is told again after a resync"),

    Allow(S::kRunning, E::kUnregistered, S::kFinishing, "the AM may end"),
    Allow(S::kRunning, E::kContainerFinished, S::kFailed, "the AM ended without a final status"),
    Allow(S::kRunning, E::kExpired, S::kFailed, "the AM fell silent; its containers are stopped"),
    Allow(S::kRunning, E::kKill, S::kKilled, "its containers are stopped"),
    Ignore(S::kRunning, E::kRegistered, "a resync: what it has not acknowledged is told again"),
    Ignore(S::kRunning, E::kLaunched, "the start command is told again after a resync"),

    Allow(S::kFinishing, E::kContainerFinished, S::kFinished, "nothing of the AM is left"),
    Ignore(S::kFinishing, E::kRegistered, "a late copy of its registration"),
    Ignore(S::kFinishing, E::kUnregistered, "the answer was lost; it is given again"),
    Ignore(S::kFinishing, E::kExpired, "the time to end is over: the container is stopped"),
    Ignore(S::kFinishing, E::kKill, "it has finished; its container is stopped"),
    Ignore(S::kFinishing, E::kLaunched, "the start command is told again after a resync"),

    Ignore(S::kFinished, E::kUnregistered, "the answer was lost; it is given again"),
    Ignore(S::kFinished, E::kKill, "it has finished"),
    Ignore(
        S::kFailed, E::kContainerFinished, "the attempt was given up before its container ended"),
    Ignore(S::kFailed, E::kKill, "it is over"),
    Ignore(S::kKilled, E::kContainerFinished, "what was stopped ended"),
};
static_assert(HasUniquePairs(std::span<const TransitionRow<S, E>>(kTable)));

}  // namespace

std::span<const TransitionRow<S, E>> AttemptTransitions() {
  return kTable;
}

}  // namespace weir::rm
