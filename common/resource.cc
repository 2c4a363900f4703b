#include "common/resource.h"

#include <algorithm>

namespace weir {
namespace {

struct Part {
  const char* name;
  const char* maximum_key;
  int64_t asked;
  int64_t minimum;
  int64_t maximum;
  int64_t limit;
};

Result<int64_t> NormalizePart(const Part& part) {
  const std::string what = std::string(part.name) + " " + std::to_string(part.asked);
  if (part.asked <= 0 || part.asked > part.limit) {
    return Error{ErrorCode::kInvalidArgument,
                 "a container with " + what + " cannot be asked for",
                 std::string(part.name) + " must be from 1 to " + std::to_string(part.maximum)};
  }
  const int64_t step = part.minimum > 0 ? part.minimum : 1;
  const int64_t rounded = (part.asked + step - 1) / step * step;
  if (rounded > part.maximum) {
    return Error{
        ErrorCode::kInvalidArgument,
        "a container with " + what + " is over the maximum of " + std::to_string(part.maximum),
        std::string("ask for less, or raise ") + part.maximum_key};
  }
  return rounded;
}

}  // namespace

Resource& Resource::operator+=(const Resource& other) {
  memory_mib += other.memory_mib;
  vcores += other.vcores;
  for (const NamedAmount& part : other.named) SetNamed(part.name, Named(part.name) + part.amount);
  return *this;
}

Resource& Resource::operator-=(const Resource& other) {
  memory_mib -= other.memory_mib;
  vcores -= other.vcores;
  for (const NamedAmount& part : other.named) SetNamed(part.name, Named(part.name) - part.amount);
  return *this;
}

Resource LargerParts(const Resource& a, const Resource& b) {
  Resource larger{std::max(a.memory_mib, b.memory_mib), std::max(a.vcores, b.vcores), a.named};
  for (const NamedAmount& part : b.named) {
    larger.SetNamed(part.name, std::max(larger.Named(part.name), part.amount));
  }
  return larger;
}

Resource Resource::operator*(int64_t factor) const {
  Resource product{memory_mib * factor, vcores * factor};
  for (const NamedAmount& part : named) product.SetNamed(part.name, part.amount * factor);
  return product;
}

int64_t Resource::Named(std::string_view name) const {
  const auto found = std::lower_bound(
      named.begin(), named.end(), name, [](const NamedAmount& part, std::string_view wanted) {
        return part.name < wanted;
      });
  return found != named.end() && found->name == name ? found->amount : 0;
}

void Resource::SetNamed(std::string_view name, int64_t amount) {
  const auto found = std::lower_bound(
      named.begin(), named.end(), name, [](const NamedAmount& part, std::string_view wanted) {
        return part.name < wanted;
      });
  const bool known = found != named.end() && found->name == name;
  if (known && amount != 0) found->amount = amount;
  if (known && amount == 0) named.erase(found);
  if (!known && amount != 0) named.insert(found, {.name = std::string(name), .amount = amount});
}

bool Resource::FitsIn(const Resource& other) const {
  if (memory_mib > other.memory_mib || vcores > other.vcores) return false;
  const auto fits = [&](const NamedAmount& part) {
    return Named(part.name) <= other.Named(part.name);
  };
  return std::all_of(named.begin(), named.end(), fits) &&
         std::all_of(other.named.begin(), other.named.end(), fits);
}

bool Resource::IsNonNegative() const {
  return memory_mib >= 0 && vcores >= 0 &&
         std::all_of(
             named.begin(), named.end(), [](const NamedAmount& part) { return part.amount >= 0; });
}

std::string Resource::ToString() const {
  std::string text = "<memory:" + std::to_string(memory_mib) + ", vCores:" + std::to_string(vcores);
  for (const NamedAmount& part : named) {
    text += ", " + part.name + ":" + std::to_string(part.amount);
  }
  return text + ">";
}

Result<Resource> NormalizeRequest(const Resource& asked,
                                  const Resource& minimum,
                                  const Resource& maximum) {
  WEIR_ASSIGN_OR_RETURN(const int64_t memory,
                        NormalizePart({.name = "memory (MiB)",
                                       .maximum_key = "yarn.scheduler.maximum-allocation-mb",
                                       .asked = asked.memory_mib,
                                       .minimum = minimum.memory_mib,
                                       .maximum = maximum.memory_mib,
                                       .limit = Resource::kMemoryMibMax}));
  WEIR_ASSIGN_OR_RETURN(const int64_t vcores,
                        NormalizePart({.name = "vcores",
                                       .maximum_key = "yarn.scheduler.maximum-allocation-vcores",
                                       .asked = asked.vcores,
                                       .minimum = minimum.vcores,
                                       .maximum = maximum.vcores,
                                       .limit = Resource::kVcoresMax}));
  return Resource{memory, vcores};
}

}  // namespace weir
