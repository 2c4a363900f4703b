// ViewChecker: what must hold once faults have stopped and every message arrives: looked at now and
// then, as what is under way may be otherwise for a while.
//
//   what the active ResourceManager says runs on a node runs there, and the other way round
//   an application that waits has a reason, in words
//
// A difference that lasts kSettles is one. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_VIEW_CHECKER_H_
#define WEIR_TESTS_SIMULATION_VIEW_CHECKER_H_

#include <map>
#include <set>
#include <string>

#include "common/time.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class ViewChecker {
 public:
  // A node that is back registers after its next heartbeat; a stop is recorded, and a program gets
  // its time to end.
  static constexpr Duration kSettles = seconds(30);

  explicit ViewChecker(World& world) : world_(world) {}
  // Requires: faults have stopped.
  void Look();

 private:
  void Compare(const SimNode& node, const NodeId& id, const std::set<ContainerId>& told);
  void LookAtReasons();
  void Seen(const std::string& difference);

  World& world_;
  std::map<std::string, Instant> since_;  // of each difference that is there
  std::set<std::string> seen_;            // at this look
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_VIEW_CHECKER_H_
