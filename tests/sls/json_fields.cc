#include "tests/sls/json_fields.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "common/limits.h"
#include "common/strings.h"

namespace weir::sls {
namespace {

constexpr size_t kIgnoredKept = 50;
constexpr double kNumberMax = 1e15;

std::string_view NameOf(Json::Kind kind) {
  switch (kind) {
    case Json::Kind::kNull:
      return "null";
    case Json::Kind::kBool:
      return "true or false";
    case Json::Kind::kInteger:
    case Json::Kind::kNumber:
      return "a number";
    case Json::Kind::kText:
      return "a text";
    case Json::Kind::kArray:
      return "an array";
    case Json::Kind::kObject:
      return "an object";
  }
  return "something";
}

std::string Shown(const std::string& text) {
  std::string shown = CutMiddle(text, limits::kNameBytes);
  for (char& c : shown) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return "\"" + shown + "\"";
}

}  // namespace

JsonFields::JsonFields(const Json& object,
                       const Place& place,
                       std::string path,
                       IgnoredFields& ignored)
    : object_(object), place_(place), path_(std::move(path)), ignored_(ignored) {}

JsonFields::~JsonFields() {
  for (const std::string& name : object_.names) {
    if (asked_.contains(name) || ignored_.size() >= kIgnoredKept) continue;
    ignored_.insert(Shown(name));
  }
}

std::string JsonFields::PathOf(std::string_view name) const {
  return path_.empty() ? std::string(name) : path_ + "." + std::string(name);
}

std::string JsonFields::PathOf(std::string_view name, size_t index) const {
  return PathOf(name) + "[" + std::to_string(index) + "]";
}

Error JsonFields::Fault(std::string_view name,
                        const std::string& what,
                        const std::string& remedy) const {
  return {ErrorCode::kInvalidArgument,
          place_.ToString() + ": " + CutMiddle(PathOf(name), 2 * limits::kNameBytes) + " " + what,
          remedy};
}

const Json* JsonFields::Ask(std::string_view name) {
  asked_.emplace(name);
  const Json* value = object_.Find(name);
  return value == nullptr || value->kind == Json::Kind::kNull ? nullptr : value;
}

Result<int64_t> JsonFields::Integer(std::string_view name,
                                    IntegerRange range,
                                    std::optional<int64_t> fallback) {
  const std::string expected =
      "give a whole number from " + std::to_string(range.low) + " to " + std::to_string(range.high);
  const Json* value = Ask(name);
  if (value == nullptr) {
    if (fallback) return *fallback;
    return Fault(name, "is missing", expected);
  }
  std::optional<int64_t> integer;
  if (value->kind == Json::Kind::kInteger) integer = value->integer;
  if (value->kind == Json::Kind::kText) integer = ParseInt64(value->text);
  if (!integer) {
    const std::string found =
        value->kind == Json::Kind::kText ? Shown(value->text) : std::string(NameOf(value->kind));
    return Fault(name, "is " + found + ", not a whole number", expected);
  }
  if (*integer < range.low || *integer > range.high) {
    return Fault(name, "is " + std::to_string(*integer) + ", out of range", expected);
  }
  return *integer;
}

Result<double> JsonFields::Number(std::string_view name,
                                  double low,
                                  std::optional<double> fallback) {
  const Json* value = Ask(name);
  if (value == nullptr) {
    if (fallback) return *fallback;
    return Fault(name, "is missing", "give a number");
  }
  if (value->kind != Json::Kind::kInteger && value->kind != Json::Kind::kNumber) {
    return Fault(name, "is " + std::string(NameOf(value->kind)), "give a number");
  }
  // Written so that what is no number does not pass.
  if (!(value->number >= low && value->number <= kNumberMax)) {
    return Fault(name,
                 "is out of range",
                 "give a number from " + std::to_string(static_cast<int64_t>(low)) + " to 1e15");
  }
  return value->number;
}

Result<std::string> JsonFields::Text(std::string_view name, std::optional<std::string> fallback) {
  const Json* value = Ask(name);
  if (value == nullptr) {
    if (fallback) return *std::move(fallback);
    return Fault(name, "is missing", "give a text");
  }
  if (value->kind == Json::Kind::kInteger) return std::to_string(value->integer);
  if (value->kind != Json::Kind::kText) {
    return Fault(name, "is " + std::string(NameOf(value->kind)), "give a text");
  }
  const std::string& text = value->text;
  const bool plain = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  });
  if (text.size() > limits::kNameBytes || !plain) {
    return Fault(
        name,
        "is " + Shown(text),
        "give at most " + std::to_string(limits::kNameBytes) + " bytes without control characters");
  }
  return text;
}

Result<std::vector<const Json*>> JsonFields::Objects(std::string_view name) {
  std::vector<const Json*> objects;
  const Json* value = Ask(name);
  if (value == nullptr) return objects;
  if (value->kind != Json::Kind::kArray) {
    return Fault(name, "is " + std::string(NameOf(value->kind)), "give an array of objects");
  }
  for (size_t i = 0; i < value->items.size(); ++i) {
    const Json& item = value->items[i];
    if (item.kind != Json::Kind::kObject) {
      return Fault(std::string(name) + "[" + std::to_string(i) + "]",
                   "is " + std::string(NameOf(item.kind)),
                   "give an object");
    }
    objects.push_back(&item);
  }
  return objects;
}

Result<const Json*> JsonFields::Object(std::string_view name) {
  const Json* value = Ask(name);
  if (value != nullptr && value->kind != Json::Kind::kObject) {
    return Fault(name, "is " + std::string(NameOf(value->kind)), "give an object");
  }
  return value;
}

std::vector<std::string> JsonFields::NamesWith(std::string_view prefix) {
  std::vector<std::string> rests;
  for (const std::string& name : object_.names) {
    if (!std::string_view(name).starts_with(prefix) || asked_.contains(name)) continue;
    rests.push_back(name.substr(prefix.size()));
  }
  std::sort(rests.begin(), rests.end());
  rests.erase(std::unique(rests.begin(), rests.end()), rests.end());
  return rests;
}

}  // namespace weir::sls
