// SimElection: a process's part in the election, as HighAvailabilityDaemon takes it: the election
// and the policy of the product over a connection of the run.
//
// Owner: SimResourceManager. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_ELECTION_H_
#define WEIR_TESTS_SIMULATION_SIM_ELECTION_H_

#include <functional>
#include <memory>
#include <string>

#include "resourcemanager/core/role_policy.h"
#include "state-store/protocol/leader_election.h"
#include "tests/simulation/sim_process.h"
#include "tests/simulation/zookeeper_connection.h"

namespace weir::simulation {

class SimElection {
 public:
  // `changed`: to_be_active may be another.
  SimElection(World& world,
              SimProcess& process,
              const std::string& member,
              std::function<void()> changed);

  // Its process starts, or is gone.
  void Begin();
  void End();
  bool to_be_active() const { return policy_->to_be_active(); }
  // The active part has started, or ended by itself.
  void Started();
  void Ended();

 private:
  void Do(void (store::LeaderElection::*step)(store::ElectionActions&));
  void Carry(const store::ElectionActions& actions);
  void Stand();
  void LookAgain();
  void Changed();

  World& world_;
  SimProcess& process_;
  const std::string member_;
  const std::function<void()> changed_;
  ZookeeperConnection connection_;
  std::unique_ptr<store::LeaderElection> core_;
  std::unique_ptr<rm::RolePolicy> policy_;
  bool standing_ = false;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_ELECTION_H_
