#include "resourcemanager/server/recovery.h"

#include <future>
#include <memory>
#include <utility>
#include <variant>

#include "common/check.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "resourcemanager/server/key_roller.h"

namespace weir::rm {
namespace {

constexpr size_t kNamedApplications = 1000;  // more are counted

// Appends one record and waits until it is durable.
Status PutAndWait(store::StateStore& state_store, Epoch epoch, store::Record record) {
  const auto stored = std::make_shared<std::promise<Status>>();
  std::future<Status> outcome = stored->get_future();
  state_store.Append({store::Put{std::move(record)}}, epoch, [stored](Status status) {
    stored->set_value(std::move(status));
  });
  return outcome.get();
}

Result<KeyRing> FindOrMakeKeys(store::StateStore& state_store,
                               Epoch epoch,
                               const KeyRingOptions& options,
                               const store::TokenKeysRecord& stored) {
  KeyRing ring(options, stored, platform::ReadClock());
  if (!ring.in_force().keys.empty()) return ring;
  auto first = ring.Step(platform::ReadClock(), MakeTokenKey());
  WEIR_CHECK(first.has_value(), "without a key one is due");
  WEIR_RETURN_IF_ERROR(PutAndWait(state_store, epoch, *std::move(first)));
  ring.OnStored(platform::ReadClock());
  platform::LogInfo("rm.server", "-", "made the first token key");
  return ring;
}

void WarnOfMissing(const ApplicationId& application,
                   const std::vector<std::string>& missing,
                   const StagingStore& staging) {
  const std::string more =
      missing.size() == 1 ? "" : " and " + std::to_string(missing.size() - 1) + " more";
  platform::LogWarn("rm.staging",
                    application.ToString(),
                    "needs staging:" + missing.front() + more + ", which is not in " +
                        staging.directory() +
                        ": all ResourceManagers need the same weir.staging.dir");
}

void TellOfDamage(const std::vector<std::string>& quarantined) {
  for (const std::string& damaged : quarantined) {
    platform::LogError("rm.store", "-", "record left out", {{"damage", damaged}});
  }
}

Status LoadInto(store::StateStore& state_store, FollowedState& state) {
  WEIR_ASSIGN_OR_RETURN(store::LoadedState loaded, state_store.Load());
  TellOfDamage(loaded.quarantined);
  for (const std::string& note : loaded.notes) {
    platform::LogWarn("rm.store", "-", "left by a crash", {{"note", note}});
  }
  state.Follow({.whole = true, .put = std::move(loaded.records), .gone = {}});
  return {};
}

}  // namespace

void FollowedState::Follow(store::RecordChanges changes) {
  if (changes.whole) staged = {};
  for (const store::Record& record : changes.put) {
    const auto* application = std::get_if<store::ApplicationRecord>(&record);
    if (application == nullptr) continue;
    const bool over = IsTerminal(application->state);
    staged.Set(application->id,
               over ? std::vector<std::string>() : StagedFilesOf(application->context.am_launch));
  }
  for (const store::Record& record : changes.gone) {
    const auto* application = std::get_if<store::ApplicationRecord>(&record);
    if (application != nullptr) staged.Set(application->id, {});
  }
  core.Follow(std::move(changes));
}

Status FollowStore(store::StateStore& state_store, FollowedState& state) {
  WEIR_ASSIGN_OR_RETURN(store::StoreChanges changes, state_store.Follow());
  state.Follow(std::move(changes.records));
  if (!state.core.stale()) return {};
  state_store.FollowAnew();
  WEIR_ASSIGN_OR_RETURN(store::StoreChanges all, state_store.Follow());
  state.Follow(std::move(all.records));
  return {};
}

Result<RecoveredState> RecoverState(store::StateStore& state_store,
                                    const store::OpenRequest& request,
                                    const KeyRingOptions& keys,
                                    FollowedState& followed) {
  RecoveredState state;
  state.asked = platform::MonotonicNow();
  // First the epoch: what is loaded after it, no former writer can change any more.
  WEIR_ASSIGN_OR_RETURN(state.epoch, state_store.Open(request));
  if (!followed.core.stale()) {
    WEIR_ASSIGN_OR_RETURN(store::StoreChanges changes, state_store.Follow());
    followed.Follow(std::move(changes.records));
    if (!followed.core.stale()) TellOfDamage(changes.quarantined);
  }
  if (followed.core.stale()) WEIR_RETURN_IF_ERROR(LoadInto(state_store, followed));
  WEIR_ASSIGN_OR_RETURN(
      state.keys, FindOrMakeKeys(state_store, state.epoch.epoch, keys, followed.core.token_keys()));
  return state;
}

size_t RecoverReferences(StagedReferences references, StagingStore& staging) {
  staging.UseReferences(std::move(references));
  const auto lacking = staging.Lacking();
  for (size_t i = 0; i < lacking.size() && i < kNamedApplications; ++i) {
    WarnOfMissing(lacking[i].first, lacking[i].second, staging);
  }
  if (lacking.size() > kNamedApplications) {
    platform::LogWarn("rm.staging",
                      staging.directory(),
                      "files of more applications are missing",
                      {{"applications", std::to_string(lacking.size() - kNamedApplications)}});
  }
  return lacking.size();
}

}  // namespace weir::rm
