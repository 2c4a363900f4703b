// The life of a task (one parallel instance of a vertex) as a table, in Flink's words.
#ifndef WEIR_STREAM_JOBMANAGER_CORE_TASK_STATES_H_
#define WEIR_STREAM_JOBMANAGER_CORE_TASK_STATES_H_

#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::stream {

enum class TaskState {
  kCreated,
  kScheduled,     // waits for its slot
  kDeploying,     // its TaskManager has been or is being told
  kInitializing,  // as reported: the operators are opened
  kRunning,
  kFinished,
  kCanceling,
  kCanceled,
  kFailed,
};

enum class TaskEvent {
  kSchedule,
  kDeploy,
  kReportedInitializing,
  kReportedRunning,
  kReportedFinished,
  kReportedCanceled,
  kReportedFailed,
  kCancel,
  kWorkerLost,
};

constexpr std::string_view TaskStateName(TaskState state) {
  switch (state) {
    case TaskState::kCreated:
      return "CREATED";
    case TaskState::kScheduled:
      return "SCHEDULED";
    case TaskState::kDeploying:
      return "DEPLOYING";
    case TaskState::kInitializing:
      return "INITIALIZING";
    case TaskState::kRunning:
      return "RUNNING";
    case TaskState::kFinished:
      return "FINISHED";
    case TaskState::kCanceling:
      return "CANCELING";
    case TaskState::kCanceled:
      return "CANCELED";
    case TaskState::kFailed:
      return "FAILED";
  }
  return kNoName;
}

constexpr std::string_view TaskEventName(TaskEvent event) {
  switch (event) {
    case TaskEvent::kSchedule:
      return "SCHEDULE";
    case TaskEvent::kDeploy:
      return "DEPLOY";
    case TaskEvent::kReportedInitializing:
      return "REPORTED_INITIALIZING";
    case TaskEvent::kReportedRunning:
      return "REPORTED_RUNNING";
    case TaskEvent::kReportedFinished:
      return "REPORTED_FINISHED";
    case TaskEvent::kReportedCanceled:
      return "REPORTED_CANCELED";
    case TaskEvent::kReportedFailed:
      return "REPORTED_FAILED";
    case TaskEvent::kCancel:
      return "CANCEL";
    case TaskEvent::kWorkerLost:
      return "WORKER_LOST";
  }
  return kNoName;
}

std::span<const TaskState> AllTaskStates();
std::span<const TaskEvent> AllTaskEvents();
std::span<const TransitionRow<TaskState, TaskEvent>> TaskTransitions();

constexpr bool IsTerminal(TaskState state) {
  return state == TaskState::kFinished || state == TaskState::kCanceled ||
         state == TaskState::kFailed;
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_TASK_STATES_H_
