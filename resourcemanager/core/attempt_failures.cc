// What follows a failure of an attempt: whether it counts, and whether another attempt follows.
#include <algorithm>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {

int32_t ResourceManagerCore::State::AttemptLimit(const Application& application) const {
  const int32_t asked = application.record.context.max_attempts;
  return asked == 0 ? options.max_attempts : std::min(asked, options.max_attempts);
}

bool ResourceManagerCore::State::IsRecent(const Application& application,
                                          const ApplicationAttempt& attempt,
                                          Now at) const {
  const Duration validity = application.record.context.attempt_failures_validity;
  return validity == Duration(0) || attempt.ended + validity > at.wall;
}

int32_t ResourceManagerCore::State::CountedFailures(const Application& application, Now at) const {
  return static_cast<int32_t>(
      std::count_if(application.attempts.begin(), application.attempts.end(), [&](const auto& one) {
        return one->counted && IsRecent(application, *one, at);
      }));
}

std::string ResourceManagerCore::State::LastFailureWords(const Application& application) const {
  const ApplicationAttempt& last = *application.current();
  const Duration validity = application.record.context.attempt_failures_validity;
  std::string limit = "maximum " + std::to_string(AttemptLimit(application));
  if (application.attempts.size() >= kAttemptsMax) {
    limit = "more attempts than " + std::to_string(kAttemptsMax) + " nobody gets";
  } else if (validity > Duration(0)) {
    limit += "; " + std::to_string(CountedFailures(application, now)) + " within " +
             std::to_string(ToMillis(validity)) + " ms";
  }
  return "Application " + application.id().ToString() + " failed " +
         std::to_string(application.attempts.size()) + " times (" + limit +
         "): " + last.id.ToString() + ": " + last.diagnostics;
}

}  // namespace weir::rm
