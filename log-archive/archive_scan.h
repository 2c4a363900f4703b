// Walks over the blocks of a log archive, one after another, with bounded memory whatever its size.
// A damaged block is passed over: the next one is looked for. Blocks on the disk; single-threaded.
#ifndef WEIR_LOG_ARCHIVE_ARCHIVE_SCAN_H_
#define WEIR_LOG_ARCHIVE_ARCHIVE_SCAN_H_

#include <cstdint>
#include <functional>
#include <string>

#include "log-archive/archive_blocks.h"

namespace weir::logs {

struct ScanResult {
  // Where the next block belongs: behind the last one that is neither damaged nor the index.
  int64_t end = 0;
  int64_t damaged = 0;  // bytes that are no block
  bool failed = false;  // something could not be read: more may be intact
};

// `size`: how much of the file counts. Any function may be empty.
ScanResult ScanBlocks(int fd,
                      int64_t size,
                      const std::function<void(ArchiveHead)>& on_head,
                      const std::function<void(IndexEntry)>& on_piece);

// Of the file's first `size` bytes; fewer at the end, or where it cannot be read: `failed` is then
// set.
std::string ReadBytesAt(int fd, int64_t size, int64_t at, size_t count, bool* failed = nullptr);

}  // namespace weir::logs

#endif  // WEIR_LOG_ARCHIVE_ARCHIVE_SCAN_H_
