#include "nodemanager/server/nm_options.h"

#include <limits.h>
#include <unistd.h>

#include <array>
#include <utility>

#include "common/check.h"
#include "common/limits.h"
#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/loopback.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using namespace platform::keys;

constexpr int64_t kMaxMillis = int64_t{7} * 24 * 3600 * 1000;
constexpr int64_t kMaxSeconds = int64_t{10} * 365 * 24 * 3600;
constexpr int64_t kMaxCacheMib = int64_t{1} << 30;
constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr std::string_view kFileScheme = "file://";

// Reads keys one after the other and keeps every fault.
class Reader {
 public:
  explicit Reader(const Configuration& config) : config_(config) {}

  std::string Text(const char* key) { return config_.GetOr(key, platform::DefaultOf(key)); }
  int64_t Int(const char* key, int64_t low, int64_t high) {
    const auto fallback = ParseInt64(platform::DefaultOf(key));
    WEIR_CHECK(fallback.has_value(), std::string("the default of ") + key + " is a number");
    return Keep(config_.GetInt(key, *fallback, low, high), *fallback);
  }
  ListenAddress Address(const char* key) {
    const auto fallback = HostPort::Parse(platform::DefaultOf(key));
    WEIR_CHECK(fallback.ok(), std::string("the default of ") + key + " is an address");
    const HostPort configured = Keep(config_.GetHostPort(key, *fallback), *fallback);
    const std::string bind_host = Text(kNmBindHost);
    ListenAddress address;
    address.advertised_host = configured.host;
    address.bind = {bind_host.empty() ? configured.host : bind_host, configured.port};
    Check(platform::CheckLoopback(bind_host.empty() ? key : kNmBindHost, address.bind.host));
    return address;
  }
  // Comma-separated absolute paths, each perhaps with file://.
  std::vector<std::string> Directories(const char* key, const std::string& fallback) {
    const std::string text = Text(key).empty() ? fallback : Text(key);
    std::vector<std::string> directories;
    for (std::string_view one : Split(text, ',')) {
      one = Trim(one);
      if (one.starts_with(kFileScheme)) one.remove_prefix(kFileScheme.size());
      if (one.empty()) continue;
      directories.push_back(Absolute(key, std::string(one)));
    }
    if (directories.empty()) {
      Fault({ErrorCode::kInvalidArgument, std::string(key) + " names no directory", ""});
    }
    return directories;
  }
  std::string Absolute(const char* key, std::string path) {
    if (path.starts_with('/')) return path;
    Fault({ErrorCode::kInvalidArgument,
           std::string(key) + " is the relative path '" + path + "'",
           "give an absolute one"});
    return path;
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
  core.rack = read.Text(kNmRack);
  core.capacity = {read.Int(kNmMemoryMb, 1, Resource::kMemoryMibMax),
                   read.Int(kNmVcores, 1, Resource::kVcoresMax)};
  core.park = milliseconds(read.Int(kPollPark, 1, limits::kParkMillisMax));
  core.sigkill_delay = milliseconds(read.Int(kNmSigkillDelay, 0, kMaxMillis));
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

}  // namespace

Result<NmOptions> ReadNmOptions(const Configuration& config) {
  Reader read(config);
  NmOptions options;
  options.cluster_id = read.Text(kClusterId);
  if (options.cluster_id.empty() || options.cluster_id.size() > limits::kNameBytes) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kClusterId) + " must have from 1 to " +
                    std::to_string(limits::kNameBytes) + " characters",
                ""});
  }
  options.directory = read.Absolute(kNmWorkDir, platform::NmDir(config));
  options.address_file = platform::NmAddressFile(config);
  options.secret_file = read.Absolute(kSecretFile, platform::SecretFile(config));
  options.log_file = read.Text(kLogFile);
  options.log_level = read.Keep(platform::ConfiguredLogLevel(config), platform::LogLevel::kInfo);
  options.container = read.Address(kNmAddress);
  options.http = read.Address(kNmHttpAddress);
  options.local_dirs = read.Directories(kNmLocalDirs, options.directory + "/local");
  options.log_dirs = read.Directories(kNmLogDirs, options.directory + "/logs");
  options.delete_delay = seconds(read.Int(kNmDeleteDelay, 0, kMaxSeconds));
  options.log_retain = seconds(read.Int(kNmLogRetain, 0, kMaxSeconds));
  options.cache_target_bytes = read.Int(kNmCacheTarget, 0, kMaxCacheMib) * kBytesPerMib;
  options.program_directory = ProgramDirectory();
  options.core = ReadCoreOptions(read);
  if (!read.faults().empty()) {
    return Error{ErrorCode::kInvalidArgument, Join(read.faults(), "\n"), ""};
  }
  return options;
}

}  // namespace weir::nm
