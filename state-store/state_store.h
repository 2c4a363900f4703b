// StateStore: where records live. One interface, several backends, one conformance suite.
//
// Append is asynchronous and pipelined: batches become durable in the order given, each as a whole
// or not at all; `done` is called on the store's own thread, in that order. After the first failure
// every later Append fails too: the owner steps down.
//
// Who may write: the writer of the newest epoch. A store on disk is open in one process at a time
// (lock). One that can *fence* may be open in several: whoever calls Open takes it over, and from
// then on every Append of the former writer fails with kFenced and changes nothing.
//
// The order of a start is Open, then Load: what is loaded after Open can no longer be changed by a
// former writer. Load before Open shows what a reader, such as a standby, may know.
//
// Owner: the ResourceManager's composition root. Append and Close are thread-safe; the rest belongs
// to the owner.
#ifndef WEIR_STATE_STORE_STATE_STORE_H_
#define WEIR_STATE_STORE_STATE_STORE_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"
#include "state-store/records.h"

namespace weir::platform {
class FileSystem;
}

namespace weir::store {

struct LoadedState {
  std::vector<Record> records;           // by key order
  std::vector<std::string> quarantined;  // "what: why", of what was stored and cannot be read
  // What else there is to say, such as the end of a log that a crash has cut. Nothing that was
  // acknowledged is missing for it.
  std::vector<std::string> notes;
};

// What a standby hears of a store.
struct StoreChanges {
  RecordChanges records;
  std::vector<std::string> quarantined;  // all that is, as in LoadedState
};

struct OpenRequest {
  int64_t wall_millis = 0;  // now
  std::string cluster_id;
  // The highest epoch that the opener knows of from elsewhere; the new one is above it. With it a
  // store whose own epoch is damaged or gone can be opened; 0 = none.
  Epoch at_least{};
  // The opener has used the store before: an empty one is refused (kFailedPrecondition).
  bool must_exist = false;
  // The opener belonged to this cluster so far, and not to `cluster_id`: an empty store is refused
  // likewise. "" = it did not.
  std::string former_cluster_id{};
  // Of a store that can fence: whether a writer that is there is shut out (high availability). If
  // not, the store is refused like one on disk that is locked, once its holder has had the time
  // to go that a session takes to expire; a former run of the same ResourceManager has gone.
  bool take_over = true;
};

class StateStore {
 public:
  using Done = std::function<void(Status)>;

  virtual ~StateStore() = default;
  virtual std::string name() const = 0;  // "leveldb", for reports
  // Whether a new writer shuts out the former one: high availability needs it.
  virtual bool can_fence() const { return false; }

  // Everything stored. kUnavailable; kCorruption (the store itself, not one record);
  // kFailedPrecondition: a newer version of Weir has written it.
  virtual Result<LoadedState> Load() = 0;
  // What has changed since the last Follow, the first time everything: for a standby, from time to
  // time, and once more after Open, when it is exact. What the next Open has to read is less then.
  // Of a store that can fence; others say nothing. Errors: as Load; nothing of what has changed is
  // lost then.
  virtual Result<StoreChanges> Follow() { return StoreChanges{}; }
  // The next Follow says everything again: for whoever cannot do with what changed.
  virtual void FollowAnew() {}
  // Nobody asks for changes any more. A copy that was kept for them is freed, without waiting.
  virtual void EndFollowing() {}
  // Of what Follow or Load has read last: the highest epoch that is written down anywhere; nothing
  // when the store was empty or was not read. Of a store that can fence; others do not know.
  virtual std::optional<Epoch> FollowedEpoch() const { return std::nullopt; }
  // Becomes the writer under a new epoch: above the stored one and `at_least`, durable when this
  // returns. The cluster timestamp is `wall_millis`, forced above the stored one.
  // kFailedPrecondition: another cluster's, or of a newer version; kCorruption: the epoch cannot be
  // read, and no `at_least` stands in for it; kFenced: another one became the writer meanwhile.
  virtual Result<EpochRecord> Open(const OpenRequest& request) = 0;
  virtual void Append(std::vector<StoreOperation> batch, Epoch epoch, Done done) = 0;
  // `lost` is called on the store's own thread, at most once, when the store learns between two
  // Appends that it is no longer the writer. Before Open. Stores that cannot fence never call it.
  virtual void OnFenced(std::function<void(const Error&)> lost) { static_cast<void>(lost); }
  // Whether this is still the writer, as of some moment after the call; false also when nobody can
  // be asked. `done` is called once, on the caller's thread or the store's own. After Open. Who has
  // locked a store need not ask.
  virtual void Confirm(std::function<void(bool)> done) { done(true); }
  // Waits for what was appended; later Appends fail. Idempotent.
  virtual void Close() = 0;
};

std::unique_ptr<StateStore> MakeMemoryStore();

struct LevelDbOptions {
  std::string directory;
  size_t queue_limit = 65'536;  // batches waiting; more fail with kResourceExhausted
};
// A damaged directory is set aside as "<directory>.damaged" and what can be read of it is kept;
// Load names what could not. kFailedPrecondition: locked by another process ("the state store ...
// is in use by another ResourceManager", with its process id). kUnavailable: cannot be opened.
Result<std::unique_ptr<StateStore>> OpenLevelDbStore(const LevelDbOptions& options);

struct FilesystemOptions {
  std::string directory;
  size_t queue_limit = 65'536;
  int64_t snapshot_bytes = int64_t{64} << 20;  // a log larger than this gives way to a snapshot
  platform::FileSystem* files = nullptr;       // the operating system's; outlives the store
};
// Errors: as OpenLevelDbStore; see filesystem_engine.h.
Result<std::unique_ptr<StateStore>> OpenFilesystemStore(const FilesystemOptions& options);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STATE_STORE_H_
