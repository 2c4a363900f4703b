#include "stream/taskmanager/core/task_states.h"

#include <array>

namespace weir::stream::taskmanager {
namespace {

using S = TaskState;
using E = TaskEvent;
using Row = TransitionRow<S, E>;

constexpr std::array kStates = {S::kScheduled,
                                S::kInitializing,
                                S::kRunning,
                                S::kCanceling,
                                S::kFinished,
                                S::kCanceled,
                                S::kFailed};
constexpr std::array kEvents = {
    E::kStart, E::kRunning, E::kFinished, E::kCanceled, E::kFailed, E::kCancel};

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

std::string_view TaskStateName(TaskState state) {
  switch (state) {
    case S::kScheduled:
      return "SCHEDULED";
    case S::kInitializing:
      return "INITIALIZING";
    case S::kRunning:
      return "RUNNING";
    case S::kCanceling:
      return "CANCELING";
    case S::kFinished:
      return "FINISHED";
    case S::kCanceled:
      return "CANCELED";
    case S::kFailed:
      return "FAILED";
  }
  return "UNKNOWN";
}

std::string_view TaskEventName(TaskEvent event) {
  switch (event) {
    case E::kStart:
      return "START";
    case E::kRunning:
      return "RUNNING";
    case E::kFinished:
      return "FINISHED";
    case E::kCanceled:
      return "CANCELED";
    case E::kFailed:
      return "FAILED";
    case E::kCancel:
      return "CANCEL";
  }
  return "UNKNOWN";
}

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
