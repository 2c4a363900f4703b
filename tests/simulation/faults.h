// Faults: what goes wrong in a run, drawn from its seed and its setting: how often messages are
// lost, delayed or sent twice, which process dies at which action, how the store behaves. Stop()
// ends all of it. Counts what it did. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_FAULTS_H_
#define WEIR_TESTS_SIMULATION_FAULTS_H_

#include <array>
#include <cstdint>
#include <string>

#include "common/random.h"
#include "common/time.h"
#include "tests/simulation/fault_kinds.h"
#include "tests/simulation/scenario.h"

namespace weir::simulation {

// kRestarts: the ResourceManager dies and comes back, and nothing else goes wrong. kOneDeath: one
// process dies once, at a place that is given by its number, and nothing else goes wrong.
enum class Faultiness { kDrawn, kNone, kRestarts, kOneDeath };

class Faults {
 public:
  struct Options {
    uint64_t seed = 1;
    Faultiness faultiness = Faultiness::kDrawn;
    bool several = false;  // ResourceManagers, with a ZooKeeper
    Setting setting{};     // counts with kDrawn only
  };
  Faults(Random& random, const Options& options);

  // --- messages
  bool LoseMessage();
  bool DuplicateMessage();
  Duration MessageDelay();

  // --- processes: whether it dies just before its next action
  bool CrashResourceManager();
  bool CrashNodeManager();
  bool CrashMaster();
  // Whether it dies just after it: a place of its own for kOneDeath, else never.
  bool CrashAfterwards(Fault fault);
  Duration RestartDelay();
  // With kOneDeath: the number of the place, from 1; and how many there have been.
  void DieAt(uint64_t place) { dies_at_ = place; }
  uint64_t places() const { return places_; }

  // --- the store
  Duration StoreDelay();
  bool FailStoreWrite();
  // Of the write that was under way when its writer died, or that failed: how many of its bytes are
  // on the disk, at least one and never all; 0 = none.
  size_t TearWrite(size_t bytes);
  // Of the records that a NodeManager had not written when it died: how many are; 0 = none.
  size_t TearRecords(size_t records);

  // --- a node's executor: kRecordFailure, kLocalizationFailure, kLaunchFailure
  bool FailExecutor(Fault fault);
  // What a launch, or a removal of directories, takes beyond the usual.
  Duration ExecutorDelay();
  // A worker that would have succeeded fails.
  bool FailContainer();

  // --- the network as a whole
  bool IsolateNode();  // asked once a virtual second and node
  bool IsolateAll();   // asked once a virtual second: the RM hears of no node
  Duration IsolationTime();

  // --- asked once a virtual second
  bool StopNodeManager();  // and node
  Duration NodeManagerStopTime();
  bool StopResourceManager();
  bool StopZookeeper();
  bool CutHosts();
  bool JumpClock();
  Duration OutageTime();
  // Asked at each ping of a connection.
  bool CutZookeeper();

  void Count(Fault fault) { ++counts[fault]; }
  void Stop() { active_ = false; }
  bool active() const { return active_; }
  // A scenario says how often some of it happens.
  bool set() const { return set_; }
  // Enough happened for the run to mean something, where it is left to the seed how much does.
  bool Satisfied() const {
    if (one_death_ || set_) return true;
    const int64_t messages = counts[Fault::kLostMessage] + counts[Fault::kDuplicatedMessage];
    return counts.crashes() >= 1 && (restarts_only_ || messages >= 10);
  }

  FaultCounts counts;

 private:
  uint64_t& per_million(Fault fault) { return per_million_[static_cast<size_t>(fault)]; }
  void DrawOften(Random& random, bool several);
  bool Draw(Fault fault) { return DrawFrom(random_, per_million(fault), fault); }
  bool DrawFrom(Random& random, uint64_t per_million, Fault fault);
  bool Crash(Fault fault);
  bool IsThePlace();

  Random& random_;
  Random other_;  // for the kinds that came later
  bool active_;
  const bool restarts_only_;
  const bool one_death_;
  bool set_ = false;      // by a scenario
  uint64_t dies_at_ = 0;  // 0 = nowhere
  uint64_t places_ = 0;
  std::array<uint64_t, kFaults> per_million_{};
  Duration usual_delay_{0};
  Duration slow_delay_{0};
  Duration store_delay_{0};
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_FAULTS_H_
