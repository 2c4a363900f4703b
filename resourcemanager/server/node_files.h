// The include and exclude files: which nodes may be in the cluster. A file is text, with hosts (or
// host:port) separated by blanks, commas or ends of lines and '#' before comments; or XML:
//   <hosts><host><name>node7</name><timeout>600</timeout></host></hosts>
// where the timeout, in seconds, is how long the containers of an excluded host may run on; -1 =
// for ever. An empty path is an empty list. Errors: kInvalidArgument naming file and line,
// kNotFound and others of the file. Thread-safe; reads files.
#ifndef WEIR_RESOURCEMANAGER_SERVER_NODE_FILES_H_
#define WEIR_RESOURCEMANAGER_SERVER_NODE_FILES_H_

#include <map>
#include <optional>
#include <string>

#include "common/result.h"
#include "resourcemanager/core/node_lists.h"

namespace weir::rm {

struct NodeFiles {
  std::string include_path;
  std::string exclude_path;
};

using ListedNodes = std::map<std::string, std::optional<Duration>>;  // -> timeout, when it has one
// `path` is for messages.
Result<ListedNodes> ParseNodeFile(const std::string& path, const std::string& content);
Result<NodeLists> ReadNodeFiles(const NodeFiles& files);

}  // namespace weir::rm

#endif  // WEIR_RESOURCEMANAGER_SERVER_NODE_FILES_H_
