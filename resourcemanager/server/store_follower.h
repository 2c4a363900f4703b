// StoreFollower: keeps a state store near what another ResourceManager writes, and a core near what
// is in the store, so that a standby that becomes active has little left to do, whatever there is;
// and keeps the note of it (store_note.h).
//
// Threads: one of its own, which may wait for the store. Owner: the HighAvailabilityDaemon; Take
// and the destructor are for its thread and wait for what is being read.
#ifndef WEIR_RESOURCEMANAGER_SERVER_STORE_FOLLOWER_H_
#define WEIR_RESOURCEMANAGER_SERVER_STORE_FOLLOWER_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "platform/event_loop.h"
#include "resourcemanager/server/recovery.h"
#include "state-store/store_options.h"

namespace weir::rm {

// What was followed.
struct FollowedStore {
  std::unique_ptr<store::StateStore> store;  // null: it could not be opened so far
  std::unique_ptr<FollowedState> state;
};

class StoreFollower {
 public:
  static constexpr Duration kPeriod = milliseconds(250);

  using Told = std::function<void(const Status&)>;

  // Begins at once; what does not succeed is tried again. `options` outlive it; `told` hears, on
  // its thread, how each reading ended.
  StoreFollower(const store::StoreOptions& options, const CoreOptions& core, Told told);
  ~StoreFollower();
  StoreFollower(const StoreFollower&) = delete;
  StoreFollower& operator=(const StoreFollower&) = delete;

  // What there is, and the end of following.
  FollowedStore Take();

 private:
  void Follow();
  Status Note();

  const store::StoreOptions& options_;
  const Told told_;
  FollowedStore followed_store_;  // of the loop, as all below
  std::string last_failure_;      // each is told once
  bool followed_ = false;
  std::optional<Epoch> noted_;
  platform::EventLoop loop_{"rm-follower"};
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_STORE_FOLLOWER_H_
