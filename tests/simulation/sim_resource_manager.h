// SimResourceManager: the RM's core in a simulated shell: calls come from the network, records go
// to a simulated store, actions that depend on a record wait for it. It may die at every action,
// and comes back with what is durable, under the next epoch.
//
// One of several stands for election and is active while it is elected, with a core and an epoch
// for each time; else it answers that it is not active.
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
#include <variant>
#include <vector>

#include "resourcemanager/core/resource_manager_core.h"
#include "tests/simulation/sim_election.h"
#include "tests/simulation/sim_process.h"
#include "tests/simulation/sim_standby.h"
#include "tests/simulation/world.h"
#include "tests/simulation/zookeeper_writer.h"

namespace weir::simulation {

struct Nothing {};

class SimResourceManager {
 public:
  using Answer = decltype(rm::Reply::answer);
  using ReplyTo = std::function<void(const Answer&)>;

  SimResourceManager(World& world, size_t index);
  ~SimResourceManager();

  const std::string& name() const { return name_; }
  // Its process starts.
  void Boot();
  bool up() const { return running_; }
  // Another one whenever what listens is another.
  uint64_t incarnation() const { return listening_; }
  // A request arrives; the number is the call's. Requires: up().
  uint64_t Receive(const rm::Event& request, const ReplyTo& reply);
  void Abandon(uint64_t number);

  // What the others ask: the epoch under which it is active, {} = it is not. Until its process is
  // there nobody listens.
  struct RoleDesk {
    using Answer = std::variant<Error, Epoch>;
    bool up() const { return rm.up(); }
    uint64_t incarnation() const { return 0; }  // each question has a connection of its own
    uint64_t Receive(const Nothing&, const std::function<void(const Answer&)>& reply);
    void Abandon(uint64_t) {}
    SimResourceManager& rm;
  };
  RoleDesk& role_desk() { return role_desk_; }

  // Null while it is not active.
  const rm::ResourceManagerCore* core() const { return core_.get(); }
  Epoch epoch() const { return epoch_.epoch; }
  // By its own clock.
  Now now() const { return clock_.At(world_.queue.now()); }
  // What the next submitted application will be called.
  ApplicationId GuessNextId() const;
  void Crash();
  void StopFor(Duration time);
  void GoOn() { process_.GoOn(); }
  void JumpClock(int64_t millis) { clock_.Jump(millis); }
  // The pairs that this incarnation ignored, into the run's coverage.
  void NoteIgnored();

 private:
  struct PendingCall {
    ReplyTo reply;
    std::string key;  // of a submission
    std::string who;  // for the trace
    ApplicationId watched;
    AttemptId attempt;
  };

  bool IsNewest() const;
  void Handle(uint64_t number, const rm::Event& request, const ReplyTo& reply);
  void NoteHeard(const NodeId& id);
  void Step(const rm::Event& event);
  void Execute(rm::Actions actions);
  void Perform(const rm::Action& action);
  void Perform(const rm::Reply& reply);
  void Confirm(const rm::ConfirmLeadership& question);
  void AskOther(uint64_t round, size_t other, SimResourceManager& rm);
  void OnStored(const RecordWriter::Answer& answer);
  void ReleaseHeld();
  void ArmDeadline();
  void Check(const PendingCall& call, const Answer& answer);
  // --- roles
  void BecomeActive();
  void OnOpened(RecordWriter::Opened opened);
  void StopBeingActive();
  // While it does not lead.
  void BeginFollowing();
  void FollowOn(uint64_t following);
  void StepDown();
  void Reconcile();

  World& world_;
  const std::string name_;
  SimProcess process_;
  RoleDesk role_desk_{*this};
  SimClock clock_;
  bool running_ = false;
  uint64_t listening_ = 0;
  std::unique_ptr<ZookeeperWriter> own_writer_;  // of one of several
  RecordWriter& writer_;
  std::unique_ptr<SimElection> election_;  // of one of several
  bool opening_ = false;
  Instant asked_{};                      // for the epoch, by its own clock
  uint64_t term_ = 0;                    // of being active: what belongs to an earlier one is void
  std::unique_ptr<SimStandby> standby_;  // of one of several
  uint64_t following_ = 0;               // counts the times of doing so
  std::unique_ptr<rm::ResourceManagerCore> core_;
  store::EpochRecord epoch_;
  std::map<uint64_t, PendingCall> calls_;
  std::map<uint64_t, std::vector<rm::Action>> held_;  // by the record they wait for
  uint64_t committed_ = 0;
  uint64_t next_call_ = 1;
  Instant armed_ = kNever;
  bool stepping_down_ = false;
};

// A call of `peer` to the ResourceManager that it takes for the active one; one that is not there,
// or not active, makes it try the next one next time.
void CallResourceManager(World& world,
                         const std::string& peer,
                         Network::Route route,
                         const rm::Event& event,
                         std::function<void(const SimResourceManager::Answer&)> done);

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_RESOURCE_MANAGER_H_
