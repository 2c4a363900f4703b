#include "tests/unit/resourcemanager/following_standby.h"

#include <gtest/gtest.h>

#include <utility>

namespace weir::rm {

void FollowingStandby::Look(const Records& stored, Random* late) {
  ++looks_;
  store::RecordChanges changes;
  const auto seen = [late] { return late == nullptr || !late->Chance(1, 10); };
  Records next = seen_;
  for (const auto& [key, record] : stored) {
    const auto known = seen_.find(key);
    if ((known != seen_.end() && known->second == record) || !seen()) continue;
    changes.put.push_back(record);
    next.insert_or_assign(key, record);
  }
  for (const auto& [key, record] : seen_) {
    if (stored.contains(key) || !seen()) continue;
    changes.gone.push_back(record);
    next.erase(key);
  }
  seen_ = std::move(next);
  Give(std::move(changes));
}

void FollowingStandby::Give(store::RecordChanges changes) {
  if (!core_.stale()) core_.Follow(std::move(changes));
  if (core_.stale()) {
    ++whole_;
    store::RecordChanges all{.whole = true, .put = {}, .gone = {}};
    for (const auto& [key, record] : seen_) all.put.push_back(record);
    core_.Follow(std::move(all));
  }
  ASSERT_FALSE(core_.stale());
  EXPECT_EQ(core_.CheckInvariants(), "");
}

std::unique_ptr<ResourceManagerCore> FollowingStandby::Lead(const Records& stored,
                                                            const store::EpochRecord& epoch,
                                                            Now now) {
  const int before = whole_;
  Look(stored);
  if (whole_ == before) ++warm_;
  auto leader = core_.Lead(epoch, {}, now);
  core_ = StandbyCore(options_);
  seen_.clear();
  return leader;
}

}  // namespace weir::rm
