#include "platform/watchdog.h"

#include <gtest/gtest.h>

#include <future>

namespace weir::platform {
namespace {

TEST(Watchdog, TellsAgainAndAgainOfAFunctionThatHoldsTheLoop) {
  EventLoop loop("watched");
  loop.Start();
  std::promise<void> release;
  std::promise<Duration> third;
  int told = 0;  // watchdog's thread only
  {
    const Watchdog watchdog(loop, milliseconds(2), [&](Duration busy) {
      EXPECT_GE(busy, milliseconds(2));
      if (++told == 3) third.set_value(busy);
    });
    loop.Post([&] { release.get_future().wait(); });
    // The third call is at the third limit at the earliest: once per limit, not per look.
    EXPECT_GE(third.get_future().get(), milliseconds(6));
    release.set_value();
  }
  loop.Stop();
}

TEST(Watchdog, IsSilentWhileTheLoopIsIdle) {
  EventLoop loop("idle");
  loop.Start();
  EventLoop busy_loop("busy");
  busy_loop.Start();
  std::atomic<int> told_of_idle = 0;
  std::promise<void> told_of_busy;
  int calls = 0;
  std::promise<void> release;
  {
    const Watchdog idle(loop, milliseconds(1), [&](Duration) { ++told_of_idle; });
    const Watchdog busy(busy_loop, milliseconds(5), [&](Duration) {
      if (++calls == 3) told_of_busy.set_value();
    });
    busy_loop.Post([&] { release.get_future().wait(); });
    // By the time the other has been told of thrice, this one has looked many times.
    told_of_busy.get_future().wait();
    release.set_value();
  }
  EXPECT_EQ(told_of_idle, 0);
  loop.Stop();
  busy_loop.Stop();
}

TEST(Watchdog, EndsAtOnceWhateverItsLimit) {
  EventLoop loop("loop");
  const Watchdog watchdog(loop, seconds(3600), [](Duration) { FAIL(); });
}

}  // namespace
}  // namespace weir::platform
