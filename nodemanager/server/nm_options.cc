#include "nodemanager/server/nm_options.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "nodemanager/server/cgroup_options.h"
#include "nodemanager/server/environment_options.h"
#include "nodemanager/server/health_options.h"
#include "nodemanager/server/run_as_options.h"
#include "platform/config_keys.h"
#include "platform/option_reader.h"
#include "platform/resource_types_config.h"
#include "platform/rm_places.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

constexpr int64_t kMaxSeconds = int64_t{10} * 365 * 24 * 3600;
constexpr int64_t kMaxCacheMib = int64_t{1} << 30;
constexpr int64_t kMaxFetchThreads = 64;
constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr std::string_view kFileScheme = "file://";

// Comma-separated absolute paths, each perhaps with file://.
std::vector<std::string> ReadDirectories(OptionReader& read,
                                         const char* key,
                                         const std::string& fallback) {
  const std::string configured = read.Text(key);
  const std::string& text = configured.empty() ? fallback : configured;
  std::vector<std::string> directories;
  for (std::string_view one : Split(text, ',')) {
    one = Trim(one);
    if (one.starts_with(kFileScheme)) one.remove_prefix(kFileScheme.size());
    if (one.empty()) continue;
    directories.push_back(read.Absolute(key, std::string(one)));
  }
  if (directories.empty()) {
    read.Fault({ErrorCode::kInvalidArgument, std::string(key) + " names no directory", ""});
  }
  return directories;
}

Result<HostPort> ConfiguredAddress(const Configuration& config, const char* key) {
  WEIR_ASSIGN_OR_RETURN(const HostPort fallback, HostPort::Parse(platform::DefaultOf(key)));
  return config.GetHostPort(key, fallback);
}

// YARN's only provider that needs no program of its own is the configuration.
std::string ReadLabel(OptionReader& read) {
  const std::string provider = ToLower(Trim(read.Text(kNmLabelProvider)));
  if (!provider.empty() && provider != "config") {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kNmLabelProvider) + " is '" + provider + "'",
                std::string("only config is provided; or label the node with 'weir rmadmin "
                            "-replaceLabelsOnNode'")});
  }
  return std::string(Trim(read.Text(kNmPartition)));
}

MemoryMonitorOptions ReadMemoryOptions(OptionReader& read) {
  MemoryMonitorOptions memory;
  memory.physical_check = read.Bool(kNmPhysicalCheck);
  memory.virtual_check = read.Bool(kNmVirtualCheck);
  memory.virtual_permille = read.Thousandths(kNmVirtualRatio, 1000, 1'000'000);
  memory.dynamic_permille = read.Thousandths(kNmDynamicMemory, 0, 10'000);
  return memory;
}

CoreOptions ReadCoreOptions(const Configuration& config,
                            const std::vector<platform::NamedResourceType>& types,
                            OptionReader& read) {
  CoreOptions core;
  core.rack = read.Text(kNmRack);
  core.capacity = {read.Int(kNmMemoryMb, 1, Resource::kMemoryMibMax),
                   read.Int(kNmVcores, 1, Resource::kVcoresMax)};
  core.capacity.named = platform::ReadNodeResources(config, types, read);
  core.label = ReadLabel(read);
  core.memory = ReadMemoryOptions(read);
  core.park = read.PollPark();
  core.sigkill_delay = milliseconds(read.Int(kNmSigkillDelay, 0, OptionReader::kMillisMax));
  core.smallest_retry = milliseconds(read.Int(kNmRetryMinimum, 1, OptionReader::kMillisMax));
  // A stop of the NodeManager gives its containers their grace, and then a little.
  core.shutdown_wait = core.sigkill_delay + seconds(5);
  return core;
}

// Where the running program is; "" when the system does not say.
std::string ProgramDirectory() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  const std::string program(path.data(), length > 0 ? static_cast<size_t>(length) : 0);
  const size_t slash = program.rfind('/');
  return slash == std::string::npos ? "" : program.substr(0, slash);
}

// By what is read of the node's capacity and of its memory checks.
CgroupOptions ReadGroups(OptionReader& read, const NmOptions& options) {
  CgroupOptions groups = ReadCgroupOptions(read, options.core.capacity.vcores);
  groups.record_file = options.cgroup_file();
  if (const int64_t permille = options.core.memory.dynamic_permille; permille > 0) {
    // A container may take what others leave; all together have a limit.
    groups.memory_limits = false;
    groups.node_memory_mib = options.core.capacity.memory_mib * permille / 1000;
  }
  return groups;
}

}  // namespace

Result<NmOptions> ReadNmOptions(const Configuration& config) {
  OptionReader read(config);
  NmOptions options;
  options.cluster_id = read.ClusterId();
  options.directory = read.Absolute(kNmWorkDir, platform::NmDir(config));
  options.address_file = platform::NmAddressFile(config);
  options.audit = platform::ReadAuditOptions(read, options.directory);
  options.secret_file = read.Absolute(kSecretFile, platform::SecretFile(config));
  options.log_file = read.Text(kLogFile);
  options.log_level = read.Keep(platform::ConfiguredLogLevel(config), platform::LogLevel::kInfo);
  const auto address = [&](const char* key) {
    return read.Address(key, ConfiguredAddress(config, key), kNmBindHost);
  };
  options.container = address(kNmAddress);
  // Looked up again for every connection; what is wrong with them is told now.
  static_cast<void>(read.Keep(platform::ReadRmPlaces(config), platform::RmPlaces()));
  options.http = address(kNmHttpAddress);
  options.local_dirs = ReadDirectories(read, kNmLocalDirs, options.directory + "/local");
  options.log_dirs = ReadDirectories(read, kNmLogDirs, options.directory + "/logs");
  options.delete_delay = seconds(read.Int(kNmDeleteDelay, 0, kMaxSeconds));
  options.log_retain = seconds(read.Int(kNmLogRetain, 0, kMaxSeconds));
  options.logs = ReadNodeLogOptions(config, read, options.directory);
  options.recover = read.Keep(config.GetBool(kNmRecoveryEnabled, true), true);
  options.supervised =
      read.Keep(config.GetBool(kNmRecoverySupervised, false), false) && options.recover;
  const std::string recovery_dir = read.Text(kNmRecoveryDir);
  options.recovery_dir = recovery_dir.empty() ? options.directory + "/recovery"
                                              : read.Absolute(kNmRecoveryDir, recovery_dir);
  options.cache_target_bytes = read.Int(kNmCacheTarget, 0, kMaxCacheMib) * kBytesPerMib;
  options.run_as = ReadRunAsPolicy(read);
  options.core_dumps = read.Bool(kNmCoreDumps);
  options.fetch_threads = static_cast<size_t>(read.Int(kNmFetchThreads, 1, kMaxFetchThreads));
  options.fetch_stall = milliseconds(read.Int(kNmFetchStall, 1000, OptionReader::kMillisMax));
  options.archive_max_bytes = read.Int(kNmArchiveMax, 1, kMaxCacheMib) * kBytesPerMib;
  options.environment = ReadEnvironmentRules(config, read);
  const auto types = platform::ReadResourceTypes(config, read);
  options.resources = ReadResourcePlugins(config, types, read);
  options.core = ReadCoreOptions(config, types, read);
  options.core.health = ReadHealthLimits(config, read);
  options.health = ReadHealthMonitorOptions(config, read);
  options.health.local = options.local_dirs;
  options.health.log = options.log_dirs;
  options.monitor = read.Bool(kNmMonitor);
  options.monitor_interval = milliseconds(read.Int(kNmMonitorInterval, 100, 3'600'000));
  if (!options.monitor && options.core.memory.dynamic_permille > 0) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kNmDynamicMemory) + " needs the look at what containers use",
                std::string("set ") + kNmMonitor + " to true, or the threshold to 0"});
  }
  options.program_directory = ProgramDirectory();
  options.cgroups = ReadGroups(read, options);
  WEIR_RETURN_IF_ERROR(read.Finish());
  // Nobody looks: nothing is checked, and that is what is shown.
  if (!options.monitor) options.core.memory = {.physical_check = false};
  return options;
}

}  // namespace weir::nm
