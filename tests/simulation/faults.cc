#include "tests/simulation/faults.h"

#include <algorithm>

namespace weir::simulation {
namespace {

constexpr uint64_t kMillion = 1'000'000;
constexpr uint64_t kFaultDraws = 2;

Duration Between(Random& random, Duration low, Duration high) {
  return Duration(random.Between(low.count(), high.count()));
}

}  // namespace

Faults::Faults(Random& random, const Options& options)
    : random_(random),
      other_(OtherDraws(options.seed, kFaultDraws)),
      active_(options.faultiness != Faultiness::kNone),
      restarts_only_(options.faultiness == Faultiness::kRestarts),
      one_death_(options.faultiness == Faultiness::kOneDeath) {
  DrawOften(random, options.several && active_ && !restarts_only_ && !one_death_);
  if (options.faultiness == Faultiness::kDrawn) {
    for (size_t i = 0; i < kFaults; ++i) {
      if (!options.setting.faults[i]) continue;
      per_million_[i] = *options.setting.faults[i];
      set_ = true;
    }
  }
  if (!restarts_only_ && !one_death_) return;
  const uint64_t slow_writes = per_million(Fault::kSlowWrite);
  per_million_.fill(0);
  per_million(Fault::kSlowWrite) = slow_writes;
  if (restarts_only_) per_million(Fault::kRmCrash) = 1'000 + random.Below(8'000);
}

// In this order: each seed is to stay the run that it was.
void Faults::DrawOften(Random& random, bool several) {
  per_million(Fault::kLostMessage) = 6'000 + random.Below(55'000);
  per_million(Fault::kDuplicatedMessage) = 6'000 + random.Below(55'000);
  per_million(Fault::kSlowMessage) = random.Below(50'000);
  usual_delay_ = Between(random, microseconds(50), milliseconds(5));
  slow_delay_ = Between(random, milliseconds(100), seconds(8));
  per_million(Fault::kRmCrash) = random.Chance(2, 3) ? random.Below(15'000) : 0;
  per_million(Fault::kNmCrash) = random.Chance(2, 3) ? random.Below(25'000) : 0;
  per_million(Fault::kAmCrash) = random.Chance(1, 2) ? random.Below(50'000) : 0;
  store_delay_ = Between(random, microseconds(20), milliseconds(10));
  per_million(Fault::kSlowWrite) =
      random.Chance(1, 4) ? 300'000 + random.Below(500'000) : random.Below(100'000);
  per_million(Fault::kFailedWrite) = random.Chance(1, 3) ? random.Below(60'000) : 0;
  per_million(Fault::kIsolation) = random.Chance(1, 2) ? random.Below(15'000) : 0;
  const uint64_t executor = random.Chance(1, 2) ? random.Below(150'000) : 0;
  for (const Fault fault :
       {Fault::kRecordFailure, Fault::kLocalizationFailure, Fault::kLaunchFailure}) {
    per_million(fault) = executor;
  }
  if (!several) return;
  for (const Fault fault :
       {Fault::kRmStop, Fault::kZookeeperOutage, Fault::kHostCut, Fault::kClockJump}) {
    per_million(fault) = random.Chance(1, 2) ? random.Below(60'000) : 0;
  }
  per_million(Fault::kZookeeperCut) = random.Chance(1, 2) ? random.Below(80'000) : 0;
}

bool Faults::DrawFrom(Random& random, uint64_t per_million, Fault fault) {
  const bool drawn = active_ && per_million > 0 && random.Chance(per_million, kMillion);
  if (drawn) Count(fault);
  return drawn;
}

bool Faults::LoseMessage() {
  ++counts.messages;
  return Draw(Fault::kLostMessage);
}

bool Faults::DuplicateMessage() {
  return Draw(Fault::kDuplicatedMessage);
}

Duration Faults::MessageDelay() {
  const Duration usual = Between(random_, microseconds(20), usual_delay_);
  if (!Draw(Fault::kSlowMessage)) return usual;
  return usual + Between(random_, Duration(0), slow_delay_);
}

bool Faults::IsThePlace() {
  return active_ && one_death_ && ++places_ == dies_at_;
}

bool Faults::Crash(Fault fault) {
  if (!IsThePlace()) return Draw(fault);
  Count(fault);
  return true;
}

bool Faults::CrashAfterwards(Fault fault) {
  const bool crash = IsThePlace();
  if (crash) Count(fault);
  return crash;
}

bool Faults::CrashResourceManager() {
  return Crash(Fault::kRmCrash);
}

bool Faults::CrashNodeManager() {
  return Crash(Fault::kNmCrash);
}

bool Faults::CrashMaster() {
  return Crash(Fault::kAmCrash);
}

Duration Faults::RestartDelay() {
  const bool long_ones = !restarts_only_ && !one_death_ && random_.Chance(1, 4);
  return Between(random_, milliseconds(5), long_ones ? seconds(15) : seconds(2));
}

Duration Faults::StoreDelay() {
  if (Draw(Fault::kSlowWrite)) return Between(random_, milliseconds(50), seconds(3));
  return Between(random_, microseconds(10), store_delay_);
}

bool Faults::FailStoreWrite() {
  return Draw(Fault::kFailedWrite);
}

size_t Faults::TearWrite(size_t bytes) {
  if (bytes < 2) return 0;
  if (!DrawFrom(other_, per_million(Fault::kTornWrite), Fault::kTornWrite)) return 0;
  return 1 + static_cast<size_t>(other_.Below(bytes - 1));
}

size_t Faults::TearRecords(size_t records) {
  if (records < 2) return 0;
  if (!DrawFrom(other_, per_million(Fault::kTornRecords), Fault::kTornRecords)) return 0;
  return 1 + static_cast<size_t>(other_.Below(records - 1));
}

bool Faults::FailExecutor(Fault fault) {
  return Draw(fault);
}

Duration Faults::ExecutorDelay() {
  const bool slow = DrawFrom(other_, per_million(Fault::kSlowExecutor), Fault::kSlowExecutor);
  return slow ? Between(other_, Duration(0), seconds(5)) : Duration(0);
}

bool Faults::FailContainer() {
  return DrawFrom(other_, per_million(Fault::kContainerFailure), Fault::kContainerFailure);
}

bool Faults::IsolateNode() {
  return Draw(Fault::kIsolation);
}

bool Faults::IsolateAll() {
  constexpr uint64_t kRarer = 4;
  return DrawFrom(random_, per_million(Fault::kIsolation) / kRarer, Fault::kIsolation);
}

bool Faults::StopNodeManager() {
  return DrawFrom(other_, per_million(Fault::kNmStop), Fault::kNmStop);
}

// Shorter and longer than a lease.
Duration Faults::NodeManagerStopTime() {
  return Between(other_, milliseconds(100), seconds(20));
}

bool Faults::StopResourceManager() {
  return Draw(Fault::kRmStop);
}

bool Faults::StopZookeeper() {
  return Draw(Fault::kZookeeperOutage);
}

bool Faults::CutHosts() {
  return Draw(Fault::kHostCut);
}

bool Faults::JumpClock() {
  return Draw(Fault::kClockJump);
}

bool Faults::CutZookeeper() {
  return Draw(Fault::kZookeeperCut);
}

// Shorter and longer than a session.
Duration Faults::OutageTime() {
  return Between(random_, milliseconds(100), seconds(20));
}

Duration Faults::IsolationTime() {
  return Between(random_, milliseconds(500), seconds(25));
}

}  // namespace weir::simulation
