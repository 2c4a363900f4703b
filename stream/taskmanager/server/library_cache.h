// LibraryCache: job libraries by content hash, fetched from the JobManager, verified, loaded once.
// Owner: the TaskManager. Single-threaded: its work loop.
#ifndef WEIR_STREAM_TASKMANAGER_SERVER_LIBRARY_CACHE_H_
#define WEIR_STREAM_TASKMANAGER_SERVER_LIBRARY_CACHE_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "common/result.h"
#include "platform/file_system.h"
#include "stream/runtime/job_library.h"

namespace weir::stream::taskmanager {

class LibraryCache {
 public:
  static constexpr int32_t kPieceBytes = 1 << 20;

  // Bytes of a blob from `offset` on, at most `length`.
  using Fetch =
      std::function<Result<std::string>(const std::string& sha256, int64_t offset, int32_t length)>;

  LibraryCache(platform::FileSystem& files, std::string directory, Fetch fetch);

  // kCorruption: size or hash differ from what was announced; else the errors of fetching, of files
  // and of JobLibrary::Load.
  Result<JobLibrary> Get(const std::string& sha256, int64_t size);

 private:
  Status Download(const std::string& sha256, int64_t size, const std::string& path);

  platform::FileSystem& files_;
  const std::string directory_;
  const Fetch fetch_;
  std::map<std::string, JobLibrary> loaded_;
};

}  // namespace weir::stream::taskmanager

#endif  // WEIR_STREAM_TASKMANAGER_SERVER_LIBRARY_CACHE_H_
