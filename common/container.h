// What a container is made of and how it ended: the values that RM, NM and AM exchange about it.
// Immutable values.
#ifndef WEIR_COMMON_CONTAINER_H_
#define WEIR_COMMON_CONTAINER_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/resource.h"
#include "common/result.h"
#include "common/time.h"

namespace weir {

enum class LocalResourceVisibility : int { kPublic = 1, kPrivate = 2, kApplication = 3 };
// An archive becomes a directory with what is in it.
enum class LocalResourceType : int { kFile = 1, kArchive = 2 };

// A file to be fetched into the container's directory before its process starts. `uri` is
// "staging:<sha256>" (fetched from the RM's HTTP port), "file:/absolute/path", or the address of a
// file on a server that the NodeManager knows how to ask.
struct LocalResource {
  std::string uri;
  int64_t size = 0;      // bytes, exact
  int64_t mtime_ms = 0;  // as its source says; checked when not 0
  std::string sha256;    // hexadecimal; checked when not empty; required for staging:
  LocalResourceVisibility visibility = LocalResourceVisibility::kApplication;
  LocalResourceType type = LocalResourceType::kFile;
  bool operator==(const LocalResource&) const = default;
};

// Whether a container whose process has failed is started again in place, by its NodeManager.
enum class RetryOn : int { kNothing = 1, kAnyFailure = 2, kExitCodes = 3 };
struct RetryPolicy {
  static constexpr int32_t kForEver = -1;
  RetryOn on = RetryOn::kNothing;
  std::vector<int32_t> exit_codes{};  // for kExitCodes: exit statuses, 128 + signal for signals
  int32_t max_retries = 0;            // kForEver = no bound
  Duration interval{0};               // from an end to the next start
  Duration validity{0};  // failures longer ago do not count against max_retries; 0 = all do
  bool operator==(const RetryPolicy&) const = default;
};

// What becomes of a container whose node has heard of no ResourceManager for the whole of its
// lease.
enum class LeaseEnd : int { kStop = 1, kKeep = 2 };

// How to start a container's process. Bounded: see limits.h.
struct LaunchContext {
  std::vector<std::string> command;                      // argument vector; {{NAME}} is replaced
  std::map<std::string, std::string> environment;        //   by the container's variable NAME
  std::map<std::string, LocalResource> local_resources;  // by file name in the container directory
  std::map<std::string, std::string> secrets;  // file name -> bytes, written 0400, never logged
  RetryPolicy retry{};
  LeaseEnd on_lease_end = LeaseEnd::kStop;
  bool operator==(const LaunchContext&) const = default;
};

enum class ContainerState : int { kNew = 1, kRunning = 2, kComplete = 3 };
std::string_view ContainerStateName(ContainerState state);

// What its owner may send to a container, by YARN's names.
enum class ContainerSignal : int {
  kOutputThreadDump = 1,  // SIGQUIT to its main process
  kGracefulShutdown = 2,  // SIGTERM to all its processes, however long they then take
  kForcefulShutdown = 3,  // SIGKILL to all of them
};
std::string_view ContainerSignalName(ContainerSignal signal);
// By YARN's name, in any case. kInvalidArgument names those that there are.
Result<ContainerSignal> ParseContainerSignal(std::string_view name);

// YARN's numbers for ends that the process did not choose.
namespace exit_code {
inline constexpr int kSuccess = 0;
inline constexpr int kNotYet = -1000;  // still running
inline constexpr int kAborted = -100;  // released, node lost, or never started
inline constexpr int kDisksFailed = -101;
inline constexpr int kPreempted = -102;
inline constexpr int kVirtualMemoryExceeded = -103;
inline constexpr int kPhysicalMemoryExceeded = -104;
inline constexpr int kKilledByApplicationMaster = -105;
inline constexpr int kKilledByResourceManager = -106;
inline constexpr int kKilledAfterApplicationEnd = -107;
inline constexpr int kExcessLogs = -109;
inline constexpr int kLocalizationFailed = -1001;
inline constexpr int kLaunchFailed = -1002;
inline constexpr int kForceKilled = 137;
inline constexpr int kTerminated = 143;
inline constexpr int kLost = 154;  // nobody saw how it ended
}  // namespace exit_code

struct ContainerStatus {
  ContainerId id;
  ContainerState state = ContainerState::kNew;
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;  // the cause in words; at most limits::kDiagnosticsBytes
  Resource resource;
  // What it is doing now, for people: "localizing: 3 of 5 files"; "" when its state says it all. At
  // most limits::kNameBytes. That it changes is no news by itself: it goes along.
  std::string detail{};
  bool operator==(const ContainerStatus&) const = default;
};

// Why the RM or an AM wants a container stopped; decides the exit code reported for it.
enum class StopReason : int {
  kReleasedByApplicationMaster = 1,
  kKilledByResourceManager = 2,
  kApplicationEnded = 3,
  kPreempted = 4,
  kNodeDecommissioned = 5,
};

}  // namespace weir

#endif  // WEIR_COMMON_CONTAINER_H_
