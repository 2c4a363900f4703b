#include "state-store/store_options.h"

#include <algorithm>
#include <map>
#include <utility>

#include "common/check.h"
#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/file_system.h"
#include "platform/rpc_security.h"
#include "state-store/directory_lock.h"
#include "state-store/filesystem_engine.h"
#include "state-store/group_commit_store.h"
#include "state-store/leveldb_engine.h"
#include "state-store/store_note.h"
#include "state-store/zookeeper_election.h"
#include "state-store/zookeeper_store.h"

namespace weir::store {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

constexpr size_t kQueueLimit = 65'536;

struct StoreClass {
  const char* name;
  StoreKind kind;
};
constexpr StoreClass kClasses[] = {{"memory", StoreKind::kMemory},
                                   {"memoryrmstatestore", StoreKind::kMemory},
                                   {"nullrmstatestore", StoreKind::kMemory},
                                   {"leveldb", StoreKind::kLevelDb},
                                   {"leveldbrmstatestore", StoreKind::kLevelDb},
                                   {"filesystem", StoreKind::kFilesystem},
                                   {"filesystemrmstatestore", StoreKind::kFilesystem},
                                   {"zookeeper", StoreKind::kZookeeper},
                                   {"zkrmstatestore", StoreKind::kZookeeper}};

Error Wrong(const std::string& what, const std::string& remedy) {
  return {ErrorCode::kInvalidArgument, what, remedy};
}

// A path, or a URI of a local file.
std::string LocalPath(OptionReader& read, const std::string& text) {
  constexpr std::string_view kScheme = "file:";
  std::string path = text;
  if (path.starts_with(kScheme)) path.erase(0, kScheme.size());
  while (path.starts_with("//")) path.erase(0, 1);
  if (path.find("://") != std::string::npos) {
    read.Fault(Wrong(std::string(kRmStoreUri) + " is '" + text + "'",
                     "the filesystem store is a local directory; for several ResourceManagers use "
                     "the zookeeper store"));
    return path;
  }
  return read.Absolute(kRmStoreUri, path);
}

// The value of a key or, when it is not set, of its former name.
const char* Named(const Configuration& config, const char* key, const char* old) {
  return !config.Get(key) && config.Get(old) ? old : key;
}

void ReadZookeeper(const Configuration& config, OptionReader& read, StoreOptions& options) {
  options.servers = read.Text(Named(config, kZkAddress, kZkAddressOld));
  if (options.servers.empty()) {
    read.Fault(
        Wrong(std::string(kZkAddress) + " is not set, but " + kRmStoreClass + " is zookeeper",
              "set it to host:port,host:port"));
  }
  options.session_timeout = read.Millis(Named(config, kZkTimeout, kZkTimeoutOld));
  options.parent = read.Text(kZkParent);
  while (options.parent.ends_with('/')) options.parent.pop_back();
  if (!options.parent.empty() && !options.parent.starts_with('/')) {
    read.Fault(Wrong(std::string(kZkParent) + " is '" + options.parent + "'",
                     "it must begin with a slash"));
  }
  if (options.high_availability) {
    ZookeeperElectionOptions election;
    election.base = read.Text(kRmHaElection);
    election.cluster_id = options.cluster_id;
    while (election.base.ends_with('/')) election.base.pop_back();
    options.election_lock = election.lock();
  }
  // A part of it is for what a request has besides values.
  const auto limit = static_cast<size_t>(read.Int(kZkMaxZnode, 65'536, 1 << 30));
  options.value_bytes = limit - limit / 16;
}

void CheckFencing(const StoreOptions& options, OptionReader& read) {
  if (!options.high_availability || options.kind == StoreKind::kZookeeper) return;
  read.Fault(Wrong(
      std::string(kRmHaEnabled) + " is true, but the " + StoreKindName(options.kind) +
          " state store cannot shut out a former active ResourceManager",
      "set " + std::string(kRmStoreClass) + " to zookeeper and " + kZkAddress + " to its servers"));
}

// The same files without what opening for writing does to them.
class ReadOnlyDirectory final : public StoreEngine {
 public:
  ReadOnlyDirectory(std::unique_ptr<DirectoryLock> lock, std::unique_ptr<StoreEngine> engine)
      : lock_(std::move(lock)), engine_(std::move(engine)) {}

  std::string name() const override { return engine_->name(); }
  Status Write(const std::vector<EngineOperation>&) override {
    return Error{ErrorCode::kFailedPrecondition, "the store is open for reading only", ""};
  }
  Result<std::optional<std::string>> Read(const std::string& key) override {
    return engine_->Read(key);
  }
  Status Scan(const Visitor& visitor) override { return engine_->Scan(visitor); }
  EngineFindings findings() const override { return engine_->findings(); }

 private:
  const std::unique_ptr<DirectoryLock> lock_;  // none when the engine has it itself
  const std::unique_ptr<StoreEngine> engine_;
};

Result<std::unique_ptr<StateStore>> OpenDirectoryReadOnly(const StoreOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const platform::FileInfo info,
                        platform::FileSystem::Real().Stat(options.directory));
  if (!info.is_directory) return Wrong(options.directory + " is not a directory", "");
  std::unique_ptr<DirectoryLock> lock;
  std::unique_ptr<StoreEngine> engine;
  if (options.kind == StoreKind::kFilesystem) {
    WEIR_ASSIGN_OR_RETURN(engine,
                          OpenFilesystemEngine({.directory = options.directory,
                                                .files = &platform::FileSystem::Real(),
                                                .read_only = true}));
  } else {
    WEIR_ASSIGN_OR_RETURN(DirectoryLock taken, DirectoryLock::Take(options.directory));
    lock = std::make_unique<DirectoryLock>(std::move(taken));
    WEIR_ASSIGN_OR_RETURN(engine, ReadLevelDb(options.directory));
  }
  return std::unique_ptr<StateStore>(std::make_unique<GroupCommitStore>(
      std::make_unique<ReadOnlyDirectory>(std::move(lock), std::move(engine)), kQueueLimit));
}

}  // namespace

std::string StoreKindName(StoreKind kind) {
  switch (kind) {
    case StoreKind::kMemory:
      return "memory";
    case StoreKind::kLevelDb:
      return "leveldb";
    case StoreKind::kFilesystem:
      return "filesystem";
    case StoreKind::kZookeeper:
      return "zookeeper";
  }
  WEIR_CHECK(false, "an unknown kind of store");
}

std::optional<StoreKind> ParseStoreClass(std::string_view text) {
  const std::string lower = ToLower(text);
  const std::string name = lower.substr(lower.rfind('.') + 1);  // npos + 1 = the whole
  for (const StoreClass& known : kClasses) {
    if (name == known.name) return known.kind;
  }
  return std::nullopt;
}

std::string StoreOptions::Place() const {
  if (kind == StoreKind::kMemory) return "memory";
  if (kind != StoreKind::kZookeeper) return StoreKindName(kind) + " " + directory;
  const size_t chroot = servers.find('/');
  return "zookeeper " + (chroot == std::string::npos ? "" : servers.substr(chroot)) + parent + "/" +
         cluster_id;
}

Result<ZookeeperStoreOptions> ZookeeperOptionsOf(const StoreOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const std::string secret, platform::ReadSecretFile(options.secret_file));
  ZookeeperStoreOptions zookeeper;
  zookeeper.session.servers = options.servers;
  zookeeper.session.timeout = options.session_timeout;
  zookeeper.session.password = ZookeeperPassword(secret);
  zookeeper.parent = options.parent;
  zookeeper.cluster_id = options.cluster_id;
  zookeeper.value_bytes = options.value_bytes;
  zookeeper.election_lock = options.election_lock;
  zookeeper.home = options.home;
  return zookeeper;
}

StoreOptions ReadStoreOptions(const Configuration& config, OptionReader& read) {
  StoreOptions options;
  options.cluster_id = read.ClusterId();
  options.secret_file = read.Absolute(kSecretFile, platform::SecretFile(config));
  options.high_availability = read.Bool(kRmHaEnabled);
  options.note_file = StoreNoteFile(platform::RmDir(config));
  const std::string class_name = read.Text(kRmStoreClass);
  const std::optional<StoreKind> kind = ParseStoreClass(class_name);
  if (!kind) {
    read.Fault(Wrong(std::string(kRmStoreClass) + " is '" + class_name + "'",
                     "it must be leveldb, filesystem, zookeeper or memory"));
    return options;
  }
  options.kind = *kind;
  CheckFencing(options, read);
  switch (options.kind) {
    case StoreKind::kMemory:
      break;
    case StoreKind::kLevelDb: {
      const std::string set = read.Text(kRmStoreDir);
      options.directory =
          set.empty() ? platform::RmDir(config) + "/store" : read.Absolute(kRmStoreDir, set);
      break;
    }
    case StoreKind::kFilesystem: {
      const std::string set = read.Text(kRmStoreUri);
      options.directory =
          set.empty() ? platform::RmDir(config) + "/fs-store" : LocalPath(read, set);
      break;
    }
    case StoreKind::kZookeeper:
      ReadZookeeper(config, read, options);
      break;
  }
  return options;
}

Result<std::unique_ptr<StateStore>> OpenStateStore(const StoreOptions& options, bool read_only) {
  switch (options.kind) {
    case StoreKind::kMemory:
      return MakeMemoryStore();
    case StoreKind::kLevelDb:
      if (read_only) return OpenDirectoryReadOnly(options);
      return OpenLevelDbStore({.directory = options.directory});
    case StoreKind::kFilesystem:
      if (read_only) return OpenDirectoryReadOnly(options);
      return OpenFilesystemStore({.directory = options.directory});
    case StoreKind::kZookeeper: {
      WEIR_ASSIGN_OR_RETURN(const ZookeeperStoreOptions zookeeper, ZookeeperOptionsOf(options));
      return OpenZookeeperStore(zookeeper);
    }
  }
  WEIR_CHECK(false, "an unknown kind of store");
}

}  // namespace weir::store
