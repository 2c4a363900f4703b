#include "nodemanager/server/health_options.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "common/strings.h"
#include "nodemanager/core/launch_check.h"
#include "platform/config_keys.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

constexpr int64_t kBytesPerMib = int64_t{1} << 20;
constexpr int64_t kMaxFreeMib = int64_t{1} << 40;
constexpr size_t kScriptsMax = 8;
constexpr char kScriptFamily[] = "yarn.nodemanager.health-checker.";

double ReadNumber(OptionReader& read, const char* key, double high) {
  const std::string text(Trim(read.Text(key)));
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec == std::errc() && end.ptr == text.data() + text.size() && value >= 0 &&
      value <= high) {
    return value;
  }
  read.Fault({ErrorCode::kInvalidArgument,
              std::string(key) + " is '" + text + "'",
              "it must be a number from 0 to " + std::to_string(static_cast<int64_t>(high))});
  return 0;
}

// A key of one script, whose default is another key's value.
Duration ScriptTime(const Configuration& config,
                    OptionReader& read,
                    const std::string& key,
                    const char* general) {
  const Duration fallback = read.Millis(general);
  const auto millis = read.Keep(config.GetInt(key, ToMillis(fallback), 1, OptionReader::kMillisMax),
                                ToMillis(fallback));
  return milliseconds(millis);
}

std::vector<HealthScript> ReadScripts(const Configuration& config, OptionReader& read) {
  std::vector<HealthScript> scripts;
  const std::string names = read.Text(kNmHealthScripts);
  for (const std::string_view part : Split(names, ',')) {
    const std::string name(Trim(part));
    if (name.empty()) continue;
    const std::string prefix = kScriptFamily + name;
    const std::string path(Trim(config.GetOr(prefix + ".path", "")));
    if (path.empty()) continue;
    if (!IsPlainFileName(name) || scripts.size() >= kScriptsMax || path.front() != '/') {
      read.Fault({ErrorCode::kInvalidArgument,
                  prefix + ".path is '" + path + "'",
                  "at most " + std::to_string(kScriptsMax) +
                      " scripts, each with a plain name and an absolute path"});
      continue;
    }
    HealthScript script{.name = name, .path = path};
    const std::string options = config.GetOr(prefix + ".opts", "");
    for (const std::string_view word : Split(options, ' ')) {
      if (!Trim(word).empty()) script.arguments.emplace_back(Trim(word));
    }
    script.interval = ScriptTime(config, read, prefix + ".interval-ms", kNmHealthInterval);
    script.timeout = ScriptTime(config, read, prefix + ".timeout-ms", kNmHealthTimeout);
    scripts.push_back(std::move(script));
  }
  return scripts;
}

}  // namespace

HealthLimits ReadHealthLimits(const Configuration& config, OptionReader& read) {
  HealthLimits limits;
  limits.stop_percent = ReadNumber(read, kNmDiskMaxUsed, 100);
  limits.resume_percent = ReadNumber(read, kNmDiskLowUsed, 100);
  // As YARN: a lower limit alone moves both.
  if (!config.Get(kNmDiskLowUsed)) {
    limits.resume_percent = std::min(limits.resume_percent, limits.stop_percent);
  }
  if (limits.resume_percent > limits.stop_percent) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kNmDiskLowUsed) + " is above " + kNmDiskMaxUsed,
                "a disk must be used again at less than that at which it is not used any more"});
  }
  limits.stop_free_bytes = read.Int(kNmDiskMinFree, 0, kMaxFreeMib) * kBytesPerMib;
  const int64_t high = read.Keep(
      config.GetInt(kNmDiskHighFree, limits.stop_free_bytes / kBytesPerMib, 0, kMaxFreeMib),
      int64_t{0});
  limits.resume_free_bytes = std::max(limits.stop_free_bytes, high * kBytesPerMib);
  limits.min_healthy_share = ReadNumber(read, kNmDiskMinHealthy, 1);
  limits.suspect_after = static_cast<int>(read.Int(kNmSuspectAfter, 0, 1000));
  limits.suspicion = read.Millis(kNmSuspicion);
  return limits;
}

HealthMonitorOptions ReadHealthMonitorOptions(const Configuration& config, OptionReader& read) {
  HealthMonitorOptions options;
  options.check_directories = read.Keep(config.GetBool(kNmDiskCheck, true), true);
  options.interval = read.Millis(kNmDiskInterval);
  options.scripts = ReadScripts(config, read);
  return options;
}

}  // namespace weir::nm
