#include "nodemanager/executor/log_limits.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace weir::nm {
namespace {

using platform::SystemError;

constexpr int64_t kBlock = 4096;  // holes are made of whole blocks
constexpr milliseconds kShortest{20};
constexpr size_t kCopyChunk = 256 << 10;
constexpr char kCopySuffix[] = ".1";

// The position at which the file is to begin; its begin when it is short enough.
int64_t NewBegin(const LogFile& file, const LogLimits& limits) {
  const int64_t held = std::min(file.size(), file.allocated);
  if (held <= limits.kept()) return file.begin;
  const int64_t over = file.size() - limits.kept();
  const int64_t generations = (over + limits.file_bytes - 1) / limits.file_bytes;
  // Never a byte more than what is over in whole generations; one generation stays in any case.
  const int64_t most = std::max(file.begin, file.end - limits.file_bytes);
  const int64_t begin = std::min(file.begin + generations * limits.file_bytes, most);
  return begin / kBlock * kBlock;
}

// What one file is cut with.
struct Cut {
  const LogDirectory& directory;
  const LogLimits& limits;
  LogFileCalls& calls;
};

// From `at` to the end, or as much as the limit allows: a program that writes as fast as this reads
// would never let it end.
Status CopyFrom(int64_t at, const Cut& cut, const OpenLog& log, int copy, const std::string& name) {
  const int64_t stop = at + 2 * cut.limits.file_bytes;
  std::string chunk(kCopyChunk, '\0');
  while (at < stop) {
    const ssize_t count = cut.calls.Read(log.descriptor->get(), chunk.data(), chunk.size(), at);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return SystemError("read", cut.directory.PathOf(log.file.name), errno);
    if (count == 0) return {};
    for (ssize_t done = 0; done < count;) {
      const ssize_t written =
          cut.calls.Write(copy, chunk.data() + done, static_cast<size_t>(count - done));
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        return SystemError("write to", cut.directory.PathOf(name), written == 0 ? EIO : errno);
      }
      done += written;
    }
    at += count;
  }
  return {};
}

Status CopyEnd(const Cut& cut, const OpenLog& log, const std::string& name) {
  WEIR_ASSIGN_OR_RETURN(const auto copy, cut.directory.CreateFile(name));
  const int64_t begin = std::max(log.file.begin, log.file.end - cut.limits.file_bytes);
  Status copied = CopyFrom(begin, cut, log, copy->get(), name);
  // Where the disk is another machine's, that says whether the bytes have got there.
  if (cut.calls.Close(copy->release()) != 0 && copied.ok()) {
    copied = SystemError("write to", cut.directory.PathOf(name), errno);
  }
  return copied;
}

Status CopyAndTruncate(const Cut& cut, const OpenLog& log) {
  const std::string name = log.file.name + kCopySuffix;
  Status status = CopyEnd(cut, log, name);
  if (status.ok() && cut.calls.Empty(log.descriptor->get()) != 0) {
    status = SystemError("empty", cut.directory.PathOf(log.file.name), errno);
  }
  // The log has it all; what there is of a copy would only take room from it.
  if (!status.ok()) static_cast<void>(cut.directory.RemoveFile(name).ok());
  return status;
}

// Bytes taken away.
Result<int64_t> CutOne(const Cut& cut, const LogFile& listed, LogCutting cutting) {
  WEIR_ASSIGN_OR_RETURN(const OpenLog log, cut.directory.OpenFile(listed.name, LogAccess::kWrite));
  const int64_t begin = NewBegin(log.file, cut.limits);
  if (begin <= log.file.begin) return int64_t{0};
  // From the very front: what was made of nothing there before stays so.
  if (cutting == LogCutting::kPunch) {
    if (cut.calls.PunchHole(log.descriptor->get(), begin) == 0) return begin - log.file.begin;
    if (errno != EOPNOTSUPP && errno != ENOSYS) {
      return SystemError("cut", cut.directory.PathOf(listed.name), errno);
    }
  }
  WEIR_RETURN_IF_ERROR(CopyAndTruncate(cut, log));
  return log.file.size() - std::min(log.file.size(), cut.limits.file_bytes);
}

}  // namespace

LogFileCalls& LogFileCalls::Real() {
  static LogFileCalls* const real = new LogFileCalls;
  return *real;
}

int LogFileCalls::PunchHole(int fd, int64_t bytes) {
  return ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, bytes);
}
ssize_t LogFileCalls::Read(int fd, char* to, size_t count, int64_t at) {
  return ::pread(fd, to, count, at);
}
ssize_t LogFileCalls::Write(int fd, const char* from, size_t count) {
  return ::write(fd, from, count);
}
int LogFileCalls::Empty(int fd) {
  return ::ftruncate(fd, 0);
}
int LogFileCalls::Close(int fd) {
  return ::close(fd);
}

Result<LogPass> CutLogs(const LogDirectory& directory,
                        const LogLimits& limits,
                        LogCutting cutting,
                        LogFileCalls& calls) {
  WEIR_ASSIGN_OR_RETURN(const auto files, directory.List());
  LogPass pass;
  for (const LogFile& file : files) {
    pass.ends[file.name] = file.end;
    int64_t held = std::min(file.size(), file.allocated);
    if (limits.file_bytes > 0 && held > limits.kept()) {
      const auto cut = CutOne({directory, limits, calls}, file, cutting);
      if (cut.ok()) {
        pass.cut += *cut;
        held -= *cut;
      } else if (cut.error().code != ErrorCode::kNotFound) {
        pass.errors.push_back(cut.error());
      }
    }
    pass.largest = std::max(pass.largest, held);
  }
  return pass;
}

Duration NextLook(const LogLimits& limits, int64_t grown, Duration elapsed) {
  if (limits.file_bytes <= 0 || grown <= 0 || elapsed <= Duration{0}) return limits.period;
  const double rate = static_cast<double>(grown) / static_cast<double>(elapsed.count());
  const double until = static_cast<double>(limits.file_bytes) / rate;
  if (until >= static_cast<double>(limits.period.count())) return limits.period;
  return std::max<Duration>(kShortest, Duration(static_cast<Duration::rep>(until)));
}

int64_t DiskUsage(const LogDirectory& directory) {
  int64_t bytes = 0;
  int entries = 0;
  directory.ForEachBelow([&](int64_t allocated) {
    bytes += allocated;
    return ++entries < kDirectoryEntries;
  });
  return bytes;
}

}  // namespace weir::nm
