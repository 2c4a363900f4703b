#include "platform/hadoop_xml_config.h"

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <limits>
#include <utility>

#include "common/strings.h"
#include "platform/file_system.h"
#include "platform/hadoop_xml_parser.h"

namespace weir::platform {
namespace {

constexpr int64_t kFileLimit = 4 << 20;
constexpr int kDepth = 20;
constexpr size_t kValueBytes = 1 << 20;  // after replacing: references can multiply
constexpr int kReplacements = 10'000;    // in one value
constexpr size_t kFaults = 100;

std::string Environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value == nullptr ? "" : value;
}

bool IsSet(const std::string& name) {
  return std::getenv(name.c_str()) != nullptr;
}

Error FaultsError(const std::vector<std::string>& faults) {
  if (faults.size() == 1) return {ErrorCode::kInvalidArgument, faults[0], "correct it"};
  return {ErrorCode::kInvalidArgument,
          "the configuration is not usable:\n" + Join(faults, "\n"),
          "correct the lines named"};
}

// Words of a shell-like text: blanks separate, '...' and "..." hold together.
std::vector<std::string> Words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\t' || c == '\n';
    if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      in_word = true;
    } else if (blank && in_word) {
      words.push_back(std::exchange(word, ""));
      in_word = false;
    } else if (!blank) {
      word += c;
      in_word = true;
    }
  }
  if (in_word) words.push_back(word);
  return words;
}

// Replaces ${...} in the values of one set of properties.
class Expander {
 public:
  using Lookup = std::function<const std::string*(const std::string&)>;
  explicit Expander(Lookup raw) : raw_(std::move(raw)) {}

  // The text with everything replaced that is known; an unknown ${name} stays, as in Hadoop.
  Result<std::string> Expand(const std::string& text) {
    std::string out;
    replacements_ = 0;
    open_.clear();
    WEIR_RETURN_IF_ERROR(Append(text, out));
    return out;
  }

 private:
  Status Append(std::string_view text, std::string& out) {
    while (true) {
      const size_t start = text.find("${");
      const size_t end = start == std::string_view::npos ? start : text.find('}', start);
      if (end == std::string_view::npos) break;
      out += text.substr(0, start);
      WEIR_RETURN_IF_ERROR(
          AppendVariable(std::string(text.substr(start + 2, end - start - 2)), out));
      text.remove_prefix(end + 1);
    }
    out += text;
    if (out.size() > kValueBytes) {
      return Error{
          ErrorCode::kInvalidArgument, "the value is over 1 MiB after replacing ${...}", ""};
    }
    return {};
  }

  Status AppendVariable(const std::string& name, std::string& out) {
    if (name.starts_with("env.")) {
      out += FromEnvironment(name.substr(4));
      return {};
    }
    const std::string* raw = raw_(name);
    if (raw == nullptr) {
      out += "${" + name + "}";
      return {};
    }
    for (const std::string& open : open_) {
      if (open == name) return Loop(name);
    }
    if (++replacements_ > kReplacements) {
      return Error{ErrorCode::kInvalidArgument, "the value has more than 10000 ${...}", ""};
    }
    if (open_.size() >= kDepth) {
      return Error{ErrorCode::kInvalidArgument, "${...} is nested more than 20 deep", ""};
    }
    open_.push_back(name);
    Status status = Append(*raw, out);
    open_.pop_back();
    return status;
  }

  Error Loop(const std::string& name) const {
    std::string path;
    for (const std::string& open : open_) path += "${" + open + "} -> ";
    return {
        ErrorCode::kInvalidArgument, "${...} goes in a circle: " + path + "${" + name + "}", ""};
  }

  // NAME, NAME-default (when unset) or NAME:-default (when unset or empty).
  static std::string FromEnvironment(const std::string& text) {
    const size_t dash = text.find('-');
    if (dash == std::string::npos) {
      return IsSet(text) ? Environment(text) : "${env." + text + "}";
    }
    const bool empty_too = dash > 0 && text[dash - 1] == ':';
    const std::string name = text.substr(0, empty_too ? dash - 1 : dash);
    const bool use = empty_too ? !Environment(name).empty() : IsSet(name);
    return use ? Environment(name) : text.substr(dash + 1);
  }

  const Lookup raw_;
  int replacements_ = 0;
  std::vector<std::string> open_;  // names being replaced, outermost first
};

}  // namespace

// Collects properties and faults, then makes the Configuration.
class ConfigurationLoader {
 public:
  void AddFile(const std::string& path, bool must_exist) {
    auto content = FileSystem::Real().ReadFile(path, kFileLimit);
    if (!content.ok()) {
      if (content.error().code == ErrorCode::kNotFound && !must_exist) return;
      return Fault(content.error().ToString());
    }
    AddContent(path, *content);
  }

  void AddContent(const std::string& path, const std::string& content) {
    ParsedXml parsed = ParseHadoopXml(path, content);
    for (const std::string& fault : parsed.faults) Fault(fault);
    // Files are ordered: what an earlier one made final stays; within one file it is a mistake.
    const auto earlier = entries_;
    for (XmlProperty& property : parsed.properties) {
      const auto before = earlier.find(property.name);
      if (before != earlier.end() && before->second.final) continue;
      AddProperty(std::move(property));
    }
  }

  void AddOptions(const std::string& text) {
    for (const std::string& word : Words(text)) {
      const size_t equals = word.find('=');
      if (!word.starts_with("-D") || equals == std::string::npos || equals == 2) {
        Fault("WEIR_OPTS: '" + CutMiddle(word, 100) + "' is not -Dkey=value");
        continue;
      }
      entries_[word.substr(2, equals - 2)] = {word.substr(equals + 1), "WEIR_OPTS", false};
    }
  }

  void AddOverride(const std::string& key, const std::string& value) {
    if (Trim(key).empty()) return Fault("-D: a key is missing before '=" + value + "'");
    entries_[std::string(Trim(key))] = {value, "-D", false};
  }

  void Fault(std::string fault) {
    if (faults_.size() == kFaults) faults_.push_back("further faults not shown");
    if (faults_.size() < kFaults) faults_.push_back(std::move(fault));
  }

  // With every ${...} replaced; a value that cannot be stays as written and is a fault.
  Configuration Finish() {
    Configuration config;
    Expander expander([this](const std::string& name) -> const std::string* {
      const auto found = entries_.find(name);
      return found == entries_.end() ? nullptr : &found->second.value;
    });
    for (const auto& [name, entry] : entries_) {
      Result<std::string> value = expander.Expand("${" + name + "}");
      if (!value.ok()) {
        Fault(entry.origin + ": property " + name + ": " + value.error().message);
      }
      config.entries_[name] = {value.ok() ? *value : entry.value, entry.origin, entry.final};
    }
    return config;
  }

  const std::vector<std::string>& faults() const { return faults_; }

 private:
  void AddProperty(XmlProperty property) {
    const auto known = entries_.find(property.name);
    if (known != entries_.end() && known->second.final) {
      return Fault(property.origin + ": property " + property.name + " is final since " +
                   known->second.origin);
    }
    entries_[property.name] = {
        std::move(property.value), std::move(property.origin), property.final};
  }

  std::map<std::string, Configuration::Entry> entries_;
  std::vector<std::string> faults_;
};

namespace {

// The directory to read, or nothing; a fault when one is named that does not exist.
std::string FindDirectory(const Configuration::Source& source, ConfigurationLoader& loader) {
  std::string directory = source.directory;
  std::string named_by = "--conf";
  for (const char* name : {"WEIR_CONF_DIR", "HADOOP_CONF_DIR"}) {
    if (!directory.empty()) break;
    directory = Environment(name);
    named_by = name;
  }
  if (directory.empty()) return "";
  const auto info = FileSystem::Real().Stat(directory);
  if (!info.ok() || !info->is_directory) {
    loader.Fault("the configuration directory " + directory + " (" + named_by + ") " +
                 (info.ok() ? "is not a directory" : "cannot be read: " + info.error().message));
    return "";
  }
  return directory;
}

Error TypeError(const std::string& key,
                const std::string& value,
                const std::string& expected,
                const std::string& origin) {
  return {ErrorCode::kInvalidArgument,
          key + " is '" + CutMiddle(value, 100) + "' (" + origin + "), it must be " + expected,
          "correct the value or leave it out"};
}

// The unit's length, or nothing.
std::optional<Duration> UnitOf(std::string_view unit) {
  if (unit == "ms") return milliseconds(1);
  if (unit == "s") return seconds(1);
  if (unit == "m") return seconds(60);
  if (unit == "h") return seconds(3600);
  if (unit == "d") return seconds(86400);
  return std::nullopt;
}

}  // namespace

Result<Configuration> Configuration::Load(const Source& source) {
  ConfigurationLoader loader;
  const std::string directory = FindDirectory(source, loader);
  if (!directory.empty()) {
    for (const std::string& file : source.files) loader.AddFile(directory + "/" + file, false);
  }
  loader.AddOptions(Environment("WEIR_OPTS"));
  for (const auto& [key, value] : source.overrides) loader.AddOverride(key, value);
  Configuration config = loader.Finish();
  config.directory_ = directory;
  if (!loader.faults().empty()) return FaultsError(loader.faults());
  return config;
}

Result<Configuration> Configuration::LoadFile(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const FileInfo info, FileSystem::Real().Stat(path));
  if (info.is_directory) {
    return Error{ErrorCode::kInvalidArgument, path + " is a directory, not a file", ""};
  }
  ConfigurationLoader loader;
  loader.AddFile(path, true);
  Configuration config = loader.Finish();
  if (!loader.faults().empty()) return FaultsError(loader.faults());
  return config;
}

Result<Configuration> Configuration::FromText(const std::string& name, const std::string& content) {
  ConfigurationLoader loader;
  loader.AddContent(name, content);
  Configuration config = loader.Finish();
  if (!loader.faults().empty()) return FaultsError(loader.faults());
  return config;
}

Configuration Configuration::FromMap(std::map<std::string, std::string> values) {
  ConfigurationLoader loader;
  for (const auto& [key, value] : values) loader.AddOverride(key, value);
  return loader.Finish();
}

std::optional<std::string> Configuration::Get(const std::string& key) const {
  const auto found = entries_.find(key);
  if (found == entries_.end()) return std::nullopt;
  return found->second.value;
}

std::string Configuration::GetOr(const std::string& key, const std::string& fallback) const {
  return Get(key).value_or(fallback);
}

Result<int64_t> Configuration::GetInt(const std::string& key,
                                      int64_t fallback,
                                      int64_t low,
                                      int64_t high) const {
  const auto text = Get(key);
  if (!text) return fallback;
  const auto value = ParseInt64(Trim(*text));
  if (!value || *value < low || *value > high) {
    return TypeError(key,
                     *text,
                     "a number from " + std::to_string(low) + " to " + std::to_string(high),
                     Origin(key));
  }
  return *value;
}

Result<bool> Configuration::GetBool(const std::string& key, bool fallback) const {
  const auto text = Get(key);
  if (!text) return fallback;
  const std::string value = ToLower(Trim(*text));
  if (value == "true") return true;
  if (value == "false") return false;
  return TypeError(key, *text, "true or false", Origin(key));
}

Result<Duration> Configuration::GetDuration(const std::string& key,
                                            Duration fallback,
                                            Duration bare_unit) const {
  const auto text = Get(key);
  if (!text) return fallback;
  const std::string_view trimmed = Trim(*text);
  const size_t digits = std::min(trimmed.find_first_not_of("0123456789"), trimmed.size());
  const auto number = ParseInt64(trimmed.substr(0, digits));
  const std::string_view unit_name = Trim(trimmed.substr(digits));
  const auto unit = unit_name.empty() ? std::optional<Duration>(bare_unit) : UnitOf(unit_name);
  if (!number || !unit || *number > std::numeric_limits<int64_t>::max() / unit->count()) {
    return TypeError(
        key, *text, "a time: a number with ms, s, m, h or d, at most 292 years", Origin(key));
  }
  return *unit * *number;
}

Result<HostPort> Configuration::GetHostPort(const std::string& key,
                                            const HostPort& fallback) const {
  const auto text = Get(key);
  if (!text) return fallback;
  auto address = HostPort::Parse(Trim(*text));
  if (!address.ok()) {
    return TypeError(key, *text, "host:port, with a port from 0 to 65535", Origin(key));
  }
  return address;
}

std::string Configuration::Origin(const std::string& key) const {
  const auto found = entries_.find(key);
  return found == entries_.end() ? "" : found->second.origin;
}

Configuration Configuration::WithKeysFrom(const std::map<std::string, std::string>& keys) const {
  Configuration changed = *this;
  for (const auto& [key, from] : keys) {
    const auto found = entries_.find(from);
    if (found == entries_.end()) {
      changed.entries_.erase(key);
    } else {
      changed.entries_[key] = found->second;
    }
  }
  return changed;
}

Configuration Configuration::With(const std::string& key,
                                  std::string value,
                                  std::string origin) const {
  Configuration changed = *this;
  changed.entries_[key] = {std::move(value), std::move(origin), false};
  return changed;
}

std::vector<std::string> Configuration::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : entries_) keys.push_back(key);
  return keys;
}

Result<std::pair<std::string, std::string>> ParseDefinition(const std::string& text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return Error{
        ErrorCode::kInvalidArgument, "'" + text + "' is not a definition", "write key=value"};
  }
  return std::make_pair(text.substr(0, equals), text.substr(equals + 1));
}

}  // namespace weir::platform
