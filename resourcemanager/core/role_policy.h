// RolePolicy: whether a ResourceManager of several is to be active, from what it has been told.
//
// Terms: it *stands* when it takes part in the election; it is *to be active* while it is elected
// (automatic failover) or has been told to (manual). After its active part has ended by itself or
// did not start it does not stand for a while (*back-off*), which doubles until it has been active
// for `steady`: another one gets the chance. One that has *ceded* does the same because it was
// asked to.
//
// Pure; deterministic. Owner: the HighAvailabilityDaemon's role loop, or a test.
#ifndef WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_
#define WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_

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
  bool stands(Instant now) const { return automatic_ && now >= stands_from_; }
  // When `stands` changes by itself; kNever if it does not.
  Instant NextDeadline(Instant now) const { return now < stands_from_ ? stands_from_ : kNever; }

 private:
  const bool automatic_;
  bool to_be_active_ = false;
  Instant stands_from_{};
  Instant active_since_ = kNever;
  Duration back_off_ = kFirstBackOff;
};

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_CORE_ROLE_POLICY_H_
