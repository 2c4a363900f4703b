// What a node says about its named resources: which container holds which index. The
// ResourceManager counts only. Blocking, a few seconds at most; thread-safe.
#ifndef WEIR_CLIENT_NODE_RESOURCES_H_
#define WEIR_CLIENT_NODE_RESOURCES_H_

#include <string>
#include <vector>

#include "common/ids.h"
#include "common/result.h"

namespace weir::cli {

// "yarn.io/gpu index 0 : container_...", "yarn.io/gpu index 1 : free", "licence 2 of 10 :
// container_...". kUnavailable: the node does not answer, or not as it should.
Result<std::vector<std::string>> NamedResourceLines(const std::string& http_address);

// "yarn.io/gpu 0,2"; "" when it holds no index. kNotFound: the node holds no such container.
Result<std::string> AssignedIndices(const std::string& http_address, const ContainerId& id);

}  // namespace weir::cli

#endif  // WEIR_CLIENT_NODE_RESOURCES_H_
