// Queues whose load comes and goes, for an hour of virtual time: how often the others have to pay.
// The bounds are those that demand_history.h states.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/scheduler_preemption/fake_cluster.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kHour = 3600;
constexpr int kGuarantee = 50;  // containers, of each queue; the cluster has twice as many

// When a queue wants the whole cluster. Otherwise it wants nothing and lets go of what it has.
struct Load {
  int64_t on = 0;  // seconds; 0 = always
  int64_t off = 0;
  int64_t begins = 0;
  bool Wants(int64_t second) const {
    if (on == 0) return true;
    return second >= begins && (second - begins) % (on + off) < on;
  }
};

struct Outcome {
  int claims[2] = {0, 0};  // times on in which something was stopped for the queue
  int64_t stopped = 0;
  int64_t served = 0;  // seconds in which a queue that wanted something had its guarantee
  int64_t wanted = 0;
};

class Simulation {
 public:
  Simulation(const PreemptionSettings& settings, const Load& first, const Load& second)
      : loads_{first, second}, cluster_({Amounts{2 * kGuarantee}}), monitor_(settings) {
    cluster_.AddQueue(-1, false, Amounts{2 * kGuarantee});
    for (int i = 0; i < 2; ++i) {
      cluster_.AddQueue(0, true, Amounts{kGuarantee});
      cluster_.AddApplication(i + 1);
    }
  }

  Outcome Run() {
    for (int64_t second = 0; second < kHour; ++second) {
      for (int i = 0; i < 2; ++i) ApplyLoad(i, loads_[i].Wants(second));
      Place();
      for (const PreemptionOrder& order : RunRound(monitor_, cluster_, second * 1000)) {
        if (order.kind == PreemptionOrder::Kind::kPreempt) Stop(order);
      }
      Place();
      for (int i = 0; i < 2; ++i) {
        outcome_.wanted += wants_[i] ? 1 : 0;
        outcome_.served += wants_[i] && cluster_.Count(i) >= kGuarantee ? 1 : 0;
      }
    }
    return outcome_;
  }

 private:
  void ApplyLoad(int queue, bool wants) {
    if (wants && !wants_[queue]) claimed_[queue] = false;
    wants_[queue] = wants;
    if (!wants) {
      std::vector<ContainerSlot> mine;
      for (const auto& [slot, container] : cluster_.containers()) {
        if (container.application == queue) mine.push_back(slot);
      }
      for (const ContainerSlot slot : mine) End(slot);
    }
  }
  void Place() {
    for (int64_t free = cluster_.Free()[0]; free > 0; --free) {
      int next = -1;
      for (int i = 0; i < 2; ++i) {
        if (!wants_[i]) continue;
        if (next < 0 || cluster_.Count(i) < cluster_.Count(next)) next = i;
      }
      if (next < 0) break;
      cluster_.Start(next, 1, Amounts{1});
    }
    for (int i = 0; i < 2; ++i) {
      const int open = wants_[i] ? 2 * kGuarantee - cluster_.Count(i) : 0;
      cluster_.SetPending(i, Amounts{open});
    }
  }
  void Stop(const PreemptionOrder& order) {
    const int winner = order.beneficiary.value - 1;
    if (!claimed_[winner]) ++outcome_.claims[winner];
    claimed_[winner] = true;
    ++outcome_.stopped;
    End(order.container);
  }
  void End(ContainerSlot slot) {
    cluster_.End(slot);
    monitor_.ContainerEnded(slot);
  }

  Load loads_[2];
  FakeCluster cluster_;
  PreemptionMonitor monitor_;
  bool wants_[2] = {false, false};
  bool claimed_[2] = {false, false};
  Outcome outcome_;
};

// Claims in an hour of a load that stays `on` seconds of every cycle.
int64_t Bound(int64_t on, int64_t cycle) {
  const int64_t cycles = kHour / cycle + 1;
  return std::min<int64_t>(cycles, on < 36 * 3 ? 10 : 38);
}

class PingPong : public testing::TestWithParam<int64_t> {};

TEST_P(PingPong, AQueueThatComesAndGoesDoesNotDisturbTheOtherForEver) {
  const int64_t k = GetParam();
  const Outcome outcome = Simulation(Undamped(), Load{}, Load{k, k, 5}).Run();
  EXPECT_EQ(outcome.claims[0], 0);
  EXPECT_LE(outcome.claims[1], Bound(k, 2 * k));
  EXPECT_LE(outcome.stopped, Bound(k, 2 * k) * kGuarantee);
  RecordProperty("claims", std::to_string(outcome.claims[1]));
}

TEST_P(PingPong, TwoQueuesThatFlipTheirLoadDoNotTakeFromEachOtherForEver) {
  const int64_t k = GetParam();
  const Outcome outcome = Simulation(Undamped(), Load{k, k, 0}, Load{k, k, k / 2}).Run();
  EXPECT_LE(outcome.claims[0], Bound(k, 2 * k));
  EXPECT_LE(outcome.claims[1], Bound(k, 2 * k));
  EXPECT_LE(outcome.stopped, 2 * Bound(k, 2 * k) * kGuarantee);
}

INSTANTIATE_TEST_SUITE_P(Seconds,
                         PingPong,
                         testing::Values(5, 20, 21, 30, 45, 60, 90, 105, 111, 150, 240, 600));

// What hysteresis is not to cost: who stays gets its guarantee, and within half a minute.
TEST(PingPong, AQueueWhoseLoadStaysGetsItsGuarantee) {
  const Outcome outcome = Simulation(Undamped(), Load{}, Load{kHour, kHour, 60}).Run();
  EXPECT_EQ(outcome.stopped, kGuarantee);
  EXPECT_GE(outcome.served, outcome.wanted - 30);
}

TEST(PingPong, BalancedQueuesStayBalanced) {
  PreemptionSettings settings = Undamped();
  settings.balance_after_satisfied = true;
  const Outcome outcome = Simulation(settings, Load{}, Load{}).Run();
  EXPECT_EQ(outcome.stopped, 0);
}

}  // namespace
}  // namespace weir::scheduler
