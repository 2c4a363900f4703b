#include "nodemanager/server/container_logs.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "common/strings.h"

namespace weir::nm {
namespace {

// Of the name itself: a container can put a link to anything there.
std::optional<LogFile> Describe(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  struct stat info {};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
  const int64_t modified = int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
  return LogFile{name, path, info.st_size, WallFromMillis(modified)};
}

// A number of the query; nothing when it is absent.
Result<std::optional<int64_t>> Number(const std::map<std::string, std::string>& query,
                                      const std::string& name) {
  const auto it = query.find(name);
  if (it == query.end()) return std::optional<int64_t>();
  const auto number = ParseInt64(it->second);
  if (!number) {
    return Error{ErrorCode::kInvalidArgument,
                 name + "=" + it->second.substr(0, 64) + " is not a number of bytes",
                 ""};
  }
  return number;
}

}  // namespace

Result<std::vector<LogFile>> ListLogs(platform::FileSystem& files,
                                      const ContainerDirectories& directories,
                                      const ContainerId& id) {
  const std::string directory = directories.Log(id);
  const auto names = files.List(directory);
  if (!names.ok()) {
    if (names.error().code != ErrorCode::kNotFound) return names.error();
    return Error{ErrorCode::kNotFound,
                 "this node has no logs of " + id.ToString(),
                 "they are kept for yarn.nodemanager.log.retain-seconds"};
  }
  std::vector<LogFile> logs;
  for (const std::string& name : *names) {
    if (auto log = Describe(directory, name)) logs.push_back(*std::move(log));
    if (logs.size() >= kLogFilesMax) break;
  }
  return logs;
}

Result<LogFile> FindLog(platform::FileSystem& files,
                        const ContainerDirectories& directories,
                        const ContainerId& id,
                        const std::string& name) {
  WEIR_ASSIGN_OR_RETURN(const auto logs, ListLogs(files, directories, id));
  std::vector<std::string> names;
  for (const LogFile& log : logs) {
    if (log.name == name) return log;
    names.push_back(log.name);
  }
  return Error{ErrorCode::kNotFound,
               id.ToString() + " has no log file '" + name.substr(0, 200) + "'",
               names.empty() ? "" : "there are: " + Join(names, ", ")};
}

Result<LogRange> SelectRange(const std::map<std::string, std::string>& query, int64_t file_size) {
  WEIR_ASSIGN_OR_RETURN(const auto size, Number(query, "size"));
  WEIR_ASSIGN_OR_RETURN(const auto named, Number(query, "length"));
  WEIR_ASSIGN_OR_RETURN(const auto from, Number(query, "offset"));
  const std::optional<int64_t> wanted = named ? named : size;
  LogRange range;
  if (wanted && *wanted < 0) {
    // -INT64_MIN does not exist.
    range.length = std::min(file_size, -std::max(*wanted, -file_size));
    range.offset = file_size - range.length;
    return range;
  }
  range.offset = std::clamp<int64_t>(from.value_or(0), 0, file_size);
  range.length = std::min(file_size - range.offset, wanted.value_or(file_size));
  return range;
}

}  // namespace weir::nm
