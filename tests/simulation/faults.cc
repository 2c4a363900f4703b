#include "tests/simulation/faults.h"

namespace weir::simulation {
namespace {

constexpr uint64_t kMillion = 1'000'000;

Duration Between(Random& random, Duration low, Duration high) {
  return Duration(random.Between(low.count(), high.count()));
}

}  // namespace

FaultCounts& FaultCounts::operator+=(const FaultCounts& other) {
  messages += other.messages;
  lost += other.lost;
  duplicated += other.duplicated;
  slow += other.slow;
  rm_crashes += other.rm_crashes;
  nm_crashes += other.nm_crashes;
  am_crashes += other.am_crashes;
  store_failures += other.store_failures;
  isolations += other.isolations;
  lease_ends += other.lease_ends;
  takeovers += other.takeovers;
  rm_stops += other.rm_stops;
  zk_cuts += other.zk_cuts;
  zk_outages += other.zk_outages;
  cuts += other.cuts;
  clock_jumps += other.clock_jumps;
  lost_queues += other.lost_queues;
  return *this;
}

std::string FaultCounts::ToString() const {
  return std::to_string(messages) + " messages (" + std::to_string(lost) + " lost, " +
         std::to_string(duplicated) + " duplicated, " + std::to_string(slow) +
         " slow), crashes: " + std::to_string(rm_crashes) + " RM, " + std::to_string(nm_crashes) +
         " NM, " + std::to_string(am_crashes) + " AM; " + std::to_string(store_failures) +
         " failed writes, " + std::to_string(isolations) + " isolated nodes, " +
         std::to_string(lease_ends) + " leases at their end, " + std::to_string(lost_queues) +
         " starts without a queue in use; " + std::to_string(takeovers) + " takeovers, " +
         std::to_string(rm_stops) + " RMs stopped, " + std::to_string(cuts) + " hosts cut off, " +
         std::to_string(zk_cuts) + " ZooKeeper connections cut, " + std::to_string(zk_outages) +
         " outages, " + std::to_string(clock_jumps) + " clocks jumped";
}

Faults::Faults(Random& random, Faultiness faultiness, bool several)
    : random_(random),
      active_(faultiness != Faultiness::kNone),
      restarts_only_(faultiness == Faultiness::kRestarts),
      one_death_(faultiness == Faultiness::kOneDeath),
      lose_(6'000 + random.Below(55'000)),
      duplicate_(6'000 + random.Below(55'000)),
      slow_(random.Below(50'000)),
      usual_delay_(Between(random, microseconds(50), milliseconds(5))),
      slow_delay_(Between(random, milliseconds(100), seconds(8))),
      rm_crash_(random.Chance(2, 3) ? random.Below(15'000) : 0),
      nm_crash_(random.Chance(2, 3) ? random.Below(25'000) : 0),
      am_crash_(random.Chance(1, 2) ? random.Below(50'000) : 0),
      store_delay_(Between(random, microseconds(20), milliseconds(10))),
      store_slow_(random.Chance(1, 4) ? 300'000 + random.Below(500'000) : random.Below(100'000)),
      store_failure_(random.Chance(1, 3) ? random.Below(60'000) : 0),
      isolate_(random.Chance(1, 2) ? random.Below(15'000) : 0),
      executor_failure_(random.Chance(1, 2) ? random.Below(150'000) : 0) {
  if (several && active_ && !restarts_only_ && !one_death_) {
    for (uint64_t* one : {&rm_stop_, &zk_outage_, &cut_, &clock_jump_}) {
      *one = random.Chance(1, 2) ? random.Below(60'000) : 0;
    }
    zk_cut_ = random.Chance(1, 2) ? random.Below(80'000) : 0;
  }
  if (!restarts_only_ && !one_death_) return;
  for (uint64_t* other : {&lose_,
                          &duplicate_,
                          &slow_,
                          &nm_crash_,
                          &am_crash_,
                          &store_failure_,
                          &isolate_,
                          &executor_failure_}) {
    *other = 0;
  }
  rm_crash_ = restarts_only_ ? 1'000 + random.Below(8'000) : 0;
}

bool Faults::Draw(uint64_t per_million) {
  return active_ && per_million > 0 && random_.Chance(per_million, kMillion);
}

bool Faults::LoseMessage() {
  ++counts.messages;
  const bool lost = Draw(lose_);
  if (lost) ++counts.lost;
  return lost;
}

bool Faults::DuplicateMessage() {
  const bool twice = Draw(duplicate_);
  if (twice) ++counts.duplicated;
  return twice;
}

Duration Faults::MessageDelay() {
  const Duration usual = Between(random_, microseconds(20), usual_delay_);
  if (!Draw(slow_)) return usual;
  ++counts.slow;
  return usual + Between(random_, Duration(0), slow_delay_);
}

bool Faults::IsThePlace() {
  return active_ && one_death_ && ++places_ == dies_at_;
}

bool Faults::Crash(uint64_t per_million, int64_t FaultCounts::*count) {
  const bool crash = IsThePlace() || Draw(per_million);
  if (crash) ++(counts.*count);
  return crash;
}

bool Faults::CrashAfterwards(int64_t FaultCounts::*count) {
  const bool crash = IsThePlace();
  if (crash) ++(counts.*count);
  return crash;
}

bool Faults::CrashResourceManager() {
  return Crash(rm_crash_, &FaultCounts::rm_crashes);
}

bool Faults::CrashNodeManager() {
  return Crash(nm_crash_, &FaultCounts::nm_crashes);
}

bool Faults::CrashMaster() {
  return Crash(am_crash_, &FaultCounts::am_crashes);
}

Duration Faults::RestartDelay() {
  const bool long_ones = !restarts_only_ && !one_death_ && random_.Chance(1, 4);
  return Between(random_, milliseconds(5), long_ones ? seconds(15) : seconds(2));
}

Duration Faults::StoreDelay() {
  if (Draw(store_slow_)) return Between(random_, milliseconds(50), seconds(3));
  return Between(random_, microseconds(10), store_delay_);
}

bool Faults::FailStoreWrite() {
  const bool fail = Draw(store_failure_);
  if (fail) ++counts.store_failures;
  return fail;
}

bool Faults::FailExecutor() {
  return Draw(executor_failure_);
}

bool Faults::IsolateNode() {
  const bool isolate = Draw(isolate_);
  if (isolate) ++counts.isolations;
  return isolate;
}

bool Faults::IsolateAll() {
  constexpr uint64_t kRarer = 4;
  const bool isolate = Draw(isolate_ / kRarer);
  if (isolate) ++counts.isolations;
  return isolate;
}

bool Faults::StopResourceManager() {
  const bool stop = Draw(rm_stop_);
  if (stop) ++counts.rm_stops;
  return stop;
}

bool Faults::StopZookeeper() {
  const bool stop = Draw(zk_outage_);
  if (stop) ++counts.zk_outages;
  return stop;
}

bool Faults::CutHosts() {
  const bool cut = Draw(cut_);
  if (cut) ++counts.cuts;
  return cut;
}

bool Faults::JumpClock() {
  const bool jump = Draw(clock_jump_);
  if (jump) ++counts.clock_jumps;
  return jump;
}

bool Faults::CutZookeeper() {
  const bool cut = Draw(zk_cut_);
  if (cut) ++counts.zk_cuts;
  return cut;
}

// Shorter and longer than a session.
Duration Faults::OutageTime() {
  return Between(random_, milliseconds(100), seconds(20));
}

Duration Faults::IsolationTime() {
  return Between(random_, milliseconds(500), seconds(25));
}

}  // namespace weir::simulation
