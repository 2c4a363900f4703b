#include "tests/simulation/scenario.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/strings.h"

namespace weir::simulation {
namespace {

constexpr uint64_t kMillion = 1'000'000;
constexpr uint64_t kScenarioDraws = 1;

struct QuantityKind {
  Quantity quantity;
  std::string_view name;
  NumberRange bounds;
  std::string_view what;
};

constexpr std::array<QuantityKind, kQuantities> kQuantityKinds = {{
    {Quantity::kResourceManagers, "resource-managers", {1, 5}, "several are elected"},
    {Quantity::kNodes, "nodes", {1, 50}, "each with a NodeManager"},
    {Quantity::kApplications, "applications", {1, 50}, "that are submitted"},
    {Quantity::kSeconds, "seconds", {1, 600}, "for so long things go wrong"},
    {Quantity::kChanges, "changes", {0, 100}, "by an administrator: queues, nodes, applications"},
    {Quantity::kOwnerCommands, "owner-commands", {0, 1000}, "sizes and signals for containers"},
    {Quantity::kRetryPolicies,
     "retry-policies",
     {0, kMillion},
     "of a million applications: failed workers are started again in place"},
    {Quantity::kLosesQueues,
     "loses-queues",
     {0, 1},
     "1: a ResourceManager that starts may find no stored queues, and one of two in its file"},
    {Quantity::kStopsQueues,
     "stops-queues",
     {0, 1},
     "1: the administrator's changes may stop a queue for a while, or take it away"},
}};

constexpr bool InOrder() {
  for (size_t i = 0; i < kQuantities; ++i) {
    if (kQuantityKinds[i].quantity != static_cast<Quantity>(i)) return false;
  }
  return true;
}
static_assert(InOrder());

std::string InWords(const NumberRange& range) {
  return std::to_string(range.first) + " to " + std::to_string(range.last);
}

Error Invalid(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

Result<NumberRange> Within(std::string_view name,
                           const NumberRange& bounds,
                           std::string_view text) {
  WEIR_ASSIGN_OR_RETURN(const NumberRange range, ParseNumberRange(text));
  if (range.first >= bounds.first && range.last <= bounds.last) return range;
  return Invalid("\"" + std::string(text) + "\" is out of bounds for " + std::string(name),
                 "give numbers from " + InWords(bounds));
}

Error UnknownKey(std::string_view key) {
  std::vector<std::string> names;
  for (const QuantityKind& kind : kQuantityKinds) names.emplace_back(kind.name);
  for (const FaultKind& kind : FaultKinds()) {
    if (!kind.per.empty()) names.emplace_back(kind.name);
  }
  const std::optional<std::string> near = NearestName(key, names);
  return Invalid("there is no key \"" + std::string(key) + "\"",
                 near ? "did you mean \"" + *near + "\"?" : "weir-sim --help lists all");
}

Status ParseLine(std::string_view line, Scenario& scenario) {
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return Invalid("\"" + std::string(line) + "\" has no '='", "write key = NUMBER");
  }
  const std::string_view key = Trim(line.substr(0, equals));
  const std::string_view value = Trim(line.substr(equals + 1));
  std::optional<NumberRange>* place = nullptr;
  NumberRange bounds{0, kMillion};
  for (const QuantityKind& kind : kQuantityKinds) {
    if (kind.name != key) continue;
    place = &scenario[kind.quantity];
    bounds = kind.bounds;
  }
  for (const FaultKind& kind : FaultKinds()) {
    if (kind.name == key && !kind.per.empty()) {
      place = &scenario.faults[static_cast<size_t>(kind.fault)];
    }
  }
  if (place == nullptr) return UnknownKey(key);
  if (*place) {
    return Invalid("\"" + std::string(key) + "\" is there a second time", "leave one of the two");
  }
  WEIR_ASSIGN_OR_RETURN(*place, Within(key, bounds, value));
  return {};
}

}  // namespace

Result<NumberRange> ParseNumberRange(std::string_view text) {
  const std::vector<std::string_view> ends = Split(text, '-');
  if (ends.size() == 1 || ends.size() == 2) {
    const std::optional<int64_t> first = ParseInt64(Trim(ends.front()));
    const std::optional<int64_t> last = ParseInt64(Trim(ends.back()));
    if (first && last && *first >= 0 && *first <= *last) {
      return NumberRange{static_cast<uint64_t>(*first), static_cast<uint64_t>(*last)};
    }
  }
  return Invalid("\"" + std::string(text) + "\" is neither a number nor a range",
                 "write 7, or 3-10 with the smaller one first");
}

Result<NumberRange> ParseQuantity(Quantity quantity, std::string_view text) {
  const QuantityKind& kind = kQuantityKinds[static_cast<size_t>(quantity)];
  return Within(kind.name, kind.bounds, text);
}

Result<Scenario> ParseScenario(const std::string& file, std::string_view text) {
  Scenario scenario;
  int number = 0;
  for (const std::string_view line : Split(text, '\n')) {
    ++number;
    const std::string_view said = Trim(line.substr(0, line.find('#')));
    if (said.empty()) continue;
    Status parsed = ParseLine(said, scenario);
    if (parsed.ok()) continue;
    Error error = std::move(parsed).error();
    error.message.insert(0, file + ":" + std::to_string(number) + ": ");
    return error;
  }
  return scenario;
}

std::string DescribeScenarioKeys() {
  constexpr size_t kColumn = 22;
  const auto pad = [](std::string_view name) {
    std::string text = "  " + std::string(name);
    text.resize(std::max(text.size() + 1, kColumn + 2), ' ');
    return text;
  };
  std::string text;
  for (const QuantityKind& kind : kQuantityKinds) {
    text += pad(kind.name) + InWords(kind.bounds) + ": " + std::string(kind.what) + "\n";
  }
  for (const FaultKind& kind : FaultKinds()) {
    if (kind.per.empty()) continue;
    text += pad(kind.name) + "of a million " + std::string(kind.per) + ": " +
            std::string(kind.what) + "\n";
  }
  return text;
}

Setting DrawSetting(const Scenario& scenario, uint64_t seed) {
  Random random = OtherDraws(seed, kScenarioDraws);
  const auto draw = [&random](const NumberRange& range) {
    return range.first + random.Below(range.last - range.first + 1);
  };
  Setting setting;
  for (size_t i = 0; i < kQuantities; ++i) {
    if (scenario.quantities[i]) setting.quantities[i] = draw(*scenario.quantities[i]);
  }
  for (size_t i = 0; i < kFaults; ++i) {
    if (scenario.faults[i]) setting.faults[i] = draw(*scenario.faults[i]);
  }
  return setting;
}

Random OtherDraws(uint64_t seed, uint64_t purpose) {
  // Mixed twice, so that neighbouring seeds and purposes have nothing in common.
  Random mixer(seed ^ (purpose * 0xd1342543de82ef95ULL));
  return Random(mixer.Next() ^ mixer.Next());
}

}  // namespace weir::simulation
