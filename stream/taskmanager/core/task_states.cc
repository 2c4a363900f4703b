#include "stream/taskmanager/core/task_states.h"

#include <array>

namespace weir::stream::taskmanager {
namespace {

using S = TaskState;
using E = TaskEvent;
using Row = TransitionRow<S, E>;

constexpr auto kStates = Enumerators<TaskState, &TaskStateName>();
constexpr auto kEvents = Enumerators<TaskEvent, &TaskEventName>();

constexpr char kOver[] = "the task has ended";

// A thread that was not told to cancel does not end canceled, and it ends once: those pairs are
// invalid.
constexpr std::array kTable = {
    Allow(S::kScheduled, E::kStart, S::kInitializing, "its thread begins"),
    Allow(S::kScheduled, E::kFailed, S::kFailed, "the job's library cannot be had"),
    Allow(S::kScheduled, E::kCancel, S::kCanceled, "nothing had begun"),

    Allow(S::kInitializing, E::kRunning, S::kRunning, "the operators stand"),
    Allow(S::kInitializing, E::kFailed, S::kFailed, "with its cause"),
    Allow(S::kInitializing, E::kCancel, S::kCanceling, "its thread is woken"),

    Allow(S::kRunning, E::kFinished, S::kFinished, "its input has ended"),
    Allow(S::kRunning, E::kFailed, S::kFailed, "with its cause"),
    Allow(S::kRunning, E::kCancel, S::kCanceling, "its thread is woken"),

    Ignore(S::kCanceling, E::kRunning, "it will end before its first record"),
    Allow(S::kCanceling, E::kFinished, S::kFinished, "it was faster than the cancellation"),
    Allow(S::kCanceling, E::kCanceled, S::kCanceled, "it has ended as told"),
    Allow(S::kCanceling, E::kFailed, S::kFailed, "it was faster than the cancellation"),
    Ignore(S::kCanceling, E::kCancel, "told twice"),

    Ignore(S::kFinished, E::kCancel, kOver),
    Ignore(S::kCanceled, E::kCancel, kOver),
    Ignore(S::kFailed, E::kCancel, kOver),
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

}  // namespace weir::stream::taskmanager
