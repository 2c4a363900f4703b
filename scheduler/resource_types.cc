#include "scheduler/resource_types.h"

#include <algorithm>
#include <utility>

namespace weir::scheduler {
namespace {

constexpr std::string_view kMemoryName = "memory-mb";
constexpr std::string_view kVcoresName = "vcores";

Error Refused(std::string message, std::string remedy) {
  return {ErrorCode::kInvalidArgument, std::move(message), std::move(remedy)};
}

int64_t HardLimit(int type) {
  if (type == Amounts::kMemory) return Resource::kMemoryMibMax;
  return type == Amounts::kVcores ? Resource::kVcoresMax : Resource::kNamedMax;
}

Status CheckType(const ResourceType& type) {
  if (type.minimum < 0 || type.increment < 1 || type.maximum < type.minimum) {
    return Refused("resource type " + type.name + " has minimum " + std::to_string(type.minimum) +
                       ", increment " + std::to_string(type.increment) + " and maximum " +
                       std::to_string(type.maximum),
                   "the minimum is at least 0 and at most the maximum, the increment at least 1");
  }
  return {};
}

// Rounds up to minimum and increment; requires 0 <= asked <= the hard limit.
int64_t RoundAsked(const ResourceType& type, int64_t asked) {
  const int64_t least = std::max(asked, type.minimum);
  return (least + type.increment - 1) / type.increment * type.increment;
}

}  // namespace

ResourceTypes::ResourceTypes(const Resource& minimum, const Resource& maximum) {
  types_.push_back({.name = std::string(kMemoryName),
                    .minimum = minimum.memory_mib,
                    .increment = std::max<int64_t>(minimum.memory_mib, 1),
                    .maximum = maximum.memory_mib,
                    .maximum_key = "yarn.scheduler.maximum-allocation-mb"});
  types_.push_back({.name = std::string(kVcoresName),
                    .minimum = minimum.vcores,
                    .increment = std::max<int64_t>(minimum.vcores, 1),
                    .maximum = maximum.vcores,
                    .maximum_key = "yarn.scheduler.maximum-allocation-vcores"});
}

Result<ResourceTypes> ResourceTypes::Make(const Resource& minimum,
                                          const Resource& maximum,
                                          std::vector<ResourceType> named) {
  if (named.size() > Resource::kNamedTypesMax) {
    return Refused("there are " + std::to_string(named.size()) + " named resource types",
                   "use at most " + std::to_string(Resource::kNamedTypesMax));
  }
  ResourceTypes types(minimum, maximum);
  for (ResourceType& type : named) {
    if (type.name.empty() || types.Find(type.name)) {
      return Refused("resource type '" + type.name + "' is empty or named twice",
                     "name each type once in yarn.resource-types");
    }
    types.types_.push_back(std::move(type));
  }
  for (const ResourceType& type : types.types_) WEIR_RETURN_IF_ERROR(CheckType(type));
  return types;
}

std::optional<int> ResourceTypes::Find(std::string_view name) const {
  if (name == "memory") name = kMemoryName;
  for (int i = 0; i < count(); ++i) {
    if (at(i).name == name) return i;
  }
  return std::nullopt;
}

Amounts ResourceTypes::minimum() const {
  Amounts amounts;
  for (int i = 0; i < count(); ++i) amounts.Set(i, at(i).minimum);
  return amounts;
}

Amounts ResourceTypes::maximum() const {
  Amounts amounts;
  for (int i = 0; i < count(); ++i) amounts.Set(i, at(i).maximum);
  return amounts;
}

Result<Amounts> ResourceTypes::FromResource(const Resource& resource) const {
  Amounts amounts{resource.memory_mib, resource.vcores};
  for (const NamedAmount& part : resource.named) {
    const std::optional<int> type = Find(part.name);
    if (!type || *type <= Amounts::kVcores) {
      std::string known;
      for (const ResourceType& each : types_) known += (known.empty() ? "" : ", ") + each.name;
      return Refused("resource type '" + part.name + "' is not known here",
                     "the known types are: " + known + " (yarn.resource-types)");
    }
    amounts.Set(*type, part.amount);
  }
  return amounts;
}

Amounts ResourceTypes::KnownPartsOf(const Resource& resource) const {
  Amounts amounts{resource.memory_mib, resource.vcores};
  for (int i = Amounts::kVcores + 1; i < count(); ++i) amounts.Set(i, resource.Named(at(i).name));
  return amounts;
}

Resource ResourceTypes::ToResource(const Amounts& amounts) const {
  Resource resource{amounts[Amounts::kMemory], amounts[Amounts::kVcores]};
  for (int i = Amounts::kVcores + 1; i < count(); ++i) resource.SetNamed(at(i).name, amounts[i]);
  return resource;
}

Result<Amounts> ResourceTypes::Normalize(const Resource& asked, const Amounts& maximum) const {
  WEIR_ASSIGN_OR_RETURN(Amounts amounts, FromResource(asked));
  for (int i = 0; i < count(); ++i) {
    const ResourceType& type = at(i);
    const int64_t least = i <= Amounts::kVcores ? 1 : 0;
    const std::string what = type.name + " " + std::to_string(amounts[i]);
    if (amounts[i] < least || amounts[i] > HardLimit(i)) {
      return Refused("a container with " + what + " cannot be asked for",
                     type.name + " must be from " + std::to_string(least) + " to " +
                         std::to_string(maximum[i]));
    }
    if (amounts[i] == 0) continue;  // a named type that is not wanted
    const int64_t rounded = RoundAsked(type, amounts[i]);
    if (rounded > maximum[i]) {
      return Refused(
          "a container with " + what + " is over the maximum of " + std::to_string(maximum[i]),
          "ask for less, or raise " + type.maximum_key);
    }
    amounts.Set(i, rounded);
  }
  return amounts;
}

std::string ResourceTypes::ToString(const Amounts& amounts) const {
  return ToResource(amounts).ToString();
}

}  // namespace weir::scheduler
