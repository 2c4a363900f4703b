#include "nodemanager/server/node_logs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "common/strings.h"
#include "platform/config_keys.h"

namespace weir::nm {
namespace {

using platform::Configuration;
using platform::OptionReader;
using namespace platform::keys;

constexpr int64_t kMib = int64_t{1} << 20;
constexpr int64_t kMaxMib = int64_t{1} << 20;
constexpr int64_t kMaxGenerations = 1000;
constexpr int64_t kMaxSeconds = int64_t{10} * 365 * 24 * 3600;
constexpr int64_t kMaxBytes = int64_t{1} << 50;
constexpr int kCheckParts = 10;  // of the retention, when no period is given

bool IsFileName(const std::string& text) {
  return !text.empty() && text.find('/') == std::string::npos && text != "." && text != "..";
}

LogLimits ReadLimits(const Configuration& config, OptionReader& read) {
  LogLimits limits;
  limits.file_bytes = read.Int(kNmLogFileMax, 0, kMaxMib) * kMib;
  limits.generations = read.Int(kNmLogGenerations, 1, kMaxGenerations);
  const int64_t directory = read.Int(kNmLogMonitorDirectory, 1, kMaxBytes);
  const int64_t total = read.Int(kNmLogMonitorTotal, 1, kMaxBytes);
  limits.directory_period = read.Millis(kNmLogMonitorInterval);
  if (read.Keep(config.GetBool(kNmLogMonitor, false), false)) {
    // A container has one log directory: the smaller limit is the one that counts.
    limits.directory_bytes = std::min(directory, total);
  }
  return limits;
}

AggregatorOptions ReadAggregation(const Configuration& config,
                                  OptionReader& read,
                                  const std::string& directory) {
  AggregatorOptions options;
  options.root = logs::ConfiguredRoot(config);
  options.root.directory = read.Absolute(kNmRemoteLogDir, options.root.directory);
  if (!IsFileName(options.root.suffix)) {
    read.Fault({ErrorCode::kInvalidArgument,
                std::string(kNmRemoteLogSuffix) + " is '" + options.root.suffix + "'",
                "it is a part of a directory's name"});
  }
  options.max_archive_bytes = read.Int(kNmLogArchiveMax, 1, kMaxMib) * kMib;
  options.notes = directory + "/log-aggregation";
  options.roll_interval = seconds(read.Int(kNmLogRoll, 1, kMaxSeconds));
  options.local_retain = seconds(read.Int(kNmLogRetain, 0, kMaxSeconds));
  options.delete_delay = seconds(read.Int(kNmDeleteDelay, 0, kMaxSeconds));
  const int64_t retain = read.Int(kLogRetain, -1, kMaxSeconds);
  if (retain >= 0) options.retain = seconds(retain);
  const int64_t check = read.Int(kLogRetainCheck, -1, kMaxSeconds);
  options.retain_check = seconds(
      std::max<int64_t>(1, check > 0 ? check : std::max<int64_t>(retain, 3600) / kCheckParts));
  return options;
}

}  // namespace

NodeLogOptions ReadNodeLogOptions(const Configuration& config,
                                  OptionReader& read,
                                  const std::string& directory) {
  NodeLogOptions options;
  options.limits = ReadLimits(config, read);
  AggregatorOptions aggregation = ReadAggregation(config, read, directory);
  if (read.Keep(config.GetBool(kLogAggregation, false), false)) {
    options.aggregation = std::move(aggregation);
  }
  return options;
}

NodeLogs::NodeLogs(NodeLogOptions options,
                   platform::FileSystem& files,
                   const ContainerDirectories& directories,
                   std::function<void(Event)> post)
    : options_(std::move(options)),
      watch_(std::make_unique<LogWatch>(
          directories,
          options_.limits,
          [post = std::move(post)](const ContainerId& id, const std::string& words) {
            post(ExcessLogs{id, words});
          })) {
  if (options_.aggregation) {
    aggregator_ = std::make_unique<LogAggregator>(files, directories, *options_.aggregation);
  }
}

void NodeLogs::Update(const NodeManagerCore& core) {
  std::vector<ContainerId> running;
  std::set<ApplicationId> present;
  for (const auto& view : core.Containers()) {
    present.insert(view.status.id.attempt.application);
    if (view.status.state == ContainerState::kRunning) running.push_back(view.status.id);
  }
  watch_->Update(std::move(running));
  if (aggregator_) aggregator_->Update(std::move(present));
}

void NodeLogs::ApplicationEnded(const ApplicationId& id) {
  if (aggregator_) aggregator_->ApplicationEnded(id);
}

std::string NodeLogs::Json() const {
  using Json = nlohmann::ordered_json;
  const LogWatchReport watched = watch_->Report();
  Json json = {{"fileMaxBytes", options_.limits.file_bytes},
               {"generations", options_.limits.generations},
               {"directoryMaxBytes", options_.limits.directory_bytes},
               {"cutBytes", watched.cut_bytes},
               {"killedForTheirLogs", watched.killed},
               {"failedCuts", watched.errors},
               {"aggregation", aggregates()}};
  if (aggregates()) {
    const AggregationReport report = aggregator_->Report();
    json["directory"] = options_.aggregation->root.directory;
    json["applications"] = report.applications;
    json["failing"] = report.failing;
    json["lastError"] = report.last_error;
    json["rounds"] = report.rounds;
    json["failures"] = report.failures;
    json["collectedBytes"] = report.bytes;
    json["removedArchives"] = report.removed;
    json["lastSuccess"] = ToMillis(report.last_success);
  }
  return Json{{"logs", std::move(json)}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace weir::nm
