// Faults: what goes wrong in a run, drawn from its seed: how often messages are lost, delayed or
// sent twice, which process dies at which action, how the store behaves. Stop() ends all of it.
// Counts what it did. Single-threaded.
#ifndef WEIR_TESTS_SIMULATION_FAULTS_H_
#define WEIR_TESTS_SIMULATION_FAULTS_H_

#include <cstdint>
#include <string>

#include "common/random.h"
#include "common/time.h"

namespace weir::simulation {

// kRestarts: the ResourceManager dies and comes back, and nothing else goes wrong. kOneDeath: one
// process dies once, at a place that is given by its number, and nothing else goes wrong.
enum class Faultiness { kDrawn, kNone, kRestarts, kOneDeath };

struct FaultCounts {
  int64_t messages = 0;
  int64_t lost = 0;
  int64_t duplicated = 0;
  int64_t slow = 0;  // far beyond the usual delay: others overtake it
  int64_t rm_crashes = 0;
  int64_t nm_crashes = 0;
  int64_t am_crashes = 0;
  int64_t store_failures = 0;
  int64_t isolations = 0;
  int64_t lease_ends = 0;   // nodes that had heard of no RM for too long
  int64_t takeovers = 0;    // times that some RM became active
  int64_t rm_stops = 0;     // processes that were stopped for a while
  int64_t zk_cuts = 0;      // connections to ZooKeeper
  int64_t zk_outages = 0;   // of the whole ensemble
  int64_t cuts = 0;         // between two hosts, or one way
  int64_t clock_jumps = 0;  // of wall clocks, by up to an hour
  int64_t lost_queues = 0;  // starts of the RM that held applications in its recovery queue

  int64_t crashes() const { return rm_crashes + nm_crashes + am_crashes; }
  FaultCounts& operator+=(const FaultCounts& other);
  std::string ToString() const;
};

class Faults {
 public:
  // `several`: ResourceManagers, with a ZooKeeper.
  Faults(Random& random, Faultiness faultiness, bool several);

  // --- messages
  bool LoseMessage();
  bool DuplicateMessage();
  Duration MessageDelay();

  // --- processes: whether it dies just before its next action
  bool CrashResourceManager();
  bool CrashNodeManager();
  bool CrashMaster();
  // Whether it dies just after it: a place of its own for kOneDeath, else never.
  bool CrashAfterwards(int64_t FaultCounts::*count);
  Duration RestartDelay();
  // With kOneDeath: the number of the place, from 1; and how many there have been.
  void DieAt(uint64_t place) { dies_at_ = place; }
  uint64_t places() const { return places_; }

  // --- the store
  Duration StoreDelay();
  bool FailStoreWrite();

  // --- a node's executor: files cannot be had, programs not be started
  bool FailExecutor();

  // --- the network as a whole
  bool IsolateNode();  // asked once a virtual second and node
  bool IsolateAll();   // asked once a virtual second: the RM hears of no node
  Duration IsolationTime();

  // --- asked once a virtual second; with several ResourceManagers only
  bool StopResourceManager();
  bool StopZookeeper();
  bool CutHosts();
  bool JumpClock();
  Duration OutageTime();
  // Asked at each ping of a connection.
  bool CutZookeeper();

  void Stop() { active_ = false; }
  bool active() const { return active_; }
  // Enough happened for the run to mean something.
  bool Satisfied() const {
    if (one_death_) return true;
    return counts.crashes() >= 1 && (restarts_only_ || counts.lost + counts.duplicated >= 10);
  }

  FaultCounts counts;

 private:
  bool Draw(uint64_t per_million);
  bool Crash(uint64_t per_million, int64_t FaultCounts::*count);
  bool IsThePlace();

  Random& random_;
  bool active_;
  const bool restarts_only_;
  const bool one_death_;
  uint64_t dies_at_ = 0;  // 0 = nowhere
  uint64_t places_ = 0;
  uint64_t lose_;       // per million messages
  uint64_t duplicate_;  // per million messages
  uint64_t slow_;       // per million messages
  Duration usual_delay_;
  Duration slow_delay_;
  uint64_t rm_crash_;  // per million actions
  uint64_t nm_crash_;  // per million actions
  uint64_t am_crash_;  // per million calls
  Duration store_delay_;
  uint64_t store_slow_;        // per million writes
  uint64_t store_failure_;     // per million writes
  uint64_t isolate_;           // per million seconds
  uint64_t executor_failure_;  // per million tries
  uint64_t rm_stop_ = 0;       // per million seconds, as the next ones
  uint64_t zk_outage_ = 0;
  uint64_t cut_ = 0;
  uint64_t clock_jump_ = 0;
  uint64_t zk_cut_ = 0;  // per million pings
};

}  // namespace weir::simulation

#endif  // WEIR_TESTS_SIMULATION_FAULTS_H_
