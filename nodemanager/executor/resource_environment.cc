#include "nodemanager/executor/resource_environment.h"

#include <algorithm>

namespace weir::nm {
namespace {

// For the programs of GPUs' makers. The indices are those of nvidia-smi, which counts by bus; CUDA
// would count the fastest first.
void AddGpus(const std::vector<int32_t>& indices, Environment& environment) {
  const std::string list = JoinIndices(indices);
  environment["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID";
  environment["CUDA_VISIBLE_DEVICES"] = list;
  environment["NVIDIA_VISIBLE_DEVICES"] = list.empty() ? "void" : list;
}

}  // namespace

std::string ResourceVariable(std::string_view type) {
  std::string name(kResourceVariable);
  for (const char c : type) {
    const bool lower = c >= 'a' && c <= 'z';
    const bool other = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    name += lower ? static_cast<char>(c - 'a' + 'A') : other ? c : '_';
  }
  return name;
}

Environment ResourceEnvironment(const Resource& resource,
                                const ContainerIndices& indices,
                                const std::vector<IndexedType>& indexed) {
  Environment environment;
  for (const NamedAmount& part : resource.named) {
    environment[ResourceVariable(part.name)] = std::to_string(part.amount);
  }
  for (const HeldIndices& held : indices) {
    environment[ResourceVariable(held.type) + "_INDICES"] = JoinIndices(held.indices);
  }
  const std::vector<int32_t> gpus = IndicesOf(indices, kGpuType);
  const bool by_index = std::ranges::find(indexed, kGpuType, &IndexedType::name) != indexed.end();
  if (by_index || !gpus.empty()) AddGpus(gpus, environment);
  return environment;
}

}  // namespace weir::nm
