// RolePolicy: whether a ResourceManager of several is to be active, from what it has been told.
//
// Terms: it *stands* when it takes part in the election; it is *to be active* while it is elected
// (automatic failover) or has been told to (manual). After its active part has ended by itself or
// did not start it does not stand for a while (*back-off*), which doubles until it has been active
// for `steady`: another one gets the chance. One that has *ceded* does the same because it was
// asked to, until another one leads. One that is elected and not to be active holds the lock *in
// vain*: it gives it back, however short the time is for which it does not stand.
//
// Pure; deterministic. Owner: the HighAvailabilityDaemon's role loop, or a test.
#ifndef WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_
#define WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_

#include <algorithm>

#include "common/result.h"
#include "common/time.h"

namespace weir::rm {

class RolePolicy {
 public:
  static constexpr Duration kFirstBackOff = seconds(1);
  static constexpr Duration kLongestBackOff = seconds(30);
  static constexpr Duration kSteady = seconds(60);
  static constexpr Duration kCedeMost = seconds(600);

  explicit RolePolicy(bool automatic) : automatic_(automatic) {}

  // --- the election; only with automatic failover
  void Elected();
  void Deposed();
  // Another one was elected: who has ceded has done what it was asked to.
  void AnotherLeads();

  // --- the active part
  void Started(Instant now);
  // It did not start, or it has ended by itself.
  void Ended(Instant now);

  // --- administrators. kFailedPrecondition: the other mode's; kInvalidArgument: too long.
  // Manual: is to be active. Automatic, if `forced`: stands again.
  Status ToActive(bool forced);
  // Manual: is not to be active. Automatic, if `forced`: does not stand until it is told to again.
  Status ToStandby(bool forced);
  // Automatic: does not stand for so long.
  Status Cede(Duration time, Instant now);

  bool automatic() const { return automatic_; }
  bool to_be_active() const { return to_be_active_; }
  bool holds_in_vain() const { return elected_ && !to_be_active_; }
  bool stands(Instant now) const {
    return automatic_ && !holds_in_vain() && now >= std::max(stands_from_, ceded_until_);
  }
  // When `stands` changes by itself; kNever if it does not.
  Instant NextDeadline(Instant now) const {
    const Instant next = std::max(stands_from_, ceded_until_);
    return now < next ? next : kNever;
  }

 private:
  const bool automatic_;
  bool elected_ = false;
  bool to_be_active_ = false;
  Instant stands_from_{};
  Instant ceded_until_{};
  Instant active_since_ = kNever;
  Duration back_off_ = kFirstBackOff;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_
