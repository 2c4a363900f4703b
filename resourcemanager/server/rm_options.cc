#include "resourcemanager/server/rm_options.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <memory>
#include <utility>
#include <vector>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/config_keys.h"

namespace weir::rm {
namespace {

using platform::Configuration;
using namespace platform::keys;

constexpr char kStagingMaxBytes[] = "weir.staging.max-bytes";
constexpr int64_t kMaxMillis = int64_t{7} * 24 * 3600 * 1000;

bool IsLoopback(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return (ntohl(v4.sin_addr.s_addr) >> 24) == 127;
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return IN6_IS_ADDR_LOOPBACK(&v6.sin6_addr) != 0;
  }
  return false;
}

// Every address that the name stands for is of the loopback interface.
Status CheckLoopback(const std::string& key, const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int failed = getaddrinfo(host.c_str(), nullptr, &hints, &found); failed != 0) {
    return Error{ErrorCode::kInvalidArgument,
                 key + ": the host '" + host + "' has no address: " + gai_strerror(failed),
                 "name a host of this machine"};
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> list(found, &freeaddrinfo);
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    if (!IsLoopback(one->ai_addr)) {
      return Error{ErrorCode::kInvalidArgument,
                   key + ": '" + host + "' is not a loopback address, and nothing is encrypted yet",
                   "bind 127.0.0.1, ::1 or localhost"};
    }
  }
  return {};
}

// Reads keys one after the other and keeps every fault.
class Reader {
 public:
  explicit Reader(const Configuration& config) : config_(config) {}

  int64_t Int(const char* key, int64_t low, int64_t high) {
    const auto fallback = ParseInt64(platform::DefaultOf(key));
    WEIR_CHECK(fallback.has_value(), std::string("the default of ") + key + " is a number");
    return Keep(config_.GetInt(key, *fallback, low, high), *fallback);
  }
  Duration Millis(const char* key) { return milliseconds(Int(key, 1, kMaxMillis)); }
  std::string Text(const char* key) { return config_.GetOr(key, platform::DefaultOf(key)); }

  ServiceAddress Address(const char* key) {
    const HostPort configured = Keep(platform::ConfiguredRmAddress(config_, key), HostPort{});
    const std::string bind_host = Text(kRmBindHost);
    ServiceAddress address;
    address.advertised_host = configured.host;
    address.bind = {bind_host.empty() ? configured.host : bind_host, configured.port};
    if (configured.empty()) return address;  // a fault already told
    Check(CheckLoopback(bind_host.empty() ? key : kRmBindHost, address.bind.host));
    return address;
  }

  template <typename T>
  T Keep(Result<T> result, T fallback) {
    if (result.ok()) return std::move(result).value();
    Fault(result.error());
    return fallback;
  }
  void Check(const Status& status) {
    if (!status.ok()) Fault(status.error());
  }
  void Fault(const Error& error) {
    const std::string line = error.ToString();
    if (faults_.empty() || faults_.back() != line) faults_.push_back(line);
  }
  const std::vector<std::string>& faults() const { return faults_; }

 private:
  const Configuration& config_;
  std::vector<std::string> faults_;
};

CoreOptions ReadCoreOptions(Reader& read) {
  CoreOptions core;
  Resource& low = core.scheduler.minimum_allocation;
  Resource& high = core.scheduler.maximum_allocation;
  low = {read.Int(kMinimumMb, 1, Resource::kMemoryMibMax),
         read.Int(kMinimumVcores, 1, Resource::kVcoresMax)};
  high = {read.Int(kMaximumMb, 1, Resource::kMemoryMibMax),
          read.Int(kMaximumVcores, 1, Resource::kVcoresMax)};
  if (!low.FitsIn(high)) {
    read.Fault(
        {ErrorCode::kInvalidArgument,
         "the smallest allocation " + low.ToString() + " is above the largest " + high.ToString(),
         "see yarn.scheduler.minimum-allocation-* and maximum-allocation-*"});
  }
  core.node_expiry = read.Millis(kNmExpiry);
  core.master_expiry = read.Millis(kAmExpiry);
  core.launch_expiry = read.Millis(kRmAllocationExpiry);
  core.container_token_life = core.launch_expiry;
  core.max_attempts = static_cast<int32_t>(read.Int(kRmMaxAttempts, 1, 1000));
  core.completed_applications = static_cast<size_t>(read.Int(kRmMaxCompleted, 0, 100'000));
  return core;
}

void ReadPaths(const Configuration& config, Reader& read, RmOptions& options) {
  options.work_dir = platform::WorkDir(config);
  options.rm_dir = platform::RmDir(config);
  options.secret_file = platform::SecretFile(config);
  options.log_file = read.Text(kLogFile);
  const std::string store_dir = read.Text(kRmStoreDir);
  options.store_dir = store_dir.empty() ? options.rm_dir + "/store" : store_dir;
  for (const auto& [name, path] : {std::pair<std::string, std::string>{kWorkDir, options.work_dir},
                                   {kRmStoreDir, options.store_dir},
                                   {kSecretFile, options.secret_file}}) {
    if (path.starts_with('/')) continue;
    read.Fault({ErrorCode::kInvalidArgument,
                name + " is the relative path '" + path + "'",
                "give an absolute one"});
  }
}

// YARN names a class, such as org.apache.hadoop...LeveldbRMStateStore.
void ReadStoreClass(Reader& read, RmOptions& options) {
  const std::string name = ToLower(read.Text(kRmStoreClass));
  if (name == "memory" || name.ends_with("memoryrmstatestore")) {
    options.store_class = "memory";
  } else if (name == "leveldb" || name.ends_with("leveldbrmstatestore")) {
    options.store_class = "leveldb";
  } else {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kRmStoreClass) + " is '" + read.Text(kRmStoreClass) + "'",
                "it must be leveldb or memory"});
  }
}

}  // namespace

Result<RmOptions> ReadRmOptions(const Configuration& config) {
  Reader read(config);
  RmOptions options;
  options.cluster_id = read.Text(kClusterId);
  if (options.cluster_id.empty() || options.cluster_id.size() > limits::kNameBytes) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kClusterId) + " must have from 1 to " +
                    std::to_string(limits::kNameBytes) + " characters",
                ""});
  }
  ReadPaths(config, read, options);
  ReadStoreClass(read, options);
  options.log_level = read.Keep(platform::ConfiguredLogLevel(config), platform::LogLevel::kInfo);
  options.client = read.Address(kRmClientAddress);
  options.admin = read.Address(kRmAdminAddress);
  options.master = read.Address(kRmMasterAddress);
  options.tracker = read.Address(kRmTrackerAddress);
  options.http = read.Address(kRmHttpAddress);
  options.staging_max_bytes = read.Int(kStagingMaxBytes, 0, INT64_MAX);
  options.core = ReadCoreOptions(read);
  if (!read.faults().empty()) {
    return Error{ErrorCode::kInvalidArgument, Join(read.faults(), "\n"), ""};
  }
  return options;
}

}  // namespace weir::rm
