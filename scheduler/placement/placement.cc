#include "scheduler/placement/placement.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "scheduler/placement/queue_names.h"

namespace weir::scheduler {
namespace {

using Policy = PlacementRule::Policy;
using Fallback = PlacementRule::Fallback;

constexpr std::string_view kDefaultQueue = "root.default";

// What the variables of rules stand for, for one submission.
struct Variables {
  std::string user;
  std::string primary_group;
  std::string secondary_group;
  std::string application;
  std::string specified;  // "" when the application names no queue
  std::string default_queue{kDefaultQueue};
};

bool IsUnspecified(const std::string& queue) {
  return queue.empty() || queue == "default";
}

// A name that becomes one part of a path, as YARN makes it: nobody chooses a queue by putting dots
// into a name.
std::string AsPart(const std::string& name) {
  std::string part;
  for (const char c : name.substr(0, kQueuePathBytes)) {
    if (c == '.') {
      part += "_dot_";
    } else {
      part += c;
    }
  }
  return part;
}

Variables MakeVariables(const QueueConfiguration& configuration,
                        const std::string& queue,
                        const std::string& application_name,
                        const Submitter& submitter) {
  Variables variables;
  variables.user = AsPart(submitter.user);
  variables.application = AsPart(application_name);
  if (!IsUnspecified(queue)) variables.specified = queue;
  if (submitter.groups.empty()) return variables;
  variables.primary_group = AsPart(submitter.groups.front());
  // The first of the others that is a queue, as in YARN.
  for (size_t i = 1; i < submitter.groups.size(); ++i) {
    const std::string group = AsPart(submitter.groups[i]);
    if (MeaningsOf(configuration, group).empty()) continue;
    variables.secondary_group = group;
    break;
  }
  return variables;
}

const std::string* ValueOf(const Variables& variables, std::string_view name) {
  const std::array<std::pair<std::string_view, const std::string*>, 6> known = {{
      {"%user", &variables.user},
      {"%primary_group", &variables.primary_group},
      {"%secondary_group", &variables.secondary_group},
      {"%application", &variables.application},
      {"%specified", &variables.specified},
      {"%default", &variables.default_queue},
  }};
  for (const auto& [word, value] : known) {
    if (word == name) return value;
  }
  return nullptr;
}

// Once through: a value that looks like a variable stays as it is.
std::string Replace(std::string_view pattern, const Variables& variables) {
  std::string text;
  size_t at = 0;
  while (at < pattern.size()) {
    if (pattern[at] != '%') {
      text += pattern[at++];
      continue;
    }
    size_t end = at + 1;
    while (end < pattern.size() &&
           ((pattern[end] >= 'a' && pattern[end] <= 'z') || pattern[end] == '_')) {
      ++end;
    }
    const std::string_view word = pattern.substr(at, end - at);
    const std::string* value = ValueOf(variables, word);
    text += value == nullptr ? word : std::string_view(*value);
    at = end;
  }
  return text;
}

bool Matches(const PlacementRule& rule,
             const std::string& application_name,
             const Submitter& submitter) {
  const std::string& who = rule.matches;
  const auto& groups = submitter.groups;
  switch (rule.matcher) {
    case PlacementRule::Matcher::kUser:
      if (who == "%primary_group") return !groups.empty() && groups.front() == submitter.user;
      return who == "*" || who == "%user" || who == submitter.user;
    case PlacementRule::Matcher::kGroup:
      if (who == "%user")
        return std::find(groups.begin(), groups.end(), submitter.user) != groups.end();
      return std::find(groups.begin(), groups.end(), who) != groups.end();
    case PlacementRule::Matcher::kApplication:
      if (who == "%user") return application_name == submitter.user;
      return who == "*" || who == "%application" || who == application_name;
  }
  return false;
}

std::string Below(const PlacementRule& rule, std::string_view child) {
  return rule.parent_queue.empty() ? std::string(child)
                                   : rule.parent_queue + "." + std::string(child);
}

// The pattern of the queue that a policy names; for those that name none "".
std::string PatternOf(const PlacementRule& rule) {
  switch (rule.policy) {
    case Policy::kCustom:
      return rule.queue;
    case Policy::kSpecified:
      return "%specified";
    case Policy::kDefaultQueue:
      return "%default";
    case Policy::kUser:
      return Below(rule, "%user");
    case Policy::kPrimaryGroup:
      return Below(rule, "%primary_group");
    case Policy::kSecondaryGroup:
      return Below(rule, "%secondary_group");
    case Policy::kPrimaryGroupUser:
      return Below(rule, "%primary_group.%user");
    case Policy::kSecondaryGroupUser:
      return Below(rule, "%secondary_group.%user");
    case Policy::kApplicationName:
      return Below(rule, "%application");
    case Policy::kReject:
    case Policy::kSetDefaultQueue:
      return "";
  }
  return "";
}

Error Rejected(size_t index, const PlacementRule& rule, const std::string& why) {
  std::string place = "placement rule " + std::to_string(index + 1);
  if (rule.line > 0) place += " (line " + std::to_string(rule.line) + ")";
  return Error{ErrorCode::kPermissionDenied,
               place + " rejects the application" + (why.empty() ? "" : ": " + why),
               "submit as somebody else or to a queue that the rules allow, or ask an "
               "administrator of the queues"};
}

// A path; "" = the rule does not place; an error = rejected.
Result<std::string> FallBack(const QueueConfiguration& configuration,
                             size_t index,
                             const PlacementRule& rule,
                             const Variables& variables,
                             const std::string& why) {
  switch (rule.fallback) {
    case Fallback::kSkip:
      return std::string();
    case Fallback::kReject:
      return Rejected(index, rule, why);
    case Fallback::kPlaceDefault: {
      auto path = ResolveLeaf(configuration, variables.default_queue, false);
      if (!path.ok()) return Rejected(index, rule, path.error().message);
      return path;
    }
  }
  return std::string();
}

// A path; "" = no rule places.
Result<std::string> PlaceByRules(const QueueConfiguration& configuration,
                                 const std::string& application_name,
                                 const Submitter& submitter,
                                 Variables& variables) {
  for (size_t i = 0; i < configuration.placement.size(); ++i) {
    const PlacementRule& rule = configuration.placement[i];
    if (!Matches(rule, application_name, submitter)) continue;
    if (rule.policy == Policy::kReject) return Rejected(i, rule, "");
    if (rule.policy == Policy::kSetDefaultQueue) {
      variables.default_queue = Replace(rule.queue, variables);
      continue;
    }
    auto placed = ResolveLeaf(configuration, Replace(PatternOf(rule), variables), rule.create);
    if (!placed.ok()) {
      placed = FallBack(configuration, i, rule, variables, placed.error().message);
    }
    if (!placed.ok() || !placed->empty()) return placed;
  }
  return std::string();
}

}  // namespace

Result<std::string> PlaceInQueue(const QueueConfiguration& configuration,
                                 const std::string& queue,
                                 const std::string& application_name,
                                 const Submitter& submitter) {
  const bool unspecified = IsUnspecified(queue);
  if (!unspecified) {
    // A name that cannot be is refused before any rule could put it aside.
    if (const auto parts = SplitQueueName(queue); !parts.ok()) return parts.error();
  }
  Variables variables = MakeVariables(configuration, queue, application_name, submitter);
  if (unspecified || configuration.placement_overrides) {
    WEIR_ASSIGN_OR_RETURN(std::string placed,
                          PlaceByRules(configuration, application_name, submitter, variables));
    if (!placed.empty()) return placed;
  }
  if (!unspecified) return ResolveLeaf(configuration, queue, true);
  if (variables.default_queue != kDefaultQueue) {
    return ResolveLeaf(configuration, variables.default_queue, true);
  }
  auto path = ResolveLeaf(configuration, kDefaultQueue, true);
  // A leaf called default elsewhere serves as well, when there is only one.
  return path.ok() ? path : ResolveLeaf(configuration, "default", false);
}

}  // namespace weir::scheduler
