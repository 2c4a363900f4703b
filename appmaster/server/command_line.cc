#include "appmaster/server/command_line.h"

#include <string_view>

namespace weir::am {

SplitCommandLine SplitAtDashes(int argc, char** argv) {
  SplitCommandLine split;
  int next = 0;
  for (; next < argc && std::string_view(argv[next]) != "--"; ++next) {
    split.own.push_back(argv[next]);
  }
  for (int i = next + 1; i < argc; ++i) split.rest.emplace_back(argv[i]);
  return split;
}

Result<std::pair<std::string, std::string>> ParseDefinition(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return Error{
        ErrorCode::kInvalidArgument, "'" + text + "' is not a definition", "write key=value"};
  }
  return std::make_pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace weir::am
