// StoreNote: what a ResourceManager remembers of its state store in a file of its own
// (<its work directory>/store-note): that there is something in it, and the highest epoch. So an
// empty store in its place is noticed, and no epoch is used twice even when the store's own was
// damaged. And whose store it is: under another cluster id, such as one that was mistyped, the
// place in ZooKeeper is another one, and empty.
//
// Each of several ResourceManagers has one: who becomes active notes it, and who follows does.
// Values; the functions block and may be called from any thread, for one file from one at a time.
#ifndef WEIR_STATE_STORE_STORE_NOTE_H_
#define WEIR_STATE_STORE_STORE_NOTE_H_

#include <optional>
#include <string>

#include "common/result.h"
#include "common/time.h"
#include "state-store/state_store.h"
#include "state-store/store_options.h"

namespace weir::store {

struct StoreNote {
  std::string place;
  Epoch epoch;
  bool emptied = false;   // by FormatStateStore: an empty store is what is expected
  std::string cluster{};  // whose it is; "" in a note of an older version
  bool operator==(const StoreNote&) const = default;
};
// Of the ResourceManager with that directory.
std::string StoreNoteFile(const std::string& directory);
// Nothing when there is none. kInvalidArgument: it cannot be read.
Result<std::optional<StoreNote>> ReadStoreNote(const std::string& path);
Status WriteStoreNote(const std::string& path, const StoreNote& note);

// The request with which a ResourceManager opens its store now.
Result<OpenRequest> RequestFor(const StoreOptions& options, WallTime now);
// After it has opened it.
Status NoteOpened(const StoreOptions& options, const EpochRecord& epoch);
// After it has read what others wrote, of whose epochs `epoch` is the highest. Writes only when
// that says more than the note.
Status NoteFollowed(const StoreOptions& options, Epoch epoch);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_STORE_NOTE_H_
