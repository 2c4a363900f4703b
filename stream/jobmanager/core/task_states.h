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

std::string_view TaskStateName(TaskState state);
std::string_view TaskEventName(TaskEvent event);
std::span<const TaskState> AllTaskStates();
std::span<const TaskEvent> AllTaskEvents();
std::span<const TransitionRow<TaskState, TaskEvent>> TaskTransitions();

constexpr bool IsTerminal(TaskState state) {
  return state == TaskState::kFinished || state == TaskState::kCanceled ||
         state == TaskState::kFailed;
}

}  // namespace weir::stream

#endif  // WEIR_STREAM_JOBMANAGER_CORE_TASK_STATES_H_
