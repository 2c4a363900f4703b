#include "tests/sls/nodes_reader.h"

#include <map>
#include <set>
#include <utility>

#include "tests/sls/trace_reader.h"

namespace weir::sls {
namespace {

constexpr char kDefaultRack[] = "/default-rack";

Result<NodePlan> ReadNode(JsonFields& fields, const std::string& rack, const Resource& capacity) {
  NodePlan node;
  WEIR_ASSIGN_OR_RETURN(node.host, fields.Text("node"));
  if (node.host.empty()) return fields.Fault("node", "is empty", "give the name of the host");
  node.rack = rack;
  WEIR_ASSIGN_OR_RETURN(node.label, fields.Text("labels", ""));
  WEIR_ASSIGN_OR_RETURN(node.capacity, ReadResource(fields, "", capacity));
  return node;
}

}  // namespace

Result<std::vector<NodePlan>> ReadNodes(const std::string& file,
                                        std::string_view text,
                                        const Resource& capacity,
                                        IgnoredFields& ignored) {
  std::vector<NodePlan> nodes;
  std::set<std::string> hosts;
  JsonReader reader(file, text);
  while (true) {
    WEIR_ASSIGN_OR_RETURN(const std::optional<JsonObject> object, reader.Next());
    if (!object) break;
    JsonFields fields(object->value, object->place, "", ignored);
    WEIR_ASSIGN_OR_RETURN(std::string rack, fields.Text("rack", kDefaultRack));
    if (!rack.starts_with("/")) rack = "/" + rack;
    WEIR_ASSIGN_OR_RETURN(const auto objects, fields.Objects("nodes"));
    if (objects.empty()) {
      return fields.Fault("nodes", "is missing or empty", "give [{\"node\": \"host\"}, ...]");
    }
    for (size_t i = 0; i < objects.size(); ++i) {
      JsonFields of_node(*objects[i], object->place, fields.PathOf("nodes", i), ignored);
      WEIR_ASSIGN_OR_RETURN(NodePlan node, ReadNode(of_node, rack, capacity));
      if (!hosts.insert(node.host).second) {
        return of_node.Fault("node", "names " + node.host + " again", "give each host once");
      }
      if (static_cast<int64_t>(nodes.size()) >= kNodesMax) {
        return of_node.Fault("node",
                             "is one too many",
                             "at most " + std::to_string(kNodesMax) + " nodes are simulated");
      }
      nodes.push_back(std::move(node));
    }
  }
  if (nodes.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 file + " has no nodes",
                 "give {\"rack\": \"r\", \"nodes\": [{\"node\": \"host\"}]}"};
  }
  return nodes;
}

Result<std::vector<NodePlan>> NodesOf(const Trace& trace, const Resource& capacity) {
  std::vector<NodePlan> nodes;
  if (trace.nodes > 0) {
    const int64_t per_rack = trace.nodes_per_rack > 0 ? trace.nodes_per_rack : trace.nodes;
    for (int64_t i = 0; i < trace.nodes; ++i) {
      nodes.push_back({.host = "node" + std::to_string(i + 1),
                       .rack = "/rack" + std::to_string(i / per_rack + 1),
                       .label = "",
                       .capacity = capacity});
    }
    return nodes;
  }
  std::map<std::string, std::string> racks;  // by host
  for (const JobPlan& job : trace.jobs) {
    for (const TaskPlan& task : job.tasks) {
      if (!task.host.empty())
        racks.emplace(task.host, task.rack.empty() ? kDefaultRack : task.rack);
    }
  }
  if (racks.empty() || static_cast<int64_t>(racks.size()) > kNodesMax) {
    return Error{
        ErrorCode::kInvalidArgument,
        "the trace neither says how many nodes there are nor names hosts",
        "give --nodes FILE, or num.nodes in the trace (at most " + std::to_string(kNodesMax) + ")"};
  }
  for (const auto& [host, rack] : racks) {
    nodes.push_back({.host = host, .rack = rack, .label = "", .capacity = capacity});
  }
  return nodes;
}

std::map<std::string, bool> LabelsOf(const std::vector<NodePlan>& nodes) {
  std::map<std::string, bool> labels;
  for (const NodePlan& node : nodes) {
    if (!node.label.empty()) labels.emplace(node.label, true);
  }
  return labels;
}

}  // namespace weir::sls
