// Whether a host is this machine's, and whether it is its loopback: as long as nothing is
// encrypted, daemons bind nowhere else. Thread-safe; asks the resolver.
#ifndef WEIR_PLATFORM_LOOPBACK_H_
#define WEIR_PLATFORM_LOOPBACK_H_

#include <string>

#include "common/result.h"

namespace weir::platform {

// kInvalidArgument, naming `key`: the host has no address, or one that is not of the loopback.
Status CheckLoopback(const std::string& key, const std::string& host);
// Whether an address of the host is one of this machine's.
bool IsThisMachine(const std::string& host);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_LOOPBACK_H_
