// Containers taken on the nodes that are held back: who loses what, in numbers worked out by hand.
#include "scheduler/preemption/reserved_phase.h"

#include <gtest/gtest.h>

#include <vector>

#include "scheduler/preemption/preemption_monitor.h"
#include "tests/unit/scheduler_preemption/fake_cluster.h"

namespace weir::scheduler {
namespace {

using Kind = PreemptionOrder::Kind;
using Slots = std::vector<ContainerSlot>;

constexpr NodeSlot kFirst{0};
constexpr NodeSlot kSecond{1};

// Two nodes of 50 and leaves 1 and 2 with a guarantee of 50 each. Of leaf 1 there are containers of
// 10: first `on_first` of them on the first node, then `on_second` on the second one. An
// application of leaf 2 holds the first node back since 0 s for a container of 20.
class HeldBack : public testing::Test {
 protected:
  HeldBack() : cluster({Amounts{100}}) {
    cluster.AddQueue(-1, false, Amounts{100});
    cluster.AddQueue(0, true, Amounts{50});
    cluster.AddQueue(0, true, Amounts{50});
    other = cluster.AddApplication(1);
    holder = cluster.AddApplication(2);
  }
  void Fill(int on_first, int on_second) {
    for (int i = 0; i < on_first + on_second; ++i) {
      cluster.Start(other, {.size = Amounts{10}, .node = i < on_first ? kFirst : kSecond});
    }
  }
  void Hold(int64_t lacks) {
    cluster.application(holder).reservations = {
        {.node = kFirst, .partition = {}, .amounts = Amounts{20}}};
    cluster.held = {{.node = kFirst,
                     .partition = PartitionSlot{0},
                     .application = ApplicationSlot{holder},
                     .lacks = Amounts{lacks},
                     .since = Instant(seconds(0))}};
  }
  Slots Warned(const PreemptionSettings& settings, const std::vector<int64_t>& rounds) {
    PreemptionMonitor monitor(settings);
    Slots warned;
    for (const int64_t at : rounds) {
      for (const ContainerSlot each :
           ContainersIn(RunRound(monitor, cluster, at * 1000), Kind::kWarn)) {
        warned.push_back(each);
      }
    }
    return warned;
  }

  FakeCluster cluster;
  int other = 0;
  int holder = 0;
};

PreemptionSettings ByReservation() {
  PreemptionSettings settings = Undamped();
  settings.by_reservation = true;
  return settings;
}

// Leaf 1 uses 80, leaf 2 the 20 that it reserved. Reckoned with those 20 as wanted, leaf 2 is to
// have 40 and leaf 1 60: 20 over. 10 are free on the first node, so one container of 10 is taken
// there, though newer ones are on the second. Once it has been held for a round's interval (3 s).
TEST_F(HeldBack, RoomIsMadeOnTheNodeThatIsHeld) {
  Fill(4, 4);
  Hold(10);
  EXPECT_EQ(Warned(Undamped(), {0, 3, 6}), Slots{}) << "what is reserved counts as used";
  EXPECT_EQ(Warned(ByReservation(), {0}), Slots{});
  EXPECT_EQ(Warned(ByReservation(), {3}), Slots{{3}});
}

// 30 are lacking there, but leaf 1 is only 20 over.
TEST_F(HeldBack, AllThatIsLackingIsTakenOrNothing) {
  Fill(4, 4);
  Hold(30);
  EXPECT_EQ(Warned(ByReservation(), {3, 6, 9}), Slots{});
  Hold(20);
  EXPECT_EQ(Warned(ByReservation(), {3}), (Slots{{3}, {2}}));
}

TEST_F(HeldBack, MastersAndGangsAreLeftAlone) {
  for (int i = 0; i < 8; ++i) {
    cluster.Start(other,
                  {.size = Amounts{10},
                   .master = i == 3,
                   .gang = i == 2 ? 7 : 0,
                   .node = i < 4 ? kFirst : kSecond});
  }
  Hold(20);
  EXPECT_EQ(Warned(ByReservation(), {3}), (Slots{{1}, {0}}));
}

// With additional_res_balance the 20 count as wanted for everybody: taken wherever the newest are.
TEST_F(HeldBack, AdditionalBalanceTakesForWhatIsReservedAnywhere) {
  Fill(4, 4);
  Hold(10);
  PreemptionSettings settings = Undamped();
  settings.reserved_balance = true;
  EXPECT_EQ(Warned(settings, {0}), (Slots{{7}, {6}}));
}

// Leaf 1 uses 40 of its 50: nothing is over. Leaf 2 is more important, and within its guarantee.
TEST_F(HeldBack, AMoreImportantQueueTakesAlsoFromOneUnderItsGuarantee) {
  Fill(4, 0);
  Hold(10);
  cluster.queue(0).ordering = ParentOrdering::kPriorityUtilization;
  cluster.queue(2).priority = 2;
  cluster.queue(1).priority = 1;
  PreemptionSettings settings = Undamped();
  EXPECT_EQ(Warned(settings, {60}), Slots{});
  settings.underutilized = true;
  settings.reserved_container_delay = seconds(6);
  EXPECT_EQ(Warned(settings, {3}), Slots{}) << "it is too soon";
  EXPECT_EQ(Warned(settings, {6}), Slots{{3}});

  cluster.queue(1).preemption_disabled = true;
  EXPECT_EQ(Warned(settings, {6}), Slots{});
  cluster.queue(1).preemption_disabled = false;
  cluster.queue(1).priority = 2;
  EXPECT_EQ(Warned(settings, {6}), Slots{}) << "as important";
  cluster.queue(1).priority = 1;
  cluster.queue(0).ordering = ParentOrdering::kUtilization;
  EXPECT_EQ(Warned(settings, {6}), Slots{}) << "priorities do not count here";
  cluster.queue(0).ordering = ParentOrdering::kPriorityUtilization;
  cluster.Start(holder, 4, Amounts{10});  // 40 and 20 reserved, of 50
  EXPECT_EQ(Warned(settings, {6}), Slots{}) << "it is over its own guarantee";
}

}  // namespace
}  // namespace weir::scheduler
