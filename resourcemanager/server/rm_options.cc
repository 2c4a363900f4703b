#include "resourcemanager/server/rm_options.h"

#include <algorithm>
#include <string>
#include <utility>

#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/option_reader.h"
#include "platform/resource_types_config.h"
#include "resourcemanager/core/node_lease.h"
#include "resourcemanager/server/queue_file.h"
#include "resourcemanager/server/queue_parser.h"

namespace weir::rm {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

constexpr char kStagingMaxBytes[] = "weir.staging.max-bytes";
constexpr char kStagingDir[] = "weir.staging.dir";

Duration ReadNodeLease(OptionReader& read, Duration expiry) {
  const Duration lease = milliseconds(read.Int(kNodeLease, 0, OptionReader::kMillisMax));
  const Duration longest = LongestNodeLease(expiry);
  if (lease > longest) {
    read.Fault(
        {ErrorCode::kInvalidArgument,
         std::string(kNodeLease) + " is " + std::to_string(ToMillis(lease)) + " ms",
         "at most " + std::to_string(ToMillis(longest)) + " ms, five sixths of " + kNmExpiry});
  }
  return lease;
}

double ReadAvoidedShare(OptionReader& read) {
  constexpr int64_t kWhole = 1000;
  const auto said = [&read](const char* key, const char* former) {
    return read.Text(key).empty() ? former : key;
  };
  const int64_t share = read.Thousandths(said(kRmAvoidedShare, kRmAvoidedShareOld), 0, kWhole);
  const bool enabled = read.Bool(said(kRmAvoidNodes, kRmAvoidNodesOld));
  return enabled ? static_cast<double>(share) / static_cast<double>(kWhole) : 0;
}

CoreOptions ReadCoreOptions(OptionReader& read) {
  CoreOptions core;
  core.node_expiry = read.Millis(kNmExpiry);
  core.node_lease = ReadNodeLease(read, core.node_expiry);
  core.master_expiry = read.Millis(kAmExpiry);
  const int64_t recovery_wait = read.Int(kRmRecoveryWait, -1, OptionReader::kMillisMax);
  core.recovery_wait =
      recovery_wait < 0 ? CoreOptions::kUntilAllAreSettled : Duration(milliseconds(recovery_wait));
  core.launch_expiry = read.Millis(kRmAllocationExpiry);
  core.container_token_life = core.launch_expiry;
  core.max_attempts = static_cast<int32_t>(read.Int(kRmMaxAttempts, 1, 1000));
  core.attempt_pause = milliseconds(read.Int(kRmAttemptPause, 0, OptionReader::kMillisMax));
  core.longest_attempt_pause =
      milliseconds(read.Int(kRmLongestAttemptPause, 0, OptionReader::kMillisMax));
  core.attempt_pause_reset = read.Millis(kRmAttemptPauseReset);
  core.avoided_nodes_share = ReadAvoidedShare(read);
  core.completed_applications = static_cast<size_t>(read.Int(kRmMaxCompleted, 0, 100'000));
  core.stored_completed_applications = static_cast<size_t>(read.IntOr(
      kRmMaxStoredCompleted, static_cast<int64_t>(core.completed_applications), 0, 100'000));
  return core;
}

KeyRingOptions ReadKeyRing(OptionReader& read, const CoreOptions& core) {
  constexpr int64_t kSecondsMax = int64_t{10} * 365 * 24 * 3600;
  constexpr int64_t kDay = 24 * 3600;
  KeyRingOptions keys;
  keys.spread = KeySpread(core.node_expiry, core.master_expiry);
  const Duration shortest = ShortestKeyInterval(keys.spread);
  const int64_t whole = (ToMillis(shortest) + 999) / 1000;
  keys.interval = seconds(read.IntOr(kRmKeyInterval, std::max(kDay, whole), 1, kSecondsMax));
  if (keys.interval < shortest) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kRmKeyInterval) + " is " +
                    std::to_string(ToMillis(keys.interval) / 1000) + " s",
                "at least " + std::to_string(whole) + " s, three times the larger of " + kNmExpiry +
                    " and " + kAmExpiry +
                    ": by then all have heard of a new key, or are given up"});
  }
  return keys;
}

// A number from 0 to 100 as a share.
double ReadExpiryShare(OptionReader& read) {
  constexpr double kPercent = 100;
  return static_cast<double>(read.Int(kRmExpiryShare, 0, 100)) / kPercent;
}

void ReadNodes(OptionReader& read, RmOptions& options) {
  const auto path = [&read](const char* key) {
    const std::string text = read.Text(key);
    return text.empty() ? text : read.Absolute(key, text);
  };
  options.node_files = {path(kRmIncludePath), path(kRmExcludePath)};
  options.core.node_lists = read.Keep(ReadNodeFiles(options.node_files), NodeLists{});
  options.core.decommission_timeout =
      seconds(read.Int(kRmDecommissionTimeout, -1, OptionReader::kMillisMax / 1000));
  options.core.untracked_timeout = read.Millis(kRmUntrackedTimeout);
  options.core.expiry_share = ReadExpiryShare(read);
}

void ReadPaths(const Configuration& config, OptionReader& read, RmOptions& options) {
  options.work_dir = read.Absolute(kWorkDir, platform::WorkDir(config));
  options.rm_dir = platform::RmDir(config);
  options.secret_file = read.Absolute(kSecretFile, platform::SecretFile(config));
  options.log_file = read.Text(kLogFile);
}

scheduler::ResourceTypes ReadTypes(const Configuration& config, OptionReader& read) {
  const Resource low{read.Int(kMinimumMb, 1, Resource::kMemoryMibMax),
                     read.Int(kMinimumVcores, 1, Resource::kVcoresMax)};
  const Resource high{read.Int(kMaximumMb, 1, Resource::kMemoryMibMax),
                      read.Int(kMaximumVcores, 1, Resource::kVcoresMax)};
  if (!low.FitsIn(high)) {
    read.Fault(
        {ErrorCode::kInvalidArgument,
         "the smallest allocation " + low.ToString() + " is above the largest " + high.ToString(),
         "see yarn.scheduler.minimum-allocation-* and maximum-allocation-*"});
  }
  std::vector<scheduler::ResourceType> named;
  for (const platform::NamedResourceType& type : platform::ReadResourceTypes(config, read)) {
    named.push_back(
        {.name = type.name,
         .minimum = type.minimum,
         .increment = type.increment,
         .maximum = type.maximum,
         .maximum_key = std::string(kResourceTypes) + "." + type.name + ".maximum-allocation"});
  }
  return read.Keep(scheduler::ResourceTypes::Make(low, high, std::move(named)),
                   scheduler::ResourceTypes(Resource{1, 1}, Resource{1, 1}));
}

void ReadPlaces(const Configuration& config, OptionReader& read, RmOptions& options) {
  // The default is below the work directory, which has been looked at.
  if (config.Get(kRmWorkDir)) options.rm_dir = read.Absolute(kRmWorkDir, options.rm_dir);
  if (!read.Bool(kRmHaEnabled) || read.Text(kRmHaIds).empty()) return;
  options.places = read.Keep(platform::ReadRmPlaces(config), platform::RmPlaces());
  options.id = read.Text(kRmHaId);
}

void ReadHa(OptionReader& read, RmOptions& options) {
  options.ha.enabled = options.store.high_availability;
  options.ha.automatic = read.Bool(kRmHaAutomatic);
  options.ha.transition_limit =
      milliseconds(read.Int(kRmHaTransitionLimit, 1'000, 24 * 3600 * 1'000));
  store::ZookeeperElectionOptions& election = options.ha.election;
  election.session.servers = options.store.servers;
  election.session.timeout = options.store.session_timeout;
  election.cluster_id = options.cluster_id;
  election.base = read.Text(kRmHaElection);
  while (election.base.ends_with('/')) election.base.pop_back();
  if (!election.base.starts_with('/')) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kRmHaElection) + " is '" + election.base + "'",
                "it must begin with a slash and name a node below the top"});
  }
}

// A node's lease has room for many rounds.
LeadershipOptions ReadLeadership(OptionReader& read, const RmOptions& options) {
  constexpr int kRoundsPerExpiry = 20;
  LeadershipOptions leadership;
  leadership.shared = options.ha.enabled && read.Bool(kRmHaConfirm);
  leadership.others = options.places.all.empty() ? 0 : options.places.all.size() - 1;
  leadership.period =
      std::min<Duration>(leadership.period, options.core.node_expiry / kRoundsPerExpiry);
  return leadership;
}

void ReadStaging(OptionReader& read, RmOptions& options) {
  options.staging_max_bytes = read.Int(kStagingMaxBytes, 0, INT64_MAX);
  const std::string configured = read.Text(kStagingDir);
  options.staging_dir = !configured.empty()  ? read.Absolute(kStagingDir, configured)
                        : options.ha.enabled ? options.work_dir + "/staging"
                                             : options.rm_dir + "/staging";
}

void ReadQueues(const Configuration& config, RmOptions& options) {
  options.core.parse_queues = MakeQueueParser(SiteQueueProperties(config), options.types);
  LocalQueues local = ReadLocalQueues(options.queue_file, options.core.parse_queues);
  options.core.local_queues = std::move(local.properties);
  options.queue_faults = std::move(local.faults);
  options.queue_warnings = std::move(local.warnings);
}

}  // namespace

Result<RmOptions> ReadRmOptions(const Configuration& config) {
  OptionReader read(config);
  RmOptions options;
  options.cluster_id = read.ClusterId();
  ReadPaths(config, read, options);
  options.store = store::ReadStoreOptions(config, read);
  options.log_level = read.Keep(platform::ConfiguredLogLevel(config), platform::LogLevel::kInfo);
  const auto address = [&](const char* key) {
    return read.Address(key, platform::ConfiguredRmAddress(config, key), kRmBindHost);
  };
  options.client = address(kRmClientAddress);
  options.admin = address(kRmAdminAddress);
  options.master = address(kRmMasterAddress);
  options.tracker = address(kRmTrackerAddress);
  options.http = address(kRmHttpAddress);
  ReadPlaces(config, read, options);
  ReadHa(read, options);
  ReadStaging(read, options);
  options.administrators = read.Text(kAdminAcl);
  options.audit = platform::ReadAuditOptions(read, options.rm_dir);
  if (!config.directory().empty()) {
    options.queue_file = config.directory() + "/" + kQueueFileName;
  }
  options.core = ReadCoreOptions(read);
  options.core.leadership = ReadLeadership(read, options);
  options.keys = ReadKeyRing(read, options.core);
  ReadNodes(read, options);
  // Its NodeManagers and ApplicationMasters use it; one file mostly serves all of them.
  static_cast<void>(read.PollPark());
  options.types = ReadTypes(config, read);
  options.core.scheduler.types = options.types;
  ReadQueues(config, options);
  if (!read.Finish().ok()) {
    // Told together with everything else that is wrong.
    for (const std::string& fault : options.queue_faults) {
      read.Fault({ErrorCode::kInvalidArgument, fault, ""});
    }
  }
  WEIR_RETURN_IF_ERROR(read.Finish());
  return options;
}

}  // namespace weir::rm
