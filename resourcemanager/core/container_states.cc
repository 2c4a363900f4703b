#include "resourcemanager/core/container_states.h"

namespace weir::rm {
namespace {

using S = RmContainerState;
using E = ContainerEvent;

constexpr std::string_view kStopping = "it is being stopped already";
constexpr std::string_view kOver = "its end is decided; what remains is to free its resource";

constexpr std::array kTable = {
    Allow(S::kNew, E::kStart, S::kAllocated, "its resource is taken"),
    Allow(S::kNew, E::kRecover, S::kRunning, "its resource is taken; it was running all the time"),

    Allow(S::kAllocated, E::kAcquired, S::kAcquired, "it may be started until its token expires"),
    Allow(S::kAllocated, E::kRelease, S::kReleased, "nobody was told: freed at once"),
    Allow(S::kAllocated, E::kExpire, S::kExpired, "nobody was told: freed at once"),
    Allow(S::kAllocated, E::kKill, S::kKilled, "nobody was told: freed at once"),
    Allow(S::kAllocated, E::kNodeGone, S::kKilled, "asked for again on behalf of its AM"),

    Allow(S::kAcquired, E::kLaunched, S::kRunning, "its node has it"),
    Allow(S::kAcquired, E::kFinished, S::kCompleted, "its AM is told"),
    Allow(S::kAcquired, E::kRelease, S::kReleased, "its node is told to stop it"),
    Allow(S::kAcquired, E::kExpire, S::kExpired, "its node is told to refuse it"),
    Allow(S::kAcquired, E::kKill, S::kKilled, "its node is told to stop it"),
    Allow(S::kAcquired, E::kNodeGone, S::kKilled, "freed; its AM is told"),
    Ignore(S::kAcquired, E::kAcquired, "told again after a resync"),

    Allow(S::kRunning, E::kFinished, S::kCompleted, "freed; its AM is told"),
    Allow(S::kRunning, E::kRelease, S::kReleased, "its node is told to stop it"),
    Allow(S::kRunning, E::kKill, S::kKilled, "its node is told to stop it"),
    Allow(S::kRunning, E::kNodeGone, S::kKilled, "freed; its AM is told"),
    Ignore(S::kRunning, E::kAcquired, "told again after a resync"),
    Ignore(S::kRunning, E::kLaunched, "reported again"),

    Ignore(S::kExpired, E::kLaunched, "a start was on its way; the stop command follows it"),
    Ignore(S::kExpired, E::kFinished, kOver),
    Ignore(S::kExpired, E::kRelease, kStopping),
    Ignore(S::kExpired, E::kKill, kStopping),
    Ignore(S::kExpired, E::kNodeGone, kOver),

    Ignore(S::kReleased, E::kLaunched, "a start was on its way; the stop command follows it"),
    Ignore(S::kReleased, E::kFinished, kOver),
    Ignore(S::kReleased, E::kRelease, "released twice"),
    Ignore(S::kReleased, E::kKill, kStopping),
    Ignore(S::kReleased, E::kNodeGone, kOver),

    Ignore(S::kKilled, E::kLaunched, "a start was on its way; the stop command follows it"),
    Ignore(S::kKilled, E::kFinished, kOver),
    Ignore(S::kKilled, E::kRelease, kStopping),
    Ignore(S::kKilled, E::kKill, kStopping),
    Ignore(S::kKilled, E::kNodeGone, kOver),
};
static_assert(HasUniquePairs(std::span<const TransitionRow<S, E>>(kTable)));

}  // namespace

std::span<const TransitionRow<S, E>> ContainerTransitions() {
  return kTable;
}

}  // namespace weir::rm
