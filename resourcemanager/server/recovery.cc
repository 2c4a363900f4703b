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
                               const RecoveredState& state,
                               const KeyRingOptions& options) {
  store::TokenKeysRecord found;
  for (const store::Record& record : state.records) {
    if (const auto* keys = std::get_if<store::TokenKeysRecord>(&record)) found = *keys;
  }
  KeyRing ring(options, found, platform::ReadClock());
  if (!ring.in_force().keys.empty()) return ring;
  auto first = ring.Step(platform::ReadClock(), MakeTokenKey());
  WEIR_CHECK(first.has_value(), "without a key one is due");
  WEIR_RETURN_IF_ERROR(PutAndWait(state_store, state.epoch.epoch, *std::move(first)));
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

}  // namespace

Result<RecoveredState> RecoverState(store::StateStore& state_store,
                                    const store::OpenRequest& request,
                                    const KeyRingOptions& keys) {
  RecoveredState state;
  state.asked = platform::MonotonicNow();
  // First the epoch: what is loaded after it, no former writer can change any more.
  WEIR_ASSIGN_OR_RETURN(state.epoch, state_store.Open(request));
  WEIR_ASSIGN_OR_RETURN(store::LoadedState loaded, state_store.Load());
  for (const std::string& damaged : loaded.quarantined) {
    platform::LogError("rm.store", "-", "record left out", {{"damage", damaged}});
  }
  for (const std::string& note : loaded.notes) {
    platform::LogWarn("rm.store", "-", "left by a crash", {{"note", note}});
  }
  state.records = std::move(loaded.records);
  WEIR_ASSIGN_OR_RETURN(state.keys, FindOrMakeKeys(state_store, state, keys));
  return state;
}

size_t RecoverReferences(const std::vector<store::Record>& records, StagingStore& staging) {
  size_t lacking = 0;
  for (const store::Record& record : records) {
    const auto* application = std::get_if<store::ApplicationRecord>(&record);
    if (application == nullptr || IsTerminal(application->state)) continue;
    const std::vector<std::string> files = StagedFilesOf(application->context.am_launch);
    staging.AddReferences(application->id, files);
    const std::vector<std::string> missing = staging.Missing(files);
    if (missing.empty()) continue;
    if (++lacking <= kNamedApplications) WarnOfMissing(application->id, missing, staging);
  }
  if (lacking > kNamedApplications) {
    platform::LogWarn("rm.staging",
                      staging.directory(),
                      "files of more applications are missing",
                      {{"applications", std::to_string(lacking - kNamedApplications)}});
  }
  return lacking;
}

}  // namespace weir::rm
