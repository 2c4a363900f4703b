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

Status CopyAndTruncate(const LogDirectory& directory, const OpenLog& log, const LogLimits& limits) {
  const std::string copy_name = log.file.name + kCopySuffix;
  WEIR_ASSIGN_OR_RETURN(const auto copy, directory.CreateFile(copy_name));
  std::string chunk(kCopyChunk, '\0');
  int64_t at = std::max(log.file.begin, log.file.end - limits.file_bytes);
  while (true) {
    const size_t count = platform::ReadAt(log.descriptor->get(), at, chunk.data(), chunk.size());
    if (count == 0) break;
    for (size_t done = 0; done < count;) {
      const ssize_t written = ::write(copy->get(), chunk.data() + done, count - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return SystemError("write to", copy_name, errno);
      done += static_cast<size_t>(written);
    }
    at += static_cast<int64_t>(count);
  }
  if (::ftruncate(log.descriptor->get(), 0) == 0) return {};
  return SystemError("cut", log.file.name, errno);
}

// Bytes taken away.
Result<int64_t> CutOne(const LogDirectory& directory,
                       const LogFile& listed,
                       const LogLimits& limits,
                       LogCutting cutting) {
  WEIR_ASSIGN_OR_RETURN(const OpenLog log, directory.OpenFile(listed.name, LogAccess::kWrite));
  const int64_t begin = NewBegin(log.file, limits);
  if (begin <= log.file.begin) return int64_t{0};
  // From the very front: what was made of nothing there before stays so.
  if (cutting == LogCutting::kPunch) {
    if (::fallocate(log.descriptor->get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, begin) ==
        0) {
      return begin - log.file.begin;
    }
    if (errno != EOPNOTSUPP && errno != ENOSYS) return SystemError("cut", listed.name, errno);
  }
  WEIR_RETURN_IF_ERROR(CopyAndTruncate(directory, log, limits));
  return log.file.size() - std::min(log.file.size(), limits.file_bytes);
}

}  // namespace

Result<LogPass> CutLogs(const LogDirectory& directory,
                        const LogLimits& limits,
                        LogCutting cutting) {
  WEIR_ASSIGN_OR_RETURN(const auto files, directory.List());
  LogPass pass;
  for (const LogFile& file : files) {
    pass.ends[file.name] = file.end;
    int64_t held = std::min(file.size(), file.allocated);
    if (limits.file_bytes > 0 && held > limits.kept()) {
      const auto cut = CutOne(directory, file, limits, cutting);
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
