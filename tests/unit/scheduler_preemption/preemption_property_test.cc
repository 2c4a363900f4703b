// Whatever the cluster looks like: what a round takes keeps to the rules, and the same cluster
// gives the same round.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "tests/unit/scheduler_preemption/fake_cluster.h"

namespace weir::scheduler {
namespace {

constexpr Amounts kTotal{240, 120};

int Pick(int from, int to) {
  return *rc::gen::inRange(from, to);
}

// Two parents with leaves of random guarantees, full of random containers; or with so many
// applications that ApplicationMasters are much of what there is, with one leaf that waits for its
// large guarantee.
FakeCluster RandomCluster(bool crowded = false) {
  FakeCluster cluster({kTotal});
  cluster.AddQueue(-1, false, kTotal);
  std::vector<int> leaves;
  for (int parent = 0; parent < 2; ++parent) {
    const int at = cluster.AddQueue(0, false, Amounts{120, 60});
    for (int i = Pick(2, 4); i > 0; --i) {
      const int share = crowded ? Pick(0, 8) : Pick(0, 41);
      leaves.push_back(cluster.AddQueue(at, true, Amounts{share, share / 2}));
      cluster.queue(leaves.back()).preemption_disabled = Pick(0, 8) == 0;
    }
  }
  if (crowded) {
    const int waiting = cluster.AddApplication(cluster.AddQueue(1, true, Amounts{100, 50}));
    cluster.SetPending(waiting, Amounts{100, 50});
  }
  int64_t gang = 0;
  for (int i = crowded ? Pick(60, 120) : Pick(2, 16); i > 0; --i) {
    const int leaf = leaves[static_cast<size_t>(Pick(0, static_cast<int>(leaves.size())))];
    const int application = cluster.AddApplication(leaf, Pick(0, 3), Pick(0, 3));
    FakeContainer what;
    what.size = Amounts{2, 1};
    what.master = true;
    if (what.size.FitsIn(cluster.Free())) cluster.Start(application, what);
    what.master = false;
    const bool greedy = Pick(0, 2) == 0;
    for (int groups = crowded ? Pick(0, 2) : (greedy ? Pick(8, 20) : 0); groups > 0; --groups) {
      what.size = Amounts{Pick(1, 9), Pick(1, 5)};
      what.priority = Pick(0, 3);
      what.gang = Pick(0, 4) == 0 ? ++gang : 0;
      for (int n = Pick(1, 6); n > 0 && what.size.FitsIn(cluster.Free()); --n) {
        cluster.Start(application, what);
      }
    }
    cluster.SetPending(application, Amounts{Pick(0, 60), Pick(0, 30)});
  }
  return cluster;
}

PreemptionSettings RandomSettings() {
  PreemptionSettings settings = Undamped();
  settings.warning = Duration(0);  // warned in one round, stopped in the next
  settings.per_round = Pick(1, 11) * kWholeFactor / 10;
  settings.natural_termination = Pick(1, 6) * kWholeFactor / 5;
  settings.dead_zone = Pick(0, 3) * kWholeFactor / 10;
  settings.conservative_drf = Pick(0, 2) == 0;
  settings.balance_after_satisfied = Pick(0, 2) == 0;
  settings.balance_warning = Duration(0);
  return settings;
}

// Of its guarantee, in the type where it has most of it.
Share Served(const FakeCluster& cluster, int queue, const Amounts& used) {
  return ShareOf(Calculator::kDominant, used, cluster.queue(queue).guaranteed);
}

// What the second round of a monitor warns, which is what it chose.
std::vector<PreemptionOrder> Chosen(const FakeCluster& cluster,
                                    const PreemptionSettings& settings,
                                    int64_t budget = PreemptionMonitor::kStepBudget) {
  PreemptionMonitor monitor(settings);
  RunRound(monitor, cluster, 0, budget);
  return RunRound(monitor, cluster, 3000, budget);
}

RC_GTEST_PROP(PreemptionProperty, NoQueueIsTakenBelowItsGuarantee, ()) {
  const FakeCluster cluster = RandomCluster();
  std::map<int, Amounts> left;
  for (const PreemptionOrder& order : Chosen(cluster, RandomSettings())) {
    const FakeContainer& container = cluster.containers().at(order.container);
    const int leaf = cluster.LeafOf(ApplicationSlot{container.application}).value;
    const auto [at, first] = left.emplace(leaf, cluster.Used(leaf));
    at->second -= container.size;
  }
  for (const auto& [leaf, used] : left) {
    RC_ASSERT(Served(cluster, leaf, used) >= kWholeShare ||
              cluster.queue(leaf).guaranteed.IsZero());
    RC_ASSERT(!cluster.queue(leaf).preemption_disabled);
  }
  RC_CLASSIFY(!left.empty(), "something is taken");
}

RC_GTEST_PROP(PreemptionProperty, ARoundTakesNoMoreThanAllowedAndOneUnit, ()) {
  const FakeCluster cluster = RandomCluster();
  const PreemptionSettings settings = RandomSettings();
  Amounts taken;
  std::map<std::pair<int, int64_t>, Amounts> units;  // gangs, and single containers by number
  for (const PreemptionOrder& order : Chosen(cluster, settings)) {
    const FakeContainer& container = cluster.containers().at(order.container);
    taken += container.size;
    const int64_t unit = container.gang != 0 ? container.gang : -1 - order.container.value;
    units[{container.application, unit}] += container.size;
  }
  const Share allowed =
      ShareOf(Calculator::kDominant, ScaleDown(kTotal, settings.per_round, kWholeFactor), kTotal);
  Share largest = 0;
  for (const auto& [key, amounts] : units) {
    largest = std::max(largest, ShareOf(Calculator::kDominant, amounts, kTotal));
  }
  RC_ASSERT(ShareOf(Calculator::kDominant, taken, kTotal) <= allowed + largest + 1);
}

RC_GTEST_PROP(PreemptionProperty, AGangGoesWhollyOrStays, ()) {
  const FakeCluster cluster = RandomCluster();
  std::set<ContainerSlot> chosen;
  for (const PreemptionOrder& order : Chosen(cluster, RandomSettings())) {
    chosen.insert(order.container);
  }
  std::map<int64_t, std::set<bool>> gangs;
  for (const auto& [slot, container] : cluster.containers()) {
    if (container.gang != 0) gangs[container.gang].insert(chosen.contains(slot));
  }
  for (const auto& [gang, fates] : gangs) RC_ASSERT(fates.size() == 1U);
}

// A master goes only if every single container of its leaf that stays would have taken the leaf
// below its guarantee, or would not have helped: here, that it is no smaller than the master.
RC_GTEST_PROP(PreemptionProperty, NoMasterGoesWhileAnotherContainerWouldDo, ()) {
  const FakeCluster cluster = RandomCluster(/*crowded=*/true);
  PreemptionSettings settings = RandomSettings();
  settings.balance_after_satisfied = false;
  std::set<ContainerSlot> chosen;
  std::set<int> lost_masters;  // leaves
  std::map<int, Amounts> left;
  for (const PreemptionOrder& order : Chosen(cluster, settings)) {
    const FakeContainer& container = cluster.containers().at(order.container);
    const int leaf = cluster.LeafOf(ApplicationSlot{container.application}).value;
    chosen.insert(order.container);
    if (container.master) lost_masters.insert(leaf);
    const auto [at, first] = left.emplace(leaf, cluster.Used(leaf));
    at->second -= container.size;
  }
  for (const auto& [slot, container] : cluster.containers()) {
    const int leaf = cluster.LeafOf(ApplicationSlot{container.application}).value;
    if (container.master || chosen.contains(slot) || !lost_masters.contains(leaf)) continue;
    if (container.gang != 0) continue;
    const Amounts without_one_master = left[leaf] + Amounts{2, 1} - container.size;
    const bool would_do = Served(cluster, leaf, without_one_master) >= kWholeShare ||
                          cluster.queue(leaf).guaranteed.IsZero();
    RC_ASSERT(!would_do);
  }
  RC_CLASSIFY(!lost_masters.empty(), "a master goes");
}

RC_GTEST_PROP(PreemptionProperty, TheSameClusterGivesTheSameRoundHoweverItIsSliced, ()) {
  const FakeCluster cluster = RandomCluster();
  PreemptionSettings settings = RandomSettings();
  settings.intra_queue = true;
  const auto whole = Chosen(cluster, settings, 1'000'000);
  RC_ASSERT(whole == Chosen(cluster, settings, 1'000'000));
  RC_ASSERT(whole == Chosen(cluster, settings, Pick(1, 40)));
}

}  // namespace
}  // namespace weir::scheduler
