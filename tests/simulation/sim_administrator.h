// SimAdministrator: a person who administers the cluster while it works and while things go wrong:
// changes and rolls back queues, labels nodes, changes what they offer, drains them, moves
// applications and changes their priority. Node 0 is left alone, so that a roomy cluster stays
// roomy. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_ADMINISTRATOR_H_
#define WEIR_TESTS_SIMULATION_SIM_ADMINISTRATOR_H_

#include <string>

#include "resourcemanager/core/actions.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

// The queues that every run begins with: "a" and "b".
rm::QueueProperties SimQueues(int share_of_a, bool preemption);
// "a" alone.
rm::QueueProperties SimOneQueue();

class SimAdministrator {
 public:
  explicit SimAdministrator(World& world) : world_(world) {}
  // Acts as often as the workload says, within the time of trouble.
  void Start();
  // Once all is calm: no node is kept out any more, and every queue is there.
  void TakeAllBack();

 private:
  enum class Patience { kOnce, kUntilObeyed };
  static constexpr Duration kLate = seconds(20);  // nothing is longer on its way

  void Act();
  void Tell(const rm::Event& event, Patience patience);
  void TakeBack(const SimNode& node);
  void TakeBackWhatWentLate();
  rm::Event DrawEvent();
  rm::Event DrawNodeEvent();
  // Of nodes that go or come back.
  rm::Event DrawDrain(const std::string& node);
  rm::Event DrawStop();
  rm::Event DrawApplicationEvent();

  World& world_;
  std::string drained_;  // the node that was drained last
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_ADMINISTRATOR_H_
