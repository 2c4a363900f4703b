// The engine over plain files: an append-only log and, now and then, a snapshot of everything. All
// of the state is in memory too; the files are read once, when the engine is opened.
//
//   DIRECTORY/weir.lock                    see directory_lock.h
//   DIRECTORY/log-GENERATION-SALT          frames in order of their numbers (frame_log.h)
//   DIRECTORY/snapshot-GENERATION-SALT     all of the state; the logs of its and later generations
//                                          go on from it
//   DIRECTORY/quarantine/                  damaged files, kept for whoever wants to look
//
// A write is one frame, appended and synced before it counts; a crash leaves all of it or a tail
// that the next opening cuts. A snapshot is written beside, synced and renamed, after the log that
// goes on from it has been made: at every moment the files hold everything. A snapshot that fails
// (a full disk) is tried again later and harms nothing.
//
// Damage: what can be read is kept; the rest is named by findings() with file and place, and its
// file goes to quarantine/ (at most 16 are kept there). A value that is damaged stays under its
// key, where its own checksum shows it, so that no older value of that key comes back.
//
// After a failed write the end of the log is unknown: every later Write fails with the same error.
// A failed sync is never tried again (the kernel may have dropped the pages).
//
// Owner: one GroupCommitStore. Single-threaded.
#ifndef WEIR_STATE_STORE_FILESYSTEM_ENGINE_H_
#define WEIR_STATE_STORE_FILESYSTEM_ENGINE_H_

#include <cstdint>
#include <memory>
#include <string>

#include "common/result.h"
#include "platform/file_system.h"
#include "state-store/store_engine.h"

namespace weir::store {

struct FilesystemEngineOptions {
  std::string directory;
  int64_t snapshot_bytes = int64_t{64} << 20;
  platform::FileSystem* files = nullptr;  // outlives the engine
  bool read_only = false;                 // changes nothing; Write must not be called
};

// Makes the directory if need be. kFailedPrecondition: in use, or of a newer format; else the
// errors of file_system.h, with the file.
Result<std::unique_ptr<StoreEngine>> OpenFilesystemEngine(const FilesystemEngineOptions& options);

}  // namespace weir::store

#endif  // WEIR_STATE_STORE_FILESYSTEM_ENGINE_H_
