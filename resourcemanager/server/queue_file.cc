#include "resourcemanager/server/queue_file.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/limits.h"
#include "common/strings.h"
#include "platform/file_system.h"

namespace weir::rm {
namespace {

constexpr char kRulesKey[] = "yarn.scheduler.capacity.mapping-rule-json";
constexpr char kRulesFileKey[] = "yarn.scheduler.capacity.mapping-rule-json-file";
constexpr size_t kRulesBytes = limits::kRecordBytes / 2;

// "path:12" -> 12; 0 when the origin is no place in a file.
int32_t LineOf(const std::string& origin) {
  const size_t colon = origin.rfind(':');
  if (colon == std::string::npos) return 0;
  return static_cast<int32_t>(ParseInt64(origin.substr(colon + 1)).value_or(0));
}

// The rules of the file that the configuration names, as the property they stand for; the inline
// ones win over it.
Status InlineRules(const platform::Configuration& config,
                   const std::string& directory,
                   QueueProperties& properties) {
  const auto file = config.Get(kRulesFileKey);
  if (!file || Trim(*file).empty() || !Trim(config.GetOr(kRulesKey, "")).empty()) return {};
  std::string path(Trim(*file));
  const std::string place = std::string(kRulesFileKey) + " (" + config.Origin(kRulesFileKey) + ")";
  if (!path.starts_with('/')) {
    if (directory.empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   place + " is the relative path '" + path + "'",
                   "give an absolute one: the ResourceManager reads it"};
    }
    path = directory + "/" + path;
  }
  auto content = platform::FileSystem::Real().ReadFile(path, kRulesBytes);
  if (!content.ok()) {
    return Error{ErrorCode::kInvalidArgument,
                 place + ": " + content.error().message,
                 "name a file that the ResourceManager can read, of at most " +
                     std::to_string(kRulesBytes) + " bytes"};
  }
  std::erase_if(properties, [](const auto& property) { return property.name == kRulesKey; });
  properties.push_back({.name = kRulesKey,
                        .value = *std::move(content),
                        .line = LineOf(config.Origin(kRulesFileKey))});
  return {};
}

Result<QueueProperties> PropertiesOf(const platform::Configuration& config,
                                     const std::string& directory) {
  QueueProperties properties;
  for (const std::string& key : config.Keys()) {
    properties.push_back(
        {.name = key, .value = config.GetOr(key, ""), .line = LineOf(config.Origin(key))});
  }
  WEIR_RETURN_IF_ERROR(InlineRules(config, directory, properties));
  std::sort(properties.begin(), properties.end(), [](const auto& a, const auto& b) {
    return a.line != b.line ? a.line < b.line : a.name < b.name;
  });
  return properties;
}

}  // namespace

Result<QueueProperties> ReadQueueFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const auto config, platform::Configuration::LoadFile(path));
  return PropertiesOf(config, path.substr(0, path.rfind('/')));
}

Result<QueueProperties> ParseQueueFile(const std::string& name, const std::string& text) {
  WEIR_ASSIGN_OR_RETURN(const auto config, platform::Configuration::FromText(name, text));
  return PropertiesOf(config, "");
}

std::string NameQueueFile(const std::string& messages, const std::string& name) {
  if (name.empty()) return messages;
  std::vector<std::string> lines;
  for (const std::string_view line : Split(messages, '\n')) {
    const bool ours = line.starts_with(std::string(kQueueFileName) + ":");
    lines.push_back(ours ? name + std::string(line.substr(std::string_view(kQueueFileName).size()))
                         : std::string(line));
  }
  return Join(lines, "\n");
}

}  // namespace weir::rm
