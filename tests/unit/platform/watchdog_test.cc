#include "platform/watchdog.h"

#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <thread>

#include "tests/support/wait_until.h"

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

// Sockets and HTTP have handlers of their own, which are no functions that were posted.
TEST(Watchdog, TellsOfIoThatHoldsTheLoop) {
  EventLoop loop("watched");
  loop.Start();
  std::promise<void> release;
  std::promise<void> told;
  int calls = 0;
  {
    const Watchdog watchdog(loop, milliseconds(2), [&](Duration) {
      if (++calls == 1) told.set_value();
    });
    boost::asio::post(loop.io_context(), [&] { release.get_future().wait(); });
    told.get_future().wait();
    release.set_value();
  }
  loop.Stop();
}

// What waits for long is not what hangs.
TEST(Watchdog, IsSilentWhileALoopThatGetsOnIsFarBehind) {
  constexpr Duration kLimit = milliseconds(400);
  EventLoop loop("behind");
  std::atomic<int> told = 0;
  for (int i = 0; i < 40; ++i) {
    loop.Post([] { std::this_thread::sleep_for(milliseconds(25)); });
  }
  {
    const Watchdog watchdog(loop, kLimit, [&](Duration) { ++told; });
    loop.Start();
    loop.PostAndWait([] {});
  }
  EXPECT_EQ(told, 0);
}

TEST(Watchdog, IsSilentWhileTheLoopIsIdle) {
  constexpr uint64_t kLooks = 8;  // twice the limit
  EventLoop loop("idle");
  loop.Start();
  std::atomic<int> told = 0;
  {
    const Watchdog watchdog(loop, milliseconds(400), [&](Duration) { ++told; });
    // Nothing but the watchdog's own function comes, one for each look.
    EXPECT_TRUE(testing::WaitUntil([&] { return loop.handled() >= kLooks; }, "it has looked"));
  }
  EXPECT_EQ(told, 0);
}

TEST(Watchdog, EndsAtOnceWhateverItsLimit) {
  EventLoop loop("loop");
  const Watchdog watchdog(loop, seconds(3600), [](Duration) { FAIL(); });
}

}  // namespace
}  // namespace weir::platform
