#include "platform/address_file.h"

#include "common/strings.h"
#include "platform/file_system.h"

namespace weir::platform {
namespace {

constexpr int64_t kFileLimit = 64 << 10;

bool IsName(std::string_view name) {
  if (name.empty()) return false;
  for (const char c : name) {
    if (c != '_' && (c < 'a' || c > 'z') && (c < '0' || c > '9')) return false;
  }
  return true;
}

}  // namespace

Status WriteAddressFile(const std::string& path, const std::map<std::string, std::string>& values) {
  std::string text;
  for (const auto& [name, value] : values) {
    if (!IsName(name) || value.find('\n') != std::string::npos) {
      return Error{ErrorCode::kInvalidArgument,
                   "'" + name + "=" + value + "' cannot stand in the address file " + path,
                   "names are of a-z, 0-9 and _; values are one line"};
    }
    text += name + "=" + value + "\n";
  }
  return WriteFileAtomically(FileSystem::Real(), path, text, 0644);
}

Result<std::map<std::string, std::string>> ReadAddressFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string text, FileSystem::Real().ReadFile(path, kFileLimit));
  std::map<std::string, std::string> values;
  size_t number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    if (line.empty()) continue;
    const size_t equals = line.find('=');
    const std::string_view name = line.substr(0, equals);
    if (equals == std::string_view::npos || !IsName(name)) {
      return Error{ErrorCode::kInvalidArgument,
                   path + ":" + std::to_string(number) + ": '" + CutMiddle(std::string(line), 100) +
                       "' is not name=value",
                   "the file is written by a daemon; delete it and start the daemon again"};
    }
    values[std::string(name)] = std::string(line.substr(equals + 1));
  }
  return values;
}

}  // namespace weir::platform
