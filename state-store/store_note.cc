#include "state-store/store_note.h"

#include <algorithm>

#include "common/strings.h"
#include "platform/address_file.h"

namespace weir::store {

std::string StoreNoteFile(const std::string& directory) {
  return directory + "/store-note";
}

Result<std::optional<StoreNote>> ReadStoreNote(const std::string& path) {
  auto values = platform::ReadAddressFile(path);
  if (!values.ok() && values.error().code == ErrorCode::kNotFound) {
    return std::optional<StoreNote>();
  }
  if (!values.ok()) return values.error();
  const std::optional<int64_t> epoch = ParseInt64((*values)["epoch"]);
  if (!epoch || *epoch < 0) {
    return Error{
        ErrorCode::kInvalidArgument, path + " does not say the epoch", "delete it and start again"};
  }
  return std::optional<StoreNote>(StoreNote{.place = (*values)["place"],
                                            .epoch = {*epoch},
                                            .emptied = (*values)["emptied"] == "true",
                                            .cluster = (*values)["cluster"]});
}

Status WriteStoreNote(const std::string& path, const StoreNote& note) {
  return platform::WriteAddressFile(path,
                                    {{"cluster", note.cluster},
                                     {"place", note.place},
                                     {"epoch", std::to_string(note.epoch.value)},
                                     {"emptied", note.emptied ? "true" : "false"}});
}

Result<OpenRequest> RequestFor(const StoreOptions& options, WallTime now) {
  OpenRequest request{.wall_millis = ToMillis(now),
                      .cluster_id = options.cluster_id,
                      .take_over = options.high_availability};
  if (options.kind == StoreKind::kMemory) return request;
  WEIR_ASSIGN_OR_RETURN(const std::optional<StoreNote> note, ReadStoreNote(options.note_file));
  if (!note) return request;
  request.at_least = note->epoch;
  request.must_exist = note->place == options.Place() && !note->emptied;
  const bool other = !note->cluster.empty() && note->cluster != options.cluster_id;
  if (other && !note->emptied) request.former_cluster_id = note->cluster;
  return request;
}

Status NoteOpened(const StoreOptions& options, const EpochRecord& epoch) {
  if (options.kind == StoreKind::kMemory) return {};
  return WriteStoreNote(
      options.note_file,
      {.place = options.Place(), .epoch = epoch.epoch, .cluster = options.cluster_id});
}

Status NoteFollowed(const StoreOptions& options, Epoch epoch) {
  WEIR_ASSIGN_OR_RETURN(const std::optional<StoreNote> before, ReadStoreNote(options.note_file));
  StoreNote note{.place = options.Place(), .epoch = epoch, .cluster = options.cluster_id};
  if (before) note.epoch = std::max(note.epoch, before->epoch);
  if (before == note) return {};
  return WriteStoreNote(options.note_file, note);
}

}  // namespace weir::store
