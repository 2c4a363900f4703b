#include "state-store/protocol/zk_writer.h"

#include <algorithm>
#include <utility>

namespace weir::store {
namespace {

using Kind = ZkOperation::Kind;

// The first operations of every multi.
constexpr size_t kEpochCheck = 0;
constexpr size_t kHeadSet = 1;

size_t BytesOf(const std::vector<EngineOperation>& operations) {
  // What a request says about one operation besides path and data.
  constexpr size_t kOverhead = 64;
  size_t bytes = 0;
  for (const EngineOperation& operation : operations) {
    // Escaping makes a byte of the key three at most; it stands in the path and in the changes.
    bytes += kOverhead + 6 * operation.key.size() + (operation.value ? operation.value->size() : 0);
  }
  return bytes;
}

}  // namespace

ZkWriter::ZkWriter(Options options,
                   ZkLayout layout,
                   Epoch epoch,
                   int32_t epoch_version,
                   std::unordered_set<std::string> existing,  // lookup-only: asked by path
                   std::string holder)
    : options_(std::move(options)),
      layout_(std::move(layout)),
      epoch_(epoch),
      epoch_version_(epoch_version),
      holder_(std::move(holder)),
      existing_(std::move(existing)) {}

void ZkWriter::Append(uint64_t ticket,
                      std::vector<EngineOperation> batch,
                      std::optional<Error> refusal,
                      bool final,
                      ZkActions& actions) {
  if (failure_) {
    const bool fenced = refusal && refusal->code == ErrorCode::kFenced;
    actions.push_back(AnswerBatch{ticket, fenced ? *refusal : *failure_});
    return;
  }
  const size_t bytes = BytesOf(batch);
  if (!refusal && bytes > options_.multi_bytes) {
    refusal =
        Error{ErrorCode::kResourceExhausted,
              "a batch of " + std::to_string(bytes) + " bytes for ZooKeeper, such as record " +
                  batch.front().key + ", is above " + std::to_string(options_.multi_bytes),
              "raise " + options_.limit_key + ", here and at the ZooKeeper servers"};
    final = true;
  }
  queue_.push_back({.ticket = ticket,
                    .operations = std::move(batch),
                    .bytes = bytes,
                    .refusal = std::move(refusal),
                    .final = final});
  Pump(actions);
}

void ZkWriter::Connected(ZkActions& actions) {
  connected_ = true;
  if (failure_ || state_ == State::kReading || state_ == State::kBarrier) return;
  Settle(actions);
}

// What is under way still gets its answer, as unknown.
void ZkWriter::Disconnected() {
  connected_ = false;
  if (state_ == State::kReady) state_ = State::kSettling;
}

// Sends what can be sent, and answers what was refused before it could be.
void ZkWriter::Pump(ZkActions& actions) {
  while (!failure_ && state_ == State::kReady && !queue_.empty()) {
    if (!RefuseFront(actions) && !TakeGroup(actions)) return;
  }
}

// True when the front of the queue was answered.
bool ZkWriter::RefuseFront(ZkActions& actions) {
  if (!queue_.front().refusal || !flights_.empty()) return false;
  Batch batch = std::move(queue_.front());
  queue_.pop_front();
  actions.push_back(AnswerBatch{batch.ticket, *batch.refusal});
  if (batch.final) End(*batch.refusal, actions);
  return true;
}

// True when a group was made of the front of the queue and sent.
bool ZkWriter::TakeGroup(ZkActions& actions) {
  if (flights_.size() >= options_.window || queue_.front().refusal) return false;
  Flight flight{.number = ++last_number_};
  while (!queue_.empty() && !queue_.front().refusal &&
         flight.records.size() < options_.group_operations &&
         (flight.tickets.empty() || flight.bytes + queue_.front().bytes <= options_.group_bytes)) {
    AddBatch(std::move(queue_.front()), flight);
    queue_.pop_front();
  }
  flights_.push_back(std::move(flight));
  Send(flights_.back(), actions);
  return true;
}

ZkOperation ZkWriter::Upsert(const std::string& path, std::string data) {
  const bool is_new = existing_.insert(path).second;
  return {.kind = is_new ? Kind::kCreate : Kind::kSet, .path = path, .data = std::move(data)};
}

void ZkWriter::AddBatch(Batch batch, Flight& flight) {
  for (EngineOperation& operation : batch.operations) {
    const std::string path = layout_.RecordPath(operation.key);
    if (operation.value) {
      flight.records.push_back(Upsert(path, *std::move(operation.value)));
    } else if (existing_.erase(path) > 0) {
      flight.records.push_back({.kind = Kind::kDelete, .path = path});
    }
    flight.keys.push_back(std::move(operation.key));
  }
  flight.bytes += batch.bytes;
  flight.tickets.push_back(batch.ticket);
}

void ZkWriter::Send(Flight& flight, ZkActions& actions) {
  const ZkHead head{.epoch = epoch_, .number = flight.number};
  SendMulti multi{.id = NextId(), .operations = {}};
  multi.operations.reserve(flight.records.size() + 3);
  multi.operations.push_back(
      {.kind = Kind::kCheck, .path = layout_.epoch(), .version = epoch_version_});
  multi.operations.push_back({.kind = Kind::kSet,
                              .path = layout_.head(),
                              .data = EncodeHead(head),
                              .version = head_version_++});
  free_version_ = std::max(free_version_, head_version_);
  // On the first sending the slot is made, if need be; a second one repeats what that was.
  if (flight.attempts++ == 0) {
    flight.records.insert(flight.records.begin(),
                          Upsert(layout_.ChangesPath(flight.number),
                                 EncodeChanges({.head = head, .keys = std::move(flight.keys)})));
  }
  multi.operations.insert(multi.operations.end(), flight.records.begin(), flight.records.end());
  flight.id = multi.id;
  actions.push_back(std::move(multi));
}

void ZkWriter::MultiDone(uint64_t id, const ZkOutcome& outcome, ZkActions& actions) {
  if (failure_) return;
  if (id == awaited_) return BarrierDone(outcome, actions);
  const auto flight =
      std::find_if(flights_.begin(), flights_.end(), [id](const Flight& f) { return f.id == id; });
  if (flight == flights_.end()) return;  // of a former connection, settled since
  const bool overtaken = outcome.code == ZkCode::kBadVersion && outcome.failed == kHeadSet;
  if (outcome.code == ZkCode::kUnknown || overtaken || flight != flights_.begin()) {
    flight->id = 0;
    ++unknown_;
    state_ = State::kSettling;
    return Settle(actions);
  }
  FlightDone(outcome, actions);
}

// The outcome of the first group in flight.
void ZkWriter::FlightDone(const ZkOutcome& outcome, ZkActions& actions) {
  if (outcome.code == ZkCode::kOk) {
    readings_ = 0;
    AnswerFront(actions);
    if (state_ == State::kSettling) return Settle(actions);
    return Pump(actions);
  }
  const bool epoch_failed = outcome.failed == kEpochCheck && (outcome.code == ZkCode::kBadVersion ||
                                                              outcome.code == ZkCode::kNoNode);
  if (epoch_failed) return Fence(actions);
  EndOn(outcome, flights_.front().records, actions);
}

void ZkWriter::AnswerFront(ZkActions& actions) {
  for (const uint64_t ticket : flights_.front().tickets) {
    actions.push_back(AnswerBatch{ticket, {}});
  }
  flights_.pop_front();
}

// Reads the head as soon as nothing is under way and there is a connection.
void ZkWriter::Settle(ZkActions& actions) {
  if (unknown_ < flights_.size()) return;
  state_ = State::kWaiting;
  if (connected_) StartReading(actions);
}

void ZkWriter::StartReading(ZkActions& actions) {
  if (++readings_ > kReadingsMax) {
    return End({ErrorCode::kUnavailable,
                "the state store in ZooKeeper changes under its writer: " + layout_.head(),
                "see who else writes there"},
               actions);
  }
  state_ = State::kReading;
  awaited_ = NextId();
  actions.push_back(ReadHead{awaited_});
}

void ZkWriter::HeadRead(uint64_t id, const ZkHeadView& view, ZkActions& actions) {
  if (failure_ || id != awaited_ || state_ != State::kReading) return;
  awaited_ = 0;
  if (view.outcome.code == ZkCode::kUnknown) {
    state_ = State::kWaiting;
    --readings_;  // nothing was read
    if (connected_) StartReading(actions);
    return;
  }
  if (view.outcome.code != ZkCode::kOk) return EndOn(view.outcome, {}, actions);
  if (!view.epoch.exists || view.epoch.version != epoch_version_) return Fence(actions);
  if (!TakeHead(view.head)) {
    return End({ErrorCode::kCorruption,
                "the head of the state store in ZooKeeper, " + layout_.head() +
                    ", is not what this writer left there",
                "see who else writes there"},
               actions);
  }
  SendBarrier(view, actions);
}

// False when it cannot be.
bool ZkWriter::TakeHead(const ZkNode& node) {
  std::optional<ZkHead> head;
  if (node.exists) head = DecodeHead(node.data);
  if (!begun_) {
    head_ = head ? *head : ZkHead{.epoch = epoch_, .number = options_.first_number};
    last_number_ = head_.number;
  } else {
    const uint64_t first = flights_.empty() ? last_number_ + 1 : flights_.front().number;
    if (!head || head->number + 1 < first || head->number > last_number_) return false;
    head_ = *head;
  }
  head_version_ = node.version;
  return true;
}

void ZkWriter::SendBarrier(const ZkHeadView& view, ZkActions& actions) {
  state_ = State::kBarrier;
  awaited_ = NextId();
  SendMulti multi{.id = awaited_, .operations = {}};
  multi.operations.push_back(
      {.kind = Kind::kCheck, .path = layout_.epoch(), .version = epoch_version_});
  const std::string head = EncodeHead({.epoch = epoch_, .number = head_.number});
  if (!view.head.exists) {
    head_version_ = 0;  // that of a node that is made
    multi.operations.push_back({.kind = Kind::kCreate, .path = layout_.head(), .data = head});
  } else {
    // Past every version that a group on its way may demand, not only the next one: what follows a
    // group that was lost must not find the version that it would have left.
    do {
      multi.operations.push_back(
          {.kind = Kind::kSet, .path = layout_.head(), .data = head, .version = head_version_++});
    } while (head_version_ < free_version_);
  }
  if (!view.holder.ours) {
    if (view.holder.exists) {
      multi.operations.push_back({.kind = Kind::kDelete, .path = layout_.holder()});
    }
    multi.operations.push_back(
        {.kind = Kind::kCreateEphemeral, .path = layout_.holder(), .data = holder_});
  }
  actions.push_back(std::move(multi));
}

void ZkWriter::BarrierDone(const ZkOutcome& outcome, ZkActions& actions) {
  awaited_ = 0;
  if (outcome.code == ZkCode::kOk) return Resume(actions);
  const bool epoch_failed = outcome.failed == kEpochCheck && (outcome.code == ZkCode::kBadVersion ||
                                                              outcome.code == ZkCode::kNoNode);
  if (outcome.code != ZkCode::kUnknown && epoch_failed) return Fence(actions);
  // A group that was still under way came first, or the holder came or went.
  const bool again = outcome.code == ZkCode::kUnknown || outcome.code == ZkCode::kBadVersion ||
                     outcome.code == ZkCode::kNoNode || outcome.code == ZkCode::kNodeExists;
  if (!again) return EndOn(outcome, {}, actions);
  state_ = State::kWaiting;
  if (outcome.code == ZkCode::kUnknown) --readings_;
  if (connected_) StartReading(actions);
}

// What is in the head is durable; the other groups are sent again.
void ZkWriter::Resume(ZkActions& actions) {
  begun_ = true;
  while (!flights_.empty() && flights_.front().number <= head_.number) AnswerFront(actions);
  unknown_ = 0;
  state_ = connected_ ? State::kReady : State::kSettling;
  if (!flights_.empty()) {
    const Flight& first = flights_.front();
    if (first.attempts >= kAttemptsMax && first.bytes > kSuspectBytes) {
      return End({ErrorCode::kResourceExhausted,
                  "ZooKeeper closed the connection " + std::to_string(first.attempts) +
                      " times on a write of " + std::to_string(first.bytes) + " bytes",
                  "its jute.maxbuffer may be smaller than " + options_.limit_key + " here"},
                 actions);
    }
  }
  if (!connected_) {
    unknown_ = flights_.size();
    for (Flight& flight : flights_) flight.id = 0;
    return Settle(actions);
  }
  actions.push_back(BecameReady{});
  for (Flight& flight : flights_) Send(flight, actions);
  Pump(actions);
}

void ZkWriter::EpochSeen(int32_t version, ZkActions& actions) {
  if (!failure_ && version != epoch_version_) Fence(actions);
}

void ZkWriter::Fence(ZkActions& actions) {
  End({ErrorCode::kFenced,
       "the state store in ZooKeeper was taken over from epoch " + std::to_string(epoch_.value),
       "another ResourceManager has become active"},
      actions);
}

void ZkWriter::EndOn(const ZkOutcome& outcome,
                     const std::vector<ZkOperation>& records,
                     ZkActions& actions) {
  const size_t record = outcome.failed - std::min(outcome.failed, kHeadSet + 1);
  const bool fixed = outcome.failed <= kHeadSet || record >= records.size();
  const std::string path = fixed ? layout_.head() : records[record].path;
  if (outcome.code == ZkCode::kNoAuth) {
    return End({ErrorCode::kPermissionDenied,
                "ZooKeeper does not let this ResourceManager write to " + path,
                "its ACL was changed, or the cluster secret was"},
               actions);
  }
  if (outcome.code == ZkCode::kNoNode || outcome.code == ZkCode::kNodeExists ||
      outcome.code == ZkCode::kNotEmpty) {
    return End({ErrorCode::kCorruption,
                "somebody else changed " + path + " in ZooKeeper: " + outcome.text,
                "only the active ResourceManager may write below " + layout_.root()},
               actions);
  }
  End({ErrorCode::kUnavailable, "ZooKeeper refused a write to " + path + ": " + outcome.text, ""},
      actions);
}

void ZkWriter::End(const Error& error, ZkActions& actions) {
  if (failure_) return;
  failure_ = error;
  for (const Flight& flight : flights_) {
    for (const uint64_t ticket : flight.tickets) actions.push_back(AnswerBatch{ticket, error});
  }
  for (const Batch& batch : queue_) actions.push_back(AnswerBatch{batch.ticket, error});
  flights_.clear();
  queue_.clear();
  actions.push_back(Ended{error});
}

}  // namespace weir::store
