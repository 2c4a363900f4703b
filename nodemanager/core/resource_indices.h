// Named resources that are given out by index (yarn.io/gpu): which indices there are, and which
// containers hold which.
//
// Terms. Indexed type: a named resource type whose units have numbers; a container that takes n of
// it holds n of its indices. Device: one such unit, by its index and the minor number of its device
// node. Holder: a container that is not complete and takes some of an indexed type.
//
// Invariants of AssignIndices: lowest free indices first, each at most once over all holders and
// the answer; as many as are asked for, of every indexed type, or none at all; the same arguments
// give the same answer. A holder that takes more than the indices known of it (it was started
// before the type had indices here, or the record of them is damaged) may use any: until it has
// ended nothing of that type is given out. Pure functions; thread-safe.
#ifndef WEIR_NODEMANAGER_CORE_RESOURCE_INDICES_H_
#define WEIR_NODEMANAGER_CORE_RESOURCE_INDICES_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/ids.h"
#include "common/resource.h"
#include "common/result.h"

namespace weir::nm {

inline constexpr size_t kDevicesMax = 1024;             // of one type
inline constexpr int32_t kDeviceNumberMax = 1'048'575;  // the largest minor number of Linux

struct Device {
  int32_t index = 0;
  int32_t minor = 0;  // of its device node
  bool operator==(const Device&) const = default;
};

struct IndexedType {
  std::string name;                // "yarn.io/gpu"
  std::vector<Device> devices;     // by index, each once
  std::optional<int32_t> major{};  // of their device nodes; nothing = these are open to all
  bool operator==(const IndexedType&) const = default;
};

// What one container holds of one type, lowest first.
struct HeldIndices {
  std::string type;
  std::vector<int32_t> indices;
  bool operator==(const HeldIndices&) const = default;
};
// Of all indexed types of a container, by type name; never with an empty list.
using ContainerIndices = std::vector<HeldIndices>;

// A character device, by the numbers of its node.
struct DeviceNode {
  int32_t major = 0;
  int32_t minor = 0;
  bool operator==(const DeviceNode&) const = default;
};

struct IndexHolder {
  ContainerId id;
  Resource resource;
  ContainerIndices indices;
};

// "index:minor" or one number for both, comma-separated: "0:0,1:1", "0,1,3". In order of the index.
// kInvalidArgument: another form, a number twice, none at all, more than kDevicesMax.
Result<std::vector<Device>> ParseDeviceList(std::string_view text);

// What a discovery program writes, a device a line:
//   <index>              or <index>:<minor>, perhaps with words behind a space, or
//   GPU <index>: <words>                                      (as `nvidia-smi -L` does)
// Empty lines, and those that begin with '#' or a blank (details of the device before), are passed
// over. kInvalidArgument as above, with the number of the line and what stands there.
Result<std::vector<Device>> ParseDiscovery(std::string_view output);

// Those of `asked` that are indexed. kResourceExhausted: not so many are free; the message says who
// holds them, or who may use any.
Result<ContainerIndices> AssignIndices(const std::vector<IndexedType>& types,
                                       const Resource& asked,
                                       const std::vector<IndexHolder>& holders);

// "" when every indexed type of `resource` has as many indices; else the first that has not.
std::string MissingIndices(const std::vector<IndexedType>& types,
                           const Resource& resource,
                           const ContainerIndices& indices);

// Those of the types with a major number that a container with `indices` is not to open.
std::vector<DeviceNode> NodesOfOthers(const std::vector<IndexedType>& types,
                                      const ContainerIndices& indices);

// Of one type; empty when there are none.
std::vector<int32_t> IndicesOf(const ContainerIndices& indices, std::string_view type);

// "0,2,3"
std::string JoinIndices(const std::vector<int32_t>& indices);

}  // namespace weir::nm

#endif  // WEIR_NODEMANAGER_CORE_RESOURCE_INDICES_H_
