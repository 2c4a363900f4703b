// RecordStore: the NodeManager's records in one LevelDB, written by a thread of its own.
//
// A write is with the kernel when it is told as kept: it survives the death of this process, which
// is all that it is for. With the machine the containers themselves die; what is left of the
// records then says which there were, and BootId() that they are gone. So nothing here waits for a
// disk.
//
// What waits is merged by key and written as one change, in which order does not matter. A write
// that fails is told once per batch (RecordFailed) and repeated, together with what came since,
// until it succeeds: the store then says what the core says. Bound: one waiting value per key.
//
// On a disk that is full or broken already when it is opened, the store begins without what was
// there, says so, and goes on trying: a NodeManager that runs can at least end its containers. What
// it then finds there when it can, is of a past that nobody knows any more, and goes. So that a
// full disk does not cost the past, some room is held beside the records (<directory>.reserve) and
// given up for opening them.
//
// Owner: the daemon; the sink must outlive it. Keep and Drop are thread-safe.
#ifndef WEIR_NODEMANAGER_SERVER_RECORD_STORE_H_
#define WEIR_NODEMANAGER_SERVER_RECORD_STORE_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "nodemanager/core/events.h"
#include "nodemanager/core/node_records.h"
#include "platform/mutex.h"
#include "state-store/store_engine.h"

namespace leveldb {
class Env;
}

namespace weir::nm {

class RecordStore {
 public:
  using Sink = std::function<void(Event)>;
  struct Loaded {
    std::vector<NodeRecord> records;
    std::vector<std::string> damaged;  // in words, with the key
    std::vector<std::string> newer;    // keys of what a newer release has written
  };

  // A damaged directory is repaired as far as it can be, or put aside as <directory>.damaged: that
  // is logged, and costs what it held, but never a start; nor does a disk that is full or broken.
  // Errors: those of a directory that may not be made or written, or is locked.
  // `env`: see OpenLevelDbEngine.
  static Result<std::unique_ptr<RecordStore>> Open(std::string directory,
                                                   Sink sink,
                                                   leveldb::Env* env = nullptr);
  // Writes what still waits, trying for a second, and closes.
  ~RecordStore();
  RecordStore(const RecordStore&) = delete;
  RecordStore& operator=(const RecordStore&) = delete;

  // Everything there is. Call before the first Keep.
  Loaded Load();
  void Keep(int64_t sequence, const NodeRecord& record);
  void Drop(int64_t sequence, const std::string& key);

 private:
  using Changes = std::map<std::string, std::optional<std::string>>;  // no value: the key goes

  RecordStore(std::string directory,
              Sink sink,
              leveldb::Env* env,
              std::unique_ptr<store::StoreEngine> engine);
  void Add(int64_t sequence, std::string key, std::optional<std::string> value);
  void Run();
  Status Write(const Changes& changes);

  // Opens it; when it was never read, without what is there.
  Status OpenAgain();

  const std::string directory_;
  const Sink sink_;
  leveldb::Env* const env_;
  std::unique_ptr<store::StoreEngine> engine_;  // of the thread, once that runs; none = not open
  bool read_ = false;                           // what was there at the start
  platform::Mutex mutex_;
  platform::ConditionVariable changed_;
  Changes waiting_ WEIR_GUARDED_BY(mutex_);
  int64_t sequence_ WEIR_GUARDED_BY(mutex_) = 0;  // of the newest that waits
  bool closing_ WEIR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_SERVER_RECORD_STORE_H_
