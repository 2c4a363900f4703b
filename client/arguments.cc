#include "client/arguments.h"

#include <algorithm>

#include "common/strings.h"
#include "platform/hadoop_xml_config.h"

namespace weir::cli {
namespace {

Error Usage(std::string message, std::string remedy = "see --help") {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

const OptionSpec* Find(const ParseRules& rules, const std::string& name) {
  for (const OptionSpec& option : rules.options) {
    if (option.name == name) return &option;
  }
  return nullptr;
}

Error UnknownOption(const ParseRules& rules, const std::string& word, const std::string& name) {
  std::vector<std::string> names;
  for (const OptionSpec& option : rules.options) names.push_back(option.name);
  const auto nearest = NearestName(name, names);
  return Usage("unknown option '" + word + "'",
               nearest ? "did you mean '-" + *nearest + "'? See --help" : "see --help");
}

Result<std::pair<std::string, std::string>> Definition(const std::string& text) {
  auto definition = platform::ParseDefinition(text);
  if (definition.ok()) return definition;
  return Usage("'-D " + text + "' has no value", "the form is -D key=value");
}

// "12" + unit -> number times the unit's factor.
std::optional<int64_t> WithUnit(const std::string& text,
                                const std::vector<std::pair<std::string, int64_t>>& units) {
  const size_t digits = text.find_first_not_of("0123456789");
  const auto number = ParseInt64(text.substr(0, digits));
  const std::string unit =
      digits == std::string::npos ? "" : ToLower(std::string_view(text).substr(digits));
  for (const auto& [name, factor] : units) {
    if (unit == name && number && *number <= INT64_MAX / factor) return *number * factor;
  }
  return std::nullopt;
}

}  // namespace

std::vector<OptionSpec> CommonOptions() {
  return {{"conf", "DIR", "read the configuration from DIR instead of WEIR_CONF_DIR", false},
          {"o", "FORMAT", "table (default) or json", false},
          {"help", "", "this text", false},
          {"h", "", "this text", false}};
}

Result<Arguments> Arguments::Parse(const ParseRules& rules, const std::vector<std::string>& words) {
  Arguments arguments;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      arguments.rest_ =
          std::vector<std::string>(words.begin() + static_cast<int64_t>(i) + 1, words.end());
      return arguments;
    }
    if (word.size() < 2 || word[0] != '-') {
      arguments.words_.push_back(word);
      if (!rules.stop_at_first_word) continue;
      arguments.words_.insert(
          arguments.words_.end(), words.begin() + static_cast<int64_t>(i) + 1, words.end());
      return arguments;
    }
    if (word.starts_with("-D")) {
      if (word.size() == 2 && i + 1 == words.size()) return Usage("'-D' needs key=value after it");
      WEIR_ASSIGN_OR_RETURN(auto definition,
                            Definition(word.size() == 2 ? words[++i] : word.substr(2)));
      arguments.definitions_.push_back(std::move(definition));
      continue;
    }
    std::string name = word.substr(word.starts_with("--") ? 2 : 1);
    std::optional<std::string> value;
    if (const size_t equals = name.find('='); equals != std::string::npos) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    const OptionSpec* option = Find(rules, name);
    if (option == nullptr) return UnknownOption(rules, word, name);
    if (option->value.empty() && value) return Usage("'-" + name + "' takes no value");
    if (!option->value.empty() && !value) {
      if (i + 1 == words.size())
        return Usage("'-" + name + "' needs " + option->value + " after it");
      value = words[++i];
    }
    auto& values = arguments.values_[name];
    if (!values.empty() && !option->repeatable) return Usage("'-" + name + "' is given twice");
    values.push_back(value.value_or(""));
  }
  return arguments;
}

std::string Arguments::Get(const std::string& name, const std::string& fallback) const {
  const auto found = values_.find(name);
  return found == values_.end() ? fallback : found->second.back();
}

Status Arguments::AllowOnly(const std::string& action,
                            const std::vector<std::string>& options,
                            size_t words) const {
  for (const auto& [name, values] : values_) {
    bool allowed = std::find(options.begin(), options.end(), name) != options.end();
    for (const OptionSpec& common : CommonOptions()) allowed = allowed || common.name == name;
    if (!allowed) return Usage("'" + action + "' does not take '-" + name + "'");
  }
  if (words_.size() > words) {
    return Usage("'" + action + "' does not take '" + words_[words] + "'");
  }
  if (rest_) return Usage("'" + action + "' does not take '--'");
  return {};
}

const std::vector<std::string>& Arguments::All(const std::string& name) const {
  static const std::vector<std::string> kNone;
  const auto found = values_.find(name);
  return found == values_.end() ? kNone : found->second;
}

Result<int64_t> Arguments::GetInt(const std::string& name,
                                  int64_t fallback,
                                  int64_t low,
                                  int64_t high) const {
  if (!Has(name)) return fallback;
  const auto number = ParseInt64(Get(name));
  if (!number || *number < low || *number > high) {
    return Usage(
        "'-" + name + " " + Get(name) + "' is not possible",
        "it must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return *number;
}

Result<int64_t> Arguments::GetMemoryMib(const std::string& name, int64_t fallback) const {
  if (!Has(name)) return fallback;
  const auto mib = WithUnit(Get(name), {{"", 1}, {"m", 1}, {"mb", 1}, {"g", 1024}, {"gb", 1024}});
  if (!mib || *mib <= 0) {
    return Usage("'-" + name + " " + Get(name) + "' is not an amount of memory",
                 "give MiB, or a number with m or g: 1024, 1024m, 2g");
  }
  return *mib;
}

Result<Duration> Arguments::GetDuration(const std::string& name, Duration fallback) const {
  if (!Has(name)) return fallback;
  constexpr int64_t kSecond = 1000;
  const auto ms = WithUnit(
      Get(name),
      {{"", kSecond}, {"ms", 1}, {"s", kSecond}, {"m", 60 * kSecond}, {"h", 3600 * kSecond}});
  if (!ms || *ms > 366 * 24 * 3600 * kSecond) {
    return Usage("'-" + name + " " + Get(name) + "' is not a time",
                 "give seconds, or a number with ms, s, m or h");
  }
  return Duration(milliseconds(*ms));
}

}  // namespace weir::cli
