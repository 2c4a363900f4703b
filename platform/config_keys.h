// The configuration keys Weir reads, with their defaults: YARN's names where YARN has one, `weir.`
// otherwise. docs/configuration.md is generated from this table. Immutable.
#ifndef WEIR_PLATFORM_CONFIG_KEYS_H_
#define WEIR_PLATFORM_CONFIG_KEYS_H_

#include <span>
#include <string>
#include <string_view>

#include "platform/hadoop_xml_config.h"
#include "platform/log.h"

namespace weir::platform {

struct ConfigKey {
  const char* name;
  const char* fallback;  // as it would stand in the file; "" = none
  const char* meaning;
};
std::span<const ConfigKey> KnownConfigKeys();
// The default of a known key. Requires: it is known.
const char* DefaultOf(std::string_view key);

// Those of a ResourceManager that may be set for one of several, with ".ID" at the end.
std::span<const char* const> PerRmKeys();

namespace keys {
inline constexpr char kClusterId[] = "yarn.resourcemanager.cluster-id";
inline constexpr char kWorkDir[] = "weir.work.dir";
inline constexpr char kSecretFile[] = "weir.cluster.secret.file";
inline constexpr char kLogLevel[] = "weir.log.level";
inline constexpr char kLogFile[] = "weir.log.file";
inline constexpr char kRmHost[] = "yarn.resourcemanager.hostname";
inline constexpr char kRmBindHost[] = "yarn.resourcemanager.bind-host";
inline constexpr char kRmClientAddress[] = "yarn.resourcemanager.address";
inline constexpr char kRmMasterAddress[] = "yarn.resourcemanager.scheduler.address";
inline constexpr char kRmTrackerAddress[] = "yarn.resourcemanager.resource-tracker.address";
inline constexpr char kRmAdminAddress[] = "yarn.resourcemanager.admin.address";
inline constexpr char kRmHttpAddress[] = "yarn.resourcemanager.webapp.address";
inline constexpr char kRmWorkDir[] = "weir.resourcemanager.work.dir";
inline constexpr char kRmHaEnabled[] = "yarn.resourcemanager.ha.enabled";
inline constexpr char kRmHaIds[] = "yarn.resourcemanager.ha.rm-ids";
inline constexpr char kRmHaId[] = "yarn.resourcemanager.ha.id";
inline constexpr char kRmHaAutomatic[] = "yarn.resourcemanager.ha.automatic-failover.enabled";
inline constexpr char kRmHaConfirm[] = "weir.resourcemanager.ha.confirm-leadership";
inline constexpr char kRmHaElection[] = "yarn.resourcemanager.ha.automatic-failover.zk-base-path";
inline constexpr char kRmHaTransitionLimit[] = "weir.resourcemanager.ha.transition-limit-ms";
inline constexpr char kRmMaxWait[] = "yarn.resourcemanager.connect.max-wait.ms";
inline constexpr char kFailoverSleep[] = "yarn.client.failover-sleep-base-ms";
inline constexpr char kFailoverSleepMax[] = "yarn.client.failover-sleep-max-ms";
inline constexpr char kRmStoreClass[] = "yarn.resourcemanager.store.class";
inline constexpr char kRmStoreDir[] = "yarn.resourcemanager.leveldb-state-store.path";
inline constexpr char kRmStoreUri[] = "yarn.resourcemanager.fs.state-store.uri";
inline constexpr char kZkAddress[] = "hadoop.zk.address";
inline constexpr char kZkAddressOld[] = "yarn.resourcemanager.zk-address";
inline constexpr char kZkTimeout[] = "hadoop.zk.timeout-ms";
inline constexpr char kZkTimeoutOld[] = "yarn.resourcemanager.zk-timeout-ms";
inline constexpr char kZkParent[] = "yarn.resourcemanager.zk-state-store.parent-path";
inline constexpr char kZkMaxZnode[] = "yarn.resourcemanager.zk-max-znode-size.bytes";
inline constexpr char kRmMaxAttempts[] = "yarn.resourcemanager.am.max-attempts";
inline constexpr char kRmAttemptPause[] = "weir.resourcemanager.am.retry-pause-ms";
inline constexpr char kRmLongestAttemptPause[] = "weir.resourcemanager.am.retry-pause-max-ms";
inline constexpr char kRmAttemptPauseReset[] = "weir.resourcemanager.am.retry-pause-reset-ms";
inline constexpr char kRmAvoidNodes[] =
    "yarn.resourcemanager.am-scheduling.node-blacklisting-enabled";
inline constexpr char kRmAvoidNodesOld[] = "yarn.am.blacklisting.enabled";
inline constexpr char kRmAvoidedShare[] =
    "yarn.resourcemanager.am-scheduling.node-blacklisting-disable-threshold";
inline constexpr char kRmAvoidedShareOld[] = "yarn.am.blacklisting.disable-failure-threshold";
inline constexpr char kRmRecoveryWait[] =
    "yarn.resourcemanager.work-preserving-recovery.scheduling-wait-ms";
inline constexpr char kRmMaxCompleted[] = "yarn.resourcemanager.max-completed-applications";
inline constexpr char kRmMaxStoredCompleted[] =
    "yarn.resourcemanager.state-store.max-completed-applications";
inline constexpr char kRmAllocationExpiry[] =
    "yarn.resourcemanager.rm.container-allocation.expiry-interval-ms";
inline constexpr char kRmKeyInterval[] =
    "yarn.resourcemanager.am-rm-tokens.master-key-rolling-interval-secs";
inline constexpr char kRmIncludePath[] = "yarn.resourcemanager.nodes.include-path";
inline constexpr char kRmExcludePath[] = "yarn.resourcemanager.nodes.exclude-path";
inline constexpr char kRmUntrackedTimeout[] =
    "yarn.resourcemanager.node-removal-untracked.timeout-ms";
inline constexpr char kRmDecommissionTimeout[] =
    "yarn.resourcemanager.nodemanager-graceful-decommission-timeout-secs";
inline constexpr char kRmExpiryShare[] = "weir.resourcemanager.nodes.expired-per-minute-percent";
inline constexpr char kNodeLease[] = "weir.nodemanager.lease-ms";
inline constexpr char kNmExpiry[] = "yarn.nm.liveness-monitor.expiry-interval-ms";
inline constexpr char kAmExpiry[] = "yarn.am.liveness-monitor.expiry-interval-ms";
inline constexpr char kMinimumMb[] = "yarn.scheduler.minimum-allocation-mb";
inline constexpr char kMaximumMb[] = "yarn.scheduler.maximum-allocation-mb";
inline constexpr char kMinimumVcores[] = "yarn.scheduler.minimum-allocation-vcores";
inline constexpr char kMaximumVcores[] = "yarn.scheduler.maximum-allocation-vcores";
inline constexpr char kNmAddress[] = "yarn.nodemanager.address";
inline constexpr char kNmBindHost[] = "yarn.nodemanager.bind-host";
inline constexpr char kNmHttpAddress[] = "yarn.nodemanager.webapp.address";
inline constexpr char kNmMemoryMb[] = "yarn.nodemanager.resource.memory-mb";
inline constexpr char kNmVcores[] = "yarn.nodemanager.resource.cpu-vcores";
inline constexpr char kNmLocalDirs[] = "yarn.nodemanager.local-dirs";
inline constexpr char kNmLogDirs[] = "yarn.nodemanager.log-dirs";
inline constexpr char kNmSigkillDelay[] = "yarn.nodemanager.sleep-delay-before-sigkill.ms";
inline constexpr char kNmDeleteDelay[] = "yarn.nodemanager.delete.debug-delay-sec";
inline constexpr char kNmLogRetain[] = "yarn.nodemanager.log.retain-seconds";
inline constexpr char kNmLogFileMax[] = "weir.nodemanager.log.file.max-mb";
inline constexpr char kNmLogGenerations[] = "weir.nodemanager.log.file.generations";
inline constexpr char kNmLogMonitor[] = "yarn.nodemanager.container-log-monitor.enable";
inline constexpr char kNmLogMonitorInterval[] =
    "yarn.nodemanager.container-log-monitor.interval-ms";
inline constexpr char kNmLogMonitorDirectory[] =
    "yarn.nodemanager.container-log-monitor.dir-size-limit-bytes";
inline constexpr char kNmLogMonitorTotal[] =
    "yarn.nodemanager.container-log-monitor.total-size-limit-bytes";
inline constexpr char kLogAggregation[] = "yarn.log-aggregation-enable";
inline constexpr char kLogRetain[] = "yarn.log-aggregation.retain-seconds";
inline constexpr char kLogRetainCheck[] = "yarn.log-aggregation.retain-check-interval-seconds";
inline constexpr char kNmLogArchiveMax[] = "weir.nodemanager.log.archive.max-mb";
inline constexpr char kNmRemoteLogDir[] = "yarn.nodemanager.remote-app-log-dir";
inline constexpr char kNmRemoteLogSuffix[] = "yarn.nodemanager.remote-app-log-dir-suffix";
inline constexpr char kNmLogRoll[] =
    "yarn.nodemanager.log-aggregation.roll-monitoring-interval-seconds";
inline constexpr char kNmCacheTarget[] = "yarn.nodemanager.localizer.cache.target-size-mb";
inline constexpr char kNmDiskCheck[] = "yarn.nodemanager.disk-health-checker.enable";
inline constexpr char kNmDiskInterval[] = "yarn.nodemanager.disk-health-checker.interval-ms";
inline constexpr char kNmDiskMinHealthy[] =
    "yarn.nodemanager.disk-health-checker.min-healthy-disks";
inline constexpr char kNmDiskMaxUsed[] =
    "yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage";
inline constexpr char kNmDiskLowUsed[] =
    "yarn.nodemanager.disk-health-checker.disk-utilization-watermark-low-per-disk-percentage";
inline constexpr char kNmDiskMinFree[] =
    "yarn.nodemanager.disk-health-checker.min-free-space-per-disk-mb";
inline constexpr char kNmDiskHighFree[] =
    "yarn.nodemanager.disk-health-checker.min-free-space-per-disk-watermark-high-mb";
inline constexpr char kNmHealthScripts[] = "yarn.nodemanager.health-checker.scripts";
inline constexpr char kNmHealthInterval[] = "yarn.nodemanager.health-checker.interval-ms";
inline constexpr char kNmHealthTimeout[] = "yarn.nodemanager.health-checker.timeout-ms";
inline constexpr char kNmSuspectAfter[] = "weir.nodemanager.suspicion.launch-failures";
inline constexpr char kNmSuspicion[] = "weir.nodemanager.suspicion.pause-ms";
inline constexpr char kNmFetchThreads[] = "yarn.nodemanager.localizer.fetch.thread-count";
inline constexpr char kNmFetchStall[] = "weir.nodemanager.localizer.stall-timeout-ms";
inline constexpr char kNmArchiveMax[] = "weir.nodemanager.localizer.archive-max-mb";
inline constexpr char kNmRetryMinimum[] = "yarn.nodemanager.container-retry-minimum-interval-ms";
inline constexpr char kNmAdminEnv[] = "yarn.nodemanager.admin-env";
inline constexpr char kNmEnvWhitelist[] = "yarn.nodemanager.env-whitelist";
inline constexpr char kNmResourcePlugins[] = "yarn.nodemanager.resource-plugins";
inline constexpr char kNmGpuDevices[] = "yarn.nodemanager.resource-plugins.gpu.allowed-gpu-devices";
inline constexpr char kNmGpuDiscovery[] =
    "yarn.nodemanager.resource-plugins.gpu.path-to-discovery-executables";
inline constexpr char kNmGpuMajor[] = "weir.nodemanager.resource-plugins.gpu.device-major";
inline constexpr char kNmDiscoveryTimeout[] =
    "weir.nodemanager.resource-plugins.discovery-timeout-ms";
inline constexpr char kNmRecoveryEnabled[] = "yarn.nodemanager.recovery.enabled";
inline constexpr char kNmRecoveryDir[] = "yarn.nodemanager.recovery.dir";
inline constexpr char kNmRecoverySupervised[] = "yarn.nodemanager.recovery.supervised";
inline constexpr char kNmWorkDir[] = "weir.nodemanager.work.dir";
inline constexpr char kNmMonitor[] = "yarn.nodemanager.container-monitor.enabled";
inline constexpr char kNmMonitorInterval[] = "yarn.nodemanager.container-monitor.interval-ms";
inline constexpr char kNmPhysicalCheck[] = "yarn.nodemanager.pmem-check-enabled";
inline constexpr char kNmVirtualCheck[] = "yarn.nodemanager.vmem-check-enabled";
inline constexpr char kNmVirtualRatio[] = "yarn.nodemanager.vmem-pmem-ratio";
inline constexpr char kNmDynamicMemory[] = "yarn.nodemanager.dynamic.memory.usage.threshold";
inline constexpr char kNmRack[] = "weir.nodemanager.rack";
inline constexpr char kNmPartition[] =
    "yarn.nodemanager.node-labels.provider.configured-node-partition";
inline constexpr char kNmLabelProvider[] = "yarn.nodemanager.node-labels.provider";
inline constexpr char kRunAs[] = "weir.nodemanager.run-as";
inline constexpr char kRunAsMinUid[] = "weir.nodemanager.run-as.min-user-id";
inline constexpr char kRunAsBanned[] = "weir.nodemanager.run-as.banned-users";
inline constexpr char kRunAsAllowedSystem[] = "weir.nodemanager.run-as.allowed-system-users";
inline constexpr char kRunAsAllowRoot[] = "weir.nodemanager.run-as.allow-root";
inline constexpr char kNmLocalUser[] =
    "yarn.nodemanager.linux-container-executor.nonsecure-mode.local-user";
inline constexpr char kNmLimitUsers[] =
    "yarn.nodemanager.linux-container-executor.nonsecure-mode.limit-users";
inline constexpr char kNmCoreDumps[] = "weir.nodemanager.container.core-dumps";
inline constexpr char kCgroups[] = "weir.nodemanager.cgroups";
inline constexpr char kCgroupsRequired[] = "weir.nodemanager.cgroups.required";
inline constexpr char kCgroupsHierarchy[] =
    "yarn.nodemanager.linux-container-executor.cgroups.hierarchy";
inline constexpr char kCgroupsMemoryParent[] = "weir.nodemanager.cgroups.hierarchy.memory";
inline constexpr char kCgroupsCpuParent[] = "weir.nodemanager.cgroups.hierarchy.cpu";
inline constexpr char kCgroupsPidsParent[] = "weir.nodemanager.cgroups.hierarchy.pids";
inline constexpr char kCgroupsFreezerParent[] = "weir.nodemanager.cgroups.hierarchy.freezer";
inline constexpr char kCgroupsTreeParent[] = "weir.nodemanager.cgroups.hierarchy.unified";
inline constexpr char kCgroupsMount[] = "yarn.nodemanager.linux-container-executor.cgroups.mount";
inline constexpr char kCgroupsMountPath[] =
    "yarn.nodemanager.linux-container-executor.cgroups.mount-path";
inline constexpr char kCgroupsStrict[] =
    "yarn.nodemanager.linux-container-executor.cgroups.strict-resource-usage";
inline constexpr char kCgroupsPidsLimit[] = "weir.nodemanager.cgroups.pids-limit";
inline constexpr char kCpuLimit[] = "yarn.nodemanager.resource.percentage-physical-cpu-limit";
inline constexpr char kMemoryEnabled[] = "yarn.nodemanager.resource.memory.enabled";
inline constexpr char kMemoryEnforced[] = "yarn.nodemanager.resource.memory.enforced";
inline constexpr char kMemorySwappiness[] = "yarn.nodemanager.resource.memory.cgroups.swappiness";
inline constexpr char kAdminAcl[] = "yarn.admin.acl";
inline constexpr char kAuditMaxBytes[] = "weir.audit.max-bytes";
inline constexpr char kAuditKeptFiles[] = "weir.audit.kept-files";
inline constexpr char kMaxPriority[] = "yarn.cluster.max-application-priority";
inline constexpr char kResourceTypes[] = "yarn.resource-types";
inline constexpr char kPollPark[] = "weir.poll.park-ms";
inline constexpr char kApplicationAttempts[] = "yarn.application-attempts";
inline constexpr char kAttemptFailuresValidity[] =
    "yarn.application-attempt-failures-validity-interval";
inline constexpr char kMasterPorts[] = "weir.appmaster.port-range";
inline constexpr char kDataPorts[] = "weir.taskmanager.data.port";
inline constexpr char kGang[] = "weir.taskmanager.gang";
inline constexpr char kSpread[] = "weir.taskmanager.spread";
inline constexpr char kMaxPerNode[] = "weir.taskmanager.max-per-node";
inline constexpr char kIdleTimeout[] = "weir.taskmanager.idle-timeout";
}  // namespace keys

// --- where things are, derived from the configuration

// weir.work.dir; its default is /var/lib/weir for root and $HOME/.weir for others.
std::string WorkDir(const Configuration& config);
// weir.resourcemanager.work.dir; default <work>/rm. With high availability each RM has its own:
// platform/rm_places.h.
std::string RmDir(const Configuration& config);
// Of the RM: names client, admin, master, tracker, http (host:port), client_socket, admin_socket
// (paths), pid.
inline std::string RmAddressFile(const Configuration& config) {
  return RmDir(config) + "/address";
}
inline std::string RmClientSocket(const Configuration& config) {
  return RmDir(config) + "/client.sock";
}
inline std::string RmAdminSocket(const Configuration& config) {
  return RmDir(config) + "/admin.sock";
}
// weir.nodemanager.work.dir; default <work>/nm.
std::string NmDir(const Configuration& config);
// Of an NM: names container, http (host:port), node_id, pid.
inline std::string NmAddressFile(const Configuration& config) {
  return NmDir(config) + "/address";
}
// weir.cluster.secret.file; default <work>/cluster.secret.
std::string SecretFile(const Configuration& config);

// An RM address as configured: `key`, else its default port on yarn.resourcemanager.hostname.
Result<HostPort> ConfiguredRmAddress(const Configuration& config, const char* key);

// weir.log.level. kInvalidArgument naming the key and where it was set.
Result<LogLevel> ConfiguredLogLevel(const Configuration& config);

// Warnings for keys that are set but not known: misspelt ones with the nearest name, one summary
// line for YARN keys without effect here.
std::vector<std::string> UnknownKeyWarnings(const Configuration& config);
// The same for one key that somebody typed: nothing when it is known, or of nobody's family
// (a job may have keys of its own).
std::optional<std::string> TypedKeyWarning(const std::string& key);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_CONFIG_KEYS_H_
