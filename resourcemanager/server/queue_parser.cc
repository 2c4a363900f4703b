#include "resourcemanager/server/queue_parser.h"

#include <string>
#include <utility>

#include "common/strings.h"
#include "platform/crypto.h"
#include "resourcemanager/server/mapping_rule_json.h"
#include "resourcemanager/server/queue_file.h"
#include "scheduler/config/queue_configuration_parser.h"

namespace weir::rm {
namespace {

using scheduler::ConfigProperty;

constexpr char kRules[] = "yarn.scheduler.capacity.mapping-rule-json";
constexpr char kRootPrefix[] = "yarn.scheduler.capacity.root.";
constexpr char kFormat[] = "yarn.scheduler.capacity.mapping-rule-format";
constexpr const char* kSitePrefixes[] = {"yarn.scheduler.capacity.",
                                         "yarn.scheduler.queue-placement-rules.",
                                         "yarn.resourcemanager.monitor.capacity.",
                                         "yarn.resourcemanager.scheduler.monitor.",
                                         "yarn.cluster.max-application-priority",
                                         "yarn.node-labels."};

// "path:12" at its last colon; what is no place in a file has line 0.
ConfigProperty PropertyAt(const std::string& name, std::string value, const std::string& origin) {
  const size_t colon = origin.rfind(':');
  const auto line =
      colon == std::string::npos ? std::nullopt : ParseInt64(origin.substr(colon + 1));
  if (!line) return {.name = name, .value = std::move(value), .file = origin, .line = 0};
  return {.name = name,
          .value = std::move(value),
          .file = origin.substr(0, colon),
          .line = static_cast<int>(*line)};
}

const ConfigProperty* FindLast(const std::vector<ConfigProperty>& properties, const char* name) {
  const ConfigProperty* found = nullptr;
  for (const ConfigProperty& property : properties) {
    if (property.name == name) found = &property;
  }
  return found;
}

// The rules go into `input`, what is wrong with them into `faults`.
void ReadRules(scheduler::ParserInput& input, std::vector<std::string>& faults) {
  const ConfigProperty* const format = FindLast(input.properties, kFormat);
  const ConfigProperty* const rules = FindLast(input.properties, kRules);
  if (format == nullptr || ToLower(Trim(format->value)) != "json" || rules == nullptr) return;
  ParsedMappingRules parsed = ParseMappingRules(rules->value);
  for (const std::string& fault : parsed.faults) {
    faults.push_back(rules->file + ":" + std::to_string(rules->line) + ": " + fault);
  }
  input.json_rules = std::move(parsed.rules);
}

std::string DigestOf(const QueueProperties& properties) {
  platform::Sha256Stream digest;
  for (const store::QueueProperty& property : properties) {
    digest.Update(property.name);
    digest.Update(std::string_view("\0=", 2));
    digest.Update(property.value);
    digest.Update(std::string_view("\0;", 2));
  }
  return digest.FinishHex();
}

ParsedQueues Parse(const std::vector<ConfigProperty>& site,
                   const scheduler::ResourceTypes& types,
                   const QueueProperties& properties,
                   const std::map<std::string, bool>& labels) {
  scheduler::ParserInput input{.properties = site, .types = types, .labels = labels};
  for (const store::QueueProperty& property : properties) {
    input.properties.push_back({.name = property.name,
                                .value = property.value,
                                .file = kQueueFileName,
                                .line = property.line});
  }
  ParsedQueues result;
  ReadRules(input, result.faults);
  scheduler::ParsedQueueConfiguration parsed = scheduler::ParseQueueConfiguration(input);
  for (const auto& fault : parsed.faults) result.faults.push_back(fault.ToString());
  result.warnings = std::move(parsed.warnings);
  if (result.faults.empty()) result.configuration = std::move(parsed.configuration);
  result.sha256 = DigestOf(properties);
  return result;
}

// The queues only: what concerns all of them has these values anyway, and may stand in
// yarn-site.xml, which a queue file would win over.
QueueProperties BuiltInQueues() {
  QueueProperties properties;
  for (ConfigProperty& property : scheduler::DefaultProperties()) {
    if (!property.name.starts_with(kRootPrefix)) continue;
    properties.push_back({.name = std::move(property.name), .value = std::move(property.value)});
  }
  return properties;
}

}  // namespace

std::vector<ConfigProperty> SiteQueueProperties(const platform::Configuration& config) {
  std::vector<ConfigProperty> properties;
  for (const std::string& key : config.Keys()) {
    for (const char* prefix : kSitePrefixes) {
      if (!key.starts_with(prefix)) continue;
      properties.push_back(PropertyAt(key, config.GetOr(key, ""), config.Origin(key)));
      break;
    }
  }
  return properties;
}

QueueParser MakeQueueParser(std::vector<ConfigProperty> site, scheduler::ResourceTypes types) {
  return [site = std::move(site), types = std::move(types)](
             const QueueProperties& properties, const std::map<std::string, bool>& labels) {
    return Parse(site, types, properties, labels);
  };
}

LocalQueues ReadLocalQueues(const std::string& path, const QueueParser& parser) {
  LocalQueues local;
  auto read = path.empty() ? Result<QueueProperties>(BuiltInQueues()) : ReadQueueFile(path);
  if (!read.ok() && read.error().code == ErrorCode::kNotFound) read = BuiltInQueues();
  if (!read.ok()) {
    for (const std::string_view line : Split(read.error().message, '\n')) {
      local.faults.emplace_back(line);
    }
    return local;
  }
  local.properties = *std::move(read);
  const ParsedQueues parsed = parser(local.properties, {});
  for (const std::string& fault : parsed.faults) {
    local.faults.push_back(NameQueueFile(fault, path));
  }
  for (const std::string& warning : parsed.warnings) {
    local.warnings.push_back(NameQueueFile(warning, path));
  }
  return local;
}

}  // namespace weir::rm
