// Many nodes silent at once: only so many are given up per minute.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "common/random.h"
#include "resourcemanager/core/expiry_limiter.h"
#include "tests/unit/resourcemanager/core_driver.h"

namespace weir::rm {
namespace {

using ::testing::HasSubstr;

const Resource kNodeSize{4096, 8};

Instant At(int64_t second) {
  return Instant(seconds(second));
}

// (share, active nodes, silent ones) -> given up within the first minute, and within three.
TEST(ExpiryLimiter, GivesUpAShareAMinuteAndOneAtLeast) {
  struct Row {
    double share;
    int64_t active;
    int64_t silent;
    int64_t first;
    int64_t three;
  };
  constexpr Row kRows[] = {{0.1, 1, 1, 1, 1},
                           {0.1, 3, 3, 1, 3},
                           {0.1, 20, 20, 2, 4},  // 2 of 20, then 1 of 18, 1 of 17
                           {0.1, 30, 2, 2, 2},
                           {0.1, 1000, 1000, 100, 271},  // 100, 90, 81
                           {0, 100, 50, 1, 3},
                           {1, 100, 100, 100, 100}};
  for (const Row& row : kRows) {
    const auto given_up = [&](int64_t until) {
      ExpiryLimiter limiter(row.share);
      int64_t left = row.silent;
      // As the core does: at once, then whenever the limiter says.
      for (int64_t now = 0; now < until; ++now) {
        while (left > 0 && limiter.Take(row.active - (row.silent - left), At(now))) --left;
      }
      return row.silent - left;
    };
    EXPECT_EQ(given_up(60), row.first) << row.share << " of " << row.active;
    EXPECT_EQ(given_up(180), row.three) << row.share << " of " << row.active;
  }
}

// In any minute of any history, also when some come back (simulator, seeds 5, 23 and 26 of
// many-nodes).
TEST(ExpiryLimiter, NoMinuteSeesMore) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    Random random(seed);
    ExpiryLimiter limiter(0.1);
    const int64_t all = random.Between(1, 200);
    int64_t active = all;
    std::vector<int64_t> taken;
    for (int64_t now = 0; now < 600 && active > 0; now += random.Between(0, 7)) {
      if (active < all && random.Chance(1, 4)) ++active;
      if (!limiter.Take(active, At(now))) continue;
      taken.push_back(now);
      --active;
    }
    for (size_t i = 0; i < taken.size(); ++i) {
      const auto within = std::count_if(taken.begin(), taken.end(), [&](int64_t other) {
        return other >= taken[i] && other < taken[i] + 60;
      });
      EXPECT_LE(within, std::max<int64_t>(1, all / 10)) << seed;
    }
  }
}

class MassSilence : public ::testing::Test {
 protected:
  void AddNodes(int count) {
    for (int i = 0; i < count; ++i) driver.AddNode(Name(i), kNodeSize);
  }
  static std::string Name(int i) { return "n" + std::to_string(i); }
  int64_t Lost() const { return driver.core->Summary().nodes_lost; }
  int64_t Silent() const { return driver.core->Summary().nodes_silent; }

  CoreDriver driver;
};

TEST_F(MassSilence, MostWaitInTheirStateWithTheReasonAndGetNothing) {
  AddNodes(20);
  driver.Advance(seconds(31));
  driver.CommitAll();
  EXPECT_EQ(Lost(), 2);
  EXPECT_EQ(Silent(), 18);
  int64_t shown = 0;
  for (const NodeReport& node : driver.core->Nodes()) {
    if (node.state != NodeState::kRunning) continue;
    EXPECT_THAT(node.health_report, HasSubstr("silent since"));
    EXPECT_THAT(node.health_report, HasSubstr("at most 2 of 18 nodes per minute"));
    ++shown;
  }
  EXPECT_EQ(shown, 18);
  // Nothing is placed on nodes of which nothing is heard.
  driver.SubmitStored(Context("app"), "1");
  EXPECT_EQ(driver.core->Summary().containers_allocated, 0);
  driver.Advance(seconds(61));
  EXPECT_EQ(Lost(), 3) << "in the next minute, 10 % of 18";
}

TEST_F(MassSilence, WhoSpeaksAgainIsBackAtOnceWithWhatItHolds) {
  AddNodes(3);
  const AttemptId attempt = driver.RunApplication(Context("app"), "1", "n0");
  driver.Advance(seconds(31));
  driver.CommitAll();
  EXPECT_EQ(Lost(), 1);
  ASSERT_EQ(Silent(), 2);
  for (const NodeReport& node : driver.core->Nodes()) {
    if (node.state != NodeState::kRunning) continue;
    driver.Beat(node.id.uuid);
  }
  EXPECT_EQ(Silent(), 0);
  for (const NodeReport& node : driver.core->Nodes()) EXPECT_EQ(node.health_report, "");
  driver.Advance(seconds(14));
  EXPECT_EQ(Lost(), 1) << "it has its full time again";
  static_cast<void>(attempt);
}

TEST_F(MassSilence, TheOldestSilenceEndsFirst) {
  AddNodes(2);
  driver.Advance(seconds(10));
  driver.Beat("n0");  // n1 has been silent for longer
  driver.Advance(seconds(21));
  EXPECT_EQ(driver.StateOfNode("n1"), NodeState::kLost);
  EXPECT_EQ(driver.StateOfNode("n0"), NodeState::kRunning);
}

TEST_F(MassSilence, WithoutALimitAllGoAtOnce) {
  CoreOptions options = SmallOptions();
  options.expiry_share = 1;
  CoreDriver unlimited(options);
  for (int i = 0; i < 20; ++i) unlimited.AddNode(Name(i), kNodeSize);
  unlimited.Advance(seconds(31));
  EXPECT_EQ(unlimited.core->Summary().nodes_lost, 20);
}

}  // namespace
}  // namespace weir::rm
