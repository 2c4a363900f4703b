// What the command lines of ApplicationMasters have in common: "-D key=value" and everything after
// "--" for somebody else. Pure functions.
#ifndef WEIR_APPMASTER_SERVER_COMMAND_LINE_H_
#define WEIR_APPMASTER_SERVER_COMMAND_LINE_H_

#include <string>
#include <utility>
#include <vector>

#include "common/result.h"

namespace weir::am {

struct SplitCommandLine {
  std::vector<char*> own;         // before "--"; for the option parser
  std::vector<std::string> rest;  // after it
};
SplitCommandLine SplitAtDashes(int argc, char** argv);

// "key=value" at the first '='. kInvalidArgument.
Result<std::pair<std::string, std::string>> ParseDefinition(const std::string& text);

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_COMMAND_LINE_H_
