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

#include "common/result.h"
#include "common/time.h"
#include "platform/hadoop_xml_config.h"
#include "platform/option_reader.h"
#include "state-store/state_store.h"

namespace weir::store {

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
  size_t value_bytes = 0;
  std::string secret_file;
  bool high_availability = false;
  std::string note_file;  // see StoreNote

  // "leveldb /var/lib/weir/rm/store": the same place has the same text.
  std::string Place() const;
};

// Faults go to `read`: an unknown class, no address of ZooKeeper, a URI that is not of a local
// directory, high availability with a store that cannot fence.
StoreOptions ReadStoreOptions(const platform::Configuration& config, platform::OptionReader& read);

// kInvalidArgument, or the errors of the store's own function in state_store.h and
// zookeeper_store.h. `read_only`: changes nothing (but LevelDB's own files), repairs nothing;
// Open and Append must not be called.
Result<std::unique_ptr<StateStore>> OpenStateStore(const StoreOptions& options,
                                                   bool read_only = false);

// Removes everything in the store. kFailedPrecondition: it is in use, with the holder's name.
Status FormatStateStore(const StoreOptions& options);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STORE_OPTIONS_H_
