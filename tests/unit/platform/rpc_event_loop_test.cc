// EventLoop: order, timers, and what happens to functions when it stops.
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "platform/clock.h"
#include "platform/event_loop.h"

namespace weir::platform {
namespace {

TEST(EventLoopTest, RunsPostedFunctionsInOrderOnItsOwnThread) {
  EventLoop loop("test");
  std::vector<int> order;
  bool on_loop = true;
  for (int i = 0; i < 100; ++i) {
    loop.Post([&, i] {
      order.push_back(i);
      on_loop = on_loop && loop.IsOnLoopThread();
    });
  }
  EXPECT_FALSE(loop.started());
  loop.Start();
  loop.PostAndWait([] {});
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(on_loop);
  EXPECT_FALSE(loop.IsOnLoopThread());
}

TEST(EventLoopTest, FiresTimersAtTheirDeadlinesInOrderAndOnce) {
  EventLoop loop("test");
  std::vector<int> fired;
  std::atomic<bool> over{false};
  loop.Start();
  const Instant start = MonotonicNow();
  Instant last;
  loop.Post([&] {
    loop.At(start + milliseconds(20), [&] {
      fired.push_back(2);
      last = MonotonicNow();
      over = true;
      over.notify_all();
    });
    loop.At(start + milliseconds(10), [&] { fired.push_back(1); });
    loop.At(start - seconds(1), [&] { fired.push_back(0); });
    loop.At(kNever, [&] { fired.push_back(9); });
  });
  over.wait(false);
  EXPECT_EQ(fired, (std::vector<int>{0, 1, 2}));
  EXPECT_GE(last, start + milliseconds(20));
}

TEST(EventLoopTest, CancelsTimersEvenWhenTheyAreDue) {
  EventLoop loop("test");
  bool fired = false;
  loop.Start();
  loop.PostAndWait([&] {
    const auto due = loop.At(MonotonicNow(), [&] { fired = true; });
    const auto far = loop.At(MonotonicNow() + seconds(3600), [&] { fired = true; });
    loop.Cancel(due);
    loop.Cancel(far);
    loop.Cancel(far);
    loop.Cancel(0);
  });
  loop.PostAndWait([] {});
  EXPECT_FALSE(fired);
}

TEST(EventLoopTest, ShowsSinceWhenItIsBusy) {
  EventLoop loop("test");
  loop.Start();
  const Instant before = MonotonicNow();
  Instant inside = kNever;
  loop.PostAndWait([&] { inside = loop.busy_since(); });
  EXPECT_GE(inside, before);
  EXPECT_LE(inside, MonotonicNow());
  loop.Stop();
  EXPECT_EQ(loop.busy_since(), kNever);
}

TEST(EventLoopTest, DropsWhatIsPostedAfterStopAndEndsTheWaitsForIt) {
  EventLoop loop("test");
  loop.Start();
  const auto alive = std::make_shared<int>(0);
  std::thread waiter([&] {
    // Either it ran before the stop or it is dropped; the wait ends in any case.
    loop.PostAndWait([] {});
  });
  loop.Stop();
  waiter.join();
  loop.PostAndWait([alive] { *alive = 1; });
  EXPECT_EQ(*alive, 0);
  EXPECT_EQ(alive.use_count(), 1);
}

TEST(EventLoopTest, MayBeStoppedByAFunctionOfItsOwn) {
  auto loop = std::make_unique<EventLoop>("a name longer than fifteen characters");
  loop->Start();
  bool later = false;
  loop->Post([&] {
    loop->Stop();
    loop->Post([&] { later = true; });
  });
  loop->PostAndWait([] {});
  loop.reset();
  EXPECT_FALSE(later);
}

TEST(EventLoopTest, DestroysWhatNeverRan) {
  const auto alive = std::make_shared<int>(0);
  {
    EventLoop loop("test");
    loop.Post([alive] {});
    EXPECT_EQ(alive.use_count(), 2);
  }
  EXPECT_EQ(alive.use_count(), 1);
}

}  // namespace
}  // namespace weir::platform
