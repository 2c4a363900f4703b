#include "appmaster/core/cluster_states.h"

#include <array>

namespace weir::am {
namespace {

using W = WorkerState;
using E = WorkerEvent;
using P = ClusterPhase;
using C = ClusterEvent;
using WorkerRow = TransitionRow<W, E>;
using ClusterRow = TransitionRow<P, C>;

constexpr auto kWorkerStates = Enumerators<WorkerState, &WorkerStateName>();
constexpr auto kWorkerEvents = Enumerators<WorkerEvent, &WorkerEventName>();
constexpr auto kPhases = Enumerators<ClusterPhase, &ClusterPhaseName>();
constexpr auto kClusterEvents = Enumerators<ClusterEvent, &ClusterEventName>();

constexpr char kOlder[] = "an answer that came late";
constexpr char kLeaving[] = "it is leaving already";
constexpr char kEnding[] = "the cluster is ending already";
constexpr char kNobody[] = "there is nobody left to tell";

constexpr std::array kWorkerTable = {
    Allow(W::kLaunching, E::kLaunched, W::kStarting, "its registration is awaited"),
    Allow(W::kLaunching, E::kLaunchFailed, W::kStopping, "the container is released"),
    Allow(W::kLaunching, E::kRegistered, W::kReady, "faster than the answer to its start"),
    Allow(W::kLaunching, E::kStop, W::kStopping, "the container is released"),
    Allow(W::kLaunching, E::kCompleted, W::kGone, "counts as a failed launch"),

    Ignore(W::kStarting, E::kLaunched, kOlder),
    Ignore(W::kStarting, E::kLaunchFailed, kOlder),
    Allow(W::kStarting, E::kRegistered, W::kReady, "its slots can be used"),
    Allow(W::kStarting, E::kStop, W::kStopping, "the container is released"),
    Allow(W::kStarting, E::kCompleted, W::kGone, "counts as a failed launch"),

    Ignore(W::kReady, E::kLaunched, kOlder),
    Ignore(W::kReady, E::kLaunchFailed, "it runs, whatever the answer to its start was"),
    Ignore(W::kReady, E::kRegistered, "told twice"),
    Allow(W::kReady, E::kStop, W::kStopping, "the engine tells it to exit"),
    Allow(W::kReady, E::kCompleted, W::kGone, "its jobs fail with this cause"),

    Ignore(W::kStopping, E::kLaunched, kLeaving),
    Ignore(W::kStopping, E::kLaunchFailed, kLeaving),
    Ignore(W::kStopping, E::kRegistered, kLeaving),
    Ignore(W::kStopping, E::kStop, kLeaving),
    Allow(W::kStopping, E::kCompleted, W::kGone, "as intended"),

    Ignore(W::kGone, E::kLaunched, kOlder),
    Ignore(W::kGone, E::kLaunchFailed, kOlder),
    Ignore(W::kGone, E::kRegistered, kOlder),
    Ignore(W::kGone, E::kStop, "it is gone"),
    Ignore(W::kGone, E::kCompleted, "told twice"),
};
static_assert(HasUniquePairs(std::span<const WorkerRow>(kWorkerTable)));

constexpr std::array kClusterTable = {
    Allow(P::kServing, C::kStopRequested, P::kDraining, "live jobs are cancelled"),
    Allow(P::kServing, C::kJobsEnded, P::kFinishing, "the final status is told at once"),
    Allow(P::kServing, C::kTerminated, P::kAbandoned, "workers are stopped"),
    Allow(P::kServing, C::kMasterGone, P::kAbandoned, "workers are stopped"),

    Ignore(P::kDraining, C::kStopRequested, kEnding),
    Allow(P::kDraining, C::kJobsEnded, P::kFinishing, "the final status is told at once"),
    Allow(P::kDraining, C::kTimeOver, P::kEnding, "workers are stopped, and with them their jobs"),
    Allow(P::kDraining, C::kTerminated, P::kAbandoned, "workers are stopped"),
    Allow(P::kDraining, C::kMasterGone, P::kAbandoned, "workers are stopped"),

    Ignore(P::kEnding, C::kStopRequested, kEnding),
    Allow(P::kEnding, C::kJobsEnded, P::kFinishing, "the final status is told at once"),
    Allow(P::kEnding, C::kTimeOver, P::kFinishing, "what is left to clean is cleaned at the end"),
    Allow(P::kEnding, C::kTerminated, P::kAbandoned, "the final status cannot be told"),
    Allow(P::kEnding, C::kMasterGone, P::kAbandoned, "the final status cannot be told"),

    Ignore(P::kFinishing, C::kStopRequested, kEnding),
    Ignore(P::kFinishing, C::kJobsEnded, kEnding),
    Allow(P::kFinishing, C::kAcknowledged, P::kLeaving, "nothing can change the status any more"),
    Ignore(P::kFinishing, C::kTerminated, "the outcome is decided: it is told first"),
    Allow(P::kFinishing, C::kMasterGone, P::kAbandoned, "the final status could not be told"),

    Ignore(P::kLeaving, C::kStopRequested, kEnding),
    Ignore(P::kLeaving, C::kJobsEnded, kEnding),
    Allow(P::kLeaving, C::kEndsSeen, P::kEnded, "the process exits"),
    Allow(P::kLeaving, C::kTimeOver, P::kEnded, "the process exits"),
    Ignore(P::kLeaving, C::kAcknowledged, "told twice"),
    Allow(P::kLeaving, C::kTerminated, P::kEnded, "the process exits"),
    Allow(P::kLeaving, C::kMasterGone, P::kEnded, "the process exits"),

    Ignore(P::kAbandoned, C::kStopRequested, kNobody),
    Ignore(P::kAbandoned, C::kJobsEnded, kNobody),
    Allow(P::kAbandoned, C::kTimeOver, P::kEnded, "the process exits"),
    Allow(P::kAbandoned, C::kWorkersGone, P::kEnded, "the process exits"),
    Ignore(P::kAbandoned, C::kTerminated, kEnding),
    Ignore(P::kAbandoned, C::kMasterGone, kNobody),

    Ignore(P::kEnded, C::kStopRequested, kEnding),
    Ignore(P::kEnded, C::kJobsEnded, kEnding),
    Ignore(P::kEnded, C::kTimeOver, kEnding),
    Ignore(P::kEnded, C::kAcknowledged, kEnding),
    Ignore(P::kEnded, C::kEndsSeen, kEnding),
    Ignore(P::kEnded, C::kWorkersGone, kEnding),
    Ignore(P::kEnded, C::kTerminated, kEnding),
    Ignore(P::kEnded, C::kMasterGone, kEnding),
};
static_assert(HasUniquePairs(std::span<const ClusterRow>(kClusterTable)));

}  // namespace

std::span<const WorkerState> AllWorkerStates() {
  return kWorkerStates;
}
std::span<const WorkerEvent> AllWorkerEvents() {
  return kWorkerEvents;
}
std::span<const WorkerRow> WorkerTransitions() {
  return kWorkerTable;
}
std::span<const ClusterPhase> AllClusterPhases() {
  return kPhases;
}
std::span<const ClusterEvent> AllClusterEvents() {
  return kClusterEvents;
}
std::span<const ClusterRow> ClusterTransitions() {
  return kClusterTable;
}

}  // namespace weir::am
