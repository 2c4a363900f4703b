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

std::string_view TaskStateName(TaskState state);
std::string_view TaskEventName(TaskEvent event);
std::span<const TaskState> AllTaskStates();
std::span<const TaskEvent> AllTaskEvents();
std::span<const TransitionRow<TaskState, TaskEvent>> TaskTransitions();

constexpr bool IsTerminal(TaskState state) {
  return state == TaskState::kFinished || state == TaskState::kCanceled ||
         state == TaskState::kFailed;
}

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_CORE_TASK_STATES_H_
