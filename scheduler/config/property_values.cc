#include "scheduler/config/property_values.h"

#include <algorithm>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"
#include "scheduler/config/capacity_text.h"
#include "scheduler/config/fault_list.h"

namespace weir::scheduler {
namespace {

constexpr int64_t kHundredYearsSeconds = int64_t{100} * 366 * 24 * 3600;

Error Refused(std::string message, std::string rule) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(rule)};
}

void SortUnique(std::vector<std::string>& names) {
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
}

// "key=value" of a priority grant.
Status TakeGrantPart(std::string_view part, PriorityGrant& grant) {
  const size_t equals = part.find('=');
  const std::string key = ToLower(part.substr(0, equals));
  const std::string_view value = equals == std::string_view::npos ? "" : part.substr(equals + 1);
  if (key == "user" || key == "group") {
    std::vector<std::string> names = ParseList(value);
    SortUnique(names);
    grant.who.everybody = grant.who.everybody || value == "*";
    (key == "user" ? grant.who.users : grant.who.groups) = std::move(names);
    return {};
  }
  if (key == "max_priority" || key == "default_priority") {
    WEIR_ASSIGN_OR_RETURN(const int32_t priority, ParseWhole32(value, 0));
    (key == "max_priority" ? grant.max_priority : grant.default_priority) = priority;
    return {};
  }
  return Refused(Quoted(part) + " is not part of a priority grant",
                 "a grant has the form [user=A,B group=C max_priority=N default_priority=M]");
}

Result<PriorityGrant> ParseGrant(std::string_view text) {
  PriorityGrant grant;
  for (const std::string_view part : Split(text, ' ')) {
    if (!Trim(part).empty()) WEIR_RETURN_IF_ERROR(TakeGrantPart(Trim(part), grant));
  }
  if (!grant.who.everybody && grant.who.users.empty() && grant.who.groups.empty()) {
    return Refused("the priority grant " + Quoted(text) + " names nobody",
                   "a grant names users or groups");
  }
  if (grant.max_priority.value_or(grant.default_priority.value_or(0)) <
      grant.default_priority.value_or(0)) {
    return Refused("the priority grant " + Quoted(text) + " has a default over its maximum",
                   "a grant's default_priority is at most its max_priority");
  }
  return grant;
}

}  // namespace

Result<bool> ParseSwitch(std::string_view text) {
  const std::string word = ToLower(Trim(text));
  if (word == "true") return true;
  if (word == "false") return false;
  return Refused(Quoted(text) + " is neither true nor false", "a switch is true or false");
}

Result<int64_t> ParseWhole(std::string_view text, int64_t low, int64_t high) {
  const std::optional<int64_t> value = ParseInt64(Trim(text));
  if (!value || *value < low || *value > high) {
    return Refused(
        Quoted(text) + (value ? " is out of range" : " is not a whole number"),
        "the value is a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return *value;
}

Result<int32_t> ParseWhole32(std::string_view text, int32_t low, int32_t high) {
  WEIR_ASSIGN_OR_RETURN(const int64_t value, ParseWhole(text, low, high));
  return static_cast<int32_t>(value);
}

Result<int64_t> ParseFraction(std::string_view text, int64_t scale, int64_t low, int64_t high) {
  const std::optional<int64_t> value = ParseDecimal(text, scale);
  if (!value || *value < low || *value > high) {
    return Refused(Quoted(text) + (value ? " is out of range" : " is not a number"),
                   "the value is a number from " + FormatDecimal(low, scale) + " to " +
                       FormatDecimal(high, scale));
  }
  return *value;
}

Result<std::optional<int64_t>> ParseUserLimitFactor(std::string_view text) {
  constexpr int64_t kLargest = 1'000'000 * kWholeFactor;
  const std::optional<int64_t> value = ParseDecimal(text, kWholeFactor);
  if (value == -kWholeFactor) return std::optional<int64_t>();
  if (!value || *value < 0 || *value > kLargest) {
    return Refused(Quoted(text) + " is not a user limit factor",
                   "user-limit-factor is a number from 0 to 1000000, or -1 for no limit");
  }
  return value;
}

Result<std::optional<int64_t>> ParseCountLimit(std::string_view text) {
  constexpr int64_t kNone = std::numeric_limits<int32_t>::max();
  WEIR_ASSIGN_OR_RETURN(const int64_t value, ParseWhole(text, 0, kNone));
  return value == kNone ? std::optional<int64_t>() : std::optional<int64_t>(value);
}

Result<Duration> ParseMilliseconds(std::string_view text) {
  WEIR_ASSIGN_OR_RETURN(const int64_t value, ParseWhole(text, 1, kHundredYearsSeconds * 1000));
  return Duration(milliseconds(value));
}

Result<std::optional<Duration>> ParseLifetime(std::string_view text) {
  WEIR_ASSIGN_OR_RETURN(
      const int64_t value,
      ParseWhole(text, std::numeric_limits<int64_t>::min(), kHundredYearsSeconds));
  if (value < 0) return std::optional<Duration>();
  return std::optional<Duration>(seconds(value));
}

Result<QueueState> ParseState(std::string_view text) {
  const std::string word = ToLower(Trim(text));
  if (word == "running") return QueueState::kRunning;
  if (word == "stopped") return QueueState::kStopped;
  return Refused("the state " + Quoted(text) + " cannot be set",
                 "a state is RUNNING or STOPPED; a stopped queue drains by itself");
}

Result<Calculator> ParseCalculator(std::string_view text) {
  std::string_view name = Trim(text);
  name.remove_prefix(std::min(name.size(), name.rfind('.') + 1));
  if (name == "DominantResourceCalculator") return Calculator::kDominant;
  if (name == "DefaultResourceCalculator") return Calculator::kMemoryOnly;
  return Refused("the resource calculator " + Quoted(text) + " is not known",
                 "it is DominantResourceCalculator or DefaultResourceCalculator");
}

AccessList ParseAccessList(std::string_view text) {
  AccessList list;
  if (Trim(text) == "*") {
    list.everybody = true;
    return list;
  }
  const size_t space = text.find(' ');
  list.users = ParseList(text.substr(0, space));
  if (space != std::string_view::npos) list.groups = ParseList(text.substr(space + 1));
  SortUnique(list.users);
  SortUnique(list.groups);
  return list;
}

Result<std::vector<PriorityGrant>> ParsePriorityGrants(std::string_view text) {
  constexpr std::string_view kForm =
      "acl_application_max_priority is * or a list of [user=A max_priority=N] entries";
  std::vector<PriorityGrant> grants;
  text = Trim(text);
  if (text == "*") return grants;
  while (!text.empty()) {
    const size_t end = text.find(']');
    if (text.front() != '[' || end == std::string_view::npos) {
      return Refused(Quoted(text) + " is not a list of priority grants", std::string(kForm));
    }
    WEIR_ASSIGN_OR_RETURN(PriorityGrant grant, ParseGrant(text.substr(1, end - 1)));
    grants.push_back(std::move(grant));
    text = Trim(text.substr(end + 1));
    if (!text.empty() && text.front() == ',') text = Trim(text.substr(1));
  }
  return grants;
}

std::vector<std::string> ParseList(std::string_view text) {
  std::vector<std::string> list;
  for (const std::string_view part : Split(text, ',')) {
    const std::string_view trimmed = Trim(part);
    if (!trimmed.empty()) list.emplace_back(trimmed);
  }
  return list;
}

Status CheckQueueName(std::string_view name) {
  constexpr std::string_view kRule =
      "a queue's name has 1 to 256 bytes, no space or control character, and none of . , * : % /";
  const bool odd = std::any_of(name.begin(), name.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7f || std::string_view(".,*:%/").find(c) != std::string::npos;
  });
  if (name.empty() || name.size() > limits::kNameBytes || odd) {
    return Refused(Quoted(name) + " cannot be a queue's name", std::string(kRule));
  }
  return {};
}

}  // namespace weir::scheduler
