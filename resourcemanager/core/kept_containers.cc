// Containers that outlive their attempt: with keep_containers, those that run when an attempt fails
// and another one follows are the next attempt's from then on.
//
// They keep their ids, which name the attempt that asked for them. The next attempt takes over the
// place in the scheduler with all that is charged there, is told of them when it registers, and
// hears of their ends, also of those that nobody had acknowledged. After a restart of the
// ResourceManager nodes report them under their ids, and they go to the attempt that is the last
// one then. So of such an application every worker belongs to the last attempt.
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kInheritedPerAnswer = 2000;

}  // namespace

bool ResourceManagerCore::State::IsOf(const ContainerId& id,
                                      const ApplicationAttempt& attempt) const {
  if (id.attempt == attempt.id) return true;
  const bool earlier = id.attempt.application == attempt.id.application &&
                       id.attempt.number < attempt.id.number && !id.is_application_master();
  return earlier && Keeps(*FindApplication(attempt.id.application));
}

ApplicationAttempt* ResourceManagerCore::State::HeirOf(const ContainerId& id) {
  ApplicationAttempt* attempt = FindAttempt(id.attempt);
  if (attempt == nullptr || id.is_application_master()) return attempt;
  Application& application = *FindApplication(id.attempt.application);
  return Keeps(application) ? application.current() : attempt;
}

void ResourceManagerCore::State::TakeOver(ApplicationAttempt& attempt, ApplicationAttempt& before) {
  attempt.completions = std::exchange(before.completions, {});
  for (auto& [id, completion] : attempt.completions) completion.told_in = kUntold;
  attempt.untold_completions = attempt.completions.size();
  before.untold_completions = 0;
  if (!before.slot) return;
  attempt.slot = std::exchange(before.slot, std::nullopt);
  master_polls.Clear(attempt.slot->value);
  sched->ContinueApplication(*attempt.slot, attempt.id);
  containers.SetAttempt(*attempt.slot, attempt.id);
  attempt.containers = std::exchange(before.containers, {});
  for (const ContainerSlot slot : containers.Listed(attempt.containers, &Container::of_attempt)) {
    const Container& container = containers.at(slot);
    if (container.is_application_master() || container.stopping) continue;
    Inherit(attempt, containers.IdOf(slot), false);
  }
}

void ResourceManagerCore::State::Inherit(ApplicationAttempt& attempt,
                                         const ContainerId& id,
                                         bool told) {
  attempt.inherited.emplace(id, told);
  if (told) return;
  ++attempt.untold_inherited;
  MarkDirty(attempt);
}

void ResourceManagerCore::State::ForgetInherited(ApplicationAttempt& attempt,
                                                 const ContainerId& id) {
  const auto found = attempt.inherited.find(id);
  if (found == attempt.inherited.end()) return;
  if (!found->second) --attempt.untold_inherited;
  attempt.inherited.erase(found);
}

void ResourceManagerCore::State::CompareInherited(ApplicationAttempt& attempt,
                                                  const std::set<ContainerId>& holds) {
  attempt.untold_inherited = 0;
  for (auto& [id, told] : attempt.inherited) {
    told = holds.contains(id);
    if (!told) ++attempt.untold_inherited;
  }
}

std::vector<ContainerGrant> ResourceManagerCore::State::TellInherited(ApplicationAttempt& attempt) {
  std::vector<ContainerGrant> grants;
  if (attempt.untold_inherited == 0) return grants;
  for (auto& [id, told] : attempt.inherited) {
    if (told) continue;
    if (grants.size() >= kInheritedPerAnswer) break;
    grants.push_back(MakeGrant(attempt, *containers.Find(id)));
    told = true;
    --attempt.untold_inherited;
  }
  return grants;
}

}  // namespace weir::rm
