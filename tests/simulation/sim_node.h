// SimNode: a NodeManager's core in a simulated shell, and its machine: the containers' processes,
// their directories, and the notes on disk that outlive the NodeManager.
//
// The NodeManager may die at every action, before or after what it wanted kept was written;
// processes run on without it, and the next incarnation goes on from the records and what it finds.
// Sometimes the whole machine dies, and with it the processes and some of the records. And it may
// be stopped for a while: the processes run on, and all that came meanwhile comes to it at once.
//
// Owner: Simulation. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_SIM_NODE_H_
#define WEIR_TESTS_SIMULATION_SIM_NODE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "nodemanager/core/node_manager_core.h"
#include "tests/simulation/sim_master.h"
#include "tests/simulation/sim_process.h"
#include "tests/simulation/world.h"

namespace weir::simulation {

class SimNode {
 public:
  static constexpr Duration kNodeExpiry = seconds(10);  // the RM's
  using Answer = decltype(nm::Reply::answer);
  using ReplyTo = std::function<void(const Answer&)>;

  SimNode(World& world, size_t index);
  ~SimNode();

  enum class Death { kProcess, kMachine };

  void Boot();
  bool up() const { return core_ != nullptr; }
  uint64_t incarnation() const { return process_.incarnation(); }
  const std::string& name() const { return name_; }
  const nm::NodeManagerCore* core() const { return core_.get(); }
  uint64_t Receive(const nm::Event& request, const ReplyTo& reply);
  void Abandon(uint64_t number);
  void Crash(Death death = Death::kProcess);
  void StopFor(Duration time);
  // What must not run here while `launched` is launched somewhere: of an ApplicationMaster anything
  // of an earlier attempt of its application, but for workers that it keeps; and anything at all
  // when the RM has heard nothing of this node for so long that it is lost, as any of it may have
  // been replaced by then, also by its own ApplicationMaster. But for nodes without a NodeManager,
  // or with one that is stopped, until a moment after one is back, and containers that are to be
  // kept. "" or what runs.
  std::string FindOverlap(const ContainerId& launched, bool keeps) const;
  // The newest RM has received something from it, or begins to wait for it.
  void HeardByResourceManager();
  // What its plan says; nothing while it is down.
  void ShutDown();
  void SetHealthy(bool healthy);
  void JumpClock(int64_t millis) { clock_.Jump(millis); }
  // The pairs that this incarnation ignored, into the run's coverage.
  void NoteIgnored();

  // What is left of containers: processes, notes, or what the core holds; "" when nothing is.
  std::string Holds() const;
  // Applications whose shared directories are still there.
  const std::set<ApplicationId>& directories() const { return directories_; }

 private:
  // What the disk says about a container until it is forgotten.
  struct Note {
    ContainerTokenIdentifier token;
    LaunchContext launch;
    std::optional<nm::ExitOutcome> outcome;
    std::optional<Error> failure;  // its program was not started
    int64_t retry = 0;             // which start in place the two are about
  };
  struct Process {
    Resource resource;
    bool main_ended = false;  // children may be left
    bool end_told = false;    // to this incarnation
    bool ignores_sigterm = false;
    std::unique_ptr<SimMaster> master;  // of an ApplicationMaster's container
  };

  struct Unwritten {
    int64_t sequence = 0;
    std::string key;
    std::optional<nm::NodeRecord> record;
  };

  void Step(const nm::Event& event);
  void Execute(const nm::Actions& actions);
  void Perform(const nm::Action& action);
  void PerformExecutor(const nm::Action& action);
  void SendToResourceManager(const nm::Action& action);
  void Reply(const nm::Reply& reply);
  void Localize(const nm::Localize& action);
  void Launch(const nm::Launch& launch);
  void StartProcess(const ContainerId& id, int64_t retry);
  void EndMain(const ContainerId& id, nm::ExitOutcome outcome);
  void EndProcess(const ContainerId& id);
  void Signal(const nm::Signal& signal);
  void Resize(const nm::Resize& wanted);
  bool ChangeSize(const nm::Resize& wanted);
  void CheckRoom();
  void ArmDeadline();
  // Runs later, in this incarnation only.
  void Later(Duration most, std::function<void()> action);
  void StepLater(Duration most, nm::Event event);
  nm::CoreOptions Options() const;
  // --- records
  void Keep(int64_t sequence, std::string key, std::optional<nm::NodeRecord> record);
  void WriteRecords();
  void WriteNow();
  void Write(const Unwritten& one);
  nm::Recovery Recover();
  nm::FoundContainer Find(const ContainerId& id) const;
  void LoseMachine();

  World& world_;
  const size_t index_;
  const std::string name_;
  SimClock clock_;
  std::unique_ptr<nm::NodeManagerCore> core_;
  SimProcess process_;
  Instant armed_ = kNever;
  uint64_t next_call_ = 1;
  std::map<uint64_t, ReplyTo> calls_;
  std::set<ContainerId> localizing_;
  std::vector<Unwritten> unwritten_;
  bool writing_ = false;

  // --- the machine
  std::map<ContainerId, Note> notes_;
  std::map<ContainerId, Process> processes_;
  std::set<ApplicationId> directories_;
  std::map<std::string, nm::NodeRecord> records_;
  Instant heard_by_rm_;
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_SIM_NODE_H_
