#include "scheduler/config/capacity_text.h"

#include <algorithm>
#include <limits>

#include "common/strings.h"
#include "scheduler/config/fault_list.h"

namespace weir::scheduler {
namespace {

struct Unit {
  std::string_view name;
  int64_t bytes;
};
constexpr std::array<Unit, 10> kUnits = {{{"k", 1'000},
                                          {"M", 1'000'000},
                                          {"G", 1'000'000'000},
                                          {"T", 1'000'000'000'000},
                                          {"P", 1'000'000'000'000'000},
                                          {"Ki", int64_t{1} << 10},
                                          {"Mi", int64_t{1} << 20},
                                          {"Gi", int64_t{1} << 30},
                                          {"Ti", int64_t{1} << 40},
                                          {"Pi", int64_t{1} << 50}}};

Error Refused(std::string message, std::string rule) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(rule)};
}

bool IsDigit(char c) {
  return c >= '0' && c <= '9';
}

int64_t LargestAmount(int type) {
  if (type == Amounts::kMemory) return Resource::kMemoryMibMax;
  return type == Amounts::kVcores ? Resource::kVcoresMax : Resource::kNamedMax;
}

std::string KnownTypes(const ResourceTypes& types) {
  std::string known;
  for (int i = 0; i < types.count(); ++i) known += (i == 0 ? "" : ", ") + types.at(i).name;
  return known;
}

struct Entry {
  int type = 0;
  std::string_view value;
};

// "a=1,b=2" into its entries.
Result<std::vector<Entry>> ParseEntries(std::string_view text, const ResourceTypes& types) {
  constexpr std::string_view kForm = "a list has the form memory-mb=VALUE,vcores=VALUE";
  std::vector<Entry> entries;
  std::array<bool, Amounts::kMaxTypes> seen{};
  for (const std::string_view part : Split(text, ',')) {
    const size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
      return Refused(Quoted(part) + " is not of the form type=value", std::string(kForm));
    }
    const std::string_view name = Trim(part.substr(0, equals));
    const std::optional<int> type = types.Find(name);
    if (!type) {
      return Refused("resource type " + Quoted(name) + " is not known",
                     "the known types are " + KnownTypes(types) + " (yarn.resource-types)");
    }
    if (seen[static_cast<size_t>(*type)]) {
      return Refused("resource type " + Quoted(name) + " is named twice",
                     "a list names each type once");
    }
    seen[static_cast<size_t>(*type)] = true;
    entries.push_back({*type, Trim(part.substr(equals + 1))});
  }
  return entries;
}

bool IsBracketed(std::string_view text) {
  return !text.empty() && text.front() == '[';
}

Result<std::string_view> WithoutBrackets(std::string_view text) {
  if (text.size() < 2 || text.back() != ']') {
    return Refused(Quoted(text) + " lacks the closing bracket",
                   "a vector has the form [memory=VALUE,vcores=VALUE]");
  }
  return text.substr(1, text.size() - 2);
}

Result<CapacityPart> ParsePercent(std::string_view text) {
  if (!text.empty() && text.back() == '%') text.remove_suffix(1);
  const std::optional<int64_t> value = ParseDecimal(text, kWholePercent / 100);
  if (!value) {
    return Refused(Quoted(text) + " is not a capacity",
                   "a capacity is a percentage (12.5), a weight (3w) or amounts "
                   "([memory=10240,vcores=12])");
  }
  if (*value < 0 || *value > kWholePercent) {
    return Refused("the capacity " + Quoted(text) + " is not from 0 to 100",
                   "a percentage is from 0 to 100");
  }
  return CapacityPart{CapacityKind::kPercent, *value};
}

Result<CapacityPart> ParseWeight(std::string_view text) {
  const std::optional<int64_t> value = ParseDecimal(text.substr(0, text.size() - 1), kWholeWeight);
  if (!value || *value < 0 || *value > kLargestWeight) {
    return Refused(Quoted(text) + " is not a weight",
                   "a weight is a number from 0 to 1000000 with a w behind");
  }
  return CapacityPart{CapacityKind::kWeight, *value};
}

bool IsWeight(std::string_view text) {
  return !text.empty() && text.back() == 'w';
}

Result<CapacityPart> ParsePart(const Entry& entry, const ResourceTypes& types) {
  if (IsWeight(entry.value)) return ParseWeight(entry.value);
  if (!entry.value.empty() && entry.value.back() == '%') return ParsePercent(entry.value);
  WEIR_ASSIGN_OR_RETURN(const int64_t amount, ParseAmount(entry.value, entry.type, types));
  return CapacityPart{CapacityKind::kAbsolute, amount};
}

// Fills the parts that the vector names.
Status ParseVector(std::string_view text,
                   const ResourceTypes& types,
                   bool legacy,
                   CapacityVector& vector) {
  WEIR_ASSIGN_OR_RETURN(const std::string_view inner, WithoutBrackets(text));
  WEIR_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ParseEntries(inner, types));
  for (const Entry& entry : entries) {
    WEIR_ASSIGN_OR_RETURN(const CapacityPart part, ParsePart(entry, types));
    if (legacy && part.kind != CapacityKind::kAbsolute) {
      return Refused("the vector " + Quoted(text) + " has a percentage or a weight in it",
                     "a vector holds amounts only, unless "
                     "yarn.scheduler.capacity.legacy-queue-mode.enabled is false");
    }
    vector.parts[static_cast<size_t>(entry.type)] = part;
  }
  return {};
}

std::string FormatPart(const CapacityPart& part) {
  switch (part.kind) {
    case CapacityKind::kPercent:
      return FormatDecimal(part.value, kWholePercent / 100);
    case CapacityKind::kWeight:
      return FormatDecimal(part.value, kWholeWeight) + "w";
    case CapacityKind::kAbsolute:
      return std::to_string(part.value);
  }
  return "";
}

}  // namespace

std::optional<int64_t> ParseDecimal(std::string_view text, int64_t scale) {
  text = Trim(text);
  const bool negative = !text.empty() && text.front() == '-';
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) text.remove_prefix(1);
  constexpr int64_t kLargest = std::numeric_limits<int64_t>::max();
  int64_t whole = 0;
  size_t at = 0;
  bool digits = false;
  for (; at < text.size() && IsDigit(text[at]); ++at) {
    if (whole > (kLargest / scale - 10) / 10) return std::nullopt;
    whole = whole * 10 + (text[at] - '0');
    digits = true;
  }
  int64_t value = whole * scale;
  if (at < text.size() && text[at] == '.') {
    int64_t step = scale / 10;
    for (++at; at < text.size() && IsDigit(text[at]); ++at, step /= 10) {
      value += (text[at] - '0') * step;
      digits = true;
    }
  }
  if (!digits || at != text.size()) return std::nullopt;
  return negative ? -value : value;
}

std::string FormatDecimal(int64_t value, int64_t scale) {
  const std::string sign = value < 0 ? "-" : "";
  const int64_t magnitude = value < 0 ? -value : value;
  std::string text = sign + std::to_string(magnitude / scale);
  int64_t rest = magnitude % scale;
  if (rest == 0) return text;
  text += '.';
  for (int64_t step = scale / 10; rest > 0; step /= 10) {
    text += static_cast<char>('0' + rest / step);
    rest %= step;
  }
  return text;
}

Result<int64_t> ParseAmount(std::string_view text, int type, const ResourceTypes& types) {
  const std::string& name = types.at(type).name;
  text = Trim(text);
  const size_t end =
      static_cast<size_t>(std::find_if_not(text.begin(), text.end(), IsDigit) - text.begin());
  const std::string_view unit = Trim(text.substr(end));
  const Error bad = Refused("the amount " + Quoted(text) + " of " + name + " cannot be read",
                            "an amount is a whole number with one of the units k, M, G, T, P, Ki, "
                            "Mi, Gi, Ti, Pi, or none");
  const std::optional<int64_t> number = ParseInt64(text.substr(0, end));
  const bool memory = type == Amounts::kMemory;
  if (end == 0) return bad;
  int64_t factor = memory ? int64_t{1} << 20 : 1;
  if (!unit.empty()) {
    const auto* const found =
        std::find_if(kUnits.begin(), kUnits.end(), [&](const Unit& u) { return u.name == unit; });
    if (found == kUnits.end()) return bad;
    factor = found->bytes;
  }
  __extension__ typedef __int128 Wide;
  const Wide product = number ? Wide{*number} * factor : Wide{-1};
  const Wide amount = memory && product >= 0 ? product >> 20 : product;
  if (amount < 0 || amount > LargestAmount(type)) {
    return Refused("the amount " + Quoted(text) + " of " + name + " is too large",
                   name + " is at most " + std::to_string(LargestAmount(type)));
  }
  return static_cast<int64_t>(amount);
}

Result<AmountList> ParseAmounts(std::string_view text, const ResourceTypes& types) {
  text = Trim(text);
  if (IsBracketed(text)) {
    WEIR_ASSIGN_OR_RETURN(text, WithoutBrackets(text));
  }
  WEIR_ASSIGN_OR_RETURN(const std::vector<Entry> entries, ParseEntries(text, types));
  AmountList amounts{};
  for (const Entry& entry : entries) {
    WEIR_ASSIGN_OR_RETURN(amounts[static_cast<size_t>(entry.type)],
                          ParseAmount(entry.value, entry.type, types));
  }
  return amounts;
}

CapacityVector PlainCapacity(CapacityKind kind, int64_t value) {
  CapacityVector vector;
  vector.parts.fill({kind, value});
  return vector;
}

bool IsNothing(const CapacityVector& capacity) {
  return std::all_of(capacity.parts.begin(), capacity.parts.end(), [](const CapacityPart& part) {
    return part.value == 0;
  });
}

std::string_view KindName(CapacityKind kind) {
  switch (kind) {
    case CapacityKind::kPercent:
      return "a percentage";
    case CapacityKind::kWeight:
      return "a weight";
    case CapacityKind::kAbsolute:
      return "an absolute capacity";
  }
  return "";
}

Result<CapacityVector> ParseCapacity(std::string_view text,
                                     const ResourceTypes& types,
                                     bool legacy) {
  text = Trim(text);
  if (IsBracketed(text)) {
    CapacityVector vector = PlainCapacity(CapacityKind::kAbsolute, 0);
    WEIR_RETURN_IF_ERROR(ParseVector(text, types, legacy, vector));
    return vector;
  }
  WEIR_ASSIGN_OR_RETURN(const CapacityPart part,
                        IsWeight(text) ? ParseWeight(text) : ParsePercent(text));
  return PlainCapacity(part.kind, part.value);
}

Result<CapacityVector> ParseMaximum(std::string_view text,
                                    const ResourceTypes& types,
                                    bool legacy) {
  text = Trim(text);
  CapacityVector vector = PlainCapacity(CapacityKind::kPercent, kWholePercent);
  if (text == "-1" || text == "-1.0") return vector;
  if (IsBracketed(text)) {
    WEIR_RETURN_IF_ERROR(ParseVector(text, types, legacy, vector));
  } else {
    WEIR_ASSIGN_OR_RETURN(vector, ParseCapacity(text, types, legacy));
  }
  for (const CapacityPart& part : vector.parts) {
    if (part.kind == CapacityKind::kWeight) {
      return Refused("the maximum " + Quoted(text) + " has a weight in it",
                     "a maximum is a percentage or amounts");
    }
  }
  return vector;
}

std::string FormatCapacity(const CapacityVector& capacity,
                           const std::vector<std::string>& type_names) {
  const CapacityPart& first = capacity.parts.front();
  const bool plain = first.kind != CapacityKind::kAbsolute &&
                     std::all_of(capacity.parts.begin(),
                                 capacity.parts.end(),
                                 [&](const CapacityPart& part) { return part == first; });
  if (plain) return FormatPart(first);
  std::string text = "[";
  for (size_t i = 0; i < std::min(type_names.size(), capacity.parts.size()); ++i) {
    const CapacityPart& part = capacity.parts[i];
    text += (i == 0 ? "" : ",") + type_names[i] + "=" + FormatPart(part) +
            (part.kind == CapacityKind::kPercent ? "%" : "");
  }
  return text + "]";
}

std::string FormatAmounts(const Amounts& amounts, const std::vector<std::string>& type_names) {
  std::string text;
  for (size_t i = 0; i < std::min<size_t>(type_names.size(), Amounts::kMaxTypes); ++i) {
    text +=
        (i == 0 ? "" : ",") + type_names[i] + "=" + std::to_string(amounts[static_cast<int>(i)]);
  }
  return text;
}

}  // namespace weir::scheduler
