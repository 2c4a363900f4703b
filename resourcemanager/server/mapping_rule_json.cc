#include "resourcemanager/server/mapping_rule_json.h"

#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::rm {
namespace {

using nlohmann::json;
using scheduler::PlacementRule;
using Matcher = PlacementRule::Matcher;
using Policy = PlacementRule::Policy;
using Fallback = PlacementRule::Fallback;

constexpr size_t kRules = 10'000;
constexpr size_t kFaults = 100;
constexpr size_t kTextBytes = 4 * limits::kNameBytes;

template <typename Value>
using Named = std::pair<const char*, Value>;
constexpr std::array<Named<Matcher>, 3> kMatchers{
    {{"user", Matcher::kUser}, {"group", Matcher::kGroup}, {"application", Matcher::kApplication}}};
constexpr std::array<Named<Policy>, 11> kPolicies{
    {{"specified", Policy::kSpecified},
     {"reject", Policy::kReject},
     {"defaultQueue", Policy::kDefaultQueue},
     {"user", Policy::kUser},
     {"primaryGroup", Policy::kPrimaryGroup},
     {"secondaryGroup", Policy::kSecondaryGroup},
     {"primaryGroupUser", Policy::kPrimaryGroupUser},
     {"secondaryGroupUser", Policy::kSecondaryGroupUser},
     {"applicationName", Policy::kApplicationName},
     {"setDefaultQueue", Policy::kSetDefaultQueue},
     {"custom", Policy::kCustom}}};
constexpr std::array<Named<Fallback>, 3> kFallbacks{{{"skip", Fallback::kSkip},
                                                     {"reject", Fallback::kReject},
                                                     {"placeDefault", Fallback::kPlaceDefault}}};

class Reader {
 public:
  ParsedMappingRules Run(const std::string& text) {
    const json document = json::parse(text, nullptr, /*allow_exceptions=*/false);
    if (document.is_discarded()) {
      Fault("", "it is not well-formed JSON");
    } else if (!document.is_object() || !document.contains("rules") ||
               !document["rules"].is_array()) {
      Fault("", R"(it must be an object with an array "rules")");
    } else if (document["rules"].size() > kRules) {
      Fault("rules", std::to_string(document["rules"].size()) + " rules, at most 10000 are read");
    } else {
      for (const json& rule : document["rules"]) ReadRule(rule);
    }
    if (!result_.faults.empty()) result_.rules.clear();
    return std::move(result_);
  }

 private:
  void Fault(const std::string& field, const std::string& what) {
    if (result_.faults.size() == kFaults) result_.faults.push_back("further faults not shown");
    if (result_.faults.size() > kFaults) return;
    result_.faults.push_back("mapping-rule-json: " + (field.empty() ? "" : field + ": ") + what);
  }
  std::string Place(const std::string& field) const {
    return "rules[" + std::to_string(index_) + "]" + (field.empty() ? "" : "." + field);
  }

  // A text of the rule; nothing when it is not there.
  std::optional<std::string> Text(const json& rule, const std::string& field) {
    const auto found = rule.find(field);
    if (found == rule.end() || found->is_null()) return std::nullopt;
    if (!found->is_string()) {
      Fault(Place(field), "it must be a text");
      return std::nullopt;
    }
    std::string text = found->get<std::string>();
    if (text.size() > kTextBytes) {
      Fault(Place(field),
            "it has " + std::to_string(text.size()) + " bytes, at most " +
                std::to_string(kTextBytes) + " are taken");
      return std::nullopt;
    }
    return text;
  }

  template <typename Value, size_t kCount>
  void Choice(const json& rule,
              const std::string& field,
              const std::array<Named<Value>, kCount>& choices,
              bool needed,
              Value& value) {
    const bool there = rule.contains(field) && !rule[field].is_null();
    const auto text = Text(rule, field);
    if (!text) {
      if (needed && !there) Fault(Place(field), "it is missing");
      return;
    }
    std::vector<std::string> names;
    for (const auto& [name, meaning] : choices) {
      names.emplace_back(name);
      if (*text != name) continue;
      value = meaning;
      return;
    }
    Fault(Place(field), "'" + CutMiddle(*text, 100) + "' is none of " + Join(names, ", "));
  }

  void ReadRule(const json& rule) {
    if (!rule.is_object()) {
      Fault(Place(""), "it must be an object");
    } else {
      TakeRule(rule);
    }
    ++index_;
  }

  void TakeRule(const json& rule) {
    PlacementRule read;
    Choice(rule, "type", kMatchers, true, read.matcher);
    Choice(rule, "policy", kPolicies, true, read.policy);
    Choice(rule, "fallbackResult", kFallbacks, false, read.fallback);
    read.matches = Text(rule, "matches").value_or("");
    read.parent_queue = Text(rule, "parentQueue").value_or("");
    if (rule.contains("create") && !rule["create"].is_boolean()) {
      Fault(Place("create"), "it must be true or false");
    } else {
      read.create = rule.value("create", false);
    }
    CheckMatches(read);
    if (read.policy == Policy::kCustom) read.queue = Needed(rule, "customPlacement", "custom");
    if (read.policy == Policy::kSetDefaultQueue) {
      read.queue = Needed(rule, "value", "setDefaultQueue");
    }
    result_.rules.push_back(std::move(read));
  }

  void CheckMatches(const PlacementRule& rule) {
    if (rule.matches.empty()) Fault(Place("matches"), "it is missing");
    if (rule.matcher == Matcher::kGroup && rule.matches == "*") {
      Fault(Place("matches"), "a rule for groups cannot have '*': use type user");
    }
  }

  std::string Needed(const json& rule, const std::string& field, const std::string& policy) {
    const auto text = Text(rule, field);
    if (!text || text->empty()) Fault(Place(field), "the policy " + policy + " needs it");
    return text.value_or("");
  }

  ParsedMappingRules result_;
  size_t index_ = 0;
};

}  // namespace

ParsedMappingRules ParseMappingRules(const std::string& json) {
  return Reader().Run(json);
}

}  // namespace weir::rm
