// The life of a job as a table, in Flink's words.
//
//   INITIALIZING  its input files are being listed
//   CREATED       waits for slots
//   RUNNING       its tasks are deployed
//   COMMITTING    all tasks have finished, the results are being published (told as RUNNING)
//   FAILING, CANCELLING   its tasks are being ended, then what they wrote is being deleted
//   FINISHED, FAILED, CANCELED   terminal
#ifndef WEIR_STREAM_JOBMANAGER_CORE_JOB_STATES_H_
#define WEIR_STREAM_JOBMANAGER_CORE_JOB_STATES_H_

#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::stream {

enum class JobState {
  kInitializing,
  kCreated,
  kRunning,
  kCommitting,
  kFailing,
  kCancelling,
  kFinished,
  kFailed,
  kCanceled,
};

enum class JobEvent {
  kSourcesListed,
  kSlotsAssigned,
  kTasksFinished,  // all of them, successfully
  kCommitted,      // on every TaskManager, and the hidden files are gone
  kFailure,        // of a task, a TaskManager, a commit, the listing; or slots missing too long
  kCancelRequested,
  kCleanedUp,  // no task is left that could still run, and nothing of what they wrote
};

// as in the table above
constexpr std::string_view JobStateName(JobState state) {
  switch (state) {
    case JobState::kInitializing:
      return "INITIALIZING";
    case JobState::kCreated:
      return "CREATED";
    case JobState::kRunning:
      return "RUNNING";
    case JobState::kCommitting:
      return "COMMITTING";
    case JobState::kFailing:
      return "FAILING";
    case JobState::kCancelling:
      return "CANCELLING";
    case JobState::kFinished:
      return "FINISHED";
    case JobState::kFailed:
      return "FAILED";
    case JobState::kCanceled:
      return "CANCELED";
  }
  return kNoName;
}

std::string_view PublicName(JobState state);  // as clients are told
constexpr std::string_view JobEventName(JobEvent event) {
  switch (event) {
    case JobEvent::kSourcesListed:
      return "SOURCES_LISTED";
    case JobEvent::kSlotsAssigned:
      return "SLOTS_ASSIGNED";
    case JobEvent::kTasksFinished:
      return "TASKS_FINISHED";
    case JobEvent::kCommitted:
      return "COMMITTED";
    case JobEvent::kFailure:
      return "FAILURE";
    case JobEvent::kCancelRequested:
      return "CANCEL_REQUESTED";
    case JobEvent::kCleanedUp:
      return "CLEANED_UP";
  }
  return kNoName;
}

std::span<const JobState> AllJobStates();
std::span<const JobEvent> AllJobEvents();
std::span<const TransitionRow<JobState, JobEvent>> JobTransitions();

constexpr bool IsTerminal(JobState state) {
  return state == JobState::kFinished || state == JobState::kFailed || state == JobState::kCanceled;
}
// Holds no slots yet.
constexpr bool IsWaiting(JobState state) {
  return state == JobState::kInitializing || state == JobState::kCreated;
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_JOB_STATES_H_
