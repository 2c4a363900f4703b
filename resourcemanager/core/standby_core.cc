#include "resourcemanager/core/standby_core.h"

#include <utility>
#include <variant>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {

StandbyCore::StandbyCore(const CoreOptions& options) : options_(options) {}
StandbyCore::~StandbyCore() = default;
StandbyCore::StandbyCore(StandbyCore&&) noexcept = default;
StandbyCore& StandbyCore::operator=(StandbyCore&&) noexcept = default;

void StandbyCore::Follow(store::RecordChanges changes) {
  if (changes.whole) token_keys_ = {};
  for (const store::Record& record : changes.put) {
    if (const auto* keys = std::get_if<store::TokenKeysRecord>(&record)) token_keys_ = *keys;
  }
  for (const store::Record& record : changes.gone) {
    if (std::holds_alternative<store::TokenKeysRecord>(record)) token_keys_ = {};
  }
  if (changes.whole) {
    state_ = std::make_unique<ResourceManagerCore::State>(options_);
    state_->Load(std::move(changes.put));
  } else if (state_ != nullptr) {
    state_->Follow(changes);
  }
  if (state_ != nullptr && state_->stale) state_.reset();
}

bool StandbyCore::HasStoredQueues() const {
  return state_->applied_queues.size() > 1 || state_->applied_queues.back().parts > 0;
}

std::string StandbyCore::CheckInvariants() const {
  return state_->sched->CheckInvariants();
}

std::unique_ptr<ResourceManagerCore> StandbyCore::Lead(const store::EpochRecord& epoch,
                                                       const LeadershipOptions& leadership,
                                                       Now now) {
  state_->now = now;
  state_->Begin(epoch, leadership);
  return std::unique_ptr<ResourceManagerCore>(new ResourceManagerCore(std::move(state_)));
}

}  // namespace weir::rm
