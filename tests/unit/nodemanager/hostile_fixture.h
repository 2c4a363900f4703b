// A node whose containers are hostile: started, awaited until they have done what they do, and
// ended in turn by SIGTERM with a grace and by SIGKILL.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_FIXTURE_H_

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "executor_fixture.h"
#include "hostile_children.h"

namespace weir::nm {

// Waits as long as only a hang takes.
template <typename Condition>
bool Eventually(const Condition& condition) {
  constexpr int kManyTries = 6000;
  constexpr useconds_t kTryPauseUs = 5'000;
  for (int i = 0; i < kManyTries; ++i) {
    if (condition()) return true;
    ::usleep(kTryPauseUs);
  }
  return false;
}

inline size_t EntriesOf(const char* directory) {
  size_t count = 0;
  DIR* own = ::opendir(directory);
  while (::readdir(own) != nullptr) ++count;
  ::closedir(own);
  return count;
}

class HostileTest : public ExecutorTest {
 protected:
  HostileTest() {
    adjust_ = [](ProcessExecutorOptions& options) { options.sigkill_delay = milliseconds(100); };
    Restart();
  }
  // What scripts/chaos says, or `usual`.
  static int64_t CyclesWanted(int64_t usual) {
    const char* wanted = std::getenv("WEIR_CYCLES");
    return wanted == nullptr || *wanted == '\0' ? usual : std::atoll(wanted);
  }

  void StartHostile(int64_t number, const HostileKind& kind) {
    Start(number, HostileLaunch(kind, Mark(number)));
    kinds_[number] = &kind;
    AwaitHostile(number, number);
  }
  // All of them are seen to have done what they do.
  void AwaitHostile(int64_t first, int64_t last) {
    std::set<int64_t> waiting;
    for (int64_t i = first; i <= last; ++i) waiting.insert(i);
    const bool all = Eventually([&] {
      const auto living = LivingWith(CommonMark());
      std::erase_if(waiting, [&](int64_t number) { return IsProven(number, living); });
      return waiting.empty();
    });
    ASSERT_TRUE(all) << "container " << *waiting.begin() << " never " << KindsName(*waiting.begin())
                     << ": " << Output(*waiting.begin(), "stderr");
  }
  pid_t LauncherOf(int64_t number) const {
    const auto launcher = LaunchNotes(files_, directories_.Notes(IdOf(number))).ReadLauncher();
    return launcher ? launcher->pid : 0;
  }

  // Starts so many, some at once, and ends them; then looks for what they left.
  void RunCycles(int64_t cycles) {
    ReapStrangers();
    constexpr int64_t kAtOnce = 16;
    size_t descriptors = 0;
    size_t threads = 0;
    bool politely = false;
    for (int64_t first = 1; first <= cycles; first += kAtOnce, politely = !politely) {
      const int64_t last = std::min(cycles, first + kAtOnce - 1);
      for (int64_t i = first; i <= last; ++i) {
        kinds_[i] = &KindOf(i);
        Localize(i, HostileLaunch(KindOf(i), Mark(i)));
      }
      for (int64_t i = first; i <= last; ++i) {
        ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(i)));
        executor_->Launch(IdOf(i));
      }
      for (int64_t i = first; i <= last; ++i) ASSERT_TRUE(box_.Await<Launched>(IdOf(i)));
      ASSERT_NO_FATAL_FAILURE(AwaitHostile(first, last));
      for (int64_t i = first; i <= last; ++i) {
        executor_->SignalContainer(IdOf(i), politely ? SignalKind::kTerminate : SignalKind::kKill);
      }
      for (int64_t i = first; i <= last; ++i) {
        const ExitOutcome outcome = AwaitEnd(i);
        ASSERT_EQ(outcome.kind, ExitKind::kSignaled);
        ASSERT_EQ(outcome.value, politely && !KindOf(i).outlives_sigterm ? SIGTERM : SIGKILL);
        executor_->CleanUp(IdOf(i));
        executor_->Forget(IdOf(i));
        ASSERT_TRUE(box_.Await<CleanedUp>(IdOf(i)));
        kinds_.erase(i);
      }
      ASSERT_THAT(ProcessesWith(CommonMark()), ::testing::IsEmpty());
      if (first != 1) continue;
      descriptors = EntriesOf("/proc/self/fd");
      threads = EntriesOf("/proc/self/task");
    }
    executor_->CleanUpApplication(IdOf(1).attempt.application);
    ExpectNothingLeft(cycles);
    EXPECT_TRUE(Eventually([&] { return EntriesOf("/proc/self/fd") <= descriptors; }))
        << EntriesOf("/proc/self/fd") << " of " << descriptors;
    EXPECT_EQ(EntriesOf("/proc/self/task"), threads);
  }

 private:
  // NodeManagers of tests before this one were taken away from their containers: nobody has waited
  // for what they had started.
  static void ReapStrangers() {
    ASSERT_TRUE(Eventually([] {
      while (::waitpid(-1, nullptr, WNOHANG) > 0) continue;
      return errno == ECHILD;
    })) << "a child of an earlier test goes on";
  }
  static std::string KindsName(int64_t number) { return KindOf(number).name; }
  bool IsProven(int64_t number, const std::vector<ProcessFacts>& living) const {
    std::vector<ProcessFacts> own;
    for (const ProcessFacts& one : living) {
      if (one.Has(Mark(number))) own.push_back(one);
    }
    return kinds_.at(number)->proven(own, LauncherOf(number));
  }
  // Logs are kept on purpose: that of each container, and nothing else of any.
  void ExpectNothingLeft(int64_t containers) {
    EXPECT_THAT(ProcessesWith(CommonMark()), ::testing::IsEmpty());
    EXPECT_THAT(ProcessesWith(temporary_.path()), ::testing::IsEmpty()) << "launchers";
    siginfo_t child{};
    EXPECT_EQ(::waitid(P_ALL, 0, &child, WEXITED | WNOHANG | WNOWAIT), -1);
    EXPECT_EQ(errno, ECHILD) << "a child is left, or was not waited for";
    std::vector<std::string> left;
    EXPECT_TRUE(Eventually([&] {
      left = ContainersBelow(temporary_.path() + "/local");
      for (std::string& one : ContainersBelow(directories_.notes())) left.push_back(std::move(one));
      return left.empty();
    })) << ::testing::PrintToString(left);
    size_t logs = 0;
    for (const auto& one : std::filesystem::directory_iterator(
             temporary_.path() + "/log/" + IdOf(1).attempt.application.ToString())) {
      if (one.is_directory()) ++logs;
    }
    EXPECT_EQ(logs, static_cast<size_t>(containers));
  }
  // Whatever there is of containers and applications.
  static std::vector<std::string> ContainersBelow(const std::string& top) {
    std::vector<std::string> found;
    std::error_code gone;
    for (auto it = std::filesystem::recursive_directory_iterator(top, gone);
         !gone && it != std::filesystem::recursive_directory_iterator();
         it.increment(gone)) {
      const std::string name = it->path().filename();
      if (name.starts_with("container_") || name.starts_with("application_")) {
        found.push_back(it->path());
      }
    }
    return found;
  }

  std::map<int64_t, const HostileKind*> kinds_;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_HOSTILE_FIXTURE_H_
