#include "platform/stream_options.h"

#include <algorithm>
#include <initializer_list>
#include <string>

#include "common/strings.h"
#include "platform/config_keys.h"
#include "platform/option_reader.h"

namespace weir::platform {

namespace {

// One of `choices`, in lower case.
std::string Choice(OptionReader& read,
                   const char* key,
                   std::initializer_list<const char*> choices) {
  std::string value = ToLower(Trim(read.Text(key)));
  std::string names;
  for (const char* choice : choices) {
    if (value == choice) return value;
    names += (names.empty() ? "" : ", ") + std::string(choice);
  }
  read.Fault({ErrorCode::kInvalidArgument,
              std::string(key) + " is '" + value + "'",
              "it must be one of " + names});
  return *choices.begin();
}

}  // namespace

Result<StreamOptions> ReadStreamOptions(const Configuration& config) {
  OptionReader read(config);
  StreamOptions options;
  options.attempts = static_cast<int32_t>(read.Int(keys::kApplicationAttempts, 0, 1000));
  options.attempt_failures_validity = milliseconds(
      std::max<int64_t>(0, read.Int(keys::kAttemptFailuresValidity, -1, OptionReader::kMillisMax)));
  options.master_ports = read.Ports(keys::kMasterPorts);
  options.data_ports = read.Ports(keys::kDataPorts);
  const Duration idle = seconds(30);
  options.idle_timeout = read.Keep(config.GetDuration(keys::kIdleTimeout, idle), idle);
  options.gang = Choice(read, keys::kGang, {"auto", "true", "false"});
  options.spread = Choice(read, keys::kSpread, {"none", "nodes", "racks"});
  options.max_per_node = read.Int(keys::kMaxPerNode, 0, 10'000);
  options.park = read.PollPark();
  options.log_level = read.Keep(ConfiguredLogLevel(config), LogLevel::kInfo);
  WEIR_RETURN_IF_ERROR(read.Finish());
  return options;
}

}  // namespace weir::platform
