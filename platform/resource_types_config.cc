#include "platform/resource_types_config.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "common/strings.h"

namespace weir::platform {
namespace {

constexpr char kTypes[] = "yarn.resource-types";
constexpr char kNodePrefix[] = "yarn.nodemanager.resource-type.";
constexpr size_t kNameLength = 128;

// A unit is numerator / denominator of one.
struct Unit {
  std::string_view name;
  int64_t numerator;
  int64_t denominator;
};
constexpr int64_t kKilo = 1000;
constexpr int64_t kKibi = 1024;
constexpr Unit kUnits[] = {{"", 1, 1},
                           {"p", 1, kKilo* kKilo* kKilo* kKilo},
                           {"n", 1, kKilo* kKilo* kKilo},
                           {"u", 1, kKilo* kKilo},
                           {"m", 1, kKilo},
                           {"k", kKilo, 1},
                           {"M", kKilo* kKilo, 1},
                           {"G", kKilo* kKilo* kKilo, 1},
                           {"T", kKilo* kKilo* kKilo* kKilo, 1},
                           {"P", kKilo* kKilo* kKilo* kKilo* kKilo, 1},
                           {"Ki", kKibi, 1},
                           {"Mi", kKibi* kKibi, 1},
                           {"Gi", kKibi* kKibi* kKibi, 1},
                           {"Ti", kKibi* kKibi* kKibi* kKibi, 1},
                           {"Pi", kKibi* kKibi* kKibi* kKibi* kKibi, 1}};

const Unit* FindUnit(std::string_view name) {
  for (const Unit& unit : kUnits) {
    if (unit.name == name) return &unit;
  }
  return nullptr;
}

Error BadAmount(std::string_view text, const std::string& why) {
  return {ErrorCode::kInvalidArgument,
          "'" + CutMiddle(std::string(text), 100) + "' is not an amount: " + why,
          "write a whole number, perhaps with one of the units k M G T P Ki Mi Gi Ti Pi m u n p"};
}

bool IsNameCharacter(char c, bool first) {
  const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  return letter || (!first && (c == '_' || c == '.' || c == '-'));
}

bool IsNamePart(std::string_view part) {
  if (part.empty()) return false;
  for (size_t i = 0; i < part.size(); ++i) {
    if (!IsNameCharacter(part[i], i == 0)) return false;
  }
  return true;
}

// "name" or "namespace/name".
bool IsTypeName(std::string_view name) {
  if (name.size() > kNameLength) return false;
  const std::vector<std::string_view> parts = Split(name, '/');
  return parts.size() <= 2 && std::all_of(parts.begin(), parts.end(), IsNamePart);
}

Error TypeFault(const Configuration& config, std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument,
          std::string(kTypes) + " (" + config.Origin(kTypes) + "): " + std::move(message),
          std::move(remedy)};
}

// One property of a type, in its unit.
int64_t ReadBound(const Configuration& config,
                  const NamedResourceType& type,
                  const char* suffix,
                  int64_t fallback,
                  OptionReader& read) {
  const std::string key = std::string(kTypes) + "." + type.name + "." + suffix;
  const auto text = config.Get(key);
  if (!text) return fallback;
  const auto amount = ParseResourceAmount(*text, type.unit);
  if (amount.ok()) return *amount;
  read.Fault({amount.error().code,
              key + " (" + config.Origin(key) + "): " + amount.error().message,
              amount.error().remedy});
  return fallback;
}

NamedResourceType ReadType(const Configuration& config, std::string name, OptionReader& read) {
  NamedResourceType type;
  type.name = std::move(name);
  const std::string unit_key = std::string(kTypes) + "." + type.name + ".units";
  const std::string unit = config.GetOr(unit_key, "");
  if (FindUnit(unit) == nullptr) {
    read.Fault({ErrorCode::kInvalidArgument,
                unit_key + " (" + config.Origin(unit_key) + ") is '" + unit + "'",
                "it must be nothing or one of k M G T P Ki Mi Gi Ti Pi m u n p"});
    return type;
  }
  type.unit = unit;
  type.minimum = ReadBound(config, type, "minimum-allocation", type.minimum, read);
  type.increment = ReadBound(config, type, "increment-allocation", type.increment, read);
  type.maximum = ReadBound(config, type, "maximum-allocation", type.maximum, read);
  if (type.minimum > type.maximum) {
    read.Fault({ErrorCode::kInvalidArgument,
                "the minimum-allocation " + std::to_string(type.minimum) + " of " + type.name +
                    " is above its maximum-allocation " + std::to_string(type.maximum),
                "see " + std::string(kTypes) + "." + type.name + ".*"});
  }
  if (type.increment < 1) {
    read.Fault(
        {ErrorCode::kInvalidArgument,
         "the increment-allocation of " + type.name + " is " + std::to_string(type.increment),
         "it must be at least 1"});
  }
  return type;
}

}  // namespace

Result<int64_t> ParseResourceAmount(std::string_view text, const std::string& unit) {
  text = Trim(text);
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::optional<int64_t> number = ParseInt64(text.substr(0, digits));
  if (!number) return BadAmount(text, "it does not begin with a number");
  const std::string_view suffix = Trim(text.substr(digits));
  const Unit* from = FindUnit(suffix.empty() ? unit : suffix);
  const Unit* to = FindUnit(unit);
  if (from == nullptr || to == nullptr) return BadAmount(text, "there is no such unit");
  // Where scale is above one, divisor is below 2^51, as no unit has both factors: nothing here
  // comes near 2^127.
  __extension__ using Wide = __int128;
  const Wide scale = Wide{from->numerator} * to->denominator;
  const Wide divisor = Wide{from->denominator} * to->numerator;
  if (scale > 1 && Wide{*number} > Wide{std::numeric_limits<int64_t>::max()} * divisor / scale) {
    return BadAmount(text, "it is too large");
  }
  const Wide scaled = Wide{*number} * scale;
  if (scaled % divisor != 0) {
    return BadAmount(text, "it is no whole number of the type's unit '" + unit + "'");
  }
  const Wide amount = scaled / divisor;
  if (amount > Resource::kNamedMax) return BadAmount(text, "it is too large");
  return static_cast<int64_t>(amount);
}

std::vector<NamedResourceType> ReadResourceTypes(const Configuration& config, OptionReader& read) {
  std::vector<NamedResourceType> types;
  const std::string listed = config.GetOr(kTypes, "");
  for (const std::string_view one : Split(listed, ',')) {
    std::string name(Trim(one));
    if (name.empty()) continue;
    const auto known = [&](const NamedResourceType& type) { return type.name == name; };
    if (name == "memory" || name == "memory-mb" || name == "vcores") {
      read.Fault(TypeFault(config, "'" + name + "' is always there", "leave it out"));
    } else if (!IsTypeName(name)) {
      read.Fault(TypeFault(config,
                           "'" + CutMiddle(name, 100) + "' is not the name of a resource type",
                           "use letters, digits, _ . - and at most one /"));
    } else if (std::any_of(types.begin(), types.end(), known)) {
      read.Fault(TypeFault(config, "'" + name + "' stands twice", "leave one out"));
    } else {
      types.push_back(ReadType(config, std::move(name), read));
    }
  }
  if (types.size() > Resource::kNamedTypesMax) {
    read.Fault(TypeFault(config,
                         std::to_string(types.size()) + " types",
                         "at most " + std::to_string(Resource::kNamedTypesMax) + " can be named"));
    types.resize(Resource::kNamedTypesMax);
  }
  return types;
}

std::vector<NamedAmount> ReadNodeResources(const Configuration& config,
                                           const std::vector<NamedResourceType>& types,
                                           OptionReader& read) {
  Resource offered;
  for (const std::string& key : config.Keys()) {
    if (!key.starts_with(kNodePrefix)) continue;
    const std::string name = key.substr(std::string_view(kNodePrefix).size());
    const auto type =
        std::find_if(types.begin(), types.end(), [&](const auto& one) { return one.name == name; });
    const std::string place = key + " (" + config.Origin(key) + "): ";
    if (type == types.end()) {
      read.Fault({ErrorCode::kInvalidArgument,
                  place + "'" + name + "' is not in " + kTypes,
                  "name it there, in resource-types.xml of this node and of the ResourceManager"});
      continue;
    }
    const auto amount = ParseResourceAmount(config.GetOr(key, ""), type->unit);
    if (amount.ok()) {
      offered.SetNamed(name, *amount);
    } else {
      read.Fault({amount.error().code, place + amount.error().message, amount.error().remedy});
    }
  }
  return offered.named;
}

}  // namespace weir::platform
