#include "tests/simulation/sim_standby.h"

#include <utility>

namespace weir::simulation {

SimStandby::SimStandby(const ZookeeperRecords& records,
                       const rm::CoreOptions& options,
                       uint64_t seed)
    : records_(records), core_(options), random_(seed) {}

void SimStandby::Look() {
  Look(Eyes::kSome);
}

void SimStandby::Look(Eyes eyes) {
  const std::map<std::string, std::string> stored = records_.Bytes();
  const auto sees = [&] { return eyes == Eyes::kAll || !random_.Chance(1, 20); };
  store::RecordChanges changes;
  std::map<std::string, std::string> next = seen_;
  for (const auto& [key, bytes] : stored) {
    const auto known = seen_.find(key);
    if ((known != seen_.end() && known->second == bytes) || !sees()) continue;
    changes.put.push_back(*store::Decode(key, bytes));
    next.insert_or_assign(key, bytes);
  }
  for (const auto& [key, bytes] : seen_) {
    if (stored.contains(key) || !sees()) continue;
    changes.gone.push_back(*store::Decode(key, bytes));
    next.erase(key);
  }
  seen_ = std::move(next);
  if (!core_.stale()) core_.Follow(std::move(changes));
  if (!core_.stale()) return;
  store::RecordChanges all{.whole = true, .put = {}, .gone = {}};
  for (const auto& [key, bytes] : seen_) all.put.push_back(*store::Decode(key, bytes));
  core_.Follow(std::move(all));
}

std::unique_ptr<rm::ResourceManagerCore> SimStandby::Lead(const store::EpochRecord& epoch,
                                                          const rm::LeadershipOptions& leadership,
                                                          Now now) {
  Look(Eyes::kAll);
  return core_.Lead(epoch, leadership, now);
}

}  // namespace weir::simulation
