#include "stream/jobmanager/server/output_cleaning.h"

#include <string>
#include <vector>

#include "stream/graph/part_files.h"

namespace weir::stream {
namespace {

using platform::FileSystem;

// Deletes `part` if it is the file that `hidden` names.
Status Withdraw(FileSystem& files, const std::string& hidden, const std::string& part) {
  const auto published = files.Stat(part);
  if (!published.ok()) {
    return published.error().code == ErrorCode::kNotFound ? Status() : published.error();
  }
  WEIR_ASSIGN_OR_RETURN(const platform::FileInfo own, files.Stat(hidden));
  if (own.device != published->device || own.inode != published->inode) return {};
  return files.Remove(part);
}

Status CleanDirectory(FileSystem& files, const std::string& directory, const CleanOutputs& what) {
  const auto names = files.List(directory);
  if (!names.ok()) {
    return names.error().code == ErrorCode::kNotFound ? Status() : names.error();
  }
  Status result;
  bool removed = false;
  for (const std::string& name : *names) {
    const auto subtask = SubtaskOfHiddenPart(name, what.id.hex);
    if (!subtask) continue;
    const std::string hidden = directory + "/" + name;
    Status status;
    // The hidden name is the proof whose the part is, so it goes last.
    if (!what.keep_published) {
      status = Withdraw(files, hidden, directory + "/" + PartName(*subtask));
    }
    if (status.ok()) status = files.Remove(hidden);
    removed = removed || status.ok();
    if (result.ok()) result = status;
  }
  if (removed && result.ok()) return files.SyncDirectory(directory);
  return result;
}

}  // namespace

Status DeleteOutputs(FileSystem& files, const CleanOutputs& what) {
  Status result;
  for (const std::string& directory : what.directories) {
    Status status = CleanDirectory(files, directory, what);
    if (result.ok()) result = std::move(status);
  }
  return result;
}

}  // namespace weir::stream
