#include "stream/jobmanager/core/task_states.h"

#include <array>

namespace weir::stream {
namespace {

using S = TaskState;
using E = TaskEvent;
using Row = TransitionRow<S, E>;

constexpr auto kStates = Enumerators<TaskState, &TaskStateName>();
constexpr auto kEvents = Enumerators<TaskEvent, &TaskEventName>();

constexpr char kOlder[] = "an older report, told again";
constexpr char kEnds[] = "the task has ended; its first end counts";
constexpr char kUnasked[] = "its TaskManager ended it without being asked";
constexpr char kLost[] = "it ended with its TaskManager";

constexpr std::array kTable = {
    Allow(S::kCreated, E::kSchedule, S::kScheduled, "the job's input is known"),
    Allow(S::kCreated, E::kCancel, S::kCanceled, "nothing was deployed yet"),

    Allow(S::kScheduled, E::kDeploy, S::kDeploying, "a slot was found"),
    Allow(S::kScheduled, E::kCancel, S::kCanceled, "nothing was deployed yet"),

    Allow(S::kDeploying, E::kReportedInitializing, S::kInitializing, "the operators are opened"),
    Allow(S::kDeploying, E::kReportedRunning, S::kRunning, "records flow"),
    Allow(S::kDeploying, E::kReportedFinished, S::kFinished, "its input has ended"),
    Allow(S::kDeploying, E::kReportedCanceled, S::kFailed, kUnasked),
    Allow(S::kDeploying, E::kReportedFailed, S::kFailed, "with its cause"),
    Allow(S::kDeploying, E::kCancel, S::kCanceling, "its TaskManager is told"),
    Allow(S::kDeploying, E::kWorkerLost, S::kFailed, kLost),

    Ignore(S::kInitializing, E::kReportedInitializing, kOlder),
    Allow(S::kInitializing, E::kReportedRunning, S::kRunning, "records flow"),
    Allow(S::kInitializing, E::kReportedFinished, S::kFinished, "its input has ended"),
    Allow(S::kInitializing, E::kReportedCanceled, S::kFailed, kUnasked),
    Allow(S::kInitializing, E::kReportedFailed, S::kFailed, "with its cause"),
    Allow(S::kInitializing, E::kCancel, S::kCanceling, "its TaskManager is told"),
    Allow(S::kInitializing, E::kWorkerLost, S::kFailed, kLost),

    Ignore(S::kRunning, E::kReportedInitializing, kOlder),
    Ignore(S::kRunning, E::kReportedRunning, "only its counters have changed"),
    Allow(S::kRunning, E::kReportedFinished, S::kFinished, "its input has ended"),
    Allow(S::kRunning, E::kReportedCanceled, S::kFailed, kUnasked),
    Allow(S::kRunning, E::kReportedFailed, S::kFailed, "with its cause"),
    Allow(S::kRunning, E::kCancel, S::kCanceling, "its TaskManager is told"),
    Allow(S::kRunning, E::kWorkerLost, S::kFailed, kLost),

    Ignore(S::kCanceling, E::kReportedInitializing, kOlder),
    Ignore(S::kCanceling, E::kReportedRunning, kOlder),
    Allow(S::kCanceling, E::kReportedFinished, S::kFinished, "it was faster than the cancellation"),
    Allow(S::kCanceling, E::kReportedCanceled, S::kCanceled, "it has ended as asked"),
    Allow(S::kCanceling, E::kReportedFailed, S::kFailed, "it failed while ending"),
    Ignore(S::kCanceling, E::kCancel, "asked twice"),
    Allow(S::kCanceling, E::kWorkerLost, S::kFailed, kLost),

    Ignore(S::kFinished, E::kReportedInitializing, kEnds),
    Ignore(S::kFinished, E::kReportedRunning, kEnds),
    Ignore(S::kFinished, E::kReportedFinished, kEnds),
    Ignore(S::kFinished, E::kReportedCanceled, kEnds),
    Ignore(S::kFinished, E::kReportedFailed, kEnds),
    Ignore(S::kFinished, E::kCancel, kEnds),
    Ignore(S::kFinished, E::kWorkerLost, kEnds),

    Ignore(S::kCanceled, E::kReportedInitializing, kEnds),
    Ignore(S::kCanceled, E::kReportedRunning, kEnds),
    Ignore(S::kCanceled, E::kReportedFinished, kEnds),
    Ignore(S::kCanceled, E::kReportedCanceled, kEnds),
    Ignore(S::kCanceled, E::kReportedFailed, kEnds),
    Ignore(S::kCanceled, E::kCancel, kEnds),
    Ignore(S::kCanceled, E::kWorkerLost, kEnds),

    Ignore(S::kFailed, E::kReportedInitializing, kEnds),
    Ignore(S::kFailed, E::kReportedRunning, kEnds),
    Ignore(S::kFailed, E::kReportedFinished, kEnds),
    Ignore(S::kFailed, E::kReportedCanceled, kEnds),
    Ignore(S::kFailed, E::kReportedFailed, kEnds),
    Ignore(S::kFailed, E::kCancel, kEnds),
    Ignore(S::kFailed, E::kWorkerLost, kEnds),
};
static_assert(HasUniquePairs(std::span<const Row>(kTable)));

}  // namespace

std::span<const TaskState> AllTaskStates() {
  return kStates;
}
std::span<const TaskEvent> AllTaskEvents() {
  return kEvents;
}
std::span<const Row> TaskTransitions() {
  return kTable;
}

}  // namespace weir::stream
