// The whole life of a container, from its start to the end of its application, with every single
// call to the file system failing once: full disk, and a disk that is broken.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "executor_fixture.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/wait_until.h"

namespace weir::nm {
namespace {

using ::testing::HasSubstr;

class FaultSweep : public ExecutorTest, public ::testing::WithParamInterface<ErrorCode> {
 protected:
  FaultSweep() : ExecutorTest(disk_) {}

  struct Life {
    std::optional<Error> failed;  // its start did
    bool of_node = false;
    bool ran = false;
    ExitOutcome outcome;
  };

  // Each of an application of its own, which ends with it.
  static ContainerId IdOf(int64_t number) {
    return ContainerId::Make(
        {{1'700'000'000'000 + ::getpid(), static_cast<int32_t>(number)}, 1}, Epoch{1}, 1);
  }
  std::string Work(int64_t number) const { return directories_.Work("ann", IdOf(number)); }
  std::string Output(int64_t number) const {
    return platform::FileSystem::Real()
        .ReadFile(directories_.Log(IdOf(number)) + "/stdout", 1 << 20)
        .value();
  }

  LaunchContext Program() {
    LaunchContext launch = Shell("cat $WEIR_SECRETS_DIR/s file; exit 7");
    launch.secrets["s"] = "secret ";
    launch.local_resources["file"] = {.uri = "file:" + source_, .size = 7, .sha256 = ""};
    return launch;
  }
  // As the core does it, to the end of everything.
  Life Live(int64_t number) {
    const ContainerId id = IdOf(number);
    Life life;
    ContainerTokenIdentifier token = Token(number);
    token.id = id;
    executor_->Localize(token, Program(), {});
    const auto failed = [&](const auto& event) {
      life.failed = event->error;
      life.of_node = event->of_node;
      return true;
    };
    bool localized = false;
    EXPECT_TRUE(testing::WaitUntil(
        [&] {
          localized = box_.Poll<LocalizationDone>(id).has_value();
          const auto event = localized ? std::nullopt : box_.Poll<LocalizationFailed>(id);
          return localized || (event && failed(event));
        },
        "its localization"));
    if (localized) Run(id, life, failed);
    executor_->CleanUp(id);
    EXPECT_TRUE(box_.Await<CleanedUp>(id)) << "whatever cannot be removed";
    executor_->Forget(id);
    executor_->CleanUpApplication(id.attempt.application);
    EXPECT_TRUE(FindStrays(id, 0).empty());
    return life;
  }
  template <typename Failed>
  void Run(const ContainerId& id, Life& life, const Failed& failed) {
    executor_->Launch(id);
    EXPECT_TRUE(testing::WaitUntil(
        [&] {
          life.ran = box_.Poll<Launched>(id).has_value();
          const auto event = life.ran ? std::nullopt : box_.Poll<LaunchFailed>(id);
          return life.ran || (event && failed(event));
        },
        "its launch"));
    if (!life.ran) return;
    life.outcome = box_.Await<Exited>(id).value_or(Exited{}).outcome;
    EXPECT_TRUE(box_.Await<Drained>(id));
  }
  // All that was asked for is done when nothing is called any more.
  void Settle(int64_t number) {
    const std::string application = Work(number).substr(0, Work(number).rfind('/'));
    const std::string notes = directories_.Notes(IdOf(number));
    platform::FileSystem& real = platform::FileSystem::Real();
    EXPECT_TRUE(testing::WaitUntil(
        [&] { return !real.Stat(application).ok() && !real.Stat(notes).ok(); }, "removals"));
  }

  static inline weir::testing::FaultyFileSystem disk_{platform::FileSystem::Real()};
  const std::string source_ = temporary_.path() + "/source";
};

TEST_P(FaultSweep, EveryCallOfALifeMayFailAndTheNextLifeIsWell) {
  const auto source = files_.Create(source_, 0644);
  ASSERT_TRUE((*source)->Append("content").ok() && (*source)->Close().ok());
  const auto begin = static_cast<size_t>(disk_.calls());
  ASSERT_EQ(Live(1).outcome.value, 7);
  Settle(1);
  const std::vector<std::string> log = disk_.log();
  const std::vector<std::string> life(log.begin() + static_cast<long>(begin), log.end());
  // The writers that are to be met; one that is gone from here is not tested any more.
  for (const char* writer : {"/spec",
                             "/launch.sh",
                             "/launcher",
                             "/account",
                             ".about",
                             "/.weir-secrets/s",
                             "/resources",
                             "/filecache/"}) {
    EXPECT_THAT(life, ::testing::Contains(HasSubstr(writer)));
  }
  std::set<std::string> survived;
  for (size_t n = 1; n <= life.size(); ++n) {
    const auto number = static_cast<int64_t>(n) * 2;
    disk_.FailCall(static_cast<int64_t>(n), {GetParam(), "injected", ""});
    const Life faulty = Live(number);
    if (faulty.failed) {
      EXPECT_FALSE(faulty.ran) << life[n - 1];
      const bool broken = GetParam() == ErrorCode::kUnavailable;
      EXPECT_TRUE(faulty.of_node || !broken) << life[n - 1] << ": " << faulty.failed->ToString();
      EXPECT_THAT(faulty.failed->message, HasSubstr("injected")) << life[n - 1];
      if (GetParam() == ErrorCode::kResourceExhausted) {
        EXPECT_THAT(faulty.failed->message, HasSubstr("disk full")) << life[n - 1];
      }
    } else {
      EXPECT_EQ(faulty.outcome.kind, ExitKind::kExited) << life[n - 1];
      EXPECT_EQ(faulty.outcome.value, 7) << life[n - 1];
      survived.insert(life[n - 1].substr(0, life[n - 1].find(' ')));
    }
    disk_.Heal();
    const Life well = Live(number + 1);
    EXPECT_FALSE(well.failed) << life[n - 1] << ": " << well.failed->ToString();
    EXPECT_EQ(well.outcome.value, 7) << life[n - 1];
    EXPECT_EQ(Output(number + 1), "secret content") << life[n - 1];
    Settle(number + 1);
  }
  // Not every call is needed for a container to run; but those that make something are.
  EXPECT_FALSE(survived.contains("Append"));
  EXPECT_FALSE(survived.contains("Create"));
}

// The same for a retry in place: it runs once at most, and nothing of it is left.
class RetrySweep : public FaultSweep {
 protected:
  LaunchContext Program() {
    return Shell("echo x >>$LOG_DIRS/runs; test -e failed || { touch failed; exit 3; }; exit 4");
  }
  std::string Runs(int64_t number) const {
    return platform::FileSystem::Real()
        .ReadFile(directories_.Log(IdOf(number)) + "/runs", 1 << 20)
        .value();
  }
  // As far as the end of its first start.
  void Begin(int64_t number) {
    const ContainerId id = IdOf(number);
    ContainerTokenIdentifier token = Token(number);
    token.id = id;
    executor_->Localize(token, Program(), {});
    ASSERT_TRUE(box_.Await<LocalizationDone>(id));
    executor_->Launch(id);
    ASSERT_TRUE(box_.Await<Launched>(id));
    ASSERT_EQ(box_.Await<Exited>(id).value_or(Exited{}).outcome.value, 3);
    ASSERT_TRUE(box_.Await<Drained>(id));
  }
  // As far as the end of the retry, if it is made.
  Life Retry(int64_t number) {
    const ContainerId id = IdOf(number);
    Life life;
    executor_->Launch(nm::Launch{id, {}, 1});
    const auto failed = [&] {
      const auto event = box_.Poll<LaunchFailed>(id);
      if (event) life.failed = event->error;
      if (event) life.of_node = event->of_node;
      return event.has_value();
    };
    EXPECT_TRUE(testing::WaitUntil(
        [&] {
          life.ran = life.ran || box_.Poll<Launched>(id).has_value();
          // Also one whose program ran may be taken back, when its process cannot be noted.
          if (failed()) return true;
          const auto exited = life.ran ? box_.Poll<Exited>(id) : std::nullopt;
          if (exited) life.outcome = exited->outcome;
          return exited.has_value();
        },
        "the retry"));
    if (!life.failed) {
      EXPECT_TRUE(box_.Await<Drained>(id));
    }
    return life;
  }
  void End(int64_t number) {
    const ContainerId id = IdOf(number);
    executor_->CleanUp(id);
    ASSERT_TRUE(box_.Await<CleanedUp>(id));
    executor_->Forget(id);
    executor_->CleanUpApplication(id.attempt.application);
    Settle(number);
    EXPECT_TRUE(FindStrays(id, 0).empty());
  }
};

TEST_P(RetrySweep, EveryCallOfARetryMayFailAndItRunsOnceAtMost) {
  ASSERT_NO_FATAL_FAILURE(Begin(1));
  const auto begin = static_cast<size_t>(disk_.calls());
  ASSERT_EQ(Retry(1).outcome.value, 4);
  const std::string last = "Remove " + directories_.Notes(IdOf(1)) + "/exit";
  ASSERT_TRUE(testing::WaitUntil([&] { return disk_.log().back() == last; }, "its last call"));
  const std::vector<std::string> log = disk_.log();
  const std::vector<std::string> retry(log.begin() + static_cast<long>(begin), log.end());
  for (const char* writer : {"/exit-1", "/spec.new", "/spec", "/launch.sh", "/launcher", "/exit"}) {
    EXPECT_THAT(retry, ::testing::Contains(::testing::EndsWith(writer)));
  }
  ASSERT_NO_FATAL_FAILURE(End(1));
  size_t failures = 0;
  for (size_t n = 1; n <= retry.size(); ++n) {
    SCOPED_TRACE(retry[n - 1]);
    const auto number = static_cast<int64_t>(n) * 2;
    ASSERT_NO_FATAL_FAILURE(Begin(number));
    disk_.FailCall(static_cast<int64_t>(n), {GetParam(), "injected", ""});
    const Life faulty = Retry(number);
    disk_.Heal();
    if (faulty.failed) {
      ++failures;
      EXPECT_TRUE(faulty.of_node);
      EXPECT_THAT(faulty.failed->message, HasSubstr("injected"));
      EXPECT_THAT(Runs(number), ::testing::AnyOf("x\n", "x\nx\n"));
    } else {
      EXPECT_EQ(faulty.outcome.value, 4);
      EXPECT_EQ(Runs(number), "x\nx\n");
    }
    ASSERT_NO_FATAL_FAILURE(End(number));
    ASSERT_NO_FATAL_FAILURE(Begin(number + 1));
    EXPECT_EQ(Retry(number + 1).outcome.value, 4);
    EXPECT_EQ(Runs(number + 1), "x\nx\n");
    ASSERT_NO_FATAL_FAILURE(End(number + 1));
  }
  // All but the removal of the end before, which is only a file less.
  EXPECT_EQ(failures, retry.size() - 1);
}

INSTANTIATE_TEST_SUITE_P(Disks,
                         RetrySweep,
                         ::testing::Values(ErrorCode::kResourceExhausted, ErrorCode::kUnavailable),
                         [](const auto& row) {
                           return row.param == ErrorCode::kUnavailable ? "EIO" : "ENOSPC";
                         });

INSTANTIATE_TEST_SUITE_P(Disks,
                         FaultSweep,
                         ::testing::Values(ErrorCode::kResourceExhausted, ErrorCode::kUnavailable),
                         [](const auto& row) {
                           return row.param == ErrorCode::kUnavailable ? "EIO" : "ENOSPC";
                         });

}  // namespace
}  // namespace weir::nm
