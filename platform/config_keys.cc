#include "platform/config_keys.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "common/check.h"
#include "common/strings.h"

namespace weir::platform {
namespace {

using namespace keys;

constexpr ConfigKey kKnown[] = {
    {kClusterId, "weir", "Name of the cluster; a peer that names another is refused."},
    {kWorkDir,
     "",
     "Where daemons keep state, sockets and address files; /var/lib/weir for root, "
     "$HOME/.weir for others."},
    {kSecretFile, "", "The cluster secret (0600), shared by all daemons; <work>/cluster.secret."},
    {kLogLevel, "info", "debug, info, warn or error."},
    {kLogFile, "", "Where a daemon logs; empty = standard error."},
    {kRmHost, "127.0.0.1", "Host of the ResourceManager, for addresses that do not name one."},
    {kRmBindHost, "", "Address the ResourceManager binds instead of the advertised one."},
    {kRmClientAddress, "${yarn.resourcemanager.hostname}:8032", "Clients, over TCP."},
    {kRmMasterAddress, "${yarn.resourcemanager.hostname}:8030", "ApplicationMasters."},
    {kRmTrackerAddress, "${yarn.resourcemanager.hostname}:8031", "NodeManagers."},
    {kRmAdminAddress, "${yarn.resourcemanager.hostname}:8033", "Administrators, over TCP."},
    {kRmHttpAddress, "${yarn.resourcemanager.hostname}:8088", "REST, page, metrics, staging."},
    {kRmWorkDir,
     "",
     "The ResourceManager's own directory, with its sockets and address file; <work>/rm, with high "
     "availability <work>/rm-ID."},
    {kRmHaEnabled,
     "false",
     "Several ResourceManagers, one of which is active; they share one state store, which must be "
     "zookeeper."},
    {kRmHaIds,
     "",
     "Their names, such as rm1,rm2. Where each is say the hostname, address and bind-host keys "
     "above with its name at the end: yarn.resourcemanager.hostname.rm1."},
    {kRmHaId,
     "",
     "The name of the ResourceManager that reads this; empty = the one whose address is of this "
     "machine."},
    {kRmHaAutomatic,
     "true",
     "The active one is elected through ZooKeeper; false = an administrator says who it is."},
    {kRmHaConfirm,
     "true",
     "The active one vouches for the leases of nodes as long as the state store, or all other "
     "ResourceManagers, confirm that nobody has taken over. false: it always does, so that what "
     "runs survives an outage of ZooKeeper and of another ResourceManager's machine together, but "
     "may run twice when it is cut off with some nodes."},
    {kRmHaElection,
     "/yarn-leader-election",
     "Node of ZooKeeper below which each cluster has its election."},
    {kRmHaTransitionLimit,
     "60000",
     "A ResourceManager whose change between active and standby takes longer gives its lock back "
     "and ends, so that another one is elected (ms)."},
    {kRmMaxWait,
     "30000",
     "With high availability, how long a command waits while no ResourceManager is active (ms)."},
    {kFailoverSleep, "100", "Meanwhile, the first pause between two tries (ms); it is doubled."},
    {kFailoverSleepMax, "1000", "The longest pause between two tries (ms)."},
    {kRmStoreClass,
     "leveldb",
     "Where the ResourceManager keeps its state: leveldb, filesystem, zookeeper, or memory (for "
     "tests: nothing survives). YARN's class names are understood."},
    {kRmStoreDir, "", "Directory of the LevelDB store; <work>/rm/store."},
    {kRmStoreUri,
     "",
     "Directory of the filesystem store, as a path or file: URI; <work>/rm/fs-store."},
    {kZkAddress,
     "",
     "Servers of ZooKeeper: host:port,host:port, with /path at the end for a part of its tree."},
    {kZkAddressOld, "", "Former name of hadoop.zk.address."},
    {kZkTimeout, "10000", "Timeout of sessions with ZooKeeper (ms); its servers may change it."},
    {kZkTimeoutOld, "10000", "Former name of hadoop.zk.timeout-ms."},
    {kZkParent, "/weir", "Node of ZooKeeper below which each cluster has its state store."},
    {kZkMaxZnode,
     "1048576",
     "Of the ZooKeeper servers (their jute.maxbuffer): what is larger is refused and not sent."},
    {kRmMaxAttempts, "2", "Most attempts an application may ask for."},
    {kRmAttemptPause,
     "1000",
     "From a counted failure of an ApplicationMaster to the next attempt (ms); doubled with each "
     "in "
     "a row; 0 = no pause."},
    {kRmLongestAttemptPause, "60000", "The longest such pause (ms)."},
    {kRmAttemptPauseReset,
     "300000",
     "After an ApplicationMaster that lived so long the pauses begin anew (ms)."},
    {kRmAvoidNodes,
     "",
     "Whether the next ApplicationMaster is kept away from nodes where one of its application "
     "failed; empty = as yarn.am.blacklisting.enabled says."},
    {kRmAvoidNodesOld, "true", "Former name of the key above."},
    {kRmAvoidedShare,
     "",
     "None is avoided when so large a share of the nodes would be, from 0 to 1; empty = as "
     "yarn.am.blacklisting.disable-failure-threshold says."},
    {kRmAvoidedShareOld, "0.8", "Former name of the key above."},
    {kRmRecoveryWait,
     "-1",
     "After a start, until all nodes of before are back or lost, and so long at most, no queue "
     "gets more than its guarantee of what is there, and nothing is preempted (ms); after a "
     "shorter time queues get more on guesses. -1 = until then, however long; 0 = not at all."},
    {kRmMaxCompleted, "1000", "Completed applications that are remembered."},
    {kRmMaxStoredCompleted,
     "${yarn.resourcemanager.max-completed-applications}",
     "Of those, the ones that a restart still knows; at most all of them."},
    {kRmAllocationExpiry, "600000", "A granted container not started by then is taken back (ms)."},
    {kRmKeyInterval,
     "",
     "How often the keys that sign the tokens of all kinds are replaced (s); tokens of the last "
     "but "
     "one are refused. At least three times the longer of the expiries of nodes and "
     "ApplicationMasters; empty = a day, or that if it is more."},
    {kRmIncludePath,
     "",
     "File with the only hosts (or host:port) whose NodeManagers may register; empty = all may. "
     "Text, or XML with <hosts>. Read at the start and by weir rmadmin -refreshNodes."},
    {kRmExcludePath,
     "",
     "File with the hosts whose NodeManagers are decommissioned; in XML each may have a <timeout> "
     "in seconds."},
    {kRmDecommissionTimeout,
     "3600",
     "How long containers may run on when their node is decommissioned gracefully (s); negative = "
     "to their end."},
    {kRmUntrackedTimeout,
     "60000",
     "A node that is LOST, shut down or decommissioned, and that a non-empty include file does not "
     "name nor the exclude file, is forgotten after so long (ms)."},
    {kRmExpiryShare,
     "10",
     "Of the active nodes, so many percent at most (one at least) are given up as LOST within a "
     "minute; the others wait. 100 = no limit."},
    {kNmExpiry, "30000", "A NodeManager not heard from for so long is LOST (ms)."},
    {kNodeLease,
     "0",
     "Of the RM: a node that has heard of no RM for so long has ended its containers (ms); 0 = "
     "five "
     "sixths of the expiry, which is the most it can be."},
    {kAmExpiry, "30000", "An ApplicationMaster not heard from for so long has failed (ms)."},
    {kMinimumMb, "1024", "Requests are rounded up to multiples of this (MiB)."},
    {kMaximumMb, "8192", "Largest container (MiB)."},
    {kMinimumVcores, "1", "Requests are rounded up to multiples of this."},
    {kMaximumVcores, "4", "Largest container (vcores)."},
    {kNmAddress, "127.0.0.1:45454", "Container service of the NodeManager; port 0 = any."},
    {kNmBindHost, "", "Address the NodeManager binds instead of the advertised one."},
    {kNmHttpAddress, "127.0.0.1:8042", "Logs and state of the NodeManager."},
    {kNmMemoryMb, "8192", "Memory offered to containers (MiB)."},
    {kNmVcores, "8", "Virtual cores offered to containers."},
    {kNmLocalDirs, "", "Where containers work; <nm work>/local."},
    {kNmLogDirs, "", "Where containers log; <nm work>/logs."},
    {kNmSigkillDelay, "5000", "Between SIGTERM and SIGKILL (ms)."},
    {kNmDeleteDelay, "0", "Seconds a finished container's directory is kept, for debugging."},
    {kNmLogRetain,
     "10800",
     "Seconds the logs of a finished application are kept on the node, without aggregation."},
    {kNmLogFileMax,
     "100",
     "Size of a generation of a container's log file (MiB); 0 = logs are not cut."},
    {kNmLogGenerations,
     "4",
     "Generations of a log file that are kept; when there is more, the oldest go."},
    {kNmLogMonitor,
     "false",
     "Whether a container whose log directory is over its limit is killed (exit code -109)."},
    {kNmLogMonitorInterval, "60000", "Between two looks at the size of log directories (ms)."},
    {kNmLogMonitorDirectory, "1000000000", "Most bytes of a container's log directory."},
    {kNmLogMonitorTotal,
     "10000000000",
     "Most bytes of all logs of a container; it has one log directory, so the smaller counts."},
    {kLogAggregation,
     "false",
     "Whether NodeManagers collect the logs of applications in the shared directory."},
    {kNmRemoteLogDir,
     "",
     "The shared directory, the same path on every machine; <work>/collected-logs. Of NodeManagers "
     "that run as root it, and all above it, has to be root's."},
    {kNmRemoteLogSuffix,
     "logs",
     "Logs are collected in <directory>/<user>/bucket-<suffix>/<last 4 digits>/<application>/."},
    {kNmLogRoll,
     "60",
     "Between two rounds of collecting the logs of an application that is not over (seconds)."},
    {kNmLogArchiveMax,
     "10240",
     "Size of the collected logs of one application from one node (MiB); what comes then is not "
     "collected."},
    {kLogRetain, "-1", "Seconds collected logs are kept after they were last added to; -1 = ever."},
    {kLogRetainCheck,
     "-1",
     "Between two looks for collected logs that are too old (seconds); -1 = a tenth of the "
     "retention."},
    {kNmCacheTarget, "10240", "Fetched files that are kept on a node for others (MiB)."},
    {kNmDiskCheck, "true", "Whether the local and log directories are checked."},
    {kNmDiskInterval, "10000", "How often each local and log directory is looked at (ms)."},
    {kNmDiskMinHealthy,
     "0.25",
     "Share of the local, and of the log directories that must be good (one of each at least); "
     "with fewer the node is unhealthy."},
    {kNmDiskMaxUsed, "90.0", "A directory whose disk is so full gets no new containers (%)."},
    {kNmDiskLowUsed, "85.0", "It gets some again when its disk is at most so full (%)."},
    {kNmDiskMinFree, "0", "A directory with less free room gets no new containers (MiB)."},
    {kNmDiskHighFree,
     "",
     "It gets some again with so much free room (MiB); empty = as "
     "yarn.nodemanager.disk-health-checker.min-free-space-per-disk-mb."},
    {kNmHealthScripts,
     "script",
     "Names of health scripts, comma-separated. Each has yarn.nodemanager.health-checker.<name>"
     ".path (an absolute path; empty = there is none), .opts (words for it), and may have "
     ".interval-ms and .timeout-ms of its own. A line of its output that begins with ERROR, or no "
     "end in time, makes the node unhealthy until a later run."},
    {kNmHealthInterval, "600000", "Pause between two runs of a health script (ms)."},
    {kNmHealthTimeout, "1200000", "Time after which a health script is killed (ms)."},
    {kNmSuspectAfter,
     "3",
     "After so many launches in a row that fail by the node's own fault it gets no new containers "
     "for a while; 0 = never."},
    {kNmSuspicion, "300000", "How long that while is (ms)."},
    {kNmMonitor, "true", "Look at what containers use; false also turns the memory checks off."},
    {kNmMonitorInterval, "3000", "Between two looks (ms), from 100 to 3600000."},
    {kNmPhysicalCheck, "true", "Stop a container that uses more memory than its size."},
    {kNmVirtualCheck,
     "false",
     "Stop a container that uses more virtual memory than its size times vmem-pmem-ratio. Off "
     "here: "
     "many runtimes reserve much more than they use."},
    {kNmVirtualRatio, "2.1", "Virtual memory per memory that a container may have."},
    {kNmDynamicMemory,
     "0",
     "Dynamic memory mode: containers may use more than their size while all of the node together "
     "stay below its memory times this, from 0.001 to 10; 0 = off."},
    {kNmFetchThreads, "4", "Files that a node fetches at the same time."},
    {kNmFetchStall,
     "30000",
     "A download with less than 1 KiB a second for so long has failed (ms, whole seconds)."},
    {kNmArchiveMax, "4096", "An archive that unpacks to more is refused (MiB)."},
    {kNmRetryMinimum,
     "1000",
     "From a failure to the next start of a container in its place, at least (ms)."},
    {kNmAdminEnv,
     "MALLOC_ARENA_MAX=$MALLOC_ARENA_MAX",
     "Variables of every container, over what it sets itself: NAME=value, comma-separated; $NAME "
     "is the NodeManager's own, and a variable that needs one it does not have is left out. A "
     "value with commas stands in yarn.nodemanager.admin-env.<NAME>."},
    {kNmEnvWhitelist,
     "LANG,TZ",
     "Variables of the NodeManager's own environment for containers that do not set them: full "
     "names, comma-separated."},
    {kNmResourcePlugins,
     "",
     "Named resource types that are given out by index, comma-separated: yarn.io/gpu, or any "
     "other of yarn.resource-types."},
    {kNmGpuDevices,
     "auto",
     "Indices of yarn.io/gpu: index:minor or one number for both, comma-separated; auto = as the "
     "discovery program says. Of another type a/x: "
     "yarn.nodemanager.resource-plugins.x.allowed-x-devices."},
    {kNmGpuDiscovery,
     "",
     "The discovery program (run with -L), or a directory with nvidia-smi in it; empty = "
     "nvidia-smi where it usually is. Of another type a/x: "
     "yarn.nodemanager.resource-plugins.x.path-to-discovery-executables, which has no default."},
    {kNmGpuMajor,
     "",
     "Major number of the device nodes of yarn.io/gpu (195 for those of nvidia): a container "
     "cannot "
     "open those of indices that it does not hold. Needs the v1 controller 'devices'; empty = they "
     "are open to all. Of another type a/x: weir.nodemanager.resource-plugins.x.device-major."},
    {kNmDiscoveryTimeout, "10000", "Time after which a discovery program is killed (ms)."},
    {kNmRecoveryEnabled,
     "true",
     "Containers outlive a NodeManager that dies; the next one goes on."},
    {kNmRecoveryDir, "", "The NodeManager's records of its containers; <nm work>/recovery."},
    {kNmRecoverySupervised,
     "false",
     "Containers outlive a NodeManager that is stopped, too: something starts it again soon."},
    {kNmWorkDir, "", "State of the NodeManager; <work>/nm."},
    {kNmRack, "/default-rack", "Rack of this node."},
    {kNmLabelProvider,
     "",
     "config = configured-node-partition counts, as it does when this is empty; others are "
     "refused."},
    {kNmPartition, "", "Label (partition) of this node, until an administrator gives it another."},
    {kRunAs,
     "auto",
     "Whose account containers run under: submitter, local-user (one for all), off (the "
     "NodeManager's own), or auto = submitter when the NodeManager was started as root, else off."},
    {kRunAsMinUid, "1000", "Accounts with a smaller uid are refused (min.user.id)."},
    {kRunAsBanned,
     "daemon,bin,sys,adm,mail,www-data,sshd,yarn,hdfs,mapred",
     "Accounts that are refused whatever their uid (banned.users)."},
    {kRunAsAllowedSystem,
     "",
     "Accounts below the smallest uid that may be used all the same (allowed.system.users)."},
    {kRunAsAllowRoot,
     "false",
     "true = what root submits runs as root, with everything that root may do."},
    {kNmLocalUser, "nobody", "The account of run-as local-user."},
    {kNmLimitUsers, "true", "Of run-as local-user: false = the submitter's account after all."},
    {kNmCoreDumps, "false", "true = the processes of containers may leave core dumps."},
    {kCgroups,
     "auto",
     "cgroups of containers: auto = v1, v2 or both, as found for each controller; v1, v2 = "
     "only those; off."},
    {kCgroupsRequired,
     "false",
     "true = the NodeManager does not start when memory, cpu or pids cannot be enforced."},
    {kCgroupsHierarchy,
     "",
     "Parent of the groups: /a/b from the root of each hierarchy, a/b below the "
     "NodeManager's own group; empty = its own group."},
    {kCgroupsMemoryParent, "", "The same for the v1 memory controller alone."},
    {kCgroupsCpuParent, "", "The same for the v1 cpu controller alone."},
    {kCgroupsPidsParent, "", "The same for the v1 pids controller alone."},
    {kCgroupsFreezerParent, "", "The same for the v1 freezer alone."},
    {kCgroupsTreeParent, "", "The same for the v2 hierarchy alone, with all of its controllers."},
    {kCgroupsMount, "false", "Only false: a NodeManager mounts nothing."},
    {kCgroupsMountPath,
     "",
     "Only hierarchies mounted at or below this path are used; empty = all."},
    {kCgroupsStrict,
     "false",
     "true = vcores are a quota; false = they are shares, which count when processors are "
     "scarce."},
    {kCgroupsPidsLimit, "4096", "Most processes and threads of one container; 0 = no limit."},
    {kCpuLimit,
     "100",
     "Part of the machine's processors that all containers together may use (%)."},
    {kMemoryEnabled, "true", "A container's memory is limited by its group."},
    {kMemoryEnforced,
     "true",
     "false = a container's memory is counted by its group and not limited."},
    {kMemorySwappiness, "0", "0 = containers are not swapped out; more = they may be."},
    {kResourceTypes,
     "",
     "Named resource types, comma-separated, of RM and NMs; in resource-types.xml too. Each may "
     "have "
     "yarn.resource-types.<name>.units, .minimum-allocation, .increment-allocation and "
     ".maximum-allocation; a node offers yarn.nodemanager.resource-type.<name> (also in "
     "node-resources.xml)."},
    {kAdminAcl,
     "",
     "Administrators, as \"user1,user2 group1,group2\" or *; the RM's own user and root always "
     "are."},
    {kAuditMaxBytes,
     "67108864",
     "Size (bytes) at which a file of audit lines, audit.jsonl in the directory of an RM or NM, "
     "becomes "
     "audit.jsonl.1."},
    {kAuditKeptFiles, "9", "How many older files of audit lines are kept."},
    {kMaxPriority, "0", "Highest priority an application can have."},
    {kPollPark,
     "10000",
     "How long a poll is parked when there is nothing to say (ms), from 100 to 60000."},
    {"weir.staging.dir",
     "",
     "Where the RM keeps uploaded files; several RMs need the same. Unset: 'staging' below the "
     "RM's "
     "directory or, of several, below weir.work.dir."},
    {"weir.staging.max-bytes", "21474836480", "Most bytes of uploaded files the RM keeps."},
    {kApplicationAttempts,
     "1",
     "Of a stream cluster: its ApplicationMaster is started so often at most; 0 = as often as the "
     "ResourceManager allows."},
    {kAttemptFailuresValidity,
     "-1",
     "Of a stream cluster: failures of its ApplicationMaster longer ago (ms) do not count against "
     "its "
     "attempts; -1 or 0 = all count."},
    {kMasterPorts, "0", "Ports of ApplicationMasters: 0 = any, or low-high."},
    {kDataPorts, "0", "Data port of TaskManagers: 0 = any, or low-high."},
    {kGang,
     "auto",
     "Whether TaskManagers are asked for all at once or none: true, false, or auto = true in a "
     "cluster for one job (which needs all of its slots), false in a session."},
    {kSpread, "none", "Each TaskManager on the next of: nodes, racks; or none."},
    {kMaxPerNode, "0", "Most TaskManagers of one cluster on a node; 0 = any."},
    {kIdleTimeout, "30s", "A session gives back a TaskManager idle so long."},
    {"yarn.resourcemanager.connect.retry-interval.ms",
     "2000",
     "Longest pause between attempts to "
     "reach the ResourceManager (ms)."},
};

constexpr const char* kPerRm[] = {kRmHost,
                                  kRmBindHost,
                                  kRmWorkDir,
                                  kRmClientAddress,
                                  kRmMasterAddress,
                                  kRmTrackerAddress,
                                  kRmAdminAddress,
                                  kRmHttpAddress};

// The name at the end of a key of one of several ResourceManagers; "" when it is another key.
std::string RmIdIn(const std::string& key) {
  const size_t dot = key.rfind('.');
  if (dot == std::string::npos) return "";
  const std::string_view stem = std::string_view(key).substr(0, dot);
  const bool per_rm = std::find(std::begin(kPerRm), std::end(kPerRm), stem) != std::end(kPerRm);
  return per_rm ? key.substr(dot + 1) : "";
}

bool IsRmId(const Configuration& config, const std::string& id) {
  const std::string ids = config.GetOr(kRmHaIds, "");
  const std::vector<std::string_view> all = Split(ids, ',');
  return std::any_of(all.begin(), all.end(), [&](std::string_view one) { return Trim(one) == id; });
}

// Keys that have a name in them.
bool IsKnownFamily(const std::string& key) {
  return !RmIdIn(key).empty() || key.starts_with("yarn.resource-types.") ||
         key.starts_with("yarn.nodemanager.resource-type.") ||
         key.starts_with("yarn.nodemanager.health-checker.") ||
         key.starts_with("yarn.nodemanager.resource-plugins.") ||
         key.starts_with("weir.nodemanager.resource-plugins.") ||
         key.starts_with("yarn.nodemanager.admin-env.") ||
         key.starts_with("yarn.scheduler.capacity.") ||
         key.starts_with("yarn.resourcemanager.monitor.capacity.preemption.");
}

// YARN reads these too: a set one is not a misspelling, it only has no effect here.
bool IsYarnKey(const std::string& key) {
  return key.starts_with("yarn.") || key.starts_with("hadoop.") || key.starts_with("fs.") ||
         key.starts_with("mapreduce.") || key.starts_with("ipc.") || key.starts_with("ha.");
}

std::vector<std::string> KnownNames() {
  std::vector<std::string> names;
  for (const ConfigKey& key : kKnown) names.emplace_back(key.name);
  return names;
}

std::string PathOr(const Configuration& config, const char* key, const std::string& fallback) {
  const std::string value = config.GetOr(key, "");
  return value.empty() ? fallback : value;
}

}  // namespace

std::span<const char* const> PerRmKeys() {
  return kPerRm;
}

std::span<const ConfigKey> KnownConfigKeys() {
  return kKnown;
}

const char* DefaultOf(std::string_view key) {
  for (const ConfigKey& known : kKnown) {
    if (key == known.name) return known.fallback;
  }
  WEIR_CHECK(false, std::string("not a known configuration key: ") + std::string(key));
}

std::string WorkDir(const Configuration& config) {
  if (std::string set = config.GetOr(kWorkDir, ""); !set.empty()) return set;
  const char* home = std::getenv("HOME");
  if (geteuid() == 0 || home == nullptr || *home == '\0') return "/var/lib/weir";
  return std::string(home) + "/.weir";
}

std::string RmDir(const Configuration& config) {
  return PathOr(config, kRmWorkDir, WorkDir(config) + "/rm");
}

std::string NmDir(const Configuration& config) {
  return PathOr(config, kNmWorkDir, WorkDir(config) + "/nm");
}

std::string SecretFile(const Configuration& config) {
  return PathOr(config, kSecretFile, WorkDir(config) + "/cluster.secret");
}

Result<LogLevel> ConfiguredLogLevel(const Configuration& config) {
  auto level = ParseLogLevel(config.GetOr(kLogLevel, DefaultOf(kLogLevel)));
  if (level.ok()) return level;
  Error error = std::move(level).error();
  error.message = std::string(kLogLevel) + " (" + config.Origin(kLogLevel) + "): " + error.message;
  return error;
}

Result<HostPort> ConfiguredRmAddress(const Configuration& config, const char* key) {
  if (config.Get(key)) return config.GetHostPort(key, {});
  // The default names the host by another key: a plain set, so its value is replaced by hand.
  const std::string host = config.GetOr(kRmHost, DefaultOf(kRmHost));
  const std::string fallback = DefaultOf(key);
  return HostPort::Parse(host + fallback.substr(fallback.rfind(':')));
}

std::vector<std::string> UnknownKeyWarnings(const Configuration& config) {
  const std::vector<std::string> known = KnownNames();
  std::vector<std::string> warnings;
  std::vector<std::string> without_effect;
  for (const std::string& key : config.Keys()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    if (const std::string id = RmIdIn(key); !id.empty() && !IsRmId(config, id)) {
      warnings.push_back("'" + key + "' (" + config.Origin(key) + ") has no effect: " + id +
                         " is not in " + kRmHaIds);
    }
    if (IsKnownFamily(key)) continue;
    const auto nearest = NearestName(key, known);
    if (nearest) {
      warnings.push_back("'" + key + "' (" + config.Origin(key) +
                         ") is not a key of Weir; did you mean '" + *nearest + "'?");
    } else if (IsYarnKey(key)) {
      without_effect.push_back(key);
    } else {
      warnings.push_back("'" + key + "' (" + config.Origin(key) + ") is not a key of Weir");
    }
  }
  if (!without_effect.empty()) {
    warnings.push_back(std::to_string(without_effect.size()) +
                       " keys have no effect here: " + Join(without_effect, ", "));
  }
  return warnings;
}

std::optional<std::string> TypedKeyWarning(const std::string& key) {
  const std::vector<std::string> known = KnownNames();
  if (std::find(known.begin(), known.end(), key) != known.end()) return std::nullopt;
  if (IsKnownFamily(key)) return std::nullopt;
  const auto nearest = NearestName(key, known);
  if (nearest) return "'" + key + "' is not a key of Weir; did you mean '" + *nearest + "'?";
  if (key.starts_with("weir.")) return "'" + key + "' is not a key of Weir";
  if (IsYarnKey(key)) return "'" + key + "' has no effect here";
  return std::nullopt;
}

}  // namespace weir::platform
