// What the REST answers are put together from. Internal to resourcemanager/server. Pure functions.
#ifndef WEIR_RESOURCEMANAGER_SERVER_JSON_VALUES_H_
#define WEIR_RESOURCEMANAGER_SERVER_JSON_VALUES_H_

#include <nlohmann/json.hpp>
#include <string>

#include "common/resource.h"

namespace weir::rm {

using Json = nlohmann::ordered_json;

// Text that is not UTF-8 has its bad bytes replaced.
std::string Dump(const Json& json);
// An object with one member. (Nested braces around one pair mean an object to one compiler and an
// array to another.)
Json Single(const char* key, Json value);
// An empty list is {"apps":{}}, as YARN's clients expect.
Json Wrapped(const char* root, const char* item, Json list);
// YARN's resource: memory, vCores, and every type in resourceInformations.
Json ResourceObject(const Resource& resource);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_JSON_VALUES_H_
