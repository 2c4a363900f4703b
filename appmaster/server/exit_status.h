// Exit codes of ApplicationMasters, from the table that all programs of Weir share.
#ifndef WEIR_APPMASTER_SERVER_EXIT_STATUS_H_
#define WEIR_APPMASTER_SERVER_EXIT_STATUS_H_

namespace weir::am::exit_status {
inline constexpr int kOk = 0;
inline constexpr int kFailure = 1;
inline constexpr int kUsage = 2;
inline constexpr int kUnavailable = 5;
inline constexpr int kUnsuccessful = 8;
inline constexpr int kBadJob = 9;
inline constexpr int kSignalBase = 128;
}  // namespace weir::am::exit_status

#endif  // WEIR_APPMASTER_SERVER_EXIT_STATUS_H_
