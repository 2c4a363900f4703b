#include "nodemanager/server/resource_json.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "nodemanager/executor/resource_environment.h"

namespace weir::nm {
namespace {

using Json = nlohmann::ordered_json;
using ContainerView = NodeManagerCore::ContainerView;

std::set<std::string> TypesOf(const NamedResources& resources) {
  std::set<std::string> types;
  for (const Resource* amounts : {&resources.capacity, &resources.used}) {
    for (const NamedAmount& part : amounts->named) types.insert(part.name);
  }
  for (const IndexedType& type : resources.indexed) types.insert(type.name);
  return types;
}

std::vector<Device> DevicesOf(const NamedResources& resources, const std::string& type) {
  const auto found = std::ranges::find(resources.indexed, type, &IndexedType::name);
  return found == resources.indexed.end() ? std::vector<Device>{} : found->devices;
}

// Who holds an index; "" = nobody.
std::string HolderOf(const NamedResources& resources, const std::string& type, int32_t index) {
  for (const ContainerView& holder : resources.holders) {
    const std::vector<int32_t> held = IndicesOf(holder.indices, type);
    if (std::ranges::find(held, index) != held.end()) return holder.status.id.ToString();
  }
  return "";
}

Json DeviceObject(const Device& device) {
  return {{"index", device.index}, {"minorNumber", device.minor}};
}

Json ResourceObject(const NamedResources& resources, const std::string& type) {
  Json devices = Json::array();
  for (const Device& device : DevicesOf(resources, type)) {
    Json one = DeviceObject(device);
    one["containerId"] = HolderOf(resources, type, device.index);
    devices.push_back(std::move(one));
  }
  Json containers = Json::array();
  for (const ContainerView& holder : resources.holders) {
    const int64_t amount = holder.status.resource.Named(type);
    if (amount == 0) continue;
    containers.push_back({{"containerId", holder.status.id.ToString()},
                          {"amount", amount},
                          {"indices", IndicesOf(holder.indices, type)}});
  }
  return {{"name", type},
          {"total", resources.capacity.Named(type)},
          {"used", resources.used.Named(type)},
          {"devices", std::move(devices)},
          {"containers", std::move(containers)}};
}

// YARN's words for the same.
void AddGpus(const NamedResources& resources, Json& object) {
  const std::string type(kGpuType);
  Json total = Json::array();
  Json assigned = Json::array();
  for (const Device& device : DevicesOf(resources, type)) {
    total.push_back(DeviceObject(device));
    const std::string holder = HolderOf(resources, type, device.index);
    if (holder.empty()) continue;
    assigned.push_back(DeviceObject(device));
    assigned.back()["containerId"] = holder;
  }
  object["totalGpuDevices"] = std::move(total);
  object["assignedGpuDevices"] = std::move(assigned);
}

}  // namespace

NamedResources NamedResourcesOf(const NodeManagerCore& core) {
  NamedResources resources{core.options().capacity, core.used(), core.options().indexed, {}};
  std::vector<ContainerView> views = core.Containers();
  for (ContainerView& view : views) {
    if (view.status.resource.named.empty()) continue;
    if (view.status.state != ContainerState::kComplete) {
      resources.holders.push_back(std::move(view));
    }
  }
  return resources;
}

std::string NamedResourcesJson(const NamedResources& resources) {
  Json list = Json::array();
  for (const std::string& type : TypesOf(resources)) {
    list.push_back(ResourceObject(resources, type));
  }
  return Json{{"resources", {{"resource", std::move(list)}}}}.dump();
}

std::optional<std::string> NamedResourceJson(const NamedResources& resources,
                                             const std::string& type) {
  if (!TypesOf(resources).contains(type)) return std::nullopt;
  Json object = ResourceObject(resources, type);
  if (type == kGpuType) AddGpus(resources, object);
  return object.dump();
}

std::vector<NamedUse> NamedUses(const NamedResources& resources) {
  std::vector<NamedUse> uses;
  for (const std::string& type : TypesOf(resources)) {
    const std::vector<Device> devices = DevicesOf(resources, type);
    for (const Device& device : devices) {
      uses.push_back(
          {type, "index " + std::to_string(device.index), HolderOf(resources, type, device.index)});
    }
    if (!devices.empty()) continue;
    const std::string of_all = " of " + std::to_string(resources.capacity.Named(type));
    for (const ContainerView& holder : resources.holders) {
      const int64_t amount = holder.status.resource.Named(type);
      if (amount == 0) continue;
      uses.push_back({type, std::to_string(amount) + of_all, holder.status.id.ToString()});
    }
  }
  return uses;
}

}  // namespace weir::nm
