// Following: what the store says, while another ResourceManager writes it, and when one starts.
//
// Whatever an application needs to go on is done when its records are read, not when this
// ResourceManager begins to lead: a standby does it as the records come, each in time that does not
// depend on how many there are. Nothing of it may depend on the epoch or on the time, which are not
// known yet: times are counted from zero on and moved all at once when it leads (Begin). Nothing is
// decided: what goes on by itself is an application whose ApplicationMaster was given a container
// on a node that is awaited, and one that waits for its first. All others wait (to_resume) until it
// leads, since there is something to be written for them.
//
// A change of an application takes it out of everything and puts it in again as the store has it
// now: so what was followed is what would have been loaded. What changes how others are to be seen
// (queues, labels, nodes that go) is not followed: then everything is loaded again.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

RmApplicationState StateOf(ApplicationState stored) {
  switch (stored) {
    case ApplicationState::kFinished:
      return RmApplicationState::kFinished;
    case ApplicationState::kFailed:
      return RmApplicationState::kFailed;
    case ApplicationState::kKilled:
      return RmApplicationState::kKilled;
    case ApplicationState::kNew:
    case ApplicationState::kSubmitted:
    case ApplicationState::kAccepted:
    case ApplicationState::kRunning:
      break;
  }
  return RmApplicationState::kSubmitted;
}

// Of the last one, when its application has ended.
RmAttemptState LastAttemptState(RmApplicationState application) {
  if (application == RmApplicationState::kFinished) return RmAttemptState::kFinished;
  if (application == RmApplicationState::kKilled) return RmAttemptState::kKilled;
  return RmAttemptState::kFailed;
}

bool MayBe(int32_t attempt) {
  return attempt >= 1 && static_cast<size_t>(attempt) <= kAttemptsMax;
}

}  // namespace

void ResourceManagerCore::State::Load(std::vector<store::Record> records) {
  LoadQueues(records);
  std::map<ApplicationId, StoredApplication> found;
  for (store::Record& record : records) {
    if (auto* application = std::get_if<store::ApplicationRecord>(&record)) {
      const ApplicationId id = application->id;
      found[id].record = std::move(*application);
    } else if (auto* attempt = std::get_if<store::AttemptRecord>(&record)) {
      auto& attempts = found[attempt->id.application].attempts;
      attempts.emplace(attempt->id.number, std::move(*attempt));
    } else if (auto* usage = std::get_if<store::ApplicationUsageRecord>(&record)) {
      found[usage->id].usage = std::move(*usage);
    } else if (const auto* node = std::get_if<store::NodeRecord>(&record)) {
      LoadNode(*node);
    }
  }
  for (const store::Record& record : records) {
    if (const auto* going = std::get_if<store::DecommissionRecord>(&record)) {
      LoadDecommission(*going);
    }
  }
  for (auto& [id, stored] : found) LoadApplication(id, std::move(stored));
  EndPreparation();
}

void ResourceManagerCore::State::Follow(const store::RecordChanges& changes) {
  std::map<ApplicationId, ApplicationChange> of_applications;
  for (const store::Record& record : changes.put) stale |= !NoteChange(record, of_applications);
  for (const store::Record& record : changes.gone) stale |= !NoteDeletion(record, of_applications);
  for (auto& [id, change] : of_applications) {
    if (stale) return;  // whatever more there is, everything is loaded again
    stale |= !ChangeApplication(id, std::move(change));
  }
  EndPreparation();
}

bool ResourceManagerCore::State::NoteChange(
    const store::Record& record, std::map<ApplicationId, ApplicationChange>& of_applications) {
  if (const auto* application = std::get_if<store::ApplicationRecord>(&record)) {
    of_applications[application->id].record = *application;
  } else if (const auto* attempt = std::get_if<store::AttemptRecord>(&record)) {
    of_applications[attempt->id.application].attempts[attempt->id.number] = *attempt;
  } else if (const auto* usage = std::get_if<store::ApplicationUsageRecord>(&record)) {
    of_applications[usage->id].usage = *usage;
  } else if (const auto* total = std::get_if<store::QueueUsageRecord>(&record)) {
    forgotten_usage[{total->queue, total->user}] = total->used;
  } else if (const auto* said = std::get_if<store::NodeRecord>(&record)) {
    if (Node* node = FindNode(said->id)) {
      node->record = *said;
      return true;
    }
    LoadNode(*said);
    return !missed_nodes.contains(said->id);  // whose masters are to be expected there
  } else {
    // The epoch and the keys are the shell's.
    return std::holds_alternative<store::EpochRecord>(record) ||
           std::holds_alternative<store::TokenKeysRecord>(record);
  }
  return true;
}

bool ResourceManagerCore::State::NoteDeletion(
    const store::Record& record, std::map<ApplicationId, ApplicationChange>& of_applications) {
  if (const auto* application = std::get_if<store::ApplicationRecord>(&record)) {
    of_applications[application->id].gone = true;
  } else if (const auto* attempt = std::get_if<store::AttemptRecord>(&record)) {
    of_applications[attempt->id.application].attempts[attempt->id.number] = std::nullopt;
  } else if (const auto* usage = std::get_if<store::ApplicationUsageRecord>(&record)) {
    of_applications[usage->id].usage_gone = true;
  } else {
    return std::holds_alternative<store::EpochRecord>(record) ||
           std::holds_alternative<store::TokenKeysRecord>(record);
  }
  orphans.erase(store::KeyOf(record));
  return true;
}

bool ResourceManagerCore::State::ChangeApplication(const ApplicationId& id,
                                                   ApplicationChange change) {
  Application* known = FindApplication(id);
  const bool is_new = known == nullptr && change.record;
  // Their order is that of their ids, and what was left of one before it came is not kept.
  if (is_new && !applications.empty() && id < applications.rbegin()->first) return false;
  if (is_new && !orphans.empty()) return false;
  const std::string queue = known == nullptr ? "" : known->record.queue;
  StoredApplication stored = known == nullptr ? StoredApplication{} : Unload(*known);
  if (change.gone) stored.record.reset();
  if (change.record) stored.record = std::move(change.record);
  if (change.usage_gone) stored.usage.reset();
  if (change.usage) stored.usage = std::move(change.usage);
  for (auto& [number, attempt] : change.attempts) {
    if (attempt) {
      stored.attempts.insert_or_assign(number, *std::move(attempt));
    } else {
      stored.attempts.erase(number);
    }
  }
  LoadApplication(id, std::move(stored));
  // One that was made for an application that is not there any more would not be made again.
  return queue.empty() || !sched->IsIdle(queue);
}

void ResourceManagerCore::State::LoadApplication(const ApplicationId& id,
                                                 StoredApplication stored) {
  if (!stored.record) {
    for (const auto& [number, attempt] : stored.attempts) {
      orphans.insert(store::AttemptKey(attempt.id));
    }
    if (stored.usage) orphans.insert(store::ApplicationUsageKey(id));
    return;
  }
  // In their order, as a rule: each goes to the end.
  auto& owned = applications.try_emplace(applications.end(), id)->second;
  owned = std::make_unique<Application>();
  Application& application = *owned;
  application.record = *std::move(stored.record);
  const store::ApplicationRecord& record = application.record;
  application.order = stored.order > 0 ? stored.order : next_order++;
  application.am_resource = record.context.am_resource;
  application.tracking_url = record.tracking_url;
  application.state = StateOf(record.state);
  keys_shared |= !idempotency_keys.try_emplace(record.idempotency_key, record.id).second;
  for (const auto& [number, attempt] : stored.attempts) {
    if (MayBe(number)) {
      LoadAttempt(application, attempt);
    } else {
      orphans.insert(store::AttemptKey(attempt.id));
    }
  }
  if (stored.usage) LoadUsage(application, *stored.usage);
  Settle(application);
}

void ResourceManagerCore::State::LoadAttempt(Application& application,
                                             const store::AttemptRecord& record) {
  auto& attempts = application.attempts;
  while (attempts.size() < static_cast<size_t>(record.id.number)) {
    auto missing = std::make_unique<ApplicationAttempt>();
    missing->id = {record.id.application, static_cast<int32_t>(attempts.size()) + 1};
    missing->state = RmAttemptState::kFailed;
    missing->diagnostics = "Its record was not found in the store";
    attempts.push_back(std::move(missing));
  }
  ApplicationAttempt& attempt = *attempts[static_cast<size_t>(record.id.number) - 1];
  attempt.am_container = record.am_container;
  attempt.am_node = record.am_node;
  attempt.started = record.started;
  attempt.exit_code = record.exit_code;
  attempt.diagnostics = record.diagnostics;
  attempt.counted = record.counted;
  attempt.node_at_fault = record.node_at_fault;
  attempt.ended = std::max(record.ended, record.started);
  attempt.record_durable = true;
  attempt.found_ended = record.finished;
  attempt.state = record.finished || record.am_container.number == 0 ? RmAttemptState::kFailed
                                                                     : RmAttemptState::kNew;
}

void ResourceManagerCore::State::LoadNode(const store::NodeRecord& record) {
  if (FindNode(record.id) != nullptr) return;  // a store has each key once
  Node& node = AddNode(record);
  Move(node, NodeEvent::kRecover);
  node.awaited = true;
  ++awaited_nodes;
}

void ResourceManagerCore::State::Settle(Application& application) {
  if (!IsOver(application.state)) {
    application.visible = ApplicationState::kSubmitted;
    ++live_applications;
    UseStagedFiles(application, 1);
    application.resumed = CanResumeUnseen(application);
    if (application.resumed) {
      Resume(application);
    } else {
      to_resume.insert(application.id());
    }
    return;
  }
  for (const auto& attempt : application.attempts) attempt->state = RmAttemptState::kFailed;
  if (ApplicationAttempt* last = application.current()) {
    last->state = LastAttemptState(application.state);
  }
  application.visible = application.record.state;
  application.final_durable = true;
  application.retired = true;
  NoteCompleted(application);
  ++CounterOf(application.state);
}

// Of one that has ended.
int64_t& ResourceManagerCore::State::CounterOf(RmApplicationState state) {
  if (state == RmApplicationState::kFinished) return counters.finished;
  return state == RmApplicationState::kKilled ? counters.killed : counters.failed;
}

bool ResourceManagerCore::State::CanResumeUnseen(Application& application) {
  const store::ApplicationRecord& record = application.record;
  if (!sched->RecoverQueues({record.queue}, now).empty()) return false;
  if (const ApplicationAttempt* last = application.current()) {
    const Node* node = FindNode(last->am_node);
    if (node == nullptr) missed_nodes.insert(last->am_node);
    return !IsFinal(last->state) && node != nullptr && node->awaited;
  }
  auto rounded = MasterResource(record.context, record.queue);
  if (!rounded.ok()) return false;
  application.am_resource = *std::move(rounded);
  const auto slot = sched->AddApplication(SpecOf(application, {application.id(), 1}), now);
  const bool is_valid = sched->Validate(slot, MasterAsk(application)).ok();
  sched->RemoveApplication(slot);
  return is_valid;
}

ResourceManagerCore::State::StoredApplication ResourceManagerCore::State::Unload(
    Application& application) {
  const ApplicationId id = application.id();
  if (IsOver(application.state)) {
    UnloadEnded(application);
  } else {
    UnloadLive(application);
  }
  // Another one that had the same key would have it now.
  stale |= keys_shared;
  idempotency_keys.erase(application.record.idempotency_key);
  StoredApplication stored{.order = application.order};
  for (const auto& attempt : application.attempts) {
    if (!attempt->record_durable) continue;  // nobody has written it
    store::AttemptRecord record = RecordOf(*attempt);
    record.finished = attempt->found_ended;
    stored.attempts.emplace(attempt->id.number, std::move(record));
  }
  if (application.stored_usage.id == id) stored.usage = std::move(application.stored_usage);
  stored.record = std::move(application.record);
  applications.erase(id);
  return stored;
}

void ResourceManagerCore::State::UnloadEnded(const Application& application) {
  completed.erase({application.record.finished, application.id()});
  stored_completed.erase({application.record.finished, application.id()});
  --CounterOf(application.state);
}

void ResourceManagerCore::State::UnloadLive(Application& application) {
  const ApplicationId& id = application.id();
  --live_applications;
  UseStagedFiles(application, -1);
  to_resume.erase(id);
  lifetime_deadlines.Clear(id);
  queue_deadlines.Clear(id);
  for (const auto& attempt : application.attempts) {
    if (Node* node = FindNode(attempt->am_node)) node->expected.erase(attempt->am_container);
    if (!attempt->slot) continue;
    master_deadlines.Clear(attempt->slot->value);
    sched->RemoveApplication(*attempt->slot);
  }
}

// What was emitted on the way is of no step.
void ResourceManagerCore::State::EndPreparation() {
  actions.clear();
  sched->TakeNotices();
}

}  // namespace weir::rm
