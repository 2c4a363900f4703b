// The store of plain files: every group one synced frame of a log.
#include <memory>
#include <utility>

#include "platform/file_system.h"
#include "state-store/filesystem_engine.h"
#include "state-store/group_commit_store.h"
#include "state-store/state_store.h"

namespace weir::store {

Result<std::unique_ptr<StateStore>> OpenFilesystemStore(const FilesystemOptions& options) {
  platform::FileSystem& files =
      options.files == nullptr ? platform::FileSystem::Real() : *options.files;
  WEIR_ASSIGN_OR_RETURN(auto engine,
                        OpenFilesystemEngine({.directory = options.directory,
                                              .snapshot_bytes = options.snapshot_bytes,
                                              .files = &files}));
  return std::unique_ptr<StateStore>(
      std::make_unique<GroupCommitStore>(std::move(engine), options.queue_limit));
}

}  // namespace weir::store
