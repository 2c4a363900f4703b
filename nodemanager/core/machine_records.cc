#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "nodemanager/core/machine.h"

namespace weir::nm {
namespace {

// What was heard of the RM is recorded this coarsely: an earlier instant only ends the lease
// sooner.
constexpr Duration kHeardStep = seconds(1);

ContainerRecord RecordOf(const Container& container) {
  ContainerRecord record;
  record.token = container.token;
  record.phase = container.recorded     ? RecordedPhase::kForgotten
                 : container.complete() ? RecordedPhase::kComplete
                 : container.launched   ? RecordedPhase::kLaunched
                                        : RecordedPhase::kAccepted;
  record.on_lease_end = container.on_lease_end;
  if (container.stop) {
    record.stop = RecordedStop{container.stop->cause,
                               CutMiddle(container.stop->words, limits::kDiagnosticsBytes),
                               container.stop->asked_wall};
  } else if (container.asked) {
    record.stop = RecordedStop{StopCause::kGracefulShutdown,
                               CutMiddle(container.asked->words, limits::kDiagnosticsBytes),
                               container.asked->asked_wall};
  }
  record.started = container.started;
  record.retries = container.retry.count();
  record.finished = container.finished;
  record.exit_code = container.status.exit_code;
  record.diagnostics = container.status.diagnostics;
  return record;
}

}  // namespace

int64_t NodeManagerCore::Machine::Keep(NodeRecord record) {
  actions.push_back(KeepRecord{++last_sequence, std::move(record)});
  return last_sequence;
}

void NodeManagerCore::Machine::Drop(std::string key) {
  actions.push_back(DropRecord{++last_sequence, std::move(key)});
}

int64_t NodeManagerCore::Machine::Record(const Container& container) {
  return Keep(RecordOf(container));
}

void NodeManagerCore::Machine::RecordConversation() {
  if (rm.session() == 0) return;
  const ConversationRecord record{.first_session = rm.first_session(),
                                  .epoch = rm.highest_epoch(),
                                  .heard = lease.heard().time_since_epoch(),
                                  .lease = lease.length()};
  ConversationRecord rest = record;
  rest.heard = conversation.heard;
  if (rest == conversation && record.heard - conversation.heard < kHeardStep) return;
  conversation = record;
  Keep(record);
}

void NodeManagerCore::Machine::ReplyWhenKept(CallId call, int64_t sequence) {
  if (sequence <= kept_sequence) {
    actions.push_back(Reply{call, NoContent{}});
  } else {
    gated[sequence].push_back(call);
  }
}

// Its completion may be told.
void NodeManagerCore::Machine::TellEnd(const ContainerId& id) {
  const auto it = containers.find(id);
  if (it == containers.end()) return;
  it->second.end_record = 0;
  AnswerWatchers(id);
}

void NodeManagerCore::Machine::TellEnds() {
  while (!ending.empty() && ending.begin()->first <= kept_sequence) {
    TellEnd(ending.extract(ending.begin()).mapped());
  }
}

// The store goes on trying. Until it succeeds, only what no later NodeManager can know of is told:
// another that was accepted on the record would be launched again by the next.
void NodeManagerCore::Machine::TellUnkeptEnds() {
  for (auto it = ending.begin(); it != ending.end() && it->first <= kept_sequence;) {
    const auto container = containers.find(it->second);
    if (container != containers.end() && !container->second.accept_failed) {
      ++it;
      continue;
    }
    const ContainerId id = it->second;
    it = ending.erase(it);
    TellEnd(id);
  }
}

void NodeManagerCore::Machine::OnKept(int64_t sequence, Now now) {
  kept_sequence = std::max(kept_sequence, sequence);
  TellEnds();
  while (!forgetting.empty() && forgetting.begin()->first <= sequence) {
    actions.push_back(Forget{forgetting.extract(forgetting.begin()).mapped()});
  }
  SendKeptEnds(now);
  health.OnRecords("");
  while (!gated.empty() && gated.begin()->first <= sequence) {
    for (const CallId call : gated.begin()->second) actions.push_back(Reply{call, NoContent{}});
    gated.erase(gated.begin());
  }
  while (!accepting.empty() && accepting.begin()->first <= sequence) {
    Container& container = containers.at(accepting.begin()->second);
    accepting.erase(accepting.begin());
    container.accept_kept = true;
    Prepare(container, now);
  }
  OnResizeKept(sequence);
}

// The record is one of one start at most, and that is its fault.
void NodeManagerCore::Machine::OnNeverKept(int64_t sequence, const Error& cause, Now now) {
  if (const auto end = ending.extract(sequence); !end.empty()) return TellEnd(end.mapped());
  if (const auto end = ends_to_send.extract(sequence); !end.empty()) {
    const auto it = containers.find(end.mapped());
    if (it != containers.end() && it->second.signal_waits) SendEnd(it->second, now);
    return;
  }
  // The launch record comes right before the container's, by which a start is known here.
  auto start = accepting.find(sequence);
  if (start == accepting.end()) start = accepting.find(sequence + 1);
  if (start == accepting.end()) return;
  const auto [own, id] = *start;
  accepting.erase(start);
  if (auto calls = gated.extract(own); !calls.empty()) {
    for (const CallId call : calls.mapped()) actions.push_back(Reply{call, cause});
  }
  containers.at(id).accept_kept = true;
  OnLocalizationFailed({id, cause}, now);
}

void NodeManagerCore::Machine::OnKeepFailed(const RecordFailed& event, Now now) {
  const auto& [sequence, error, alone] = event;
  const Error cause{error.code, "the node cannot keep its records: " + error.message, error.remedy};
  if (alone) return OnNeverKept(sequence, cause, now);
  health.OnRecords(cause.ToString());
  kept_sequence = std::max(kept_sequence, sequence);
  TellUnkeptEnds();
  SendKeptEnds(now);  // nothing is gained by waiting on
  while (!gated.empty() && gated.begin()->first <= sequence) {
    for (const CallId call : gated.begin()->second) actions.push_back(Reply{call, cause});
    gated.erase(gated.begin());
  }
  while (!accepting.empty() && accepting.begin()->first <= sequence) {
    const ContainerId id = accepting.begin()->second;
    accepting.erase(accepting.begin());
    containers.at(id).accept_kept = true;
    containers.at(id).accept_failed = true;
    OnLocalizationFailed({id, cause, true}, now);
  }
  OnResizeKeepFailed(sequence, cause);
}

}  // namespace weir::nm
