#include "common/resource.h"

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

std::string Resource::ToString() const {
  return "<memory:" + std::to_string(memory_mib) + ", vCores:" + std::to_string(vcores) + ">";
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
