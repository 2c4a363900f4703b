// Leadership: since when this ResourceManager knows that no other one has become active after it.
//
// Why it has to know. A node keeps its containers for a lease that counts from the last word of its
// ResourceManager; who takes over replaces what ran on a node after that node's expiry, which
// counts from when it has taken over. One that is cut off together with nodes may be followed
// without hearing of it. So every answer to a node says for how long the leadership is unconfirmed,
// and the node's lease counts from so much earlier (nodemanager/core/lease.h): from a moment at
// which nobody had taken over.
//
// Terms. In each *round* the *store* is asked whether the epoch is still ours; a yes confirms the
// leadership as of the moment of the question. ZooKeeper may be away for a minute, and nothing may
// end for that: when it did not answer in the round before, *the others* are asked as well, which
// are all other ResourceManagers. If each says that it is not active under a later epoch, or nobody
// listens there, they confirm it together. Their word is the weaker one: one of them may have been
// active meanwhile and not be so any more. So it counts only while the last confirmation is younger
// than `bridge`, which is less than a node's expiry: who was active for less than that has
// replaced nothing yet, and who becomes active later counts from then.
//
// States of a round: asked -> confirmed, by either; or overtaken by kRoundsKept later ones. An
// answer to any other round is ignored.
//
// Bounded: kRoundsKept rounds are remembered. Pure; owner: ResourceManagerCore.
#ifndef WEIR_RESOURCEMANAGER_CORE_LEADERSHIP_H_
#define WEIR_RESOURCEMANAGER_CORE_LEADERSHIP_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>

#include "common/time.h"

namespace weir::rm {

struct LeadershipOptions {
  bool shared = false;           // others may take over; false: there is nothing to confirm
  size_t others = 0;             // how many
  Duration period = seconds(1);  // of rounds
  // When the epoch was asked for; nothing: when the core begins.
  std::optional<Instant> since{};
};

class Leadership {
 public:
  static constexpr size_t kRoundsKept = 32;

  Leadership(const LeadershipOptions& options, Duration bridge, Instant now);

  // To be asked now. Requires: now >= Next().
  struct Round {
    uint64_t number = 0;
    bool ask_others = false;
  };
  Round Begin(Instant now);
  Instant Next() const { return next_; }  // kNever: never

  void StoreSaid(uint64_t round, bool ours);
  // `other`: 0, 1...: which of them. `not_active`: false also when it could not be asked.
  void OtherSaid(uint64_t round, size_t other, bool not_active, Instant now);

  // 0 while nobody may take over.
  Duration Unconfirmed(Instant now) const;

 private:
  struct Asked {
    uint64_t number = 0;
    Instant at;
    std::set<size_t> not_active;  // of the others
  };
  Asked* Find(uint64_t round);
  void Confirm(Instant as_of);

  const LeadershipOptions options_;
  const Duration bridge_;
  Instant confirmed_;  // as of
  Instant next_;
  uint64_t last_round_ = 0;
  uint64_t stored_round_ = 0;  // the last one that the store confirmed
  std::deque<Asked> rounds_;   // oldest first
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_LEADERSHIP_H_
