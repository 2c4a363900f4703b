// Changes of queues, labels, what nodes offer, which of them go, and live applications, from the
// event to the moment in which they act.
//
// In between only a queue made on demand, or the end of the application, can get in the way of a
// change that was judged well. Then its record is taken back, and its caller hears why once that is
// durable. The record of an application that has ended needs no taking back: the one of its end was
// written after it, without the change.
#include <algorithm>
#include <utility>

#include "resourcemanager/core/core_state.h"

namespace weir::rm {
namespace {

constexpr size_t kWaitingChangesMax = 64;

CallId CallOf(const ChangeEvent& event) {
  return std::visit([](const auto& e) { return e.call; }, event);
}

}  // namespace

bool ResourceManagerCore::State::WaitsForChange(const ChangeEvent& event) {
  if (!pending_change) return false;
  if (waiting_changes.size() < kWaitingChangesMax) {
    waiting_changes.push_back(event);
  } else {
    Answer(CallOf(event),
           Error{ErrorCode::kResourceExhausted,
                 std::to_string(kWaitingChangesMax) +
                     " changes of queues, labels, nodes and applications wait for their turn",
                 "try again in a moment"});
  }
  return true;
}

void ResourceManagerCore::State::StoreThenUse(std::vector<store::StoreOperation> batch,
                                              PendingChange next) {
  const uint64_t sequence = Append(std::move(batch));
  if (next.call) gated.emplace(sequence, *next.call);
  pending_change = std::move(next);
  WhenStored(sequence, ChangeStored{});
}

void ResourceManagerCore::State::OnChangeStored() {
  const PendingChange stored = *std::exchange(pending_change, std::nullopt);
  Status used = std::visit([this](const auto& what) { return Use(what); }, stored.what);
  if (used.ok()) {
    place = true;
    for (const Noted& note : stored.notes) Emit(Noted(note));
  }
  std::vector<store::StoreOperation> undo;
  if (!used.ok()) undo = UndoOf(stored);
  const uint64_t undone = undo.empty() ? 0 : Append(std::move(undo));
  if (!stored.call) {
    // Nobody waits for the answer.
  } else if (!used.ok()) {
    Answer(*stored.call, std::move(used).error(), undone);
  } else if (const auto* queues = std::get_if<PendingQueues>(&stored.what)) {
    Answer(*stored.call, queues->applied.about);
  } else if (const auto* changed = std::get_if<PendingApplication>(&stored.what)) {
    Answer(*stored.call, MakeReport(*FindApplication(changed->id), now));
  } else if (std::holds_alternative<PendingDecommissions>(stored.what)) {
    // A node that came or went meanwhile has had its record corrected.
    Answer(*stored.call, NoContent{}, appended);
  } else {
    Answer(*stored.call, NoContent{});
  }
  while (!pending_change && !waiting_changes.empty()) {
    const ChangeEvent next = std::move(waiting_changes.front());
    waiting_changes.pop_front();
    std::visit([this](const auto& event) { On(event); }, next);
  }
}

std::vector<store::StoreOperation> ResourceManagerCore::State::UndoOf(
    const PendingChange& change) const {
  const auto* changed = std::get_if<PendingApplication>(&change.what);
  if (changed == nullptr) return change.undo;
  const Application* application = FindApplication(changed->id);
  if (application == nullptr || !MayChange(*application)) return {};
  return {store::Put{application->record}};
}

void ResourceManagerCore::State::DropChangesOf(CallId call) {
  if (pending_change && pending_change->call == call) pending_change->call.reset();
  std::erase_if(waiting_changes, [&](const ChangeEvent& each) { return CallOf(each) == call; });
}

void ResourceManagerCore::State::RefuseChanges(const Error& error) {
  pending_change.reset();  // its caller is among the gated ones
  for (const ChangeEvent& each : std::exchange(waiting_changes, {})) Answer(CallOf(each), error);
}

}  // namespace weir::rm
