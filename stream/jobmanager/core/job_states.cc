#include "stream/jobmanager/core/job_states.h"

#include <array>

namespace weir::stream {
namespace {

using S = JobState;
using E = JobEvent;
using Row = TransitionRow<S, E>;

constexpr auto kStates = Enumerators<JobState, &JobStateName>();
constexpr auto kEvents = Enumerators<JobEvent, &JobEventName>();

constexpr char kEnded[] = "the job has ended";
constexpr char kLateListing[] = "the job ended while its files were being listed";

constexpr std::array kTable = {
    Allow(S::kInitializing, E::kSourcesListed, S::kCreated, "splits are cut; the job wants slots"),
    Allow(S::kInitializing, E::kFailure, S::kFailed, "nothing was deployed yet"),
    Allow(S::kInitializing, E::kCancelRequested, S::kCanceled, "nothing was deployed yet"),

    Allow(S::kCreated, E::kSlotsAssigned, S::kRunning, "all tasks are deployed"),
    Allow(S::kCreated, E::kFailure, S::kFailed, "nothing was deployed yet"),
    Allow(S::kCreated, E::kCancelRequested, S::kCanceled, "nothing was deployed yet"),

    Allow(S::kRunning, E::kTasksFinished, S::kCommitting, "TaskManagers publish the results"),
    Allow(S::kRunning, E::kFailure, S::kFailing, "the first cause is kept; tasks are cancelled"),
    Allow(S::kRunning, E::kCancelRequested, S::kCancelling, "tasks are cancelled"),

    Allow(S::kCommitting, E::kCommitted, S::kFinished, "slots are given back"),
    Allow(S::kCommitting, E::kFailure, S::kFailing, "what some have published is withdrawn"),
    Ignore(S::kCommitting, E::kCancelRequested, "the results are already being published"),

    Allow(S::kFailing, E::kCleanedUp, S::kFailed, "slots are given back"),
    Ignore(S::kFailing, E::kFailure, "follows from the first failure"),
    Ignore(S::kFailing, E::kCancelRequested, "the job is ending already"),

    Allow(S::kCancelling, E::kCleanedUp, S::kCanceled, "slots are given back"),
    Ignore(S::kCancelling, E::kFailure, "the job is ending as was asked"),
    Ignore(S::kCancelling, E::kCancelRequested, "asked twice"),

    Ignore(S::kFinished, E::kFailure, kEnded),
    Ignore(S::kFinished, E::kCancelRequested, kEnded),
    Ignore(S::kFailed, E::kSourcesListed, kLateListing),
    Ignore(S::kFailed, E::kFailure, kEnded),
    Ignore(S::kFailed, E::kCancelRequested, kEnded),
    Ignore(S::kCanceled, E::kSourcesListed, kLateListing),
    Ignore(S::kCanceled, E::kFailure, kEnded),
    Ignore(S::kCanceled, E::kCancelRequested, kEnded),
};
static_assert(HasUniquePairs(std::span<const Row>(kTable)));

}  // namespace

std::string_view PublicName(JobState state) {
  return state == S::kCommitting ? "RUNNING" : JobStateName(state);
}

std::span<const JobState> AllJobStates() {
  return kStates;
}
std::span<const JobEvent> AllJobEvents() {
  return kEvents;
}
std::span<const Row> JobTransitions() {
  return kTable;
}

}  // namespace weir::stream
