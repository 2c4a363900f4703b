// The life of a task in its TaskManager, as a table. States have Flink's names; a task is not known
// here before it is deployed, so there is no CREATED.
#ifndef WEIR_STREAM_TASKMANAGER_CORE_TASK_STATES_H_
#define WEIR_STREAM_TASKMANAGER_CORE_TASK_STATES_H_

#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::stream::taskmanager {

enum class TaskState {
  kScheduled,     // waits for the job's library; not reported
  kInitializing,  // its thread makes the operators
  kRunning,
  kCanceling,  // told to end; not reported
  kFinished,
  kCanceled,
  kFailed,
};

enum class TaskEvent {
  kStart,     // the library is ready: the thread begins
  kRunning,   // the thread: the operators stand
  kFinished,  // the thread's ends
  kCanceled,
  kFailed,  // or: the library cannot be had
  kCancel,  // the JobManager's command
};

constexpr std::string_view TaskStateName(TaskState state) {
  switch (state) {
    case TaskState::kScheduled:
      return "SCHEDULED";
    case TaskState::kInitializing:
      return "INITIALIZING";
    case TaskState::kRunning:
      return "RUNNING";
    case TaskState::kCanceling:
      return "CANCELING";
    case TaskState::kFinished:
      return "FINISHED";
    case TaskState::kCanceled:
      return "CANCELED";
    case TaskState::kFailed:
      return "FAILED";
  }
  return kNoName;
}

constexpr std::string_view TaskEventName(TaskEvent event) {
  switch (event) {
    case TaskEvent::kStart:
      return "START";
    case TaskEvent::kRunning:
      return "RUNNING";
    case TaskEvent::kFinished:
      return "FINISHED";
    case TaskEvent::kCanceled:
      return "CANCELED";
    case TaskEvent::kFailed:
      return "FAILED";
    case TaskEvent::kCancel:
      return "CANCEL";
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

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_CORE_TASK_STATES_H_
