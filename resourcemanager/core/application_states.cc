#include "resourcemanager/core/application_states.h"

namespace weir::rm {
namespace {

using S = RmApplicationState;
using E = ApplicationEvent;

constexpr std::array kTable = {
    Allow(S::kNew, E::kStored, S::kSubmitted, "the submission is acknowledged"),
    Allow(S::kNew, E::kKill, S::kKilling, "the final record goes to the store"),

    Allow(S::kSubmitted, E::kAccepted, S::kAccepted, "the first attempt asks for its container"),
    Allow(S::kSubmitted, E::kRejected, S::kFailed, "the final record names the cause"),

    Allow(S::kAccepted, E::kAttemptRegistered, S::kRunning, "the AM can be reached"),
    Allow(S::kAccepted, E::kAttemptFailed, S::kAccepted, "the next attempt asks"),
    Allow(S::kAccepted, E::kLastAttemptFailed, S::kFailed, "the final record names the cause"),
    Allow(S::kAccepted, E::kQueueTimeout, S::kFailed, "the final record names the cause"),
    Allow(S::kAccepted, E::kRejected, S::kFailed, "the final record names the cause"),
    Allow(S::kAccepted, E::kKill, S::kKilling, "asks are withdrawn, the final record is stored"),

    Allow(S::kRunning, E::kAttemptFailed, S::kAccepted, "the next attempt asks"),
    Allow(S::kRunning, E::kLastAttemptFailed, S::kFailed, "the final record names the cause"),
    Allow(S::kRunning, E::kAttemptUnregistered, S::kFinishing, "the final record is stored"),
    Allow(S::kRunning, E::kKill, S::kKilling, "asks are withdrawn, the final record is stored"),

    Allow(S::kFinishing, E::kAttemptFinished, S::kFinished, "nothing of the attempt is left"),
    Ignore(S::kFinishing, E::kFinalStored, "it only makes the final state visible"),
    Ignore(S::kFinishing, E::kKill, "the outcome is decided"),

    Allow(S::kKilling, E::kFinalStored, S::kKilled, "its containers are stopped"),
    Ignore(S::kKilling, E::kStored, "the kill came while the submission was being stored"),
    Ignore(S::kKilling, E::kAttemptRegistered, "it is killed in a moment"),
    Ignore(S::kKilling, E::kAttemptFailed, "it is killed in a moment"),
    Ignore(S::kKilling, E::kLastAttemptFailed, "it is killed in a moment"),
    Ignore(S::kKilling, E::kAttemptUnregistered, "the kill came first"),
    Ignore(S::kKilling, E::kAttemptFinished, "the kill came first"),
    Ignore(S::kKilling, E::kKill, "it is under way"),

    Ignore(S::kFinished, E::kFinalStored, "it only makes the final state visible"),
    Ignore(S::kFinished, E::kKill, "the outcome is decided"),
    Ignore(S::kFailed, E::kFinalStored, "it only makes the final state visible"),
    Ignore(S::kFailed, E::kKill, "the outcome is decided"),
    Ignore(S::kKilled, E::kKill, "it is killed already"),
    Ignore(S::kKilled, E::kAttemptFinished, "the AM had unregistered while the kill was stored"),
};
static_assert(HasUniquePairs(std::span<const TransitionRow<S, E>>(kTable)));

}  // namespace

std::span<const TransitionRow<S, E>> ApplicationTransitions() {
  return kTable;
}

}  // namespace weir::rm
