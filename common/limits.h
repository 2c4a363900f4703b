// The bounds of everything that comes from outside, in one place. Bytes unless named otherwise.
#ifndef WEIR_COMMON_LIMITS_H_
#define WEIR_COMMON_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace weir::limits {

inline constexpr size_t kFrameBytes = 4u << 20;  // one Thrift message after hello
inline constexpr size_t kFrameBytesBeforeHello = 64u << 10;
inline constexpr size_t kStringBytes = 1u << 20;       // one Thrift string
inline constexpr size_t kContainerElements = 100'000;  // one Thrift list, set or map
inline constexpr size_t kNesting = 64;
inline constexpr size_t kConnections = 4096;  // per listener
inline constexpr size_t kPendingCallsPerConnection = 64;
inline constexpr size_t kMailbox = 65'536;  // events per lane

inline constexpr size_t kDiagnosticsBytes = 16u << 10;
inline constexpr size_t kNameBytes = 256;                  // names, queues, users, keys
inline constexpr size_t kLaunchContextBytes = 192u << 10;  // encoded; records stay < 256 KiB
inline constexpr size_t kCommandArguments = 4096;
inline constexpr size_t kLocalResources = 256;
inline constexpr size_t kRetryExitCodes = 256;
inline constexpr size_t kRecordBytes = 256u << 10;

inline constexpr int64_t kStagedFileBytes = int64_t{2} << 30;
inline constexpr int32_t kContainersPerAsk = 100'000;
inline constexpr size_t kAsksPerAllocate = 10'000;
inline constexpr size_t kSizesPerAllocate = 1'000;
inline constexpr size_t kNmTokensPerAllocate = 500;
inline constexpr size_t kPlacesPerAsk = 1000;      // node names, and rack names, of one ask
inline constexpr size_t kBlacklistChanges = 1000;  // of one allocate, each way
inline constexpr size_t kLabelsPerCall = 1000;     // node labels, or nodes that get one
inline constexpr size_t kLiveApplications = 100'000;
inline constexpr size_t kCompletedApplications = 1000;  // kept; the oldest go first
inline constexpr int kParkMillisMax = 60'000;

}  // namespace weir::limits

#endif  // WEIR_COMMON_LIMITS_H_
