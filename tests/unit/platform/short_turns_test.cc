#include "platform/short_turns.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <thread>

namespace weir::platform {
namespace {

bool KernelKnowsTurns() {
  utsname name{};
  int major = 0;
  int minor = 0;
  if (::uname(&name) != 0) return false;
  if (std::sscanf(name.release, "%d.%d", &major, &minor) != 2) return false;
  return major > 6 || (major == 6 && minor >= 12);
}

// Of the calling thread, as the kernel tells it: the fourth word of its first sched_attr.
Duration Turn() {
  std::array<uint64_t, 6> attributes{};
  EXPECT_EQ(::syscall(SYS_sched_getattr, 0, attributes.data(), sizeof attributes, 0), 0);
  return Duration(static_cast<int64_t>(attributes[3]));
}

void InAThread(const std::function<void()>& body) {
  std::thread thread(body);
  thread.join();
}

TEST(ShortTurns, AreOfTheThreadThatAsksAndOfThoseItMakes) {
  if (!KernelKnowsTurns()) GTEST_SKIP() << "Linux before 6.12 has turns of one length";
  InAThread([] {
    EXPECT_NE(Turn(), kShortTurn);
    ASSERT_TRUE(AskForShortTurns());
    EXPECT_TRUE(AskForShortTurns()) << "again";
    InAThread([] { EXPECT_EQ(Turn(), kShortTurn); });
  });
}

TEST(ShortTurns, LeaveTheNiceValue) {
  InAThread([] {
    ASSERT_EQ(::setpriority(PRIO_PROCESS, 0, 7), 0) << errno;  // of a thread, in Linux
    EXPECT_EQ(AskForShortTurns(), KernelKnowsTurns());
    EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), 7);
    EXPECT_EQ(::sched_getscheduler(0), SCHED_OTHER);
  });
}

TEST(ShortTurns, AreNotForThreadsThatRunWhenNobodyElseWantsTo) {
  InAThread([] {
    const sched_param none{};
    ASSERT_EQ(::sched_setscheduler(0, SCHED_IDLE, &none), 0) << errno;
    EXPECT_FALSE(AskForShortTurns());
    EXPECT_EQ(::sched_getscheduler(0), SCHED_IDLE);
  });
}

}  // namespace
}  // namespace weir::platform
