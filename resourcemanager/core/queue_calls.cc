// The queue configuration: which one is in force, its versions, and what is asked about queues.
//
// A configuration is applied as a whole: judged, written as one version in one batch, and taken
// over by the scheduler when that is durable (durable_changes.cc). So what is in force is always
// what the highest stored version says, but in the moment between its becoming durable and our
// hearing of it.
#include <algorithm>
#include <utility>

#include "common/strings.h"
#include "resourcemanager/core/core_state.h"
#include "scheduler/config/queue_configuration_parser.h"

namespace weir::rm {
namespace {

constexpr size_t kVersionsKept = 100;
constexpr size_t kPartBytes = 200u << 10;   // of names and values in one record
constexpr size_t kValueBytes = 128u << 10;  // of one property
constexpr size_t kAllBytes = 4u << 20;      // of one configuration
constexpr size_t kFaultBytes = 64u << 10;   // of one answer

size_t BytesOf(const store::QueueProperty& property) {
  constexpr size_t kLengths = 16;
  return property.name.size() + property.value.size() + kLengths;
}

// Of properties with the same name, the last one counts.
std::map<std::string, std::string> Meaning(const QueueProperties& properties) {
  std::map<std::string, std::string> meaning;
  for (const auto& property : properties) {
    meaning.insert_or_assign(property.name, property.value);
  }
  return meaning;
}

Status CheckSize(const QueueProperties& properties) {
  size_t all = 0;
  for (const auto& property : properties) {
    all += BytesOf(property);
    if (BytesOf(property) <= kValueBytes && all <= kAllBytes) continue;
    return Error{ErrorCode::kInvalidArgument,
                 "the queue configuration is too large at " + property.name.substr(0, 200),
                 "at most " + std::to_string(kValueBytes) + " bytes in one property and " +
                     std::to_string(kAllBytes) + " in all"};
  }
  return {};
}

Error Refused(const std::vector<std::string>& faults) {
  std::string all;
  for (const std::string& fault : faults) all += (all.empty() ? "" : "\n") + fault;
  return {ErrorCode::kInvalidArgument,
          CutMiddle(std::move(all), kFaultBytes),
          "the queues stay as they are; mend what is named and try again"};
}

Error NotKept(int64_t version) {
  return {ErrorCode::kNotFound,
          "version " + std::to_string(version) + " of the queue configuration is not kept",
          "see `weir queue -history`"};
}

QueueProperties DefaultQueues() {
  QueueProperties properties;
  for (const auto& property : scheduler::DefaultProperties()) {
    properties.push_back({property.name, property.value, property.line});
  }
  return properties;
}

}  // namespace

ParsedQueues ResourceManagerCore::State::Parse(
    const QueueProperties& properties, const std::map<std::string, bool>& with_labels) const {
  if (options.parse_queues) return options.parse_queues(properties, with_labels);
  scheduler::ParserInput input{
      .properties = {}, .types = options.scheduler.types, .labels = with_labels};
  for (const auto& property : properties) {
    input.properties.push_back(
        {property.name, property.value, "capacity-scheduler.xml", property.line});
  }
  auto parsed = scheduler::ParseQueueConfiguration(input);
  ParsedQueues queues{.configuration = parsed.configuration,
                      .faults = {},
                      .warnings = parsed.warnings,
                      .sha256 = ""};
  for (const auto& fault : parsed.faults) queues.faults.push_back(fault.ToString());
  return queues;
}

void ResourceManagerCore::State::LoadQueues(const std::vector<store::Record>& records) {
  std::map<int64_t, std::vector<const store::QueueConfigurationRecord*>> versions;
  for (const auto& record : records) {
    if (const auto* part = std::get_if<store::QueueConfigurationRecord>(&record)) {
      versions[part->version].push_back(part);
    } else if (const auto* known = std::get_if<store::LabelsRecord>(&record)) {
      labels = known->labels;
    } else if (const auto* node = std::get_if<store::NodeSettingsRecord>(&record)) {
      node_settings.insert_or_assign(node->node, *node);
    } else if (const auto* usage = std::get_if<store::QueueUsageRecord>(&record)) {
      forgotten_usage[{usage->queue, usage->user}] = usage->used;
    }
  }
  for (const auto& [version, parts] : versions) {  // parts come in the order of keys
    const auto& first = *parts.front();
    if (first.part != 0 || std::cmp_not_equal(parts.size(), first.parts)) {
      // Written in one batch: only damage makes one incomplete.
      for (const auto* part : parts) {
        orphans.insert(store::QueueConfigurationKey(version, part->part));
      }
      start_notes.push_back({"queues",
                             "-",
                             "version " + std::to_string(version) +
                                 " of the queue configuration is damaged and left out",
                             true});
      continue;
    }
    AppliedQueues applied{.about = {version, first.applied, first.by, first.origin, first.sha256},
                          .properties = {},
                          .parts = first.parts};
    for (const auto* part : parts) {
      applied.properties.insert(
          applied.properties.end(), part->properties.begin(), part->properties.end());
    }
    applied_queues.push_back(std::move(applied));
  }
  ChooseQueues();
}

void ResourceManagerCore::State::ChooseQueues() {
  const QueueProperties local =
      options.local_queues.empty() ? DefaultQueues() : options.local_queues;
  ParsedQueues parsed;
  if (!applied_queues.empty()) {
    const AppliedQueues& last = applied_queues.back();
    parsed = Parse(last.properties, labels);
    const std::string name = "version " + std::to_string(last.about.version);
    if (parsed.configuration == nullptr) {
      start_notes.push_back({"queues",
                             "-",
                             name +
                                 " of the queue configuration can no longer be used, the local "
                                 "file counts: " +
                                 Refused(parsed.faults).message,
                             true});
    } else if (Meaning(last.properties) != Meaning(local)) {
      local_queues_differ = true;
      start_notes.push_back({"queues",
                             "-",
                             name + " of the queue configuration counts; the local file says "
                                    "something else: -refreshQueues imports it",
                             true});
    }
  }
  if (parsed.configuration == nullptr) {
    QueueProperties chosen = local;
    parsed = Parse(chosen, labels);
    if (parsed.configuration == nullptr) {
      start_notes.push_back({"queues",
                             "-",
                             "the local queue configuration cannot be used, root.default alone "
                             "counts: " +
                                 Refused(parsed.faults).message,
                             true});
      chosen = DefaultQueues();
      parsed = Parse(chosen, labels);
    }
    // Written by Start, with what else recovery writes.
    const int64_t version = applied_queues.empty() ? 1 : applied_queues.back().about.version + 1;
    applied_queues.push_back({.about = {version, now.wall, "", "start", parsed.sha256},
                              .properties = std::move(chosen),
                              .parts = 0});
  }
  sched = std::make_unique<scheduler::CapacityScheduler>(options.scheduler, parsed.configuration);
}

Status ResourceManagerCore::State::CheckVersion(const std::optional<int64_t>& expected) const {
  const int64_t version = applied_queues.back().about.version;
  if (!expected || *expected == version) return {};
  return Error{ErrorCode::kFailedPrecondition,
               "version " + std::to_string(version) +
                   " of the queue configuration is in force, not " + std::to_string(*expected),
               "look at what has changed, then apply to that version"};
}

void ResourceManagerCore::State::On(const ReconfigureQueues& event) {
  if (WaitsForChange(event)) return;
  if (Status as_expected = CheckVersion(event.expected_version); !as_expected.ok()) {
    return Answer(event.call, std::move(as_expected).error());
  }
  ApplyQueues(event.call, {event.by, event.origin, event.properties});
}

void ResourceManagerCore::State::On(const RollbackQueues& event) {
  if (WaitsForChange(event)) return;
  if (Status as_expected = CheckVersion(event.expected_version); !as_expected.ok()) {
    return Answer(event.call, std::move(as_expected).error());
  }
  for (const AppliedQueues& applied : applied_queues) {
    if (applied.about.version != event.version) continue;
    const QueueProperties properties = applied.properties;
    return ApplyQueues(event.call,
                       {event.by, "rollback to " + std::to_string(event.version), properties});
  }
  Answer(event.call, NotKept(event.version));
}

void ResourceManagerCore::State::ApplyQueues(CallId call, const Change& wanted) {
  if (Status sized = CheckSize(wanted.properties); !sized.ok()) {
    return Answer(call, std::move(sized).error());
  }
  ParsedQueues parsed = Parse(wanted.properties, labels);
  if (parsed.configuration == nullptr) return Answer(call, Refused(parsed.faults));
  if (Status taken = sched->CheckReconfigure(*parsed.configuration); !taken.ok()) {
    return Answer(call, std::move(taken).error());
  }
  const AppliedQueues& last = applied_queues.back();
  AppliedQueues next{.about = last.about, .properties = wanted.properties, .parts = last.parts};
  if (Meaning(last.properties) == Meaning(wanted.properties)) {
    // Nothing to be stored. What yarn-site.xml says may be another, and no record has that.
    local_queues_differ = wanted.origin != "refreshQueues" && local_queues_differ;
    for (const std::string& warning : parsed.warnings) Emit(Noted{"queues", "-", warning, true});
    if (Status taken = sched->Reconfigure(parsed.configuration, now); !taken.ok()) {
      return Answer(call, std::move(taken).error());
    }
    ReturnToQueues();
    place = true;
    return Answer(call, last.about, appended);
  }
  next.about = {last.about.version + 1, now.wall, wanted.by, wanted.origin, parsed.sha256};
  std::vector<store::StoreOperation> batch = RecordsOf(next);
  PendingChange pending{.call = call, .what = {}, .notes = {}, .undo = {}};
  for (int32_t part = 0; part < next.parts; ++part) {
    pending.undo.push_back(store::Delete{store::QueueConfigurationKey(next.about.version, part)});
  }
  pending.notes.push_back({"queues",
                           "-",
                           "version " + std::to_string(next.about.version) +
                               " of the queue configuration is in force, by " + next.about.by +
                               " (" + next.about.origin + ")",
                           false});
  pending.what = PendingQueues{parsed.configuration, std::move(next), std::move(parsed.warnings)};
  StoreThenUse(std::move(batch), std::move(pending));
}

Status ResourceManagerCore::State::Use(const PendingQueues& next) {
  WEIR_RETURN_IF_ERROR(sched->Reconfigure(next.configuration, now));
  for (const std::string& warning : next.warnings) Emit(Noted{"queues", "-", warning, true});
  local_queues_differ = next.applied.about.origin != "refreshQueues" && local_queues_differ;
  KeepVersion(next.applied);
  ReturnToQueues();
  return {};
}

std::vector<store::StoreOperation> ResourceManagerCore::State::RecordsOf(
    AppliedQueues& next) const {
  std::vector<store::QueueConfigurationRecord> parts(1);
  size_t bytes = 0;
  for (const auto& property : next.properties) {
    if (bytes + BytesOf(property) > kPartBytes) {
      parts.emplace_back();
      bytes = 0;
    }
    bytes += BytesOf(property);
    parts.back().properties.push_back(property);
  }
  next.parts = static_cast<int32_t>(parts.size());
  std::vector<store::StoreOperation> batch;
  for (size_t i = 0; i < parts.size(); ++i) {
    store::QueueConfigurationRecord& part = parts[i];
    part.version = next.about.version;
    part.part = static_cast<int32_t>(i);
    part.parts = next.parts;
    part.applied = next.about.applied;
    part.by = next.about.by;
    part.origin = next.about.origin;
    part.sha256 = next.about.sha256;
    batch.push_back(store::Put{std::move(part)});
  }
  for (size_t i = 0; applied_queues.size() + 1 - i > kVersionsKept; ++i) {
    const AppliedQueues& oldest = applied_queues[i];
    for (int32_t part = 0; part < oldest.parts; ++part) {
      batch.push_back(store::Delete{store::QueueConfigurationKey(oldest.about.version, part)});
    }
  }
  return batch;
}

void ResourceManagerCore::State::KeepVersion(AppliedQueues next) {
  applied_queues.push_back(std::move(next));
  while (applied_queues.size() > kVersionsKept) applied_queues.pop_front();
}

Result<Explanation> ResourceManagerCore::Explain(const ApplicationId& id, Now) const {
  const Application* application = state_->FindApplication(id);
  if (application == nullptr) {
    return Error{ErrorCode::kNotFound,
                 "application " + id.ToString() + " is not known",
                 "see the list of applications"};
  }
  Explanation explanation;
  const ApplicationAttempt* attempt = application->current();
  if (attempt != nullptr && attempt->slot) explanation = state_->sched->Explain(*attempt->slot);
  explanation.application = id;
  explanation.queue = State::QueueOf(*application);
  explanation.user = application->record.user;
  explanation.state = application->visible;
  auto [reason, detail] = state_->Pending(*application);
  const bool own_words =
      reason == PendingReason::kQueueUnknown || reason == PendingReason::kBlacklisted;
  if (own_words) explanation.detail = detail;
  if (reason == explanation.reason) return explanation;
  // Past the scheduler, or not yet with it.
  explanation.reason = reason;
  explanation.detail = std::move(detail);
  explanation.unblock.clear();
  if (reason == PendingReason::kStoring) explanation.unblock = "the state store's answer";
  if (reason == PendingReason::kLaunchBackoff) {
    explanation.unblock = "the time, or the end of the ApplicationMaster before it";
  }
  if (reason == PendingReason::kLaunching) {
    explanation.unblock = "the node fetches its files and starts it; see the NodeManager's log";
  }
  if (reason == PendingReason::kAmNotRegistered) {
    explanation.unblock = "the ApplicationMaster registers; see its container's stderr";
  }
  return explanation;
}

std::vector<QueueReport> ResourceManagerCore::Queues(Now now) const {
  std::vector<QueueReport> reports = state_->sched->queues();
  state_->AddUsage(reports, now);
  return reports;
}

QueuePlan ResourceManagerCore::PlanQueues(const QueueProperties& properties, Now now) const {
  QueuePlan plan;
  if (const Status sized = CheckSize(properties); !sized.ok()) {
    plan.faults.push_back(sized.error().ToString());
  } else {
    ParsedQueues parsed = state_->Parse(properties, state_->labels);
    plan.faults = std::move(parsed.faults);
    if (parsed.configuration != nullptr) plan = state_->sched->Plan(parsed.configuration, now);
  }
  plan.base_version = state_->applied_queues.back().about.version;
  return plan;
}

std::vector<QueueConfigurationVersion> ResourceManagerCore::QueueHistory() const {
  std::vector<QueueConfigurationVersion> history;
  const auto& applied = state_->applied_queues;
  for (auto it = applied.rbegin(); it != applied.rend(); ++it) history.push_back(it->about);
  return history;
}

bool ResourceManagerCore::LocalQueuesDiffer() const {
  return state_->local_queues_differ;
}

Result<QueueProperties> ResourceManagerCore::QueuePropertiesOf(int64_t version) const {
  const auto& applied = state_->applied_queues;
  if (version == 0) return applied.back().properties;
  for (const auto& each : applied) {
    if (each.about.version == version) return each.properties;
  }
  return NotKept(version);
}

std::vector<ResourceManagerCore::QueueRights> ResourceManagerCore::RightsOf(
    const std::string& user, const std::vector<std::string>& groups) const {
  const scheduler::Submitter submitter{user, groups};
  std::vector<QueueRights> rights;
  for (const auto& [path, settings] : state_->sched->configuration().queues) {
    rights.push_back({.path = path,
                      .submit = state_->sched->MaySubmit(path, submitter),
                      .administer = state_->sched->MayAdminister(path, submitter)});
  }
  return rights;
}

}  // namespace weir::rm
