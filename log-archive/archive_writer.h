// LogArchiveWriter: adds pieces to one log archive, and goes on where an earlier run of the
// NodeManager stopped.
//
// Invariants: what is in the file up to the last Sync stays readable whatever happens; a piece that
// failed to be written is cut off again, or, if even that fails, passed over by readers. After an
// error the writer is of no use: open another one. Where a file's next byte is to come from is read
// from the archive itself, so there is no record that could be at odds with it. In memory is one
// entry per file that is not forgotten, however many pieces it has. Owner: the
// aggregator; one writer per file at a time; single-threaded.
#ifndef WEIR_LOG_ARCHIVE_ARCHIVE_WRITER_H_
#define WEIR_LOG_ARCHIVE_ARCHIVE_WRITER_H_

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "log-archive/archive_blocks.h"
#include "platform/file_system.h"

namespace weir::logs {

// Of one file of a container.
struct Collected {
  std::string name;  // under which it was collected first: a log that was renamed stays one
  int64_t end = 0;   // position of the first byte that is not collected
};

class LogArchiveWriter {
 public:
  // Makes the file (not its directory) if it is not there. Errors: those of FileSystem; the file is
  // as it was, or lacks its index, or a torn end.
  static Result<std::unique_ptr<LogArchiveWriter>> Open(platform::FileSystem& files,
                                                        const std::string& path,
                                                        const ArchiveHead& head,
                                                        int mode);
  ~LogArchiveWriter();
  LogArchiveWriter(const LogArchiveWriter&) = delete;
  LogArchiveWriter& operator=(const LogArchiveWriter&) = delete;

  int64_t size() const { return size_; }
  int64_t pieces() const { return pieces_; }
  size_t remembered() const { return collected_.size(); }  // files
  // False when somebody has removed the file, or put another one in its place. Errors: those of
  // FileSystem.
  Result<bool> IsInPlace() const;

  // Of the file with this identity; nothing when it is new.
  const Collected* Find(const ContainerId& container, uint64_t identity) const;
  // What is known of all files of all containers but those for which `keep` is true; they would be
  // new if they came again.
  void Forget(const std::function<bool(const ContainerId&, uint64_t identity)>& keep);
  Status Append(const LogPiece& piece, std::string_view bytes);
  // What was appended is on the device.
  Status Sync();
  // The index, and Sync. What is appended later takes its place. An index that would be too large
  // is left out.
  Status Finish();

 private:
  LogArchiveWriter(platform::FileSystem& files, std::string path);
  void Note(const LogPiece& piece);
  // Nothing: too large, or the file cannot be read.
  std::optional<std::string> MakeIndex() const;
  Status Write(const std::string& bytes);
  Status DropIndex();

  platform::FileSystem& files_;
  const std::string path_;
  std::unique_ptr<platform::WritableFile> file_;
  int64_t size_ = 0;        // of whole blocks, without the index
  bool has_index_ = false;  // behind them
  bool unsynced_ = false;
  int64_t pieces_ = 0;
  uint64_t inode_ = 0;
  std::map<std::pair<ContainerId, uint64_t>, Collected> collected_;
};

}  // namespace weir::logs

#endif  // WEIR_LOG_ARCHIVE_ARCHIVE_WRITER_H_
