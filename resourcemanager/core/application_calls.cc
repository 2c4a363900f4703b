// What owners and administrators change about an application that is live: queue, priority and
// lifetime. The scheduler follows at once; the answer waits for the record.
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "scheduler/placement/queue_names.h"

namespace weir::rm {

template <typename Event>
Result<Application*> ResourceManagerCore::State::Administered(const Event& event) {
  Application* application = FindApplication(event.id);
  if (application == nullptr) {
    return Error{ErrorCode::kNotFound,
                 "application " + event.id.ToString() + " is not known",
                 "see the list of applications; the oldest completed ones are forgotten"};
  }
  if (!MayAdminister(event, *application)) {
    return Error{ErrorCode::kPermissionDenied,
                 "user " + event.user + " may not change " + event.id.ToString() +
                     ", which belongs to " + application->record.user,
                 "ask its owner or an administrator of queue " + application->record.queue};
  }
  if (IsOver(application->state) || application->state == RmApplicationState::kKilling) {
    return Error{ErrorCode::kFailedPrecondition,
                 event.id.ToString() + " is over (" + std::string(Name(application->state)) + ")",
                 "only live applications can be changed"};
  }
  return application;
}

uint64_t ResourceManagerCore::State::StoreChange(Application& application) {
  Touch(application);
  place = true;
  return Append({store::Put{application.record}});
}

void ResourceManagerCore::State::On(const MoveApplication& event) {
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  Application& application = **found;
  auto target = scheduler::ResolveLeaf(sched->configuration(), event.queue, false);
  if (!target.ok()) return Answer(event.call, std::move(target).error());
  const scheduler::Submitter caller{event.user, event.groups};
  if (!event.may_administer && !sched->MaySubmit(*target, caller)) {
    return Answer(event.call,
                  Error{ErrorCode::kPermissionDenied,
                        "user " + event.user + " may not submit to queue " + *target,
                        "ask for acl_submit_applications on it or on a parent"});
  }
  if (*target == application.record.queue) {
    return Answer(event.call, MakeReport(application, now), appended);
  }
  // The current attempt decides; what is left of earlier ones follows if it can.
  ApplicationAttempt* current = application.current();
  if (current != nullptr && current->slot) {
    if (Status moved = sched->MoveApplication(*current->slot, *target, now); !moved.ok()) {
      return Answer(event.call, std::move(moved).error());
    }
  }
  Charge(application);
  store::UsedAmounts& before = application.used_before[application.record.queue];
  before.memory_mib_ms += application.used.memory_mib_ms;
  before.vcore_ms += application.used.vcore_ms;
  application.used = {};
  if (const auto there = application.used_before.extract(*target); !there.empty()) {
    application.used = there.mapped();
  }
  application.record.queue = *target;
  const uint64_t sequence = StoreChange(application);
  Answer(event.call, MakeReport(application, now), sequence);
}

void ResourceManagerCore::State::On(const UpdatePriority& event) {
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  Application& application = **found;
  const scheduler::Submitter owner{application.record.user, application.groups};
  application.record.priority = sched->PriorityFor(application.record.queue, owner, event.priority);
  for (const auto& attempt : application.attempts) {
    if (attempt->slot) sched->SetPriority(*attempt->slot, application.record.priority);
  }
  const uint64_t sequence = StoreChange(application);
  Answer(event.call, MakeReport(application, now), sequence);
}

void ResourceManagerCore::State::On(const UpdateLifetime& event) {
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  Application& application = **found;
  constexpr Duration kLongest = std::chrono::hours(24 * 366 * 100);
  if (event.lifetime <= Duration(0) || event.lifetime > kLongest) {
    return Answer(event.call,
                  Error{ErrorCode::kInvalidArgument,
                        "a lifetime of " + std::to_string(ToMillis(event.lifetime)) + " ms",
                        "give the seconds from now on; kill the application to end it at once"});
  }
  const Duration lived = std::max(Duration(0), Duration(now.wall - application.record.submitted));
  application.record.lifetime =
      sched->LifetimeFor(application.record.queue, lived + event.lifetime);
  const Duration left = std::max(Duration(0), application.record.lifetime - lived);
  lifetime_deadlines.Set(application.id(), now.monotonic + left);
  const uint64_t sequence = StoreChange(application);
  Answer(event.call, MakeReport(application, now), sequence);
}

}  // namespace weir::rm
