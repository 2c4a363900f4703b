// A node in a temporary directory with a real ProcessExecutor, whose events a test awaits.
#ifndef WEIR_TESTS_UNIT_NODEMANAGER_EXECUTOR_FIXTURE_H_
#define WEIR_TESTS_UNIT_NODEMANAGER_EXECUTOR_FIXTURE_H_

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "nodemanager/executor/process_executor.h"
#include "platform/file_system.h"
#include "platform/mutex.h"
#include "platform/remove_tree.h"

namespace weir::nm {

class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string pattern = ::testing::TempDir() + "weir-nm-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryDirectory() { EXPECT_TRUE(platform::RemoveDirectoryTree(path_).ok()); }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// What the executor told, until a test takes it.
class EventBox {
 public:
  EventSink Sink() {
    return [this](Event event) {
      {
        platform::MutexLock lock(mutex_);
        events_.push_back(std::move(event));
      }
      changed_.NotifyAll();
    };
  }
  // The first of the type for the container, in whatever order they come; nothing when it has not
  // come within a time that only a hang uses up.
  template <typename E>
  std::optional<E> Await(const ContainerId& id) {
    platform::MutexLock lock(mutex_);
    for (int waits = 0; waits < 300; ++waits) {
      for (auto it = events_.begin(); it != events_.end(); ++it) {
        const E* event = std::get_if<E>(&*it);
        if (event == nullptr || !(event->id == id)) continue;
        E taken = *event;
        events_.erase(it);
        return taken;
      }
      changed_.WaitFor(mutex_, milliseconds(100));
    }
    return std::nullopt;
  }
  // As Await, without waiting.
  template <typename E>
  std::optional<E> Poll(const ContainerId& id) {
    platform::MutexLock lock(mutex_);
    for (auto it = events_.begin(); it != events_.end(); ++it) {
      const E* event = std::get_if<E>(&*it);
      if (event == nullptr || !(event->id == id)) continue;
      E taken = *event;
      events_.erase(it);
      return taken;
    }
    return std::nullopt;
  }
  template <typename E>
  bool Has() {
    platform::MutexLock lock(mutex_);
    for (const Event& event : events_) {
      if (std::holds_alternative<E>(event)) return true;
    }
    return false;
  }

 private:
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  std::deque<Event> events_ WEIR_GUARDED_BY(mutex_);
};

class ExecutorTest : public ::testing::Test {
 protected:
  explicit ExecutorTest(platform::FileSystem& files = platform::FileSystem::Real())
      : files_(files) {
    Restart();
  }
  ~ExecutorTest() override {
    executor_.reset();
    for (const ContainerId& id : launched_) {
      EXPECT_TRUE(FindStrays(id, 0).empty()) << id.ToString() << " left processes";
    }
  }

  void Restart() {
    executor_.reset();
    ProcessExecutorOptions options;
    options.launch_binary = std::string(::getenv("WEIR_BIN_DIR")) + "/weir-launch";
    options.weir_home = "/opt/weir";
    options.node_address = {"127.0.0.1", 45454};
    options.http_port = 8042;
    if (adjust_) adjust_(options);
    options.groups = groups_;
    auto executor = ProcessExecutor::Start(options, files_, directories_, box_.Sink());
    ASSERT_TRUE(executor.ok()) << executor.error().ToString();
    executor_ = std::move(executor).value();
  }

  // Of this process alone: strays are searched for on the whole machine, where others test too.
  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make({{1'700'000'000'000 + ::getpid(), 7}, 1}, Epoch{1}, number);
  }
  static LaunchContext Shell(const std::string& script) {
    LaunchContext launch;
    launch.command = {"/bin/sh", "-c", script};
    return launch;
  }
  static ContainerTokenIdentifier Token(int64_t number) {
    ContainerTokenIdentifier token;
    token.id = IdOf(number);
    token.user = "ann";
    token.resource = {512, 1};
    return token;
  }
  void Localize(int64_t number, const LaunchContext& launch) {
    executor_->Localize(Token(number), launch, {});
  }
  // As far as RUNNING.
  void Start(int64_t number, const LaunchContext& launch) {
    Localize(number, launch);
    ASSERT_TRUE(box_.Await<LocalizationDone>(IdOf(number)));
    executor_->Launch(IdOf(number));
    launched_.push_back(IdOf(number));
    ASSERT_TRUE(box_.Await<Launched>(IdOf(number)));
  }
  ExitOutcome AwaitEnd(int64_t number) {
    const auto exited = box_.Await<Exited>(IdOf(number));
    EXPECT_TRUE(exited);
    EXPECT_TRUE(box_.Await<Drained>(IdOf(number)));
    return exited ? exited->outcome : ExitOutcome{};
  }
  std::string Output(int64_t number, const std::string& name = "stdout") {
    const auto text = files_.ReadFile(directories_.Log(IdOf(number)) + "/" + name, 1 << 20);
    return text.ok() ? *text : text.error().ToString();
  }
  std::string Work(int64_t number) const { return directories_.Work("ann", IdOf(number)); }

  std::function<void(ProcessExecutorOptions&)> adjust_;  // of the next Restart
  TemporaryDirectory temporary_;
  platform::FileSystem& files_;
  const ContainerDirectories directories_{
      {temporary_.path() + "/local"}, {temporary_.path() + "/log"}, temporary_.path() + "/notes"};
  EventBox box_;
  ContainerGroups* groups_ = nullptr;  // none, unless a test has some
  std::unique_ptr<ProcessExecutor> executor_;
  std::vector<ContainerId> launched_;
};

}  // namespace weir::nm

#endif  // WEIR_TESTS_UNIT_NODEMANAGER_EXECUTOR_FIXTURE_H_
