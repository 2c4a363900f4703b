// FollowingStandby: a standby of a CoreDriver: it looks at what is committed, now and then and not
// at all of it at once, and leads when the driver's ResourceManager is gone.
#ifndef WEIR_TESTS_UNIT_RESOURCEMANAGER_FOLLOWING_STANDBY_H_
#define WEIR_TESTS_UNIT_RESOURCEMANAGER_FOLLOWING_STANDBY_H_

#include <map>
#include <memory>
#include <string>

#include "common/random.h"
#include "resourcemanager/core/standby_core.h"

namespace weir::rm {

class FollowingStandby {
 public:
  using Records = std::map<std::string, store::Record>;  // by key

  explicit FollowingStandby(const CoreOptions& options) : options_(options), core_(options) {}

  // `late`: of what has changed something is not seen yet, as when it is written while it is read.
  void Look(const Records& stored, Random* late = nullptr);
  // All is seen; begins anew as another's standby.
  std::unique_ptr<ResourceManagerCore> Lead(const Records& stored,
                                            const store::EpochRecord& epoch,
                                            Now now);
  int looks() const { return looks_; }
  int whole() const { return whole_; }  // looks at everything
  int warm() const { return warm_; }    // of those who led, the ones that had followed all

 private:
  void Give(store::RecordChanges changes);

  CoreOptions options_;
  StandbyCore core_;
  Records seen_;
  int looks_ = 0;
  int whole_ = 0;
  int warm_ = 0;
};

}  // namespace weir::rm

#endif  // WEIR_TESTS_UNIT_RESOURCEMANAGER_FOLLOWING_STANDBY_H_
