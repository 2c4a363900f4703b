#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/random.h"
#include "resourcemanager/server/durability_gate.h"

namespace weir::rm {
namespace {

// An action that can be told from others by its call.
Action Marked(uint64_t after_record, uint64_t mark) {
  return {after_record, Reply{CallId{mark}, NoContent{}}};
}

uint64_t MarkOf(const Action& action) {
  return std::get<Reply>(action.body).call.value;
}

std::vector<uint64_t> MarksOf(const Actions& actions) {
  std::vector<uint64_t> marks;
  for (const Action& action : actions) marks.push_back(MarkOf(action));
  return marks;
}

// As its owner does it.
bool Admit(DurabilityGate& gate, Action action, Actions& due) {
  if (!gate.IsDue(action)) return gate.Hold(std::move(action));
  due.push_back(std::move(action));
  return true;
}

TEST(DurabilityGate, LetsAnActionThatDependsOnNothingPassAtOnce) {
  DurabilityGate gate(10);
  Actions due;
  ASSERT_TRUE(Admit(gate, Marked(0, 7), due));
  EXPECT_EQ(MarksOf(due), (std::vector<uint64_t>{7}));
  EXPECT_EQ(gate.held(), 0u);
}

TEST(DurabilityGate, ReleasesWhatWaitedForTheCommittedRecordsAndNothingElse) {
  DurabilityGate gate(10);
  Actions due;
  ASSERT_TRUE(Admit(gate, Marked(2, 20), due));
  ASSERT_TRUE(Admit(gate, Marked(1, 10), due));
  ASSERT_TRUE(Admit(gate, Marked(3, 30), due));
  ASSERT_TRUE(Admit(gate, Marked(2, 21), due));
  EXPECT_TRUE(due.empty());
  EXPECT_EQ(MarksOf(gate.Commit(2)), (std::vector<uint64_t>{10, 20, 21}));
  EXPECT_EQ(gate.held(), 1u);
  EXPECT_EQ(MarksOf(gate.Commit(3)), (std::vector<uint64_t>{30}));
}

TEST(DurabilityGate, IgnoresACommitOlderThanOneBefore) {
  DurabilityGate gate(10);
  Actions due;
  EXPECT_TRUE(gate.Commit(5).empty());
  EXPECT_TRUE(gate.Commit(3).empty());
  EXPECT_EQ(gate.committed(), 5u);
  ASSERT_TRUE(Admit(gate, Marked(5, 1), due));
  EXPECT_EQ(due.size(), 1u);
}

TEST(DurabilityGate, RefusesToHoldMoreThanItsCapacity) {
  DurabilityGate gate(2);
  Actions due;
  EXPECT_TRUE(Admit(gate, Marked(1, 1), due));
  EXPECT_TRUE(Admit(gate, Marked(1, 2), due));
  EXPECT_FALSE(Admit(gate, Marked(1, 3), due));
  EXPECT_TRUE(Admit(gate, Marked(0, 4), due)) << "what is due needs no place";
  EXPECT_EQ(MarksOf(gate.Commit(1)), (std::vector<uint64_t>{1, 2}));
  EXPECT_TRUE(Admit(gate, Marked(2, 5), due)) << "there is place again";
}

TEST(DurabilityGate, DropsEverythingWhenCleared) {
  DurabilityGate gate(2);
  Actions due;
  ASSERT_TRUE(Admit(gate, Marked(1, 1), due));
  gate.Clear();
  EXPECT_EQ(gate.held(), 0u);
  EXPECT_TRUE(gate.Commit(1).empty());
}

// One random history: actions come with random dependencies while commits trickle in.
class GateHistory {
 public:
  explicit GateHistory(uint64_t seed) : random_(seed) {}

  void Run() {
    for (int step = 0; step < 400; ++step) {
      if (random_.Chance(2, 3)) {
        AdmitOne();
      } else {
        CommitSome();
      }
    }
    appended_ = std::max(appended_, committed_);
    committed_ = appended_;
    Take(gate_.Commit(committed_));
    EXPECT_EQ(gate_.held(), 0u);
    EXPECT_EQ(released_.size(), next_mark_) << "an action was lost or released twice";
  }

 private:
  void AdmitOne() {
    if (random_.Chance(1, 2)) ++appended_;
    const uint64_t record = random_.Chance(1, 4) ? 0 : random_.Below(appended_ + 1);
    const uint64_t mark = next_mark_++;
    record_of_[mark] = record;
    Actions due;
    ASSERT_TRUE(Admit(gate_, Marked(record, mark), due));
    EXPECT_EQ(due.size(), record <= committed_ ? 1u : 0u) << "what is due leaves at once";
    Take(due);
  }

  void CommitSome() {
    committed_ += random_.Below(appended_ - committed_ + 1);
    Take(gate_.Commit(committed_));
  }

  void Take(const Actions& actions) {
    for (const Action& action : actions) {
      const uint64_t mark = MarkOf(action);
      const uint64_t record = record_of_.at(mark);
      EXPECT_LE(record, committed_) << "released before its record was durable";
      const auto before = last_of_record_.find(record);
      if (before != last_of_record_.end()) {
        EXPECT_LT(before->second, mark) << "order among those with the same dependence";
      }
      last_of_record_[record] = mark;
      released_.push_back(mark);
    }
  }

  Random random_;
  DurabilityGate gate_{1000};
  uint64_t appended_ = 0;
  uint64_t committed_ = 0;
  uint64_t next_mark_ = 0;
  std::map<uint64_t, uint64_t> record_of_;
  std::map<uint64_t, uint64_t> last_of_record_;
  std::vector<uint64_t> released_;
};

TEST(DurabilityGate, NeverReleasesEarlyAndKeepsOrderInRandomHistories) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    GateHistory(seed).Run();
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace weir::rm
