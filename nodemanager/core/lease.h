// Lease: until when this node may believe that the ResourceManager counts on its containers.
//
// The rule. A container of which the RM may start a replacement elsewhere must not run here any
// more. The RM replaces what was on a node once the node is LOST, which is `expiry` after it
// received the last request of that node, or after it has taken over; the NodeManager has ended its
// containers `lease` after it *sent* the last request that was answered, less the time for which
// whoever answered had not known that nobody has taken over (*unconfirmed*). All are durations on
// clocks that only go forward; no wall clock takes part, so that it does not matter how one jumps.
//
// Why that is enough. Let s be when the NodeManager sent the last request whose answer it has
// heard, and r when the RM received that request for the first time: s <= r, whatever the network
// did, because a request does not arrive before it is sent (a request that is repeated counts from
// its first copy). The RM counts from r or later, as later requests, and repetitions, only move its
// deadline on. So the RM acts at r + expiry or later, and here all is over at s + lease or earlier:
// with lease + margin <= expiry nothing runs in two places. If another RM takes over at t, whatever
// the former one answers after that has been unconfirmed since before t
// (resourcemanager/core/leadership.h): what counts here is before t, and the other one acts at t +
// expiry or later. The margin (the RM sees to it, resourcemanager/core/node_lease.h) covers clocks
// that do not go at the same pace (500 ppm of 30 s are 15 ms) and the time the kernel takes to end
// a process.
//
// What a stop takes is part of the lease: it begins so much earlier that SIGKILL, where it is
// needed, comes when the lease ends, also when a disk does not take the record of the stop. A
// heartbeat is parked for an eighth of the lease at most: while all is well no more than two parks,
// a quarter of the lease, pass since the last answered request was sent.
//
// Limits. While no NodeManager runs on the machine, nobody acts: containers live on until the next
// one starts, which acts at once because what was last heard is in its records. A machine that
// sleeps stops its monotonic clock.
//
// Pure value; single-threaded.
#ifndef WEIR_NODEMANAGER_CORE_LEASE_H_
#define WEIR_NODEMANAGER_CORE_LEASE_H_

#include <algorithm>

#include "common/time.h"

namespace weir::nm {

class Lease {
 public:
  static constexpr int kParksPerLease = 8;
  static constexpr int kGraceShare = 4;  // at most this part of the lease is for stopping

  // A request sent at `sent` was answered by one that knew then that it leads.
  void Heard(Instant sent) { heard_ = std::max(heard_, sent); }
  // 0 = none was given: it never ends.
  void SetLength(Duration length) { length_ = length; }

  Instant heard() const { return heard_; }
  Duration length() const { return length_; }
  Duration LongestPark(Duration wished) const {
    return length_ > Duration{0} ? std::min(wished, length_ / kParksPerLease) : wished;
  }
  // When containers are to be asked to end, given the time that takes with SIGKILL.
  Instant StopAt(Duration grace) const {
    if (length_ <= Duration{0} || heard_ == Instant::min()) return kNever;
    return heard_ + length_ - std::min(grace, length_ / kGraceShare);
  }

 private:
  Instant heard_ = Instant::min();
  Duration length_{0};
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_LEASE_H_
