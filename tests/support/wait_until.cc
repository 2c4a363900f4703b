#include "tests/support/wait_until.h"

#include <poll.h>

#include "platform/clock.h"

namespace weir::testing {
namespace {

constexpr int kPauseMillis = 5;

}  // namespace

::testing::AssertionResult WaitUntil(const std::function<bool()>& condition,
                                     std::string_view what,
                                     Duration limit) {
  const Instant deadline = platform::MonotonicNow() + limit;
  while (!condition()) {
    if (platform::MonotonicNow() > deadline) {
      return ::testing::AssertionFailure()
             << "in " << ToMillis(limit) << " ms it did not happen that " << what;
    }
    ::poll(nullptr, 0, kPauseMillis);
  }
  return ::testing::AssertionSuccess();
}

}  // namespace weir::testing
