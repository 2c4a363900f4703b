// The dense structures of the core against the plain ones of the library, over random histories.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <vector>

#include "common/random.h"
#include "resourcemanager/core/container_table.h"
#include "resourcemanager/core/deadlines.h"
#include "resourcemanager/core/dense_set.h"
#include "resourcemanager/core/flat_map.h"
#include "resourcemanager/core/lazy_deadlines.h"

namespace weir::rm {
namespace {

constexpr int kSteps = 20'000;

TEST(ContainerTable, FindsExactlyWhatItHoldsInTheOrderItWasAppended) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    Random random(seed);
    ContainerTable table;
    std::vector<ContainerList> lists(4);
    std::vector<std::vector<int32_t>> expected(4);  // slots by application
    std::map<int32_t, ContainerId> held;            // by slot
    std::vector<int64_t> next(4, 1);
    for (int32_t i = 0; i < 4; ++i) table.SetAttempt({i}, {{1'700'000'000'000, i + 1}, 1});
    for (int step = 0; step < kSteps; ++step) {
      // Fills up to thousands of slots over several chunks, then empties, then fills again.
      const bool filling = (step / 5000) % 2 == 0;
      const auto slot = static_cast<int32_t>(random.Below(9000));
      const bool is_held = held.contains(slot);
      ASSERT_EQ(table.IsHeld({slot}), is_held);
      if (!is_held && (filling || random.Chance(1, 8))) {
        const size_t of = random.Below(4);
        const auto application = static_cast<int32_t>(of);
        table.Add({slot}, {application}, {table.AttemptOf({application}), next[of]++});
        table.Append(lists[of], &Container::of_attempt, {slot});
        expected[of].push_back(slot);
        held.emplace(slot, table.IdOf({slot}));
      } else if (!held.empty() && !filling) {
        auto victim = held.lower_bound(slot);
        if (victim == held.end()) victim = held.begin();
        const auto of = static_cast<size_t>(table.at({victim->first}).application.value);
        table.Unlink(lists[of], &Container::of_attempt, {victim->first});
        table.Remove({victim->first});
        std::erase(expected[of], victim->first);
        EXPECT_FALSE(table.Find(victim->second).has_value());
        held.erase(victim);
      }
    }
    EXPECT_EQ(table.size(), held.size());
    for (const auto& [slot, id] : held) {
      const auto found = table.Find(id);
      ASSERT_TRUE(found.has_value());
      EXPECT_EQ(found->value, slot);
    }
    for (size_t of = 0; of < 4; ++of) {
      std::vector<int32_t> listed;
      for (const auto slot : table.Listed(lists[of], &Container::of_attempt)) {
        listed.push_back(slot.value);
      }
      EXPECT_EQ(listed, expected[of]);
    }
    EXPECT_FALSE(table.Find({{{1, 1}, 1}, 1}).has_value()) << "of another epoch";
  }
}

TEST(LazyDeadlines, GiveTheSameKeysAtTheSameTimesAsPlainOnes) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Random random(seed);
    LazyDeadlines lazy;
    Deadlines<int32_t> plain;
    Instant now;
    for (int step = 0; step < 3000; ++step) {
      const auto key = static_cast<int32_t>(random.Below(50));
      switch (random.Below(4)) {
        case 0:
        case 1: {
          const Instant when = now + milliseconds(random.Below(100));
          lazy.Set(key, when);
          plain.Set(key, when);
          break;
        }
        case 2:
          lazy.Clear(key);
          plain.Clear(key);
          break;
        default: {
          now += milliseconds(random.Below(20));
          const auto due = lazy.TakeDue(now, 1000);
          const auto plain_due = plain.TakeDue(now, 1000);
          EXPECT_EQ(std::set(due.begin(), due.end()), std::set(plain_due.begin(), plain_due.end()));
          break;
        }
      }
      EXPECT_EQ(lazy.Has(key), plain.Has(key));
      EXPECT_LE(lazy.Next(), plain.Next());
    }
  }
}

TEST(LazyDeadlines, PostponedOnesComeLater) {
  LazyDeadlines deadlines;
  deadlines.Set(1, Instant(seconds(1)));
  deadlines.Set(2, Instant(seconds(2)));
  deadlines.Postpone(seconds(5));
  EXPECT_TRUE(deadlines.TakeDue(Instant(seconds(5)), 10).empty());
  EXPECT_EQ(deadlines.TakeDue(Instant(seconds(6)), 10), std::vector<int32_t>{1});
  EXPECT_EQ(deadlines.TakeDue(Instant(seconds(7)), 10), std::vector<int32_t>{2});
  EXPECT_EQ(deadlines.Next(), kNever);
}

template <typename OfTimes>
void ExpectShifted(OfTimes& deadlines) {
  const Instant zero;
  deadlines.Set(1, zero + seconds(10));
  deadlines.Set(2, zero + seconds(20));
  deadlines.Shift(seconds(1000));
  EXPECT_EQ(deadlines.Next(), zero + seconds(1010));
  deadlines.Set(3, zero + seconds(1015));
  deadlines.Set(2, zero + seconds(1021));
  EXPECT_TRUE(deadlines.TakeDue(zero + seconds(1009), 9).empty());
  EXPECT_EQ(deadlines.TakeDue(zero + seconds(1020), 9), (std::vector<int32_t>{1, 3}));
  EXPECT_TRUE(deadlines.Has(2));
  EXPECT_EQ(deadlines.TakeDue(zero + seconds(1021), 9), std::vector<int32_t>{2});
}

TEST(Deadlines, MoveAllAtOnce) {
  Deadlines<int32_t> plain;
  ExpectShifted(plain);
  LazyDeadlines lazy;
  ExpectShifted(lazy);
}

TEST(FlatMap, HoldsWhatWasPut) {
  Random random(7);
  FlatMap<int64_t> flat;
  std::map<uint64_t, int64_t> plain;
  for (int step = 0; step < kSteps; ++step) {
    const uint64_t key = 1 + random.Below(step % 4000 < 2000 ? 5000 : 50);
    if (random.Chance(1, 2)) {
      flat.Put(key, step);
      plain[key] = step;
    } else {
      flat.Erase(key);
      plain.erase(key);
    }
    ASSERT_EQ(flat.size(), plain.size());
  }
  for (uint64_t key = 1; key <= 5001; ++key) {
    const int64_t* found = flat.Find(key);
    ASSERT_EQ(found != nullptr, plain.contains(key));
    if (found != nullptr) {
      EXPECT_EQ(*found, plain.at(key));
    }
  }
}

TEST(DenseSet, IteratesInGrowingOrder) {
  DenseSet set;
  for (const int32_t number : {700, 3, 64, 63, 3}) set.Insert(number);
  EXPECT_EQ(set.All(), (std::vector<int32_t>{3, 63, 64, 700}));
  EXPECT_TRUE(set.Contains(64));
  EXPECT_FALSE(set.Contains(65));
  EXPECT_FALSE(set.Contains(100'000));
}

}  // namespace
}  // namespace weir::rm
