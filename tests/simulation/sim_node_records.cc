// What outlives a simulated NodeManager: its records, and what it finds when it comes back.
#include <utility>
#include <variant>

#include "resourcemanager/core/node_lease.h"
#include "tests/simulation/sim_node.h"

namespace weir::simulation {
namespace {

// From the moment a NodeManager is back until what it stops at once has ended: SIGTERM, the grace,
// SIGKILL, and what the process left behind.
constexpr Duration kTimeToStop = seconds(2);

}  // namespace

void SimNode::Keep(int64_t sequence, std::string key, std::optional<nm::NodeRecord> record) {
  unwritten_.push_back({sequence, std::move(key), std::move(record)});
  if (std::exchange(writing_, true)) return;
  Later(milliseconds(2), [this] { WriteRecords(); });
}

void SimNode::WriteRecords() {
  const int64_t sequence = unwritten_.back().sequence;
  if (world_.faults.FailExecutor(Fault::kRecordFailure)) {  // the disk is full for a moment
    Later(milliseconds(500), [this] { WriteRecords(); });
    return Step(nm::RecordFailed{sequence, {ErrorCode::kResourceExhausted, "disk full", ""}});
  }
  WriteNow();
  writing_ = false;
  Step(nm::RecordsKept{sequence});
}

void SimNode::WriteNow() {
  for (const Unwritten& one : std::exchange(unwritten_, {})) Write(one);
}

void SimNode::Write(const Unwritten& one) {
  if (one.record) {
    records_[one.key] = *one.record;
  } else {
    records_.erase(one.key);
  }
}

nm::FoundContainer SimNode::Find(const ContainerId& id) const {
  const auto note = notes_.find(id);
  if (processes_.contains(id)) {
    return {
        .found = nm::Found::kRunning, .outcome = {}, .failure = {}, .retry = notes_.at(id).retry};
  }
  if (note == notes_.end()) return {};
  if (note->second.failure) {
    return {.found = nm::Found::kEnded,
            .outcome = {},
            .failure = note->second.failure,
            .retry = note->second.retry};
  }
  if (note->second.outcome) {
    return {.found = nm::Found::kEnded,
            .outcome = note->second.outcome,
            .failure = {},
            .retry = note->second.retry};
  }
  return {};
}

nm::Recovery SimNode::Recover() {
  nm::Recovery recovery;
  directories_.clear();
  std::map<ContainerId, Note> known;
  for (const auto& [key, record] : records_) {
    if (const auto* conversation = std::get_if<nm::ConversationRecord>(&record)) {
      recovery.conversation = *conversation;
    }
    const auto* container = std::get_if<nm::ContainerRecord>(&record);
    if (container == nullptr) continue;
    const ContainerId& id = container->token.id;
    nm::RecoveredContainer one{.record = *container, .launch = {}, .found = {}};
    if (const auto launch = records_.find(nm::LaunchKey(id)); launch != records_.end()) {
      one.launch = std::get<nm::LaunchRecord>(launch->second).launch;
    }
    if (const auto resize = records_.find(nm::ResizeKey(id)); resize != records_.end()) {
      one.resize = std::get<nm::ResizeRecord>(resize->second);
    }
    recovery.applications.push_back(id.attempt.application);
    const bool over = container->phase == nm::RecordedPhase::kComplete ||
                      container->phase == nm::RecordedPhase::kForgotten;
    if (!over) one.found = Find(id);
    if (one.found.found != nm::Found::kNothing) directories_.insert(id.attempt.application);
    const bool noted = over ? container->phase == nm::RecordedPhase::kComplete
                            : one.found.found != nm::Found::kNothing;
    if (const auto note = notes_.extract(id); noted && !note.empty()) known[id] = note.mapped();
    recovery.containers.push_back(std::move(one));
  }
  for (auto& [id, note] : notes_) {  // without a record
    if (processes_.contains(id)) {
      world_.checker.Fail(name_ + " has forgotten " + id.ToString() + ", which runs");
    }
    recovery.ended.push_back({.id = id,
                              .state = ContainerState::kComplete,
                              .exit_code = exit_code::kAborted,
                              .diagnostics = "no record of it",
                              .resource = note.token.resource});
    known[id] = std::move(note);
  }
  notes_ = std::move(known);
  for (auto& [id, process] : processes_) process.end_told = false;
  return recovery;
}

void SimNode::LoseMachine() {
  for (auto& [id, process] : processes_) {
    if (process.master) process.master->Stop();
    if (!process.main_ended) notes_.at(id).outcome = nm::ExitOutcome{.kind = nm::ExitKind::kLost};
  }
  processes_.clear();
  // What the disk had not got yet is gone with it, whole containers here.
  std::erase_if(records_, [&](const auto& entry) {
    // The conversation's is of this start of the machine, and void after it.
    if (std::holds_alternative<nm::ConversationRecord>(entry.second)) return true;
    return std::holds_alternative<nm::ContainerRecord>(entry.second) && world_.random.Chance(1, 3);
  });
  clock_ = SimClock(world_);
}

void SimNode::HeardByResourceManager() {
  heard_by_rm_ = world_.queue.now();
}

std::string SimNode::FindOverlap(const ContainerId& launched, bool keeps) const {
  const AttemptId& attempt = launched.attempt;
  const Instant now = world_.queue.now();
  if (!up() || now - process_.awake_at() < kTimeToStop) return "";  // below 0 while it is stopped
  const bool lost = now - heard_by_rm_ >= kNodeExpiry;
  for (const auto& [id, process] : processes_) {
    const bool earlier = id.attempt.application == attempt.application &&
                         id.attempt.number < attempt.number && launched.is_application_master() &&
                         (!keeps || id.is_application_master()) && !process.main_ended;
    if (!lost && !earlier) continue;
    if (notes_.at(id).launch.on_lease_end == LeaseEnd::kKeep) continue;
    return id.ToString() + " runs on " + name_ + ", from which the RM has heard nothing for " +
           std::to_string(ToMillis(now - heard_by_rm_)) + " ms";
  }
  return "";
}

}  // namespace weir::simulation
