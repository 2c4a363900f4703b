#include "resourcemanager/core/key_ring.h"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"

namespace weir::rm {
namespace {

using std::chrono::hours;

constexpr KeyRingOptions kOptions{.interval = hours(24), .spread = seconds(45)};
constexpr Duration kPeriod = kOptions.interval - kOptions.spread;

// A process with its clocks, and what its store has.
struct Shell {
  explicit Shell(store::TokenKeysRecord from = {}) : stored(std::move(from)) { Restart(); }

  // Another process: what is not durable is gone.
  void Restart() { ring.emplace(kOptions, stored, now); }
  void Pass(Duration duration) {
    now.monotonic += duration;
    now.wall += std::chrono::duration_cast<milliseconds>(duration);
  }
  // Begins a step if one is due.
  bool Begin() {
    const auto record = ring->Step(now, "key " + std::to_string(++made));
    if (record) writing = *record;
    return record.has_value();
  }
  void Store() {
    stored = writing;
    ring->OnStored(now);
  }
  bool Run() {
    if (!Begin()) return false;
    Store();
    return true;
  }
  // The ids, with a star at the one that signs.
  static std::string Ids(const store::TokenKeysRecord& record) {
    std::string text;
    for (const auto& [id, key] : record.keys) {
      text += (text.empty() ? "" : " ") + std::to_string(id) + (id == record.signer ? "*" : "");
    }
    return text;
  }
  std::string Ids() const { return Ids(ring->in_force()); }

  Now now{Instant(hours(1)), WallFromMillis(1'700'000'000'000)};
  store::TokenKeysRecord stored;
  store::TokenKeysRecord writing;
  std::optional<KeyRing> ring;
  int made = 0;
};

store::TokenKeysRecord Record(std::set<int> ids, int signer, WallTime next_step) {
  store::TokenKeysRecord record{.keys = {}, .signer = signer, .next_step = next_step};
  for (const int id : ids) record.keys[id] = "key " + std::to_string(id);
  return record;
}

TEST(KeyRing, ReplacesItsKeysStepByStep) {
  Shell shell;
  EXPECT_EQ(shell.Ids(), "");
  struct Case {
    Duration after;
    const char* ids;
  };
  const Case cases[] = {{Duration{0}, "1*"},
                        {kPeriod, "1* 2"},
                        {kOptions.spread, "1 2*"},
                        {kPeriod, "1 2* 3"},
                        {kOptions.spread, "2 3*"},
                        {kPeriod, "2 3* 4"},
                        {kOptions.spread, "3 4*"}};
  for (const Case& c : cases) {
    if (c.after > Duration{0}) {
      shell.Pass(c.after - Duration{1});
      EXPECT_FALSE(shell.Begin()) << c.ids;
      EXPECT_EQ(shell.ring->NextDeadline(), shell.now.monotonic + Duration{1});
      shell.Pass(Duration{1});
    }
    EXPECT_TRUE(shell.Run()) << c.ids;
    EXPECT_EQ(shell.Ids(), c.ids);
    EXPECT_EQ(shell.Ids(shell.stored), c.ids);
    EXPECT_FALSE(shell.Begin()) << "one step at a time";
  }
  std::set<std::string> keys;
  for (const auto& [id, key] : shell.ring->in_force().keys) keys.insert(key);
  EXPECT_EQ(keys.size(), 2U);
}

TEST(KeyRing, NothingIsInForceBeforeItIsDurable) {
  Shell shell;
  for (const auto& [before, after] : std::vector<std::pair<std::string, std::string>>{
           {"", "1*"}, {"1*", "1* 2"}, {"1* 2", "1 2*"}}) {
    shell.Pass(kOptions.interval);
    ASSERT_TRUE(shell.Begin());
    shell.Pass(kOptions.interval);
    EXPECT_EQ(shell.Ids(), before);
    EXPECT_FALSE(shell.Begin()) << "while one is being written";
    EXPECT_EQ(shell.ring->NextDeadline(), kNever);
    shell.Store();
    EXPECT_EQ(shell.Ids(), after);
    EXPECT_FALSE(shell.Begin()) << "the next step is counted from there";
  }
}

TEST(KeyRing, GoesOnWhereAnEarlierProcessWas) {
  const WallTime wall = Shell().now.wall;
  struct Case {
    const char* what;
    store::TokenKeysRecord stored;
    Duration due;  // from the start
    const char* ids;
  };
  const Case cases[] = {
      {"half of the period is over", Record({4, 5}, 5, wall + hours(12)), hours(12), "4 5* 6"},
      {"all of it", Record({4, 5}, 5, wall), Duration{0}, "4 5* 6"},
      {"days ago", Record({4, 5}, 5, wall - hours(100)), Duration{0}, "4 5* 6"},
      {"a clock was set back", Record({4, 5}, 5, wall + hours(100)), kPeriod, "4 5* 6"},
      {"and by any time", Record({4, 5}, 5, WallTime::max()), kPeriod, "4 5* 6"},
      {"or forward", Record({4, 5}, 5, WallTime::min()), Duration{0}, "4 5* 6"},
      {"in the middle of a roll", Record({4, 5, 6}, 5, wall + seconds(9)), kOptions.spread, "5 6*"},
      {"which should be over", Record({4, 5, 6}, 5, wall - hours(9)), kOptions.spread, "5 6*"},
      {"or long from now", Record({4, 5, 6}, 5, wall + hours(9)), kOptions.spread, "5 6*"},
      {"the first roll", Record({1, 2}, 1, wall), kOptions.spread, "1 2*"},
      {"of an older version", Record({1}, 0, WallTime{}), kPeriod, "1* 2"},
  };
  for (const Case& c : cases) {
    Shell shell(c.stored);
    EXPECT_EQ(shell.ring->NextDeadline(), shell.now.monotonic + c.due) << c.what;
    shell.Pass(c.due);
    ASSERT_TRUE(shell.Run()) << c.what;
    EXPECT_EQ(shell.Ids(), c.ids) << c.what;
  }
}

TEST(KeyRing, IsHastenedUnlessARollIsUnderWay) {
  Shell shell;
  shell.Run();
  shell.ring->Hasten(shell.now);
  EXPECT_TRUE(shell.Run());
  EXPECT_EQ(shell.Ids(), "1* 2");
  shell.Pass(seconds(10));
  shell.ring->Hasten(shell.now);
  EXPECT_FALSE(shell.Begin());
  EXPECT_EQ(shell.ring->NextDeadline(), shell.now.monotonic + seconds(35)) << "all have to hear it";
  shell.Pass(seconds(35));
  ASSERT_TRUE(shell.Begin());
  shell.ring->Hasten(shell.now);
  shell.Store();
  EXPECT_EQ(shell.Ids(), "1 2*");
  EXPECT_FALSE(shell.Begin()) << "what was asked for while a record was written is not due";
  shell.ring->Hasten(shell.now);
  EXPECT_TRUE(shell.Run());
  shell.Pass(kOptions.spread);
  EXPECT_TRUE(shell.Run());
  EXPECT_EQ(shell.Ids(), "2 3*") << "the first is gone after two rolls";
}

TEST(KeyRing, TheSpreadOutlastsWhoIsSilent) {
  EXPECT_EQ(KeySpread(seconds(30), seconds(30)), seconds(45));
  EXPECT_EQ(KeySpread(seconds(30), seconds(600)), seconds(900));
  EXPECT_EQ(KeySpread(seconds(600), seconds(30)), seconds(900));
  EXPECT_EQ(KeySpread(milliseconds(1), milliseconds(1)), seconds(1));
  EXPECT_EQ(ShortestKeyInterval(seconds(45)), seconds(90));
}

// What of each key is known to its users, over all processes.
class KeyRingWalk {
 public:
  explicit KeyRingWalk(uint64_t seed) : random_(seed) {}

  void Go(int steps) {
    for (int i = 0; i < steps && !::testing::Test::HasFailure(); ++i) {
      Move();
      Check();
    }
  }
  int rolls() const { return rolls_; }

 private:
  void Move() {
    switch (random_.Below(8)) {
      case 0:
        return Pass(milliseconds(random_.Below(60'000)));
      case 1:
        return Pass(seconds(random_.Below(40'000)));
      case 2:  // the wall clock jumps, by a year at most
        shell_.now.wall += hours(static_cast<int64_t>(random_.Below(17'520)) - 8'760);
        return;
      case 3: {  // it dies while it writes: the record may be there or not
        if (writing_ && random_.Below(2) == 0) Kept();
        writing_ = false;
        shell_.Restart();
        return;
      }
      case 4:
        return shell_.ring->Hasten(shell_.now);
      case 5:
      case 6:
        if (!writing_) writing_ = shell_.Begin();
        return;
      default:
        if (!std::exchange(writing_, false)) return;
        Kept();
        shell_.ring->OnStored(shell_.now);
        return;
    }
  }
  void Pass(Duration duration) {
    shell_.Pass(duration);
    since_start_ += duration;
  }
  // The record that was being written is durable.
  void Kept() {
    const store::TokenKeysRecord before = shell_.stored;
    shell_.stored = shell_.writing;
    const store::TokenKeysRecord& after = shell_.stored;
    for (const auto& [id, key] : after.keys) {
      if (!before.keys.contains(id)) known_since_[id] = since_start_;
    }
    if (after.signer != before.signer && before.signer != 0) {
      ++rolls_;
      EXPECT_GE(since_start_ - known_since_.at(after.signer), kOptions.spread) << "all know it";
      EXPECT_TRUE(after.keys.contains(before.signer)) << "what it has signed holds";
      silent_since_[before.signer] = since_start_;
    }
    for (const auto& [id, key] : before.keys) {
      if (after.keys.contains(id)) {
        EXPECT_EQ(after.keys.at(id), key);
      } else {
        EXPECT_GE(since_start_ - silent_since_.at(id), kOptions.spread) << "all have newer tokens";
      }
    }
  }
  void Check() const {
    const store::TokenKeysRecord& record = shell_.ring->in_force();
    if (record.keys.empty()) return;
    EXPECT_EQ(shell_.Ids(), Shell::Ids(shell_.stored)) << "what is in force is durable";
    EXPECT_LE(record.keys.size(), 3U);
    EXPECT_TRUE(record.keys.contains(record.signer));
    EXPECT_LE(shell_.ring->newest() - record.signer, 1);
    const Instant due = shell_.ring->NextDeadline();
    if (due != kNever) {
      EXPECT_LE(due - shell_.now.monotonic, kPeriod);
    }
  }

  Random random_;
  Shell shell_;
  bool writing_ = false;
  Duration since_start_{0};
  std::map<int, Duration> known_since_;
  std::map<int, Duration> silent_since_;
  int rolls_ = 0;
};

TEST(KeyRingWalk, KeepsEverybodysTokensGoodThroughCrashesAndClocksThatJump) {
  int rolls = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    KeyRingWalk walk(seed);
    walk.Go(400);
    rolls += walk.rolls();
    if (HasFailure()) return;
  }
  EXPECT_GT(rolls, 1000) << "hardly any key was replaced";
}

}  // namespace
}  // namespace weir::rm
