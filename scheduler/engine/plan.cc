// What a new configuration would do, found out on a copy of the whole scheduler.
#include <algorithm>
#include <map>
#include <utility>

#include "scheduler/config/configuration_change.h"
#include "scheduler/config/dynamic_queues.h"
#include "scheduler/engine/state.h"

namespace weir::scheduler {
namespace {

constexpr size_t kPlacedForPlan = 100'000;  // containers, at most, before and after

// How many containers each application gets if time stood still and nothing ended.
std::map<int32_t, int64_t> Play(CapacityScheduler& scheduler, Now now) {
  std::vector<Allocation> out;
  while (out.size() < kPlacedForPlan && scheduler.Schedule(now, kPlacedForPlan, out)) {
  }
  std::map<int32_t, int64_t> gained;
  for (const Allocation& each : out) ++gained[each.application.value];
  return gained;
}

}  // namespace

std::vector<PlannedEffect> CapacityScheduler::State::EffectsOf(const State& before,
                                                               const State& after,
                                                               const Gains& gains) {
  std::vector<PlannedEffect> effects;
  const auto gain = [](const std::map<int32_t, int64_t>& of, int32_t slot) {
    const auto found = of.find(slot);
    return found == of.end() ? int64_t{0} : found->second;
  };
  for (size_t i = 0; i < before.applications.size(); ++i) {
    if (!before.applications[i].live) continue;
    const auto slot = static_cast<int32_t>(i);
    const Application& application = after.applications[i];
    PlannedEffect effect{.application = application.id.application,
                         .queue = after.tree.at(application.leaf).path};
    const int64_t with = gain(gains.after, slot);
    const int64_t without = gain(gains.before, slot);
    if (with < without) {
      effect.kind = PlannedEffect::Kind::kWaits;
      effect.detail = "could get " + std::to_string(without) + " containers now, would get " +
                      std::to_string(with) + ": " +
                      std::string(PendingReasonName(after.ReasonOf(ApplicationSlot{slot})));
      effects.push_back(effect);
    }
    if (with > without) {
      effect.kind = PlannedEffect::Kind::kStarts;
      effect.detail =
          "waits now for " + std::to_string(with - without) + " containers that it would get";
      effects.push_back(effect);
    }
  }
  return effects;
}

// Queues and users over a limit of the new configuration: nothing is taken from them by the change.
void CapacityScheduler::State::AddOverLimit(std::vector<PlannedEffect>& effects) const {
  for (size_t i = 0; i < applications.size(); ++i) {
    const Application& application = applications[i];
    if (!application.live) continue;
    for (size_t p = 0; p < application.uses.size(); ++p) {
      const PartitionSlot partition{static_cast<int32_t>(p)};
      if (application.uses[p].used.IsZero()) continue;
      for (QueueSlot queue = application.leaf; queue.value >= 0; queue = tree.at(queue).parent) {
        const QueueShare& share = tree.at(queue).shares[p];
        if (share.used.FitsIn(share.maximum)) continue;
        effects.push_back({.kind = PlannedEffect::Kind::kOverLimit,
                           .application = application.id.application,
                           .queue = tree.at(application.leaf).path,
                           .detail = "queue " + tree.at(queue).path + " uses " + Words(share.used) +
                                     " of a maximum of " + Words(share.maximum)});
        break;
      }
      const Amounts used = tree.user(application.user).shares[p].used;
      const Amounts limit = tree.UserLimit(
          application.user, partition, options.types.minimum(), LimitMode::kRespectExclusivity);
      if (Compare(configuration().calculator, used, limit, tree.total(partition)) <= 0) continue;
      effects.push_back({.kind = PlannedEffect::Kind::kOverLimit,
                         .application = application.id.application,
                         .queue = tree.at(application.leaf).path,
                         .detail = "user " + application.user_name + " uses " + Words(used) +
                                   " of the " + Words(limit) + " that one user may"});
    }
  }
}

// One round of preemption as if demand had lasted and every warning had run out.
void CapacityScheduler::State::AddPreempted(std::vector<PlannedEffect>& effects) {
  std::map<int32_t, int64_t> taken;
  for (const ContainerSlot container : FindVictims()) {
    ++taken[containers.at(container).placement.application.value];
  }
  for (const auto& [slot, count] : taken) {
    const Application& application = applications[static_cast<size_t>(slot)];
    effects.push_back({.kind = PlannedEffect::Kind::kPreempted,
                       .application = application.id.application,
                       .queue = tree.at(application.leaf).path,
                       .detail = "would lose " + std::to_string(count) +
                                 " containers in the first round of preemption"});
  }
}

QueuePlan CapacityScheduler::Plan(std::shared_ptr<const QueueConfiguration> configuration,
                                  Now now) const {
  QueuePlan plan;
  std::shared_ptr<const QueueConfiguration> next =
      CarryDynamicQueues(state_->configuration(), *configuration, state_->options.types);
  plan.changes = DiffConfigurations(state_->configuration(), *next);
  plan.faults = state_->Objections(*next);
  if (!plan.faults.empty()) return plan;
  const std::unique_ptr<CapacityScheduler> before = Clone();
  const std::unique_ptr<CapacityScheduler> after = Clone();
  after->state_->Configure(next);
  // What is over a limit is told of the present, before anything is placed for the comparison.
  const std::unique_ptr<CapacityScheduler> present = after->Clone();
  State::Gains gains;
  gains.before = Play(*before, now);
  gains.after = Play(*after, now);
  plan.effects = State::EffectsOf(*before->state_, *after->state_, gains);
  present->state_->now = now;
  present->state_->AddOverLimit(plan.effects);
  present->state_->AddPreempted(plan.effects);
  return plan;
}

}  // namespace weir::scheduler
