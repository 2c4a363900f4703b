// FetchResource: brings one resource into the cache, complete or not at all.
//
//   bytes -> <path>.<number>.new, checked, synced -> renamed to <path>
//
// An archive is unpacked from that file into a directory beside, which is renamed: <path>/content
// is the tree, <path>/info says how much it is and in which run of the machine it was written:
// nothing syncs thousands of files, so a tree from before a restart of the machine is not trusted.
// Whatever ends a fetch early removes what it made; what a crash leaves ends in ".new" and is
// removed at the next start. Thread-safe function.
#ifndef WEIR_NODEMANAGER_EXECUTOR_RESOURCE_FETCH_H_
#define WEIR_NODEMANAGER_EXECUTOR_RESOURCE_FETCH_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "common/container.h"
#include "common/result.h"
#include "common/time.h"
#include "nodemanager/executor/archive_rules.h"
#include "nodemanager/executor/content_source.h"
#include "platform/file_system.h"

namespace weir::nm {

struct FetchJob {
  const LocalResource& resource;
  const SourceAccess& access;
  std::string path;     // in the cache
  uint64_t number = 0;  // for names of its own
  FetchProgress& progress;
  const SourcePatience& patience;
  const ArchiveLimits& limits;
  // False: the fetch was called off meanwhile.
  std::function<bool(Duration)> pause;
};

inline constexpr char kUnfinished[] = ".new";
inline constexpr char kContent[] = "/content";

// Bytes that it takes on the disk. Errors: those of ReadContent and of files, the URI first;
// kResourceExhausted calls a full disk by its name.
Result<int64_t> FetchResource(platform::FileSystem& files, const FetchJob& job);
// Bytes of a tree that is as complete as it was; nothing when it is not, or cannot be trusted.
std::optional<int64_t> MeasureTree(platform::FileSystem& files, const std::string& path);
// The URI leads, and a full disk is called by its name.
Error ExplainFetch(const LocalResource& resource, const std::string& path, Error error);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_RESOURCE_FETCH_H_
