#include "resourcemanager/server/json_values.h"

#include <utility>

namespace weir::rm {
namespace {

Json ResourceInformation(const std::string& name, const char* units, int64_t value) {
  return {{"attributes", Json::object()},
          {"maximumAllocation", INT64_MAX},
          {"minimumAllocation", 0},
          {"name", name},
          {"resourceType", "COUNTABLE"},
          {"units", units},
          {"value", value}};
}

}  // namespace

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Single(const char* key, Json value) {
  Json object = Json::object();
  object[key] = std::move(value);
  return object;
}

Json Wrapped(const char* root, const char* item, Json list) {
  return Single(root, list.empty() ? Json::object() : Single(item, std::move(list)));
}

Json ResourceObject(const Resource& resource) {
  Json list = Json::array({ResourceInformation("memory-mb", "Mi", resource.memory_mib),
                           ResourceInformation("vcores", "", resource.vcores)});
  for (const NamedAmount& part : resource.named) {
    list.push_back(ResourceInformation(part.name, "", part.amount));
  }
  return {{"memory", resource.memory_mib},
          {"vCores", resource.vcores},
          {"resourceInformations", Single("resourceInformation", std::move(list))}};
}

}  // namespace weir::rm
