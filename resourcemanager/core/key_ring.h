// KeyRing: when the keys that sign tokens are replaced, and by what.
//
// Terms: the ring has up to three keys, with ids that follow one another: the *previous* one, whose
// tokens still hold, the one that *signs*, and the *next* one, which signs nothing yet. It is
// *spreading* while it has a next one: NodeManagers and ApplicationMasters are told of that key
// meanwhile. A *roll* is one key taking the place of another, in two steps:
//
//   {1, 2*}  -- a period after key 2 began to sign --> {1, 2*, 3}  -- the spread --> {2, 3*}
//
// Invariants: a key begins to sign no sooner than the spread after it became durable, by the
// monotonic clock of a single process; it verifies for the spread at least after it has ceased to
// sign. Nothing is in force before its record is durable, and no step begins before that. The wall
// clock is looked at once, when a record of an earlier process is read: whatever it says, the next
// key comes within a period, and a spread passes before that one signs. So clocks that jump, and
// however many processes one after the other, make a roll later or earlier, never two at once.
//
// Single-threaded: owned by the core loop. Random bytes come from outside. Pure.
#ifndef WEIR_RESOURCEMANAGER_CORE_KEY_RING_H_
#define WEIR_RESOURCEMANAGER_CORE_KEY_RING_H_

#include <optional>
#include <string>

#include "common/time.h"
#include "state-store/records.h"

namespace weir::rm {

struct KeyRingOptions {
  Duration interval = seconds(24 * 3600);  // from one key's first signature to the next one's
  Duration spread = seconds(45);           // of it, how long a key is known before it signs
};

// Who does not speak for the longer of these is given up. So whoever has not been told of a key
// within half as much again has to register anew, and is told then.
Duration KeySpread(Duration node_expiry, Duration master_expiry);
// The shortest interval: everybody has a token of a key that signs before the one before is gone.
Duration ShortestKeyInterval(Duration spread);

class KeyRing {
 public:
  // `stored`: what an earlier process left; without keys: there was none.
  KeyRing(const KeyRingOptions& options, store::TokenKeysRecord stored, Now now);

  // What is durable. Empty until the first key is.
  const store::TokenKeysRecord& in_force() const { return in_force_; }
  bool spreading() const;
  bool writing() const { return writing_.has_value(); }
  int newest() const;

  // What is to be written now, if it is time for a step. `key`: bytes for a new key. OnStored
  // follows; nothing more is due before.
  std::optional<store::TokenKeysRecord> Step(Now now, const std::string& key);
  void OnStored(Now now);
  // The next key is due now, unless there is one.
  void Hasten(Now now);
  // When Step has something to do; kNever while a record is being written.
  Instant NextDeadline() const { return writing() ? kNever : due_; }

 private:
  Duration period() const { return options_.interval - options_.spread; }

  KeyRingOptions options_;
  store::TokenKeysRecord in_force_;
  std::optional<store::TokenKeysRecord> writing_;
  Instant due_;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_KEY_RING_H_
