// A hint to the file system: what is made in a directory has nothing to do with what else is made
// there, so it need not stand near it. ext4 then puts each new directory, with the files in it,
// into another part of the disk; otherwise all containers share one, where each new file makes it
// look at all that were removed a short while ago. Function; blocks on the disk; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_SPREAD_HINT_H_
#define WEIR_NODEMANAGER_EXECUTOR_SPREAD_HINT_H_

#include <string>

namespace weir::nm {

// Where the file system knows no such hint, or the directory is not ours, nothing comes of it.
void HintToSpreadIn(const std::string& directory);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_SPREAD_HINT_H_
