// The size limits of containers' logs, enforced on files that programs hold open.
//
// A log keeps at most `generations` x `file_bytes`. What is more is taken away at its front, whole
// generations at a time, by giving the blocks back to the file system while the file keeps its
// length (fallocate, FALLOC_FL_PUNCH_HOLE): the program goes on writing where it was, with O_APPEND
// or without, nothing of what fits is lost, copied or moved, and positions stay true. A file system
// that cannot do that gets copy and truncate: the last generation goes to "<name>.1", the file is
// emptied, and what is written in the moment between the two is lost. A copy that cannot be made
// whole is removed again, and the log stays as it is: a disk that fails costs nothing but room.
//
// Between two looks a program may write as fast as the disk takes it: NextLook says when to come
// back so that it does not get far. A container whose log directory as a whole is over its limit is
// to be killed. Functions; they block on the disk; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_LOG_LIMITS_H_
#define WEIR_NODEMANAGER_EXECUTOR_LOG_LIMITS_H_

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/time.h"
#include "nodemanager/executor/log_directory.h"

namespace weir::nm {

struct LogLimits {
  int64_t file_bytes = 0;       // of a generation; 0 = files are not cut
  int64_t generations = 4;      // at least 1
  int64_t directory_bytes = 0;  // of a container's log directory; 0 = any
  Duration period = seconds(1);
  Duration directory_period = seconds(60);

  int64_t kept() const { return file_bytes * generations; }
};

enum class LogCutting {
  kPunch,
  kCopyAndTruncate
};  // the second also where the first is impossible

// What the cutting asks of the system, which a test can make fail. As the calls of those names: -1
// with errno. Thread-safe.
class LogFileCalls {
 public:
  virtual ~LogFileCalls() = default;
  static LogFileCalls& Real();

  virtual int PunchHole(int fd, int64_t bytes);  // at the front; the length stays
  virtual ssize_t Read(int fd, char* to, size_t count, int64_t at);
  virtual ssize_t Write(int fd, const char* from, size_t count);
  virtual int Empty(int fd);
  virtual int Close(int fd);
};

struct LogPass {
  int64_t cut = 0;                      // bytes taken away
  std::map<std::string, int64_t> ends;  // positions behind the last byte, by name
  int64_t largest = 0;                  // of what a file holds, after the cutting
  std::vector<Error> errors;            // files that could not be cut
};

// One look at every file.
Result<LogPass> CutLogs(const LogDirectory& directory,
                        const LogLimits& limits,
                        LogCutting cutting = LogCutting::kPunch,
                        LogFileCalls& calls = LogFileCalls::Real());

// When to look again: before a file that grew by `grown` bytes in `elapsed` can have grown by
// another generation; from 20 ms to the period.
Duration NextLook(const LogLimits& limits, int64_t grown, Duration elapsed);

// What the directory takes of the disk, with all that is below it; as far as kDirectoryEntries.
inline constexpr int kDirectoryEntries = 10'000;
int64_t DiskUsage(const LogDirectory& directory);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_LOG_LIMITS_H_
