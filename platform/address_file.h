// The address file: where a daemon says which ports it really listens on, for ports given as 0.
// Lines "name=value" ("client=127.0.0.1:40121", "http=...", "socket=/path", "pid=123"), written
// whole by rename after every listener is up: its existence means "serving". Thread-safe.
#ifndef WEIR_PLATFORM_ADDRESS_FILE_H_
#define WEIR_PLATFORM_ADDRESS_FILE_H_

#include <map>
#include <string>

#include "common/result.h"

namespace weir::platform {

Status WriteAddressFile(const std::string& path, const std::map<std::string, std::string>& values);
// kNotFound, kInvalidArgument.
Result<std::map<std::string, std::string>> ReadAddressFile(const std::string& path);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_ADDRESS_FILE_H_
