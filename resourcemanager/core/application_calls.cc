// What owners and administrators change about an application that is live: queue, priority and
// lifetime. Each is judged, stored, and acts when its record is durable (durable_changes.h).
#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "resourcemanager/core/core_state.h"
#include "scheduler/placement/queue_names.h"
#include "security/authorise.h"

namespace weir::rm {
namespace {

Error Over(const Application& application) {
  return {ErrorCode::kFailedPrecondition,
          application.id().ToString() + " is over (" + std::string(Name(application.state)) + ")",
          "only live applications can be changed"};
}

}  // namespace

bool ResourceManagerCore::State::MayChange(const Application& application) {
  return !IsOver(application.state) && application.state != RmApplicationState::kKilling;
}

Status ResourceManagerCore::State::MaySubmit(const scheduler::Submitter& submitter,
                                             const std::string& queue) const {
  Caller caller;
  caller.kind = CallerKind::kUser;
  caller.user = submitter.user;
  security::Object object;
  object.name = "queue " + queue;
  object.remedy = "ask for acl_submit_applications on it or on a parent";
  if (sched->MaySubmit(queue, submitter)) {
    object.gives = security::Role::kQueueSubmitter;
  }
  return security::Authorise(OperationOf(SubmitApplication()), {.caller = caller}, &object);
}

Status ResourceManagerCore::State::MayDo(const security::Operation& operation,
                                         const Application& application,
                                         const scheduler::Submitter& user,
                                         bool may_administer) const {
  Caller caller;
  caller.kind = CallerKind::kUser;
  caller.user = user.user;
  const std::string& owner = application.record.user;
  const std::string& queue = application.record.queue;
  security::Object object;
  object.name = application.id().ToString() + ", which belongs to " + owner;
  object.remedy = "ask its owner or an administrator of queue " + queue;
  if (user.user == owner) object.gives = object.gives | security::Role::kOwner;
  if (sched->MayAdminister(queue, user)) {
    object.gives = object.gives | security::Role::kQueueAdministrator;
  }
  return security::Authorise(
      operation, {.caller = caller, .administrator = may_administer}, &object);
}

Result<Application*> ResourceManagerCore::State::Administered(const security::Operation& operation,
                                                              const ApplicationId& id,
                                                              const scheduler::Submitter& caller,
                                                              bool may_administer) {
  Application* application = FindApplication(id);
  if (application == nullptr) {
    return Error{ErrorCode::kNotFound,
                 "application " + id.ToString() + " is not known",
                 "see the list of applications; the oldest completed ones are forgotten"};
  }
  WEIR_RETURN_IF_ERROR(MayDo(operation, *application, caller, may_administer));
  if (!MayChange(*application)) return Over(*application);
  return application;
}

void ResourceManagerCore::State::StoreThenChange(CallId call,
                                                 const Application& application,
                                                 PendingApplication next) {
  store::ApplicationRecord record = application.record;
  if (next.queue) record.queue = *next.queue;
  if (next.priority) record.priority = *next.priority;
  if (next.lifetime) record.lifetime = *next.lifetime;
  StoreThenUse({store::Put{std::move(record)}},
               {.call = call, .what = std::move(next), .notes = {}, .undo = {}});
}

Status ResourceManagerCore::State::Use(const PendingApplication& next) {
  Application* found = FindApplication(next.id);
  if (found == nullptr || !MayChange(*found)) {
    if (found != nullptr) return Over(*found);
    return Error{ErrorCode::kNotFound, next.id.ToString() + " has ended and is forgotten", ""};
  }
  Application& application = *found;
  if (next.queue) WEIR_RETURN_IF_ERROR(UseQueue(application, *next.queue));
  if (next.priority) {
    application.record.priority = *next.priority;
    for (const auto& attempt : application.attempts) {
      if (attempt->slot) sched->SetPriority(*attempt->slot, *next.priority);
    }
  }
  if (next.lifetime) {
    application.record.lifetime = *next.lifetime;
    const Duration lived = now.wall - application.record.submitted;
    lifetime_deadlines.Set(
        application.id(),
        now.monotonic + std::clamp(*next.lifetime - lived, Duration(0), Duration(*next.lifetime)));
  }
  Touch(application);
  return {};
}

Status ResourceManagerCore::State::UseQueue(Application& application, const std::string& queue) {
  // The current attempt decides; what is left of earlier ones follows if it can.
  ApplicationAttempt* current = application.current();
  if (current != nullptr && current->slot) {
    WEIR_RETURN_IF_ERROR(sched->MoveApplication(*current->slot, queue, now));
  }
  application.held_because.clear();
  if (queue == application.record.queue) return {};
  Charge(application);
  store::UsedAmounts& before = application.used_before[application.record.queue];
  before.memory_mib_ms += application.used.memory_mib_ms;
  before.vcore_ms += application.used.vcore_ms;
  application.used = {};
  if (const auto there = application.used_before.extract(queue); !there.empty()) {
    application.used = there.mapped();
  }
  application.record.queue = queue;
  return {};
}

void ResourceManagerCore::State::On(const MoveApplication& event) {
  if (WaitsForChange(event)) return;
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  const Application& application = **found;
  auto target = scheduler::ResolveLeaf(sched->configuration(), event.queue, false);
  if (!target.ok()) return Answer(event.call, std::move(target).error());
  if (!event.may_administer) {
    Status may = MaySubmit({event.user, event.groups}, *target);
    if (!may.ok()) return Answer(event.call, std::move(may).error());
  }
  if (*target == QueueOf(application)) {
    return Answer(event.call, MakeReport(application, now), appended);
  }
  const ApplicationAttempt* current = application.current();
  if (current != nullptr && current->slot) {
    if (Status may = sched->CheckMove(*current->slot, *target); !may.ok()) {
      return Answer(event.call, std::move(may).error());
    }
  }
  StoreThenChange(event.call, application, {.id = event.id, .queue = *std::move(target)});
}

void ResourceManagerCore::State::On(const UpdatePriority& event) {
  if (WaitsForChange(event)) return;
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  const Application& application = **found;
  const scheduler::Submitter owner{application.record.user, application.groups};
  const int32_t priority = sched->PriorityFor(application.record.queue, owner, event.priority);
  StoreThenChange(event.call, application, {.id = event.id, .priority = priority});
}

void ResourceManagerCore::State::On(const UpdateLifetime& event) {
  if (WaitsForChange(event)) return;
  auto found = Administered(event);
  if (!found.ok()) return Answer(event.call, std::move(found).error());
  const Application& application = **found;
  constexpr Duration kLongest = std::chrono::hours(24 * 366 * 100);
  if (event.lifetime <= Duration(0) || event.lifetime > kLongest) {
    return Answer(event.call,
                  Error{ErrorCode::kInvalidArgument,
                        "a lifetime of " + std::to_string(ToMillis(event.lifetime)) + " ms",
                        "give the seconds from now on; kill the application to end it at once"});
  }
  const Duration lived = std::max(Duration(0), Duration(now.wall - application.record.submitted));
  const Duration lifetime = sched->LifetimeFor(application.record.queue, lived + event.lifetime);
  StoreThenChange(event.call, application, {.id = event.id, .lifetime = lifetime});
}

}  // namespace weir::rm
