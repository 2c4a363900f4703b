#include "resourcemanager/server/store_follower.h"

#include <utility>

#include "platform/clock.h"
#include "platform/log.h"
#include "state-store/store_note.h"

namespace weir::rm {

StoreFollower::StoreFollower(const store::StoreOptions& options, const CoreOptions& core, Told told)
    : options_(options), told_(std::move(told)) {
  followed_store_.state = std::make_unique<FollowedState>(core);
  loop_.Start();
  loop_.Post([this] { Follow(); });
}

StoreFollower::~StoreFollower() {
  loop_.Stop();
}

FollowedStore StoreFollower::Take() {
  loop_.Stop();  // joins
  return std::move(followed_store_);
}

void StoreFollower::Follow() {
  Status status;
  std::unique_ptr<store::StateStore>& state_store = followed_store_.store;
  if (state_store == nullptr) {
    auto opened = store::OpenStateStore(options_);
    if (opened.ok()) {
      state_store = *std::move(opened);
    } else {
      status = std::move(opened).error();
    }
  }
  if (state_store != nullptr) status = FollowStore(*state_store, *followed_store_.state);
  if (status.ok() && !std::exchange(followed_, true)) {
    platform::LogInfo("rm.store", "-", "following", {{"store", options_.Place()}});
  }
  if (status.ok()) status = Note();
  const std::string failure = status.ok() ? "" : status.error().ToString();
  if (!failure.empty() && failure != last_failure_) {
    platform::LogWarn("rm.store", "-", "cannot follow", {{"error", failure}});
  }
  last_failure_ = failure;
  told_(status);
  loop_.At(platform::MonotonicNow() + kPeriod, [this] { Follow(); });
}

// What is remembered here is what makes an empty store suspicious to this one, too, should the one
// that wrote it be gone.
Status StoreFollower::Note() {
  const std::optional<Epoch> epoch = followed_store_.store->FollowedEpoch();
  if (!epoch || epoch == noted_) return {};
  WEIR_RETURN_IF_ERROR(store::NoteFollowed(options_, *epoch));
  noted_ = epoch;
  return {};
}

}  // namespace weir::rm
