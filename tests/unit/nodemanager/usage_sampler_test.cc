#include "nodemanager/executor/usage_sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/clock.h"

namespace weir::nm {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr int64_t kMib = int64_t{1} << 20;
const ContainerId kContainer = ContainerId::Make(AttemptId{{1'700'000'000'000, 1}, 1}, Epoch{1}, 2);

// A child that stands for a launcher, with a child of its own that holds memory: both wait until
// they are told to go.
class Family {
 public:
  explicit Family(size_t held) {
    int ready[2];
    EXPECT_EQ(::pipe(ready), 0);
    EXPECT_EQ(::pipe(stay_), 0);
    launcher_ = ::fork();
    if (launcher_ == 0) BeLauncher(held, ready[1]);
    ::close(ready[1]);
    ::close(stay_[0]);
    char byte = 0;
    EXPECT_EQ(::read(ready[0], &byte, 1), 1);
    ::close(ready[0]);
  }
  ~Family() {
    ::close(stay_[1]);
    ::waitpid(launcher_, nullptr, 0);
  }
  pid_t launcher() const { return launcher_; }

 private:
  [[noreturn]] void BeLauncher(size_t held, int ready) {
    ::close(stay_[1]);
    if (::fork() == 0) {
      ::mmap(
          nullptr, held, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
      Wait(ready);
      ::_exit(0);
    }
    ::close(ready);
    ::wait(nullptr);
    ::_exit(0);
  }
  void Wait(int ready) {
    char byte = 1;
    static_cast<void>(!::write(ready, &byte, 1));
    static_cast<void>(!::read(stay_[0], &byte, 1));  // its end comes when the test is over
  }

  int stay_[2] = {-1, -1};
  pid_t launcher_ = 0;
};

TEST(ProcessLooker, SumsTheDescendantsOfALauncherAndKnowsThemAgain) {
  const Family family(64 * kMib);
  ProcessLooker looker;
  const std::vector<Launcher> launchers = {{kContainer, family.launcher()}};
  const Instant now = platform::MonotonicNow();
  const UsageSampled first = looker.Look(launchers, now);
  ASSERT_THAT(first.containers, SizeIs(1));
  const ContainerSample& container = first.containers[0];
  EXPECT_EQ(container.id, kContainer);
  ASSERT_THAT(container.processes, SizeIs(1)) << "without the launcher itself";
  EXPECT_EQ(container.processes[0].parent, family.launcher());
  EXPECT_THAT(container.processes[0].command_line, HasSubstr("test"));
  EXPECT_GE(container.resident_bytes, 64 * kMib);
  EXPECT_GE(container.virtual_bytes, container.resident_bytes);
  EXPECT_EQ(container.older_resident_bytes, 0) << "nobody was seen before";
  EXPECT_GE(first.utilization.containers_memory_mib, 64);
  EXPECT_GT(first.utilization.node_memory_mib, 64);

  const UsageSampled second = looker.Look(launchers, now + seconds(3));
  ASSERT_THAT(second.containers, SizeIs(1));
  EXPECT_GE(second.containers[0].older_resident_bytes, 64 * kMib);
  EXPECT_TRUE(second.containers[0].processes[0].older);
}

TEST(ProcessLooker, ALauncherWithoutDescendantsIsNoContainer) {
  ProcessLooker looker;
  EXPECT_THAT(looker.Look({{kContainer, 0x3fffffff}}, platform::MonotonicNow()).containers,
              IsEmpty());
  EXPECT_THAT(looker.Look({}, platform::MonotonicNow()).containers, IsEmpty());
}

}  // namespace
}  // namespace weir::nm
