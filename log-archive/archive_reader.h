// LogArchive: one log archive, opened for reading: which logs it has, and their bytes.
//
// Opens by the index when there is a whole one, else block by block. Nothing in the file is
// believed without its checksum: a damaged, cut or hostile one gives what is intact, never a crash
// and never wrong bytes. It may grow meanwhile; what is seen is what was there when it was opened.
//
// Terms. Stream of a log: all its pieces in the order in which they were written, each byte once;
// a file that was begun anew follows the one before it. Offsets count the bytes of the stream.
// Blocks on the disk; single-threaded.
#ifndef WEIR_LOG_ARCHIVE_ARCHIVE_READER_H_
#define WEIR_LOG_ARCHIVE_ARCHIVE_READER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"
#include "log-archive/archive_blocks.h"
#include "platform/file_descriptor.h"

namespace weir::logs {

struct ArchivedPiece {
  IndexEntry entry;
  int64_t skip = 0;  // bytes at its front that the stream has already

  int64_t length() const { return entry.piece.length - skip; }
};

struct ArchivedLog {
  ContainerId container;
  std::string name;
  std::string role;
  int64_t size = 0;     // of the stream
  int64_t missing = 0;  // bytes of the log that are not here: cut away or damaged
  WallTime modified;
  std::vector<ArchivedPiece> pieces;
};

class LogArchive {
 public:
  // Errors: those of FileSystem; kCorruption: nothing in the file is a block of an archive.
  static Result<LogArchive> Open(const std::string& path);

  const std::optional<ArchiveHead>& head() const { return head_; }
  const std::vector<ArchivedLog>& logs() const { return logs_; }  // by container and name
  bool finished() const { return finished_; }                     // it has its index
  int64_t damaged() const { return damaged_; }                    // bytes that are no block
  // Where the next block belongs: behind the last one that is neither damaged nor the index.
  int64_t end() const { return end_; }
  const std::vector<IndexEntry>& entries() const { return entries_; }

  // `length` bytes (-1 = to the end) from `offset` of the stream; the result says how many of them
  // are missing, because their block is damaged. An error of the sink ends it.
  using Sink = std::function<Status(std::string_view)>;
  Result<int64_t> Read(const ArchivedLog& log, int64_t offset, int64_t length, const Sink& sink);
  // What the stream has behind `position` of the file with this identity (as its node has it), and
  // of all files that were begun after it; nothing when none of it is here. As Read otherwise.
  Result<int64_t> ReadBeyond(const ArchivedLog& log,
                             uint64_t identity,
                             int64_t position,
                             const Sink& sink);

 private:
  LogArchive(std::string path, platform::FileDescriptor fd, int64_t size);
  bool LoadIndex();
  void Scan();
  std::string ReadBytes(int64_t at, size_t count) const;  // fewer at the end
  std::optional<std::string> BytesOf(const ArchivedPiece& piece) const;
  void MakeLogs();

  std::string path_;
  platform::FileDescriptor fd_;
  int64_t size_ = 0;
  std::optional<ArchiveHead> head_;
  std::vector<IndexEntry> entries_;
  std::vector<ArchivedLog> logs_;
  bool finished_ = false;
  int64_t damaged_ = 0;
  int64_t end_ = 0;
};

}  // namespace weir::logs

#endif  // WEIR_LOG_ARCHIVE_ARCHIVE_READER_H_
