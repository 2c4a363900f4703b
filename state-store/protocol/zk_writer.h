// ZkWriter: how batches of records get into ZooKeeper: in order, each whole or not at all, under
// one epoch, many in flight, and with every unknown outcome settled.
//
// Terms: a *group* is what one multi writes: one batch or several that waited. Groups have numbers,
// growing by one over all writers. The multi of group n checks the version of the epoch node (a
// later writer has raised it), sets the head to n under the head's exact version, notes the keys it
// changed, and changes the records.
//
// Why this is right: every multi raises the head's version by one and demands the one before, so
// groups are applied in order without a gap, whoever reorders or loses messages: what follows a
// group that was not applied is refused. When a connection goes, groups in flight are *unknown*.
// They are settled by reading the head and writing it back under the version read (the *barrier*),
// so often that its version is past all that groups have demanded: once that is applied, a group
// that is still under way somewhere can never be, as its version of the head is gone; those up to
// the number in the head are durable, the others are sent again.
//
// The first barrier of a writer *begins* it. Until that is applied it has sent no group, and what a
// former writer sent can never be applied any more: it checks an epoch node that has changed. So
// nothing rests on what the head says then, and one that is damaged, somebody else's or gone is
// made anew, with the number that the owner gives for it. Once the writer has begun only it changes
// the head, and a head that is not what it wrote ends it.
//
// A record that exists is set, another one created: the writer knows all keys, since nobody else
// writes. A node that is there and should not be (or the reverse) is somebody else's doing and ends
// the writer, as does everything that cannot be repeated.
//
// States: kWaiting (for a connection) -> kReading (the head) -> kBarrier -> kReady; from any of
// these to kFenced or kFailed, the end. kReady -> kSettling (answers of what is in flight are
// awaited) -> kWaiting.
//
// Bounded: at most `window` groups are in flight; who appends bounds what waits. A write that comes
// back unknown kAttemptsMax times and is larger than kSuspectBytes fails: ZooKeeper closes the
// connection on a message above its own limit instead of answering.
//
// Pure core: events in, actions out. Owner: the store's thread, or the simulator.
#ifndef WEIR_STATE_STORE_PROTOCOL_ZK_WRITER_H_
#define WEIR_STATE_STORE_PROTOCOL_ZK_WRITER_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_set>
#include <variant>
#include <vector>

#include "common/result.h"
#include "state-store/protocol/zk_layout.h"
#include "state-store/protocol/zk_operation.h"
#include "state-store/records_change.h"

namespace weir::store {

// To be sent on the connection there is; MultiDone with the same id answers.
struct SendMulti {
  uint64_t id = 0;
  std::vector<ZkOperation> operations;
};
// Sync, then read the epoch node (and watch it), the head and the holder; HeadRead answers.
struct ReadHead {
  uint64_t id = 0;
};
// The batch `ticket` is durable, or will never be.
struct AnswerBatch {
  uint64_t ticket = 0;
  Status status;
};
// The writer can write, for the first time on this connection.
struct BecameReady {};
// The writer has ended; every later Append is answered with the same error.
struct Ended {
  Error error;
};
using ZkAction = std::variant<SendMulti, ReadHead, AnswerBatch, BecameReady, Ended>;
using ZkActions = std::vector<ZkAction>;

struct ZkHeadView {
  ZkOutcome outcome;  // of all of the reads
  ZkNode epoch;
  ZkNode head;
  ZkNode holder;
};

class ZkWriter {
 public:
  static constexpr int kAttemptsMax = 5;
  static constexpr size_t kSuspectBytes = 128u << 10;
  static constexpr int kReadingsMax = 16;  // of the head, without getting ahead

  struct Options {
    size_t window = 16;
    size_t group_bytes = 128u << 10;  // a group is full then
    size_t group_operations = 512;
    size_t multi_bytes = 1'000'000;            // a batch that is larger is refused
    std::string limit_key = "jute.maxbuffer";  // what to change when that is too small
    uint64_t first_number = 0;                 // the last group's, if the head does not say it
  };

  // `epoch` was made durable by a conditional write that left the epoch node at `epoch_version`.
  // `existing`: the names of all record nodes' keys and of the changes' slots (their paths).
  // `holder`: what the node says for people.
  ZkWriter(Options options,
           ZkLayout layout,
           Epoch epoch,
           int32_t epoch_version,
           std::unordered_set<std::string> existing,  // lookup-only, as below
           std::string holder);

  // `refusal`: the batch was refused before it came here; it is answered with that in its turn, and
  // if it is `final` everything after it fails too.
  void Append(uint64_t ticket,
              std::vector<EngineOperation> batch,
              std::optional<Error> refusal,
              bool final,
              ZkActions& actions);
  void Connected(ZkActions& actions);
  void Disconnected();
  void MultiDone(uint64_t id, const ZkOutcome& outcome, ZkActions& actions);
  void HeadRead(uint64_t id, const ZkHeadView& view, ZkActions& actions);
  // The epoch node was seen at this version, such as by a watch.
  void EpochSeen(int32_t version, ZkActions& actions);
  // Nothing more is written: everything is answered with `error`.
  void End(const Error& error, ZkActions& actions);

  bool ended() const { return failure_.has_value(); }
  bool idle() const { return flights_.empty() && queue_.empty(); }
  size_t waiting() const { return queue_.size(); }
  Epoch epoch() const { return epoch_; }

 private:
  enum class State { kWaiting, kReading, kBarrier, kReady, kSettling };
  struct Batch {
    uint64_t ticket = 0;
    std::vector<EngineOperation> operations;
    size_t bytes = 0;
    std::optional<Error> refusal;
    bool final = false;
  };
  struct Flight {
    uint64_t id = 0;  // of the multi that is under way; 0 = its outcome is unknown
    uint64_t number = 0;
    size_t bytes = 0;
    int attempts = 0;
    std::vector<uint64_t> tickets;
    std::vector<ZkOperation> records;
    std::vector<std::string> keys;
  };

  void Pump(ZkActions& actions);
  bool RefuseFront(ZkActions& actions);
  bool TakeGroup(ZkActions& actions);
  void AddBatch(Batch batch, Flight& flight);
  void Send(Flight& flight, ZkActions& actions);
  void Settle(ZkActions& actions);
  void StartReading(ZkActions& actions);
  bool TakeHead(const ZkNode& node);
  void SendBarrier(const ZkHeadView& view, ZkActions& actions);
  void BarrierDone(const ZkOutcome& outcome, ZkActions& actions);
  void Resume(ZkActions& actions);
  void FlightDone(const ZkOutcome& outcome, ZkActions& actions);
  void AnswerFront(ZkActions& actions);
  void Fence(ZkActions& actions);
  void EndOn(const ZkOutcome& outcome, const std::vector<ZkOperation>& records, ZkActions& actions);
  ZkOperation Upsert(const std::string& path, std::string data);
  uint64_t NextId() { return ++last_id_; }

  const Options options_;
  const ZkLayout layout_;
  const Epoch epoch_;
  const int32_t epoch_version_;
  const std::string holder_;

  State state_ = State::kWaiting;
  bool connected_ = false;
  bool begun_ = false;
  std::optional<Error> failure_;
  std::unordered_set<std::string> existing_;  // lookup-only: paths
  std::deque<Batch> queue_;
  std::deque<Flight> flights_;  // in order of their numbers
  size_t unknown_ = 0;          // of them: those whose outcome is not known
  uint64_t last_id_ = 0;
  uint64_t awaited_ = 0;      // id of the reading or the barrier under way
  int readings_ = 0;          // since a group was applied
  ZkHead head_;               // as last read
  int32_t head_version_ = 0;  // that the next write of the head demands
  int32_t free_version_ = 0;  // no group has demanded this one or a later
  uint64_t last_number_ = 0;  // given to a group
};

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_PROTOCOL_ZK_WRITER_H_
