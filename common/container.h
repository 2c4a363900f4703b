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
#include "common/time.h"

namespace weir {

enum class LocalResourceVisibility : int { kPublic = 1, kPrivate = 2, kApplication = 3 };

// A file to be fetched into the container's directory before its process starts. `uri` is
// "staging:<sha256>" (fetched from the RM's HTTP port) or "file:/absolute/path".
struct LocalResource {
  std::string uri;
  int64_t size = 0;      // bytes, exact
  int64_t mtime_ms = 0;  // for file:, checked when not 0
  std::string sha256;    // hexadecimal; checked when not empty; required for staging:
  LocalResourceVisibility visibility = LocalResourceVisibility::kApplication;
  bool operator==(const LocalResource&) const = default;
};

// How to start a container's process. Bounded: see limits.h.
struct LaunchContext {
  std::vector<std::string> command;                      // argument vector; {{NAME}} is replaced
  std::map<std::string, std::string> environment;        //   by the container's variable NAME
  std::map<std::string, LocalResource> local_resources;  // by file name in the container directory
  std::map<std::string, std::string> secrets;  // file name -> bytes, written 0400, never logged
  bool operator==(const LaunchContext&) const = default;
};

enum class ContainerState : int { kNew = 1, kRunning = 2, kComplete = 3 };
std::string_view ContainerStateName(ContainerState state);

// YARN's numbers for ends that the process did not choose.
namespace exit_code {
inline constexpr int kSuccess = 0;
inline constexpr int kNotYet = -1000;  // still running
inline constexpr int kAborted = -100;  // released, node lost, or never started
inline constexpr int kDisksFailed = -101;
inline constexpr int kPreempted = -102;
inline constexpr int kKilledByApplicationMaster = -105;
inline constexpr int kKilledByResourceManager = -106;
inline constexpr int kKilledAfterApplicationEnd = -107;
inline constexpr int kLocalizationFailed = -1001;
inline constexpr int kLaunchFailed = -1002;
}  // namespace exit_code

struct ContainerStatus {
  ContainerId id;
  ContainerState state = ContainerState::kNew;
  int exit_code = exit_code::kNotYet;
  std::string diagnostics;  // the cause in words; at most limits::kDiagnosticsBytes
  Resource resource;
  bool operator==(const ContainerStatus&) const = default;
};

// Why the RM or an AM wants a container stopped; decides the exit code reported for it.
enum class StopReason : int {
  kReleasedByApplicationMaster = 1,
  kKilledByResourceManager = 2,
  kApplicationEnded = 3,
  kPreempted = 4,
};

}  // namespace weir

#endif  // WEIR_COMMON_CONTAINER_H_
