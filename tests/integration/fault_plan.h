// What is done to a cluster in one round, drawn from a seed. Pure.
//
// Two faults of a round may be at work at once. What is never drawn is a round in which no
// ResourceManager can lead for longer than the nodes' lease: then containers end, as they should,
// and there would be nothing to judge.
#ifndef WEIR_TESTS_INTEGRATION_FAULT_PLAN_H_
#define WEIR_TESTS_INTEGRATION_FAULT_PLAN_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/time.h"

namespace weir::testing {

enum class FaultKind {
  kKillActive,    // SIGKILL; started again after `length`
  kStopActive,    // SIGSTOP for `length`, then SIGCONT
  kKillNode,      // SIGKILL of a NodeManager; started again after `length`
  kKillMaster,    // SIGKILL of an ApplicationMaster
  kKillLeader,    // SIGKILL of ZooKeeper's leader; started again after `length`
  kStopEnsemble,  // SIGKILL of all of ZooKeeper; started again after `length`
  kCutZooKeeper,  // a ResourceManager and ZooKeeper, for `length`, in some `manner`
  kUnplugNode,    // a node's link is down for `length`
};
std::string_view FaultKindName(FaultKind kind);

enum class CutManner {
  kClosed,    // connections are broken and refused
  kSilent,    // nothing arrives, in neither direction, and nobody is told
  kNoAnswers  // requests arrive, their answers do not
};

struct Fault {
  FaultKind kind = FaultKind::kKillActive;
  Duration length{0};  // from the fault to its end
  int node = 0;        // of kKillNode
  CutManner manner = CutManner::kClosed;
  bool of_standby = false;  // of kCutZooKeeper: not the active one but the other
  bool operator==(const Fault&) const = default;

  std::string ToString() const;
};

struct FaultPlanOptions {
  int nodes = 4;
  bool can_unplug = true;
  Duration session = seconds(1);  // of ZooKeeper
  // A node that is unplugged for so long has ended its containers, and is LOST.
  Duration lost_after = seconds(25);
};

struct PlannedFaults {
  std::vector<Fault> faults;  // one or two
  Duration between{0};        // from the first to the second
};

// A round for each kind of fault, one after the other, at the length that is hardest or usual: what
// seeds show in the long run only, and where no node can be unplugged not in the same places.
std::vector<PlannedFaults> EachFault(const FaultPlanOptions& options);

// The same seed gives the same faults.
PlannedFaults DrawFaults(uint64_t seed, const FaultPlanOptions& options);

}  // namespace weir::testing

#endif  // WEIR_TESTS_INTEGRATION_FAULT_PLAN_H_
