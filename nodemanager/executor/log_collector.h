// LogCollector: brings the logs that one application has on this node into its log archive, round
// after round.
//
// A round appends what every file of every container has got since the last one, and makes it
// durable; the last round also writes the archive's index. Nothing is remembered but the archive: a
// collector made after a crash goes on where the archive ends, and one whose archive was removed
// begins anew. After a failed round the next one opens the archive anew. A log that a program
// renames stays the log it was; one that it empties begins anew behind what was collected.
//
// A file that cannot be read holds up no other one: the round goes on, and then fails. What changed
// under the collector's hands is left to the next round; when there is none, it has failed.
//
// Bounds. Of a container the LogDirectory::kFilesMax files that matter most are collected; an
// archive has at most max_bytes and max_pieces. The more pieces it has, the longer small additions
// wait to be taken together: not at all up to a fifth of the pieces, then 10 minutes, from three
// fifths on an hour. What a bound kept out is said in the archive, in a log kLeftOutName of the
// container, and by the round. An archive in which nothing was written for touch_period is touched,
// so that nobody takes it for old while its application runs. Single-threaded.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_

#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "log-archive/archive_paths.h"
#include "log-archive/archive_writer.h"
#include "nodemanager/executor/container_directories.h"
#include "nodemanager/executor/log_directory.h"
#include "platform/file_system.h"

namespace weir::nm {

struct CollectorOptions {
  logs::ArchiveRoot root;
  ApplicationId application;
  std::string user;
  std::string node;  // the archive's file name
  int64_t max_bytes = int64_t{10} << 30;
  int64_t max_pieces = 250'000;
  Duration touch_period = seconds(3600);
  // Of one log, as pread; only for tests that need a disk that fails.
  std::function<ssize_t(int fd, void* buffer, size_t count, off_t offset)> read = ::pread;
};

inline constexpr char kLeftOutName[] = "NOT-COLLECTED";

struct CollectedRound {
  int64_t bytes = 0;      // of logs, appended
  bool left_out = false;  // a bound kept something out of the archive
};

class LogCollector {
 public:
  // `files` and `directories` must outlive it.
  LogCollector(platform::FileSystem& files,
               const ContainerDirectories& directories,
               CollectorOptions options);

  // kAborted: `stop` was set; what came before is durable. Other errors: those of FileSystem; in
  // the last round then something may not be collected.
  Result<CollectedRound> Round(bool last, const std::atomic<bool>& stop);

  // Gives up what is in memory; the next round reads it from the archive.
  void Close() { writer_.reset(); }
  std::string path() const {
    return options_.root.File(options_.user, options_.application, options_.node);
  }

 private:
  using File = std::pair<ContainerId, uint64_t>;  // and its identity in the archive
  // Of one round.
  struct Pass {
    bool last = false;
    const std::atomic<bool>& stop;
    CollectedRound round;
    std::optional<Error> unread;  // the first file that could not be read
    std::map<ContainerId, std::set<uint64_t>> seen;
  };

  Status Open();
  Status KeepYoung(const CollectedRound& round);
  // An error is the archive's, or kAborted; those of logs go into `pass`.
  Status CollectContainer(const ContainerId& id, Pass& pass);
  Status CollectFile(const LogDirectory& directory,
                     const LogFile& file,
                     const std::string& role,
                     Pass& pass);
  // From piece.position on.
  Status CopyBytes(const OpenLog& log, const LogFile& file, logs::LogPiece& piece, Pass& pass);
  static Status LeaveToNextRound(const LogFile& file, Pass& pass);
  bool IsFull() const;
  // Whether what is new of a file is too little and too young to become a piece.
  bool Waits(const File& file, int64_t bytes) const;
  Status SayLeftOut(const ContainerId& id, uint64_t reason, const std::string& words, Pass& pass);
  void ForgetWhatIsGone(const Pass& pass);
  // Under which identity what the file now holds is collected, and from where.
  std::pair<uint64_t, int64_t> Place(const ContainerId& id, const LogFile& file);

  platform::FileSystem& files_;
  const ContainerDirectories& directories_;
  const CollectorOptions options_;
  std::unique_ptr<logs::LogArchiveWriter> writer_;  // null: to be opened
  // How often a file was begun anew; by the identity that its directory says.
  std::map<File, uint64_t> beginnings_;
  std::map<File, Instant> taken_;  // when the last piece of it was
  Instant touched_{};
};

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_COLLECTOR_H_
