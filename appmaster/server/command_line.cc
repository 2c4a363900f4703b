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

}  // namespace weir::am
