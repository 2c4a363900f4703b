// Arguments: command-line options as people of YARN and Flink type them: "-name value" and
// "--name value" and "--name=value" alike, "-Dkey=value", options before and after words.
//
//   weir application -submit -memory 512 -- echo hello
//
// A command lists the options it knows; anything else is an error that names the nearest one.
// Immutable value after parsing.
#ifndef WEIR_CLIENT_ARGUMENTS_H_
#define WEIR_CLIENT_ARGUMENTS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/result.h"
#include "common/time.h"

namespace weir::cli {

struct OptionSpec {
  std::string name;   // without dashes
  std::string value;  // what stands after it in the help ("MB"); "" = a switch
  std::string meaning;
  bool repeatable = false;
};

struct ParseRules {
  std::vector<OptionSpec> options;
  bool stop_at_first_word = false;  // what follows the first word belongs to somebody else (run)
};

class Arguments {
 public:
  // kInvalidArgument: an unknown option, a missing or a second value.
  static Result<Arguments> Parse(const ParseRules& rules, const std::vector<std::string>& words);

  bool Has(const std::string& name) const { return values_.contains(name); }
  // For an action of a command that takes fewer options than the command knows: kInvalidArgument
  // when another one is given (the common ones are always fine), or more than `words` words.
  Status AllowOnly(const std::string& action,
                   const std::vector<std::string>& options,
                   size_t words) const;
  std::string Get(const std::string& name, const std::string& fallback = "") const;
  const std::vector<std::string>& All(const std::string& name) const;
  // kInvalidArgument when it is not a number from `low` to `high`; the message names the option.
  Result<int64_t> GetInt(const std::string& name,
                         int64_t fallback,
                         int64_t low,
                         int64_t high) const;
  // Memory in MiB: "1024", "1024m", "2g". kInvalidArgument.
  Result<int64_t> GetMemoryMib(const std::string& name, int64_t fallback) const;
  // A time: "30" (seconds), "500ms", "2m". kInvalidArgument.
  Result<Duration> GetDuration(const std::string& name, Duration fallback) const;

  const std::vector<std::string>& words() const { return words_; }
  // What stands after "--"; nothing when there is none.
  const std::optional<std::vector<std::string>>& rest() const { return rest_; }
  // -D key=value, in order.
  const std::vector<std::pair<std::string, std::string>>& definitions() const {
    return definitions_;
  }

 private:
  std::map<std::string, std::vector<std::string>> values_;
  std::vector<std::string> words_;
  std::optional<std::vector<std::string>> rest_;
  std::vector<std::pair<std::string, std::string>> definitions_;
};

// The options every command takes: --conf, -o, --help.
std::vector<OptionSpec> CommonOptions();

}  // namespace weir::cli

#endif  // WEIR_CLIENT_ARGUMENTS_H_
