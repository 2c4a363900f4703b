#include "nodemanager/executor/environment_rules.h"

#include <algorithm>
#include <array>

#include "common/limits.h"
#include "common/strings.h"
#include "nodemanager/executor/resource_environment.h"

namespace weir::nm {
namespace {

constexpr size_t kShownText = 100;
// What ProcessExecutor sets, beyond PATH and HOME.
constexpr std::array<std::string_view, 14> kOurs = {"CONTAINER_ID",
                                                    "NM_HOST",
                                                    "NM_PORT",
                                                    "NM_HTTP_PORT",
                                                    "LOCAL_DIRS",
                                                    "LOG_DIRS",
                                                    "PWD",
                                                    "USER",
                                                    "LOGNAME",
                                                    "WEIR_HOME",
                                                    "WEIR_SECRETS_DIR",
                                                    "CUDA_DEVICE_ORDER",
                                                    "CUDA_VISIBLE_DEVICES",
                                                    "NVIDIA_VISIBLE_DEVICES"};

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  return letter || (!first && c >= '0' && c <= '9');
}

// How many characters of a name `text` begins with.
size_t NameLength(std::string_view text) {
  size_t length = 0;
  while (length < text.size() && IsNameCharacter(text[length], length == 0)) ++length;
  return length;
}

Error Refused(std::string_view name, const std::string& why, std::string remedy) {
  return {ErrorCode::kInvalidArgument,
          "'" + CutMiddle(std::string(name), kShownText) + "' " + why,
          std::move(remedy)};
}

Status CheckName(std::string_view name) {
  if (name.find('*') != std::string_view::npos) {
    return Refused(name, "is no name of a variable", "name each variable in full");
  }
  if (name.empty() || name.size() > limits::kNameBytes || NameLength(name) != name.size()) {
    return Refused(
        name, "is no name of a variable", "use letters, digits and _, and no digit first");
  }
  if (std::ranges::find(kOurs, name) != kOurs.end() || name.starts_with(kResourceVariable)) {
    return Refused(
        name,
        "is set by the NodeManager for each container",
        "leave it out; PATH, HOME and LANG are the only ones of its own that may change");
  }
  return {};
}

Status AddTo(Environment& environment, const std::string& name, std::string value) {
  if (!environment.emplace(name, std::move(value)).second) {
    return Refused(name, "stands twice", "leave one out");
  }
  size_t bytes = 0;
  for (const auto& [one, text] : environment) bytes += one.size() + text.size();
  if (environment.size() > kRuleVariablesMax || bytes > kRuleVariablesBytes) {
    return Refused(name,
                   "is too much",
                   "at most " + std::to_string(kRuleVariablesMax) + " variables of " +
                       std::to_string(kRuleVariablesBytes) + " bytes together");
  }
  return {};
}

// Nothing: it names an own variable that is not there.
std::optional<std::string> Expand(std::string_view text, const FindVariable& own) {
  std::string expanded;
  while (true) {
    const size_t dollar = text.find('$');
    expanded.append(text.substr(0, dollar));
    if (dollar == std::string_view::npos) return expanded;
    text.remove_prefix(dollar + 1);
    const bool braced = text.starts_with('{');
    const std::string_view rest = text.substr(braced ? 1 : 0);
    const size_t length = NameLength(rest);
    const bool closed = !braced || (length < rest.size() && rest[length] == '}');
    if (length == 0 || !closed) {
      expanded += '$';
      continue;
    }
    const auto value = own(std::string(rest.substr(0, length)));
    if (!value) return std::nullopt;
    expanded.append(*value);
    text = rest.substr(length + (braced ? 1 : 0));
  }
}

}  // namespace

Status AddForced(const std::string& name,
                 std::string_view value,
                 const FindVariable& own,
                 Environment& forced) {
  WEIR_RETURN_IF_ERROR(CheckName(name));
  auto expanded = Expand(value, own);
  if (!expanded) return {};
  return AddTo(forced, name, *std::move(expanded));
}

Result<Environment> ParseForced(std::string_view text, const FindVariable& own) {
  Environment forced;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view word = Trim(part);
    if (word.empty()) continue;
    const size_t equals = word.find('=');
    if (equals == std::string_view::npos) {
      return Refused(word,
                     "sets nothing",
                     "write NAME=value; a value with commas stands under a key of its own, "
                     "yarn.nodemanager.admin-env.<NAME>");
    }
    const std::string name(Trim(word.substr(0, equals)));
    WEIR_RETURN_IF_ERROR(AddForced(name, word.substr(equals + 1), own, forced));
  }
  return forced;
}

Result<Environment> ParsePassed(std::string_view text, const FindVariable& own) {
  Environment passed;
  for (const std::string_view part : Split(text, ',')) {
    const std::string name(Trim(part));
    if (name.empty()) continue;
    WEIR_RETURN_IF_ERROR(CheckName(name));
    if (auto value = own(name)) WEIR_RETURN_IF_ERROR(AddTo(passed, name, *std::move(value)));
  }
  return passed;
}

}  // namespace weir::nm
