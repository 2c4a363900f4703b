#include "nodemanager/executor/log_retention.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include "platform/file_descriptor.h"
#include "platform/log.h"

namespace weir::nm {
namespace {

// The directory of an application, those of its containers, their files.
constexpr int kDepth = 2;

int64_t MillisOf(const timespec& time) {
  return int64_t{time.tv_sec} * 1000 + time.tv_nsec / 1'000'000;
}

// Of the directory, the containers' directories in it, and their files. Whose logs they are may say
// when a file was written, but not that it was changed later than it was.
Result<int64_t> LastWritten(platform::FileSystem& files, const std::string& path, int depth) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0) return platform::SystemError("stat", path, errno);
  int64_t last = std::min(MillisOf(info.st_mtim), MillisOf(info.st_ctim));
  if (!S_ISDIR(info.st_mode) || depth == 0) return last;
  WEIR_ASSIGN_OR_RETURN(const auto names, files.List(path));
  for (const std::string& name : names) {
    WEIR_ASSIGN_OR_RETURN(const int64_t one, LastWritten(files, path + "/" + name, depth - 1));
    last = std::max(last, one);
  }
  return last;
}

}  // namespace

bool RemoveIfOld(platform::FileSystem& files,
                 const std::string& path,
                 const std::string& name,
                 Duration retain,
                 WallTime now) {
  const auto last = LastWritten(files, path, kDepth);
  if (last.ok() && ToMillis(now) - *last <= ToMillis(retain)) return false;
  const Status status = last.ok() ? files.RemoveTree(path) : Status(last.error());
  if (status.ok()) return true;
  platform::LogWarn(
      "nm.logs", name, "old logs could not be removed", {{"cause", status.error().ToString()}});
  return false;
}

Result<WallTime> LastWrite(platform::FileSystem& files, const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const int64_t last, LastWritten(files, path, kDepth - 1));
  return WallFromMillis(last);
}

Result<WallTime> LastLogWrite(platform::FileSystem& files,
                              const ContainerDirectories& directories,
                              const ApplicationId& id) {
  std::optional<int64_t> last;
  for (const std::string& log : directories.log()) {
    const auto one = LastWritten(files, log + "/" + id.ToString(), kDepth);
    if (one.ok()) last = std::max(last.value_or(0), *one);
    if (!one.ok() && one.error().code != ErrorCode::kNotFound) return one.error();
  }
  if (last) return WallFromMillis(*last);
  return Error{ErrorCode::kNotFound, "this node has no logs of " + id.ToString(), ""};
}

size_t SweepLogs(platform::FileSystem& files,
                 const ContainerDirectories& directories,
                 const std::set<ApplicationId>& present,
                 Duration retain,
                 WallTime now) {
  size_t removed = 0;
  for (const std::string& log : directories.log()) {
    const auto names = files.List(log);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const auto id = ApplicationId::Parse(name);
      if (!id.ok() || present.contains(*id)) continue;
      removed += RemoveIfOld(files, log + "/" + name, name, retain, now) ? 1U : 0U;
    }
  }
  return removed;
}

}  // namespace weir::nm
