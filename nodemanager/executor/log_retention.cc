#include "nodemanager/executor/log_retention.h"

#include <algorithm>

#include "platform/log.h"

namespace weir::nm {
namespace {

// Of the directory, the containers' directories in it, and their files.
Result<int64_t> LastWritten(platform::FileSystem& files, const std::string& path, int depth) {
  WEIR_ASSIGN_OR_RETURN(const auto info, files.Stat(path));
  int64_t last = info.mtime_ms;
  if (!info.is_directory || depth == 0) return last;
  WEIR_ASSIGN_OR_RETURN(const auto names, files.List(path));
  for (const std::string& name : names) {
    WEIR_ASSIGN_OR_RETURN(const int64_t one, LastWritten(files, path + "/" + name, depth - 1));
    last = std::max(last, one);
  }
  return last;
}

}  // namespace

size_t SweepLogs(platform::FileSystem& files,
                 const ContainerDirectories& directories,
                 const std::set<ApplicationId>& present,
                 Duration retain,
                 WallTime now) {
  constexpr int kDepth = 2;
  size_t removed = 0;
  for (const std::string& log : directories.log()) {
    const auto names = files.List(log);
    if (!names.ok()) continue;
    for (const std::string& name : *names) {
      const auto id = ApplicationId::Parse(name);
      if (!id.ok() || present.contains(*id)) continue;
      const std::string path = log + "/" + name;
      const auto last = LastWritten(files, path, kDepth);
      if (last.ok() && ToMillis(now) - *last <= ToMillis(retain)) continue;
      const Status status = last.ok() ? files.RemoveTree(path) : Status(last.error());
      if (status.ok()) {
        ++removed;
      } else {
        platform::LogWarn("nm.logs",
                          name,
                          "old logs could not be removed",
                          {{"cause", status.error().ToString()}});
      }
    }
  }
  return removed;
}

}  // namespace weir::nm
