// Keeps the cache of fetched files within yarn.nodemanager.localizer.cache.target-size-mb.
#ifndef WEIR_NODEMANAGER_EXECUTOR_CACHE_SWEEP_H_
#define WEIR_NODEMANAGER_EXECUTOR_CACHE_SWEEP_H_

#include <cstdint>
#include <string>

#include "platform/file_system.h"

namespace weir::nm {

// Removes files of one cache directory, those fetched longest ago first, until what is left is at
// most `target` bytes; returns how many. Containers that use a file keep their link to it; who
// wants it later fetches it anew. Half-made files are left alone. Thread-safe.
size_t SweepCache(platform::FileSystem& files, const std::string& directory, int64_t target);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_CACHE_SWEEP_H_
