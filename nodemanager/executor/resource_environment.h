// What a container is told of its named resources, in its environment.
//
//   WEIR_RESOURCE_<NAME>          how much of it: WEIR_RESOURCE_YARN_IO_GPU=2
//   WEIR_RESOURCE_<NAME>_INDICES  of an indexed type, which: 0,2
//   CUDA_VISIBLE_DEVICES, NVIDIA_VISIBLE_DEVICES, CUDA_DEVICE_ORDER
//                                 of yarn.io/gpu, for what reads those; where the node gives out
//                                 GPUs by index, a container without one is told that it has none
//
// <NAME> is the type's name with capital letters, and _ for what is neither letter nor digit. Pure
// functions; thread-safe.
#ifndef WEIR_NODEMANAGER_EXECUTOR_RESOURCE_ENVIRONMENT_H_
#define WEIR_NODEMANAGER_EXECUTOR_RESOURCE_ENVIRONMENT_H_

#include <string>
#include <string_view>
#include <vector>

#include "common/resource.h"
#include "nodemanager/core/resource_indices.h"
#include "nodemanager/executor/container_environment.h"

namespace weir::nm {

inline constexpr std::string_view kGpuType = "yarn.io/gpu";
inline constexpr std::string_view kResourceVariable = "WEIR_RESOURCE_";

// "WEIR_RESOURCE_YARN_IO_GPU"
std::string ResourceVariable(std::string_view type);

// `indexed`: the types of the node.
Environment ResourceEnvironment(const Resource& resource,
                                const ContainerIndices& indices,
                                const std::vector<IndexedType>& indexed);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_EXECUTOR_RESOURCE_ENVIRONMENT_H_
