#include "tests/integration/fault_plan.h"

#include <algorithm>
#include <array>
#include <set>

namespace weir::testing {
namespace {

using Kind = FaultKind;

constexpr std::array kKinds = {Kind::kKillActive,
                               Kind::kStopActive,
                               Kind::kKillNode,
                               Kind::kKillMaster,
                               Kind::kKillLeader,
                               Kind::kStopEnsemble,
                               Kind::kCutZooKeeper,
                               Kind::kUnplugNode};
constexpr Duration kLongOutage = seconds(30);
constexpr Duration kLong = seconds(9);  // what takes longer is alone in its round
constexpr int kTries = 100;             // for a second fault that goes with the first

// SplitMix64: the same numbers with every compiler and library.
class Draws {
 public:
  explicit Draws(uint64_t seed) : state_(seed) {}
  // From `low` to `high`, both included.
  int64_t Between(int64_t low, int64_t high) {
    state_ += 0x9e3779b97f4a7c15;
    uint64_t mixed = state_;
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
    mixed ^= mixed >> 31;
    return low + static_cast<int64_t>(mixed % static_cast<uint64_t>(high - low + 1));
  }
  Duration Millis(int64_t low, int64_t high) { return milliseconds(Between(low, high)); }
  bool OneIn(int64_t count) { return Between(1, count) == 1; }

 private:
  uint64_t state_;
};

Fault Draw(Draws& draws, const FaultPlanOptions& options) {
  Fault fault;
  fault.kind = kKinds.at(static_cast<size_t>(
      draws.Between(0, static_cast<int64_t>(kKinds.size()) - (options.can_unplug ? 1 : 2))));
  switch (fault.kind) {
    case Kind::kKillActive:
    case Kind::kKillNode:
    case Kind::kKillLeader:
      fault.length = draws.Millis(0, 3000);
      fault.node = static_cast<int>(draws.Between(0, options.nodes - 1));
      break;
    case Kind::kStopActive:
      fault.length = 3 * options.session;
      break;
    case Kind::kKillMaster:
      break;
    case Kind::kStopEnsemble:
      fault.length = draws.OneIn(4) ? kLongOutage : draws.Millis(500, 8000);
      break;
    case Kind::kCutZooKeeper:
      fault.length = draws.Millis(ToMillis(options.session), 5 * ToMillis(options.session));
      fault.manner = static_cast<CutManner>(draws.Between(0, 2));
      fault.of_standby = draws.OneIn(4);
      break;
    case Kind::kUnplugNode:
      fault.length = draws.OneIn(3) ? options.lost_after : draws.Millis(1000, 5000);
      break;
  }
  // Only what a kind uses tells two faults apart.
  if (fault.kind != Kind::kKillNode) fault.node = 0;
  return fault;
}

bool IsOneOf(Kind kind, const std::set<Kind>& kinds) {
  return kinds.contains(kind);
}

bool GoTogether(const Fault& one, const Fault& other) {
  if (one.kind == other.kind || one.length > kLong || other.length > kLong) return false;
  const std::set<Kind> of_leaders = {Kind::kKillActive, Kind::kStopActive, Kind::kCutZooKeeper};
  for (const auto& [first, second] :
       {std::pair(one.kind, other.kind), std::pair(other.kind, one.kind)}) {
    // Both together would be an outage as long as the sum.
    if (first == Kind::kStopEnsemble &&
        (second == Kind::kKillLeader || IsOneOf(second, of_leaders))) {
      return false;
    }
    // A process that was killed cannot be stopped, nor started while its link is down.
    if (first == Kind::kKillActive && second == Kind::kStopActive) return false;
    if (first == Kind::kKillNode && second == Kind::kUnplugNode) return false;
  }
  return true;
}

}  // namespace

std::string_view FaultKindName(FaultKind kind) {
  switch (kind) {
    case Kind::kKillActive:
      return "kill-active";
    case Kind::kStopActive:
      return "stop-active";
    case Kind::kKillNode:
      return "kill-node";
    case Kind::kKillMaster:
      return "kill-master";
    case Kind::kKillLeader:
      return "kill-zookeeper-leader";
    case Kind::kStopEnsemble:
      return "stop-zookeeper";
    case Kind::kCutZooKeeper:
      return "cut-zookeeper";
    case Kind::kUnplugNode:
      return "unplug-node";
  }
  return "";
}

std::string Fault::ToString() const {
  std::string text(FaultKindName(kind));
  if (kind == Kind::kKillNode) text += "-" + std::to_string(node);
  if (kind == Kind::kCutZooKeeper) {
    text += of_standby ? "-of-standby" : "-of-active";
    text += manner == CutManner::kClosed ? "-closed" : "";
    text += manner == CutManner::kSilent ? "-silent" : "";
    text += manner == CutManner::kNoAnswers ? "-no-answers" : "";
  }
  if (length > Duration(0)) text += ":" + std::to_string(ToMillis(length)) + "ms";
  return text;
}

std::vector<PlannedFaults> EachFault(const FaultPlanOptions& options) {
  const Duration down = seconds(1);
  std::vector<PlannedFaults> rounds;
  const auto add = [&rounds](const Fault& fault) { rounds.push_back({.faults = {fault}}); };
  add({.kind = Kind::kKillActive, .length = down});
  add({.kind = Kind::kStopActive, .length = 3 * options.session});
  add({.kind = Kind::kKillNode, .length = down});
  add({.kind = Kind::kKillMaster});
  add({.kind = Kind::kKillLeader, .length = down});
  add({.kind = Kind::kStopEnsemble, .length = kLongOutage});
  add({.kind = Kind::kCutZooKeeper, .length = 3 * options.session});
  if (options.can_unplug) add({.kind = Kind::kUnplugNode, .length = options.lost_after});
  return rounds;
}

PlannedFaults DrawFaults(uint64_t seed, const FaultPlanOptions& options) {
  Draws draws(seed);
  PlannedFaults plan;
  plan.faults.push_back(Draw(draws, options));
  if (plan.faults[0].length > kLong || draws.OneIn(2)) return plan;
  plan.between = draws.Millis(0, 1500);
  for (int tries = 0; tries < kTries; ++tries) {
    const Fault second = Draw(draws, options);
    if (!GoTogether(plan.faults[0], second)) continue;
    plan.faults.push_back(second);
    break;
  }
  return plan;
}

}  // namespace weir::testing
