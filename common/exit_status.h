// Exit statuses, one meaning each: the table that all programs of Weir share (README.md lists
// them).
#ifndef WEIR_COMMON_EXIT_STATUS_H_
#define WEIR_COMMON_EXIT_STATUS_H_

namespace weir::exit_status {

inline constexpr int kOk = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;  // of the command line or the configuration
inline constexpr int kNotFound = 3;
inline constexpr int kDenied = 4;
inline constexpr int kUnavailable = 5;
inline constexpr int kConflict = 6;
inline constexpr int kCannotPlace = 7;
inline constexpr int kUnsuccessful = 8;  // what was run ended without success
inline constexpr int kBadJob = 9;
inline constexpr int kPortInUse = 10;
inline constexpr int kLocked = 11;        // another process has the store or the directory
inline constexpr int kDisk = 12;          // full or broken, and it cannot do without
inline constexpr int kSignalBase = 128;   // plus the signal that ended it
inline constexpr int kInterrupted = 130;  // SIGINT

}  // namespace weir::exit_status

#endif  // WEIR_COMMON_EXIT_STATUS_H_
