// KeyRoller: the keys that tokens are signed and verified with, for all who need them, and the
// shell of the KeyRing that replaces them: it makes the random bytes, writes the record, and puts
// the keys in force when that is durable.
//
// A record that cannot be written ends the ResourceManager's time as writer, as any other does.
//
// Threads: Current() and Roll() are thread-safe; the rest is on the core loop, the store's callback
// on the store's thread. Owner: the daemon. Call nothing but Current() before Start(). The loop
// must be stopped, and the store closed, before it goes; it outlives all that asks it for keys.
#ifndef WEIR_RESOURCEMANAGER_SERVER_KEY_ROLLER_H_
#define WEIR_RESOURCEMANAGER_SERVER_KEY_ROLLER_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "platform/event_loop.h"
#include "platform/mutex.h"
#include "platform/rpc_security.h"
#include "resourcemanager/core/key_ring.h"
#include "state-store/state_store.h"

namespace weir::rm {

// Bytes of a new key.
std::string MakeTokenKey();

// What an administrator is told: the roll that is under way.
struct KeyRoll {
  int next = 0;         // the key that is made known
  Duration signs_in{};  // and begins to sign then
  int dropped = 0;      // the key whose tokens are refused from then on; 0 = there is none
};

class KeyRoller {
 public:
  using Done = std::function<void(Result<KeyRoll>)>;
  static constexpr size_t kWaitersMax = 64;

  // Requires: the ring has a key. `lost` gets, on the loop, why a record could not be written;
  // once.
  KeyRoller(platform::EventLoop& core_loop,
            store::StateStore& state_store,
            Epoch epoch,
            KeyRing ring,
            std::function<void(const Error&)> lost);
  KeyRoller(const KeyRoller&) = delete;
  KeyRoller& operator=(const KeyRoller&) = delete;

  // Replaces keys from now on.
  void Start();
  // Those in force; they stay as they are for whoever holds them.
  std::shared_ptr<const platform::TokenKeys> Current() const;
  // Begins a roll now, if none is under way. `done`, on the loop: which one is, when it is durable.
  // Errors: kResourceExhausted; kUnavailable: a record could not be written.
  void Roll(const std::string& by, Done done);

 private:
  void Advance();
  void Write(store::TokenKeysRecord record);
  void OnStored(const Status& status);
  void Publish();
  void Tell();
  void ArmTimer();

  platform::EventLoop& loop_;
  store::StateStore& store_;
  const Epoch epoch_;
  const std::function<void(const Error&)> lost_;
  // Of the loop, once it has started.
  KeyRing ring_;
  std::vector<Done> waiting_;  // for a roll
  bool stopped_ = false;       // a record could not be written
  platform::EventLoop::TimerId timer_ = 0;

  mutable platform::Mutex mutex_;
  std::shared_ptr<const platform::TokenKeys> current_ WEIR_GUARDED_BY(mutex_);
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_KEY_ROLLER_H_
