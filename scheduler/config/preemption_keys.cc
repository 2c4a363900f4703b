// What yarn-site.xml (or capacity-scheduler.xml) says about preemption.
#include <array>

#include "common/strings.h"
#include "scheduler/config/global_keys.h"
#include "scheduler/config/property_values.h"

namespace weir::scheduler {
namespace {

PreemptionSettings& Of(const GlobalTaking& t) {
  return t.configuration.preemption;
}

void TakeSwitch(const GlobalTaking& t, bool PreemptionSettings::*target) {
  t.Store(ParseSwitch(t.value()), Of(t).*target);
}
void TakeShare(const GlobalTaking& t, int64_t PreemptionSettings::*target) {
  t.Store(ParseFraction(t.value(), kWholeFactor, 0, kWholeFactor), Of(t).*target);
}
void TakeTime(const GlobalTaking& t, Duration PreemptionSettings::*target) {
  t.Store(ParseMilliseconds(t.value()), Of(t).*target);
}

void TakeOrder(const GlobalTaking& t) {
  const std::string order = ToLower(Trim(t.value()));
  if (order != "userlimit_first" && order != "priority_first") {
    return t.Fault({ErrorCode::kInvalidArgument,
                    "the order " + Quoted(t.value()) + " is not known",
                    "preemption-order-policy is userlimit_first or priority_first"});
  }
  Of(t).intra_priority_first = order == "priority_first";
}

using P = PreemptionSettings;

constexpr std::array kKeys = std::to_array<GlobalKey>({
    {"observe_only", [](const GlobalTaking& t) { TakeSwitch(t, &P::observe_only); }},
    {"monitoring_interval", [](const GlobalTaking& t) { TakeTime(t, &P::interval); }},
    {"max_wait_before_kill", [](const GlobalTaking& t) { TakeTime(t, &P::warning); }},
    {"total_preemption_per_round", [](const GlobalTaking& t) { TakeShare(t, &P::per_round); }},
    {"max_ignored_over_capacity",
     [](const GlobalTaking& t) {
       t.Store(ParseFraction(t.value(), kWholeFactor, 0, 1000 * kWholeFactor), Of(t).dead_zone);
     }},
    {"natural_termination_factor",
     [](const GlobalTaking& t) { TakeShare(t, &P::natural_termination); }},
    {"select_based_on_reserved_containers",
     [](const GlobalTaking& t) { TakeSwitch(t, &P::by_reservation); }},
    {"additional_res_balance_based_on_reserved_containers",
     [](const GlobalTaking& t) { TakeSwitch(t, &P::reserved_balance); }},
    {"conservative-drf", [](const GlobalTaking& t) { TakeSwitch(t, &P::conservative_drf); }},
    {"preemption-to-balance-queue-after-satisfied.enabled",
     [](const GlobalTaking& t) { TakeSwitch(t, &P::balance_after_satisfied); }},
    {"preemption-to-balance-queue-after-satisfied.max-wait-before-kill",
     [](const GlobalTaking& t) { TakeTime(t, &P::balance_warning); }},
    {"intra-queue-preemption.enabled",
     [](const GlobalTaking& t) { TakeSwitch(t, &P::intra_queue); }},
    {"intra-queue-preemption.minimum-threshold",
     [](const GlobalTaking& t) { TakeShare(t, &P::intra_minimum_threshold); }},
    {"intra-queue-preemption.max-allowable-limit",
     [](const GlobalTaking& t) { TakeShare(t, &P::intra_maximum); }},
    {"intra-queue-preemption.preemption-order-policy", TakeOrder},
    {"intra-queue-preemption.conservative-drf",
     [](const GlobalTaking& t) { TakeSwitch(t, &P::intra_conservative_drf); }},
});

}  // namespace

std::span<const GlobalKey> PreemptionKeys() {
  return kKeys;
}

}  // namespace weir::scheduler
