// Configuration: key-value pairs from Hadoop XML files (property/name/value/final), with
// ${other.key} and ${env.NAME} replaced (at most 20 deep), under overrides from the command line
// (-D key=value).
//
// Order, strongest first: -D, environment (WEIR_OPTS "-Dk=v ..."), the files, the default given
// at the place of use. A property marked final in the file cannot be overridden by a later file
// (whose value is passed over, as in Hadoop), and not again in the same one (a fault). ${name} of
// nothing known stays as it is. Every fault names file and line; all faults of a load are reported
// together. xi:include is refused by name. Immutable after loading; thread-safe.
#ifndef WEIR_PLATFORM_HADOOP_XML_CONFIG_H_
#define WEIR_PLATFORM_HADOOP_XML_CONFIG_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/hostport.h"
#include "common/result.h"
#include "common/time.h"

namespace weir::platform {

class Configuration {
 public:
  struct Source {
    std::string directory;  // "" = WEIR_CONF_DIR, else HADOOP_CONF_DIR, else none
    // In `directory`; a missing one is no fault.
    std::vector<std::string> files = {"yarn-site.xml", "resource-types.xml", "node-resources.xml"};
    std::vector<std::pair<std::string, std::string>> overrides;  // from -D
  };

  // kInvalidArgument: every malformed file or property, one line each ("file:line: what").
  static Result<Configuration> Load(const Source& source);
  // One file that must exist. kNotFound, kInvalidArgument.
  static Result<Configuration> LoadFile(const std::string& path);
  // The content of a file that somebody else has read; `name` is for messages. kInvalidArgument.
  static Result<Configuration> FromText(const std::string& name, const std::string& content);
  // A value whose ${...} cannot be replaced stays as it is.
  static Configuration FromMap(std::map<std::string, std::string> values);

  // The value after replacing ${...}; nothing when the key is not set.
  std::optional<std::string> Get(const std::string& key) const;
  std::string GetOr(const std::string& key, const std::string& fallback) const;

  // kInvalidArgument when the value is not of the type or out of range; the message has the key,
  // the value, the range, and the file and line (or "-D") it came from.
  Result<int64_t> GetInt(const std::string& key, int64_t fallback, int64_t low, int64_t high) const;
  Result<bool> GetBool(const std::string& key, bool fallback) const;
  // A number with a unit ms, s, m, h, d; a bare number has `bare_unit`.
  Result<Duration> GetDuration(const std::string& key,
                               Duration fallback,
                               Duration bare_unit = milliseconds(1)) const;
  Result<HostPort> GetHostPort(const std::string& key, const HostPort& fallback) const;

  // "file:line", "WEIR_OPTS" or "-D"; "" when not set.
  std::string Origin(const std::string& key) const;
  // A copy in which each of `keys` is set to what another key says here, with its origin; unset
  // when that one is not set.
  Configuration WithKeysFrom(const std::map<std::string, std::string>& keys) const;
  // A copy in which `key` is `value`, said by what `origin` names.
  Configuration With(const std::string& key, std::string value, std::string origin) const;

  // Where the files were read, as Load found it; "" = nowhere.
  const std::string& directory() const { return directory_; }
  // All keys, sorted.
  std::vector<std::string> Keys() const;

 private:
  friend class ConfigurationLoader;
  struct Entry {
    std::string value;  // ${...} replaced
    std::string origin;
    bool final = false;
  };
  std::map<std::string, Entry> entries_;
  std::string directory_;
};

// "key=value" at the first '='. kInvalidArgument.
Result<std::pair<std::string, std::string>> ParseDefinition(const std::string& text);

}  // namespace weir::platform

#endif  // WEIR_PLATFORM_HADOOP_XML_CONFIG_H_
