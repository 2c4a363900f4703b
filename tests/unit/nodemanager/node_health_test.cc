// Whether a node may get new containers: tables of samples, scripts and launches.
#include "nodemanager/core/node_health.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/random.h"
#include "tests/unit/nodemanager/core_driver.h"

namespace weir::nm {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr int64_t kMib = int64_t{1} << 20;
constexpr int64_t kTotalMib = 1000;

DirectorySample Local(const std::string& path, int used_percent, const std::string& fault = "") {
  return {.path = path,
          .kind = DirectoryKind::kLocal,
          .fault = fault,
          .total_bytes = kTotalMib * kMib,
          .free_bytes = (100 - used_percent) * kTotalMib / 100 * kMib};
}
DirectorySample Log(const std::string& path, int used_percent) {
  DirectorySample sample = Local(path, used_percent);
  sample.kind = DirectoryKind::kLog;
  return sample;
}
Now At(int64_t second) {
  return {Instant(seconds(second)), WallFromMillis(second * 1000)};
}

// One directory, sample after sample: whether it is good after each.
TEST(NodeHealth, ADirectoryStopsAtOneMarkAndComesBackAtTheOther) {
  struct Step {
    int used_percent;
    bool good;
  };
  constexpr Step kSteps[] = {{50, true},
                             {89, true},   // below the stop mark
                             {90, false},  // at it
                             {89, false},  // in between: as before
                             {86, false},
                             {85, true},  // at the resume mark
                             {89, true},  // in between again: as before
                             {100, false},
                             {0, true}};
  NodeHealth health{HealthLimits{}};
  for (const Step& step : kSteps) {
    health.OnSamples({Local("/a", step.used_percent), Log("/l", 1)});
    EXPECT_EQ(health.Good(DirectoryKind::kLocal).size(), step.good ? 1u : 0u) << step.used_percent;
    EXPECT_EQ(health.healthy(), step.good) << step.used_percent;
  }
}

TEST(NodeHealth, FreeRoomHasItsOwnMarks) {
  HealthLimits limits;
  limits.stop_free_bytes = 200 * kMib;
  limits.resume_free_bytes = 300 * kMib;
  NodeHealth health(limits);
  struct Step {
    int used_percent;  // of 1000 MiB
    bool good;
  };
  constexpr Step kSteps[] = {{79, true}, {81, false}, {75, false}, {70, true}, {80, true}};
  for (const Step& step : kSteps) {
    health.OnSamples({Local("/a", step.used_percent)});
    EXPECT_EQ(health.healthy(), step.good) << step.used_percent << ": " << health.report();
  }
  health.OnSamples({Local("/a", 85)});
  EXPECT_THAT(health.report(), AllOf(HasSubstr("150 MiB are free"), HasSubstr("200 MiB")));
}

TEST(NodeHealth, AFaultCountsUntilItIsGoneWhateverTheRoom) {
  NodeHealth health{HealthLimits{}};
  health.OnSamples({Local("/a", 10, "open /a/.probe: Read-only file system"), Log("/l", 1)});
  EXPECT_FALSE(health.healthy());
  EXPECT_THAT(health.report(),
              AllOf(StartsWith("UNHEALTHY: 1 of 1 local directory not used: /a: "),
                    HasSubstr("Read-only file system")));
  health.OnSamples({Local("/a", 87), Log("/l", 1)});
  EXPECT_TRUE(health.healthy()) << "it was never too full";
  EXPECT_EQ(health.report(), "");
  // A disk that cannot be read stays as full as it was.
  health.OnSamples({Local("/a", 95)});
  DirectorySample dead{.path = "/a", .kind = DirectoryKind::kLocal, .fault = "Input/output error"};
  health.OnSamples({dead});
  health.OnSamples({Local("/a", 87)});
  EXPECT_FALSE(health.healthy());
}

// (directories, bad ones, share that must be good) -> healthy.
TEST(NodeHealth, TooFewGoodDirectoriesOfAKindAreTooFew) {
  struct Row {
    int total;
    int bad;
    double share;
    bool healthy;
  };
  constexpr Row kRows[] = {{1, 0, 0.25, true},
                           {1, 1, 0.25, false},
                           {1, 1, 0, false},  // one at least
                           {2, 1, 0.25, true},
                           {4, 3, 0.25, true},
                           {4, 4, 0.25, false},
                           {5, 3, 0.25, true},
                           {5, 4, 0.25, false},  // 1 of 5 is less than a quarter
                           {3, 1, 1, false},
                           {3, 0, 1, true}};
  for (const Row& row : kRows) {
    for (const DirectoryKind kind : {DirectoryKind::kLocal, DirectoryKind::kLog}) {
      HealthLimits limits;
      limits.min_healthy_share = row.share;
      NodeHealth health(limits);
      std::vector<DirectorySample> samples;
      for (int i = 0; i < row.total; ++i) {
        DirectorySample sample = Local("/" + std::to_string(i), i < row.bad ? 99 : 1);
        sample.kind = kind;
        samples.push_back(sample);
      }
      samples.push_back(kind == DirectoryKind::kLocal ? Log("/other", 1) : Local("/other", 1));
      health.OnSamples(samples);
      EXPECT_EQ(health.healthy(), row.healthy) << row.bad << " of " << row.total << " bad, share "
                                               << row.share << ": " << health.report();
      EXPECT_EQ(health.degraded(), row.healthy && row.bad > 0);
    }
  }
}

TEST(NodeHealth, OneBadOfSeveralIsShownWhileTheNodeStaysHealthy) {
  NodeHealth health{HealthLimits{}};
  health.OnSamples({Local("/a", 10), Local("/b", 93), Log("/l", 1)});
  EXPECT_TRUE(health.healthy());
  EXPECT_EQ(health.report(),
            "DEGRADED: 1 of 2 local directories not used: /b is 93 % full (not used from 90 % on, "
            "again at 85 %)");
  EXPECT_THAT(health.Good(DirectoryKind::kLocal), ElementsAre("/a"));
}

TEST(NodeHealth, AReportIsBoundedAndOneLine) {
  NodeHealth health{HealthLimits{}};
  std::vector<DirectorySample> samples;
  for (int i = 0; i < 100; ++i) {
    samples.push_back(Local("/" + std::to_string(i), 1, std::string(5000, 'x') + "\n"));
  }
  health.OnSamples(samples);
  health.OnScript({"s", ScriptResult::End::kError, "ERROR " + std::string(100'000, 'y') + "\nb"});
  EXPECT_LT(health.report().size(), 8000u);
  EXPECT_THAT(health.report(), Not(HasSubstr("\n")));
}

TEST(NodeHealth, ScriptsSpeakForThemselvesUntilTheirNextRun) {
  using End = ScriptResult::End;
  struct Row {
    End end;
    bool healthy;
    bool silent;
  };
  constexpr Row kRows[] = {{End::kGood, true, true},
                           {End::kError, false, false},
                           {End::kTimedOut, false, false},
                           {End::kNotRun, true, false}};
  for (const Row& first : kRows) {
    for (const Row& second : kRows) {
      NodeHealth health{HealthLimits{}};
      health.OnScript({"one", first.end, "what it said"});
      EXPECT_EQ(health.healthy(), first.healthy);
      EXPECT_EQ(health.report().empty(), first.silent);
      health.OnScript({"two", second.end, "what it said"});
      EXPECT_EQ(health.healthy(), first.healthy && second.healthy);
      health.OnScript({"one", End::kGood, ""});
      EXPECT_EQ(health.healthy(), second.healthy);
    }
  }
}

TEST(NodeHealth, LaunchesThatFailInARowMakeANodeSuspectForAWhile) {
  NodeHealth health{HealthLimits{}};  // 3 in a row, 300 s
  health.OnLaunchFailed("disk full", At(0));
  health.OnLaunchFailed("disk full", At(1));
  EXPECT_TRUE(health.healthy());
  health.OnLaunched();
  health.OnLaunchFailed("disk full", At(2));
  health.OnLaunchFailed("disk full", At(3));
  EXPECT_TRUE(health.healthy()) << "not in a row";
  health.OnLaunchFailed("weir-launch: no such file", At(4));
  EXPECT_FALSE(health.healthy());
  EXPECT_THAT(health.report(),
              AllOf(StartsWith("UNHEALTHY: suspected: 3 containers in a row"),
                    HasSubstr("1970-01-01T00:05:04"),
                    HasSubstr("weir-launch: no such file")));
  EXPECT_EQ(health.NextDeadline(), At(304).monotonic);
  health.OnDeadline(At(303));
  EXPECT_FALSE(health.healthy());
  health.OnDeadline(At(304));
  EXPECT_TRUE(health.healthy());
  EXPECT_EQ(health.report(), "");
  health.OnLaunchFailed("again", At(305));
  EXPECT_FALSE(health.healthy()) << "one more is enough";
  health.OnDeadline(At(700));
  health.OnLaunched();
  health.OnLaunchFailed("again", At(701));
  EXPECT_TRUE(health.healthy()) << "a success ends the row";
}

TEST(NodeHealth, WithoutAThresholdNobodyIsSuspected) {
  HealthLimits limits;
  limits.suspect_after = 0;
  NodeHealth health(limits);
  for (int i = 0; i < 100; ++i) health.OnLaunchFailed("disk full", At(i));
  EXPECT_TRUE(health.healthy());
}

// Whatever comes: good ones are within the resume limits or were not full before; the verdict and
// the report agree.
TEST(NodeHealth, PropertiesOfAnyHistory) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Random random(seed);
    NodeHealth health{HealthLimits{}};
    std::vector<bool> was_full(4, false);
    for (int step = 0; step < 100; ++step) {
      std::vector<DirectorySample> samples;
      for (int i = 0; i < 4; ++i) {
        samples.push_back(Local("/" + std::to_string(i), static_cast<int>(random.Between(80, 95))));
      }
      health.OnSamples(samples);
      for (size_t i = 0; i < samples.size(); ++i) {
        const int64_t free_percent = samples[i].free_bytes * 100 / samples[i].total_bytes;
        const bool full = health.directories()[i].full;
        const bool expected = free_percent <= 10 || (free_percent < 15 && was_full[i]);
        EXPECT_EQ(full, expected);
        was_full[i] = full;
      }
      EXPECT_EQ(health.healthy(), !health.report().starts_with("UNHEALTHY"));
      EXPECT_EQ(health.report().empty(), health.Good(DirectoryKind::kLocal).size() == 4);
    }
  }
}

// --- in the core

TEST(NodeHealthInTheCore, ANodeFaultIsNotTheApplicationsAndMakesTheNodeSuspect) {
  CoreDriver node;
  node.Register();
  for (int64_t number = 1; number <= 3; ++number) {
    EXPECT_TRUE(node.core.health().healthy());
    node.Start(number);
    const Error error{ErrorCode::kResourceExhausted, "disk full: /data", ""};
    if (number == 2) {
      node.Step(LocalizationDone{IdOf(number)});
      node.Step(LaunchFailed{IdOf(number), error, true});
    } else {
      node.Step(LocalizationFailed{IdOf(number), error, true});
    }
    EXPECT_EQ(node.StatusOf(number).exit_code, exit_code::kDisksFailed);
    EXPECT_THAT(node.StatusOf(number).diagnostics,
                AllOf(HasSubstr("no fault of the application"), HasSubstr("disk full: /data")));
    node.Step(CleanedUp{IdOf(number)});
    node.Answer();
  }
  EXPECT_FALSE(node.core.health().healthy());
  std::optional<SendHeartbeat> told;
  while (auto heartbeat = node.Take<SendHeartbeat>()) told = heartbeat;
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->request.healthy);
  EXPECT_THAT(told->request.health_report, HasSubstr("suspected"));
  node.Answer();
  node.Advance(seconds(300));
  EXPECT_TRUE(node.core.health().healthy());
  const auto back = node.Take<SendHeartbeat>(
      [](const SendHeartbeat& heartbeat) { return heartbeat.request.healthy; });
  ASSERT_TRUE(back);
  EXPECT_EQ(back->request.health_report, "");
}

TEST(NodeHealthInTheCore, TheApplicationsOwnFaultsMakeNobodySuspect) {
  CoreDriver node;
  node.Register();
  for (int64_t number = 1; number <= 6; ++number) {
    node.Start(number);
    node.Step(LocalizationFailed{IdOf(number), {ErrorCode::kNotFound, "no such file", ""}});
    node.Step(CleanedUp{IdOf(number)});
  }
  EXPECT_TRUE(node.core.health().healthy());
}

TEST(NodeHealthInTheCore, TheExecutorHearsOfGoodDirectoriesWhenTheyChange) {
  CoreDriver node;
  EXPECT_FALSE(node.Take<UseDirectories>()) << "nothing is known yet";
  node.Step(DirectoriesChecked{{Local("/a", 1), Local("/b", 1), Log("/l", 1)}});
  const auto all = node.Take<UseDirectories>();
  ASSERT_TRUE(all);
  EXPECT_THAT(all->local, ElementsAre("/a", "/b"));
  EXPECT_THAT(all->log, ElementsAre("/l"));
  EXPECT_FALSE(node.Take<HealthNoted>());
  node.Step(DirectoriesChecked{{Local("/a", 2), Local("/b", 2), Log("/l", 1)}});
  EXPECT_FALSE(node.Take<UseDirectories>());
  node.Step(DirectoriesChecked{{Local("/a", 2), Local("/b", 99), Log("/l", 99)}});
  const auto fewer = node.Take<UseDirectories>();
  ASSERT_TRUE(fewer);
  EXPECT_THAT(fewer->local, ElementsAre("/a"));
  EXPECT_THAT(fewer->log, IsEmpty());
  const auto noted = node.Take<HealthNoted>();
  ASSERT_TRUE(noted);
  EXPECT_FALSE(noted->healthy);
}

}  // namespace
}  // namespace weir::nm
