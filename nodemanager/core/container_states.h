// The life of a container on its node, with YARN's state names, as one table.
//
//   NEW -> LOCALIZING -> SCHEDULED -> RUNNING -> EXITED_WITH_SUCCESS | EXITED_WITH_FAILURE -> DONE
//   a stop goes through KILLING and CONTAINER_CLEANEDUP_AFTER_KILL; files that cannot be had end in
//   LOCALIZATION_FAILED; a failure that is retried goes through RELAUNCHING to SCHEDULED again.
//
// A container is COMPLETE for the outside as soon as no process of it is left, which is before DONE
// (its directories are gone). Immutable values.
#ifndef WEIR_NODEMANAGER_CORE_CONTAINER_STATES_H_
#define WEIR_NODEMANAGER_CORE_CONTAINER_STATES_H_

#include <array>
#include <span>
#include <string_view>

#include "common/transition_table.h"

namespace weir::nm {

enum class State {
  kNew,
  kLocalizing,
  kLocalizationFailed,
  kScheduled,
  kRunning,
  kExitedWithSuccess,
  kExitedWithFailure,
  kRelaunching,
  kKilling,
  kCleanedUpAfterKill,
  kDone,
};

enum class Trigger {
  kStart,               // a start was accepted
  kRefuse,              // the RM's start cannot be carried out
  kReacquire,           // an earlier NodeManager has started its process
  kLocalized,           // directories, files and secrets are in place
  kLocalizationFailed,  // or they could not be had
  kLaunched,            // the process runs
  kLaunchFailed,        // it could not be started; nothing runs
  kExitSuccess,         // the main process ended with status 0
  kExitFailure,         // it ended otherwise
  kRetry,               // nothing of it is left, and its policy wants it started again
  kRetryDue,            // the interval before that has passed
  kStop,                // someone who may wants it stopped
  kDrained,             // no process that the container started is left
  kCleanedUp,           // its directories are gone
  kSignal,              // its owner wants a thread dump, or asks it to shut down
  kResize,              // it is to have another size
};

constexpr std::string_view StateName(State state) {
  switch (state) {
    case State::kNew:
      return "NEW";
    case State::kLocalizing:
      return "LOCALIZING";
    case State::kLocalizationFailed:
      return "LOCALIZATION_FAILED";
    case State::kScheduled:
      return "SCHEDULED";
    case State::kRunning:
      return "RUNNING";
    case State::kExitedWithSuccess:
      return "EXITED_WITH_SUCCESS";
    case State::kExitedWithFailure:
      return "EXITED_WITH_FAILURE";
    case State::kRelaunching:
      return "RELAUNCHING";
    case State::kKilling:
      return "KILLING";
    case State::kCleanedUpAfterKill:
      return "CONTAINER_CLEANEDUP_AFTER_KILL";
    case State::kDone:
      return "DONE";
  }
  return kNoName;
}
inline constexpr auto kStates = Enumerators<State, &StateName>();

constexpr std::string_view TriggerName(Trigger trigger) {
  switch (trigger) {
    case Trigger::kStart:
      return "START";
    case Trigger::kRefuse:
      return "REFUSE";
    case Trigger::kReacquire:
      return "REACQUIRE";
    case Trigger::kLocalized:
      return "RESOURCES_LOCALIZED";
    case Trigger::kLocalizationFailed:
      return "RESOURCE_FAILED";
    case Trigger::kLaunched:
      return "LAUNCHED";
    case Trigger::kLaunchFailed:
      return "LAUNCH_FAILED";
    case Trigger::kExitSuccess:
      return "EXITED_WITH_SUCCESS";
    case Trigger::kExitFailure:
      return "EXITED_WITH_FAILURE";
    case Trigger::kRetry:
      return "RETRY";
    case Trigger::kRetryDue:
      return "RETRY_DUE";
    case Trigger::kStop:
      return "STOP";
    case Trigger::kDrained:
      return "DRAINED";
    case Trigger::kCleanedUp:
      return "RESOURCES_CLEANEDUP";
    case Trigger::kSignal:
      return "SIGNAL";
    case Trigger::kResize:
      return "RESIZE";
  }
  return kNoName;
}
inline constexpr auto kTriggers = Enumerators<Trigger, &TriggerName>();

using Row = TransitionRow<State, Trigger>;

inline constexpr char kRepeatedStart[] = "a repeated start of a container is harmless";
inline constexpr char kAlreadyEnding[] = "it is ending already; the first cause counts";

inline constexpr char kNoRetryFollows[] =
    "it is ending already; the first cause counts, and no retry follows";

// Told to who asked for what is not done.
inline constexpr char kNotStartedYet[] = "its process has not been started yet";
inline constexpr char kMainHasEnded[] = "its main process has ended";
inline constexpr char kNothingRuns[] = "nothing of it runs until its next try";
inline constexpr char kBeingStopped[] = "it is being stopped";
inline constexpr char kHasEnded[] = "it has ended";

inline constexpr std::array kContainerRows = {
    Allow(State::kNew, Trigger::kStart, State::kLocalizing, "its files are fetched"),
    Allow(State::kNew, Trigger::kRefuse, State::kDone, "told to the RM as complete"),
    Allow(State::kNew, Trigger::kStop, State::kDone, "stopped before it was ever started here"),
    Allow(State::kNew,
          Trigger::kReacquire,
          State::kRunning,
          "its process was started before the NodeManager was"),
    Ignore(State::kNew, Trigger::kSignal, kNotStartedYet),
    Ignore(State::kNew, Trigger::kResize, kNotStartedYet),

    Allow(State::kLocalizing, Trigger::kLocalized, State::kScheduled, "its process is started"),
    Allow(State::kLocalizing,
          Trigger::kLocalizationFailed,
          State::kLocalizationFailed,
          "complete with the cause; directories are removed"),
    Allow(State::kLocalizing, Trigger::kStop, State::kKilling, "the fetching is called off"),
    Ignore(State::kLocalizing, Trigger::kStart, kRepeatedStart),
    Ignore(State::kLocalizing, Trigger::kSignal, kNotStartedYet),
    Ignore(State::kLocalizing, Trigger::kResize, kNotStartedYet),

    Allow(State::kLocalizationFailed, Trigger::kCleanedUp, State::kDone, "directories are gone"),
    Ignore(State::kLocalizationFailed, Trigger::kStart, kRepeatedStart),
    Ignore(State::kLocalizationFailed, Trigger::kStop, kAlreadyEnding),
    Ignore(State::kLocalizationFailed, Trigger::kSignal, kHasEnded),
    Ignore(State::kLocalizationFailed, Trigger::kResize, kHasEnded),

    Allow(State::kScheduled, Trigger::kLaunched, State::kRunning, "told to the RM"),
    Allow(State::kScheduled,
          Trigger::kLaunchFailed,
          State::kExitedWithFailure,
          "complete with the cause; directories are removed"),
    Allow(State::kScheduled, Trigger::kStop, State::kKilling, "stopped once it has started"),
    Ignore(State::kScheduled, Trigger::kStart, kRepeatedStart),
    Ignore(State::kScheduled, Trigger::kSignal, kNotStartedYet),
    Ignore(State::kScheduled, Trigger::kResize, kNotStartedYet),

    Allow(State::kRunning, Trigger::kExitSuccess, State::kExitedWithSuccess, "waits for the rest"),
    Allow(State::kRunning, Trigger::kExitFailure, State::kExitedWithFailure, "waits for the rest"),
    Allow(State::kRunning,
          Trigger::kLaunchFailed,
          State::kExitedWithFailure,
          "it was re-acquired while it was about to fail to start"),
    Allow(State::kRunning, Trigger::kStop, State::kKilling, "SIGTERM, and SIGKILL after the grace"),
    Allow(State::kRunning, Trigger::kSignal, State::kRunning, "passed on to its processes"),
    Allow(State::kRunning, Trigger::kResize, State::kRunning, "its limits are changed"),
    Ignore(State::kRunning, Trigger::kStart, kRepeatedStart),

    Allow(State::kExitedWithSuccess,
          Trigger::kDrained,
          State::kExitedWithSuccess,
          "complete; directories are removed"),
    Allow(State::kExitedWithSuccess, Trigger::kCleanedUp, State::kDone, "directories are gone"),
    Ignore(State::kExitedWithSuccess, Trigger::kStart, kRepeatedStart),
    Ignore(State::kExitedWithSuccess, Trigger::kStop, kAlreadyEnding),
    Ignore(State::kExitedWithSuccess, Trigger::kSignal, kMainHasEnded),
    Ignore(State::kExitedWithSuccess, Trigger::kResize, kMainHasEnded),

    Allow(State::kExitedWithFailure,
          Trigger::kDrained,
          State::kExitedWithFailure,
          "complete; directories are removed"),
    Allow(State::kExitedWithFailure,
          Trigger::kRetry,
          State::kRelaunching,
          "its directories stay; waits for the interval of its retry policy"),
    Allow(State::kExitedWithFailure, Trigger::kCleanedUp, State::kDone, "directories are gone"),
    Ignore(State::kExitedWithFailure, Trigger::kStart, kRepeatedStart),
    Ignore(State::kExitedWithFailure, Trigger::kStop, kNoRetryFollows),
    Ignore(State::kExitedWithFailure, Trigger::kSignal, kMainHasEnded),
    Ignore(State::kExitedWithFailure, Trigger::kResize, kMainHasEnded),

    Allow(State::kRelaunching,
          Trigger::kRetryDue,
          State::kScheduled,
          "its process is started again in the same directories"),
    Allow(State::kRelaunching,
          Trigger::kStop,
          State::kCleanedUpAfterKill,
          "complete; nothing of it runs"),
    Ignore(State::kRelaunching, Trigger::kStart, kRepeatedStart),
    Ignore(State::kRelaunching, Trigger::kSignal, kNothingRuns),
    Allow(State::kRelaunching, Trigger::kResize, State::kRelaunching, "its next try has that size"),

    Allow(State::kKilling, Trigger::kLocalized, State::kCleanedUpAfterKill, "nothing was started"),
    Allow(State::kKilling,
          Trigger::kLocalizationFailed,
          State::kCleanedUpAfterKill,
          "nothing was started"),
    Allow(State::kKilling, Trigger::kLaunched, State::kKilling, "SIGTERM now that it runs"),
    Allow(
        State::kKilling, Trigger::kLaunchFailed, State::kCleanedUpAfterKill, "nothing was started"),
    Allow(State::kKilling, Trigger::kExitSuccess, State::kKilling, "waits for the rest"),
    Allow(State::kKilling, Trigger::kExitFailure, State::kKilling, "waits for the rest"),
    Allow(State::kKilling, Trigger::kDrained, State::kCleanedUpAfterKill, "complete"),
    Ignore(State::kKilling, Trigger::kStart, kRepeatedStart),
    Ignore(State::kKilling, Trigger::kStop, kAlreadyEnding),
    Ignore(State::kKilling, Trigger::kSignal, kBeingStopped),
    Ignore(State::kKilling, Trigger::kResize, kBeingStopped),

    Allow(State::kCleanedUpAfterKill, Trigger::kCleanedUp, State::kDone, "directories are gone"),
    Ignore(State::kCleanedUpAfterKill, Trigger::kStart, kRepeatedStart),
    Ignore(State::kCleanedUpAfterKill, Trigger::kStop, kAlreadyEnding),
    Ignore(State::kCleanedUpAfterKill, Trigger::kSignal, kHasEnded),
    Ignore(State::kCleanedUpAfterKill, Trigger::kResize, kHasEnded),

    Ignore(State::kDone, Trigger::kStart, kRepeatedStart),
    Ignore(State::kDone, Trigger::kStop, kHasEnded),
    Ignore(State::kDone, Trigger::kSignal, kHasEnded),
    Ignore(State::kDone, Trigger::kResize, kHasEnded),
};

inline constexpr std::span<const Row> kContainerTable = kContainerRows;
static_assert(HasUniquePairs(kContainerTable));

// What the table says of the pair.
constexpr std::string_view WhyOf(State state, Trigger trigger) {
  for (const Row& row : kContainerRows) {
    if (row.from == state && row.event == trigger) return row.why;
  }
  return "";
}

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_CONTAINER_STATES_H_
