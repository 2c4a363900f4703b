#include "resourcemanager/core/role_policy.h"

#include <algorithm>
#include <string>

namespace weir::rm {
namespace {

Error Automatic(const std::string& command) {
  return {ErrorCode::kFailedPrecondition,
          "this ResourceManager is made active and standby by election "
          "(yarn.resourcemanager.ha.automatic-failover.enabled)",
          "use `weir rmadmin -failover`, or " + command + " --forcemanual"};
}

}  // namespace

void RolePolicy::Elected() {
  elected_ = automatic_;
  to_be_active_ = automatic_;
}

void RolePolicy::Deposed() {
  elected_ = false;
  if (automatic_) to_be_active_ = false;
}

void RolePolicy::AnotherLeads() {
  ceded_until_ = Instant{};
}

void RolePolicy::Started(Instant now) {
  active_since_ = now;
}

void RolePolicy::Ended(Instant now) {
  to_be_active_ = false;
  const bool steady = active_since_ != kNever && now - active_since_ >= kSteady;
  if (steady) back_off_ = kFirstBackOff;
  active_since_ = kNever;
  stands_from_ = std::max(stands_from_, now + back_off_);
  back_off_ = std::min(2 * back_off_, kLongestBackOff);
}

Status RolePolicy::ToActive(bool forced) {
  if (automatic_ && !forced) return Automatic("-transitionToActive");
  if (automatic_) {
    stands_from_ = Instant{};
    ceded_until_ = Instant{};
  } else {
    to_be_active_ = true;
  }
  return {};
}

Status RolePolicy::ToStandby(bool forced) {
  if (automatic_ && !forced) return Automatic("-transitionToStandby");
  if (automatic_) stands_from_ = kNever;
  to_be_active_ = false;
  return {};
}

Status RolePolicy::Cede(Duration time, Instant now) {
  if (!automatic_) {
    return Error{ErrorCode::kFailedPrecondition,
                 "this ResourceManager takes part in no election: automatic failover is disabled",
                 "use `weir rmadmin -transitionToStandby`"};
  }
  if (time <= Duration{} || time > kCedeMost) {
    return Error{ErrorCode::kInvalidArgument,
                 "to cede for " + std::to_string(ToMillis(time)) + " ms is out of range",
                 "1 ms to " + std::to_string(ToMillis(kCedeMost)) + " ms"};
  }
  ceded_until_ = std::max(ceded_until_, now + time);
  to_be_active_ = false;
  return {};
}

}  // namespace weir::rm
