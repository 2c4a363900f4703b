// The engine over one LevelDB directory, locked by one process and readable by its owner only: it
// holds keys and tokens.
#ifndef WEIR_STATE_STORE_LEVELDB_ENGINE_H_
#define WEIR_STATE_STORE_LEVELDB_ENGINE_H_

#include <memory>
#include <string>
#include <vector>

#include "common/result.h"
#include "state-store/store_engine.h"

namespace leveldb {
class Env;
}

namespace weir::store {

// What a write is to survive, and with it what a damaged log means.
enum class Durability {
  // The machine: every write is synced. A damaged log is an error, because what it held was
  // acknowledged to somebody.
  kMachine,
  // The process: writes are with the kernel when they are done. A log that a crash of the machine
  // has damaged is read as far as it goes.
  kProcess,
};

// Makes the directory if need be. Errors: see leveldb_status.h. What cannot be read because the
// disk fails is an error whatever the durability: LevelDB would else go on without it, and remove
// it. `env`: LevelDB's world, which outlives the engine; nullptr = the machine's.
Result<std::unique_ptr<StoreEngine>> OpenLevelDbEngine(const std::string& directory,
                                                       Durability durability,
                                                       leveldb::Env* env = nullptr);

// The same for the machine's durability, after everything was read once: damage in a table shows
// only then.
Result<std::unique_ptr<StoreEngine>> OpenCheckedLevelDb(const std::string& directory);

// For reading only. What is in the directory is not repaired: when it is damaged, a copy of it in
// the system's temporary directory is, readable by its owner only and gone with the engine, whose
// findings name what that had to drop. Nobody may have the directory open.
Result<std::unique_ptr<StoreEngine>> ReadLevelDb(const std::string& directory);

// What can be read of a damaged directory is kept, the rest is dropped. Nobody may have it open.
// What was dropped, in LevelDB's words, goes to `dropped`, if there is one.
Status RepairLevelDb(const std::string& directory,
                     std::vector<std::string>* dropped = nullptr,
                     leveldb::Env* env = nullptr);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_LEVELDB_ENGINE_H_
