// Removing a store, whatever its kind, without losing the epoch.
#include <algorithm>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "platform/file_system.h"
#include "state-store/directory_lock.h"
#include "state-store/store_note.h"
#include "state-store/store_options.h"
#include "state-store/zookeeper_store.h"

namespace weir::store {
namespace {

// Everything in the directory but the lock, which is held meanwhile.
Status EmptyDirectory(const std::string& directory) {
  WEIR_ASSIGN_OR_RETURN(const DirectoryLock lock, DirectoryLock::Take(directory));
  platform::FileSystem& files = platform::FileSystem::Real();
  WEIR_ASSIGN_OR_RETURN(const std::vector<std::string> names, files.List(directory));
  for (const std::string& name : names) {
    if (name == DirectoryLock::kFileName) continue;
    WEIR_RETURN_IF_ERROR(files.RemoveTree(directory + "/" + name));
  }
  return files.SyncDirectory(directory);
}

// What the store says of its epoch; 0 = nothing that can be read.
Result<Epoch> StoredEpoch(const StoreOptions& options) {
  if (options.kind == StoreKind::kZookeeper) {
    WEIR_ASSIGN_OR_RETURN(const ZookeeperStoreOptions zookeeper, ZookeeperOptionsOf(options));
    return ReadZookeeperEpoch(zookeeper);
  }
  const auto store = OpenStateStore(options, true);
  if (!store.ok() && store.error().code == ErrorCode::kFailedPrecondition) return store.error();
  if (!store.ok()) return Epoch{};
  const Result<LoadedState> state = (*store)->Load();
  if (!state.ok()) return Epoch{};
  for (const Record& record : state->records) {
    if (const auto* epoch = std::get_if<EpochRecord>(&record)) return epoch->epoch;
  }
  return Epoch{};
}

Status Remove(const StoreOptions& options) {
  if (options.kind == StoreKind::kMemory) return {};
  if (options.kind != StoreKind::kZookeeper) return EmptyDirectory(options.directory);
  WEIR_ASSIGN_OR_RETURN(const ZookeeperStoreOptions zookeeper, ZookeeperOptionsOf(options));
  return FormatZookeeperStore(zookeeper);
}

using Notes = std::vector<std::optional<StoreNote>>;  // as their files

Result<Notes> ReadNotes(const std::vector<std::string>& files) {
  Notes notes;
  for (const std::string& file : files) {
    WEIR_ASSIGN_OR_RETURN(std::optional<StoreNote> note, ReadStoreNote(file));
    notes.push_back(std::move(note));
  }
  return notes;
}

// Where there was no note, one says that nothing is expected.
Status RaiseEpochs(const std::vector<std::string>& files,
                   const std::string& place,
                   Epoch epoch,
                   Notes& notes) {
  for (size_t i = 0; i < files.size(); ++i) {
    if (!notes[i] && epoch.value == 0) continue;
    if (!notes[i]) notes[i] = StoreNote{.place = place, .epoch = epoch, .emptied = true};
    notes[i]->epoch = epoch;
    WEIR_RETURN_IF_ERROR(WriteStoreNote(files[i], *notes[i]));
  }
  return {};
}

}  // namespace

Result<Epoch> FormatStateStore(const StoreOptions& options,
                               const std::vector<std::string>& note_files) {
  WEIR_ASSIGN_OR_RETURN(Notes notes, ReadNotes(note_files));
  WEIR_ASSIGN_OR_RETURN(Epoch known, StoredEpoch(options));
  bool remembered = false;
  for (const std::optional<StoreNote>& note : notes) {
    if (!note) continue;
    remembered = true;
    known = std::max(known, note->epoch);
  }
  // Before the store forgets it.
  WEIR_RETURN_IF_ERROR(RaiseEpochs(note_files, options.Place(), known, notes));
  if (const Status removed = Remove(options); !removed.ok()) {
    if (removed.error().code != ErrorCode::kNotFound || !remembered) return removed.error();
  }
  for (size_t i = 0; i < notes.size(); ++i) {
    if (!notes[i] || notes[i]->emptied) continue;
    notes[i]->emptied = true;
    WEIR_RETURN_IF_ERROR(WriteStoreNote(note_files[i], *notes[i]));
  }
  return known;
}

}  // namespace weir::store
