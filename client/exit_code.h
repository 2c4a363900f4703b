// The exit codes of `weir`, as a type of their own.
#ifndef WEIR_CLIENT_EXIT_CODE_H_
#define WEIR_CLIENT_EXIT_CODE_H_

#include "common/exit_status.h"
#include "common/result.h"

namespace weir::cli {

enum class ExitCode : int {
  kOk = exit_status::kOk,
  kFailure = exit_status::kFailure,
  kUsage = exit_status::kUsage,
  kNotFound = exit_status::kNotFound,
  kDenied = exit_status::kDenied,
  kUnavailable = exit_status::kUnavailable,
  kConflict = exit_status::kConflict,
  kCannotPlace = exit_status::kCannotPlace,
  kUnsuccessful = exit_status::kUnsuccessful,
  kBadJob = exit_status::kBadJob,
  kInterrupted = exit_status::kInterrupted,
};

// The exit code that fits an error from a server.
ExitCode ExitCodeOf(ErrorCode code);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_EXIT_CODE_H_
