// What the command lines of ApplicationMasters have in common: everything after "--" is for
// somebody else. Pure function.
#ifndef WEIR_APPMASTER_SERVER_COMMAND_LINE_H_
#define WEIR_APPMASTER_SERVER_COMMAND_LINE_H_

#include <string>
#include <vector>

namespace weir::am {

struct SplitCommandLine {
  std::vector<char*> own;         // before "--"; for the option parser
  std::vector<std::string> rest;  // after it
};
SplitCommandLine SplitAtDashes(int argc, char** argv);

}  // namespace weir::am

#endif  // WEIR_APPMASTER_SERVER_COMMAND_LINE_H_
