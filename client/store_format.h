// What has to hold before a state store is removed: that no ResourceManager of the cluster runs, as
// far as that can be told from here. Blocking; single-threaded.
#ifndef WEIR_CLIENT_STORE_FORMAT_H_
#define WEIR_CLIENT_STORE_FORMAT_H_

#include <string>
#include <vector>

#include "common/result.h"
#include "platform/hadoop_xml_config.h"
#include "state-store/directory_lock.h"

namespace weir::cli {

// Of several ResourceManagers, those that are on this machine. None of them can start while this is
// there.
struct StoppedManagers {
  std::vector<std::string> directories;
  std::vector<store::DirectoryLock> locks;
};

// With high availability. Without it the answer is empty: the store itself says whether the one
// ResourceManager has it open. kFailedPrecondition: one of them runs, with its id: it answers at
// its HTTP address, or a process has its directory.
Result<StoppedManagers> RequireStopped(const platform::Configuration& config);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_STORE_FORMAT_H_
