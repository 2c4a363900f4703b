// The exit codes of `weir` and of Weir's daemons, one meaning each (README.md lists them).
#ifndef WEIR_CLIENT_EXIT_CODE_H_
#define WEIR_CLIENT_EXIT_CODE_H_

#include "common/result.h"

namespace weir::cli {

enum class ExitCode : int {
  kOk = 0,
  kFailure = 1,
  kUsage = 2,
  kNotFound = 3,
  kDenied = 4,
  kUnavailable = 5,
  kConflict = 6,
  kCannotPlace = 7,
  kUnsuccessful = 8,
  kBadJob = 9,
  kInterrupted = 130,
};

// The exit code that fits an error from a server.
ExitCode ExitCodeOf(ErrorCode code);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_EXIT_CODE_H_
