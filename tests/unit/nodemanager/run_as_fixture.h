// A node with root's rights whose containers run under two accounts that only this test has: uids
// that follow from its process id, so that tests can run side by side.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_RUN_AS_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_RUN_AS_FIXTURE_H_

#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "executor_fixture.h"

namespace weir::nm {

class RunAsTest : public ExecutorTest {
 protected:
  static constexpr int64_t kFirstUid = 200'000;

  static Account AccountOf(const std::string& user) {
    const int64_t own = kFirstUid + int64_t{::getpid()} * 4 + (user == "ann" ? 0 : 1);
    return {user, own, own, {own, own + 2}};
  }

  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root, to run containers as other users";
    // The users must get through to their directories.
    ASSERT_EQ(::chmod(temporary_.path().c_str(), 0755), 0);
    Use(RunAsMode::kSubmitter);
  }
  void TearDown() override {
    for (const char* user : {"ann", "bob"}) {
      for (const ContainerId& id : launched_) {
        EXPECT_TRUE(FindStrays(id, 0, AccountOf(user).uid).empty());
      }
    }
  }

  void Use(RunAsMode mode) {
    RunAsPolicy policy;
    policy.mode = mode;
    adjust_ = [policy](ProcessExecutorOptions& options) {
      options.run_as = policy;
      options.find_account = [](const std::string& name) -> Result<std::optional<Account>> {
        if (name != "ann" && name != "bob") return std::optional<Account>();
        return std::optional<Account>(AccountOf(name));
      };
    };
    Restart();
  }

  static ContainerTokenIdentifier TokenOf(int64_t number, const std::string& user) {
    ContainerTokenIdentifier token = Token(number);
    token.user = user;
    return token;
  }
  void StartAs(const std::string& user, int64_t number, const LaunchContext& launch) {
    executor_->Localize(TokenOf(number, user), launch, {});
    ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(number)));
    executor_->Launch(IdOf(number));
    launched_.push_back(IdOf(number));
    ASSERT_TRUE(box_.Await<Launched>(IdOf(number)));
  }
  // Its standard output.
  std::string RunAs(const std::string& user, int64_t number, const std::string& script) {
    StartAs(user, number, Shell(script));
    AwaitEnd(number);
    return Output(number);
  }
  // A container that stays until it is killed, and has said so.
  void StartWaiting(const std::string& user, int64_t number, LaunchContext launch) {
    launch.command = {"/bin/sh", "-c", "echo ready; sleep 1000"};
    StartAs(user, number, launch);
    for (int i = 0; i < 3000 && Output(number).find("ready") == std::string::npos; ++i) {
      ::usleep(10'000);
    }
  }
  void Kill(int64_t number) {
    executor_->SignalContainer(IdOf(number), SignalKind::kKill);
    AwaitEnd(number);
  }
  std::string WorkOf(const std::string& user, int64_t number) const {
    return directories_.Work(user, IdOf(number));
  }
};

// "uid gid mode" of the name itself; "" when there is none.
inline std::string Owner(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return "";
  char text[64];
  std::snprintf(text, sizeof text, "%u %u %o", info.st_uid, info.st_gid, info.st_mode & 07777);
  return text;
}

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_RUN_AS_FIXTURE_H_
