// SimResourceManager: the RM's core in a simulated shell: calls come from the network, records go
// to the simulated store, actions that depend on a record wait for it. It may die at every action,
// and comes back with what is durable, under the next epoch.
//
// Owner: Simulation. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_RESOURCE_MANAGER_H_
#define WEIR_TESTS_SIMULATION_SIM_RESOURCE_MANAGER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resourcemanager/core/resource_manager_core.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimResourceManager {
 public:
  using Answer = decltype(rm::Reply::answer);
  using ReplyTo = std::function<void(const Answer&)>;
  static constexpr char kName[] = "rm";

  explicit SimResourceManager(World& world);

  void Boot();
  bool up() const { return core_ != nullptr; }
  uint64_t incarnation() const { return incarnation_; }
  // A request arrives; the number is the call's. Requires: up().
  uint64_t Receive(const rm::Event& request, const ReplyTo& reply);
  void Abandon(uint64_t number);

  // Null while it is down.
  const rm::ResourceManagerCore* core() const { return core_.get(); }
  // What the next submitted application will be called.
  ApplicationId GuessNextId() const;
  void Crash();
  // The pairs that this incarnation ignored, into the run's coverage.
  void NoteIgnored();

 private:
  struct PendingCall {
    ReplyTo reply;
    std::string key;  // of a submission
    std::string who;  // for the trace
    AttemptId attempt;
  };

  void NoteHeard(const NodeId& id);
  void Step(const rm::Event& event);
  void Execute(rm::Actions actions);
  void Perform(const rm::Action& action);
  void Perform(const rm::Reply& reply);
  void OnStored(const SimStore::Answer& answer);
  void ReleaseHeld();
  void ArmDeadline();
  void Check(const PendingCall& call, const Answer& answer);

  World& world_;
  SimClock clock_;
  std::unique_ptr<rm::ResourceManagerCore> core_;
  store::EpochRecord epoch_;
  std::map<uint64_t, PendingCall> calls_;
  std::map<uint64_t, std::vector<rm::Action>> held_;  // by the record they wait for
  uint64_t committed_ = 0;
  uint64_t next_call_ = 1;
  uint64_t incarnation_ = 0;
  Instant armed_ = kNever;
  bool stepping_down_ = false;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_RESOURCE_MANAGER_H_
