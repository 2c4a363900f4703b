// StoreOptions: which state store a cluster has and where, as the configuration says it; and what
// is done with a store as a whole. Used by the ResourceManager and by `weir rm store`.
//
// Values; the functions block and may be called from any thread.
#ifndef WEIR_STATE_STORE_STORE_OPTIONS_H_
#define WEIR_STATE_STORE_STORE_OPTIONS_H_

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"
#include "platform/option_reader.h"
#include "state-store/state_store.h"

namespace weir::store {

struct ZookeeperStoreOptions;

enum class StoreKind { kMemory = 1, kLevelDb = 2, kFilesystem = 3, kZookeeper = 4 };

std::string StoreKindName(StoreKind kind);  // "leveldb"
// A short name, or YARN's class, with its package or without. Nothing when it is neither.
std::optional<StoreKind> ParseStoreClass(std::string_view text);

struct StoreOptions {
  StoreKind kind = StoreKind::kLevelDb;
  std::string cluster_id;
  std::string directory;  // of kLevelDb and kFilesystem
  std::string servers;    // of kZookeeper, as all below
  Duration session_timeout = seconds(10);
  std::string parent;         // absolute, without a slash at the end
  std::string election_lock;  // with high availability
  std::string home;           // as of ZookeeperStoreOptions
  size_t value_bytes = 0;
  std::string secret_file;
  bool high_availability = false;
  std::string note_file;  // see StoreNote

  // "leveldb /var/lib/weir/rm/store": the same place has the same text.
  std::string Place() const;
};

// Of a kZookeeper. The errors are those of its secret's file.
Result<ZookeeperStoreOptions> ZookeeperOptionsOf(const StoreOptions& options);

// Faults go to `read`: an unknown class, no address of ZooKeeper, a URI that is not of a local
// directory, high availability with a store that cannot fence.
StoreOptions ReadStoreOptions(const platform::Configuration& config, platform::OptionReader& read);

// kInvalidArgument, or the errors of the store's own function in state_store.h and
// zookeeper_store.h. `read_only`: changes nothing (but LevelDB's own files), repairs nothing (but a
// copy of a damaged LevelDB, to name what is lost); Open and Append must not be called.
Result<std::unique_ptr<StateStore>> OpenStateStore(const StoreOptions& options,
                                                   bool read_only = false);

// Removes everything in the store. `note_files` are those (store_note.h) of the ResourceManagers of
// this machine: they expect an empty store afterwards. The answer is the highest epoch that the
// store and they knew, which they all keep, since NodeManagers remember it too: the next one is
// above it. 0 = none is known. kFailedPrecondition: the store is in use, with the holder's name;
// kNotFound: there is no such store in ZooKeeper, and nobody here remembers one.
Result<Epoch> FormatStateStore(const StoreOptions& options,
                               const std::vector<std::string>& note_files);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STORE_OPTIONS_H_
