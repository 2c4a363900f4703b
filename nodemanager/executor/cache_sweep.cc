#include "nodemanager/executor/cache_sweep.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "platform/log.h"

namespace weir::nm {

size_t SweepCache(platform::FileSystem& files, const std::string& directory, int64_t target) {
  const auto names = files.List(directory);
  if (!names.ok()) return 0;
  std::vector<std::pair<int64_t, std::string>> by_age;  // modification time, path
  int64_t total = 0;
  for (const std::string& name : *names) {
    const std::string path = directory + "/" + name;
    const auto info = files.Stat(path);
    if (!info.ok() || info->is_directory || name.find('.') != std::string::npos) continue;
    total += info->size;
    by_age.emplace_back(info->mtime_ms, path);
  }
  std::sort(by_age.begin(), by_age.end());
  size_t removed = 0;
  for (const auto& [fetched, path] : by_age) {
    if (total <= target) break;
    const auto info = files.Stat(path);
    const Status status = files.Remove(path);
    if (!status.ok()) {
      platform::LogWarn("nm.cache",
                        "-",
                        "a cached file could not be removed",
                        {{"cause", status.error().ToString()}});
      continue;
    }
    total -= info.ok() ? info->size : 0;
    ++removed;
  }
  return removed;
}

}  // namespace weir::nm
