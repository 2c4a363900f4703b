// weir node: -list, -status, -drain.
#include <algorithm>
#include <cstdio>

#include "client/command.h"
#include "client/node_drain.h"
#include "client/node_resources.h"
#include "client/output.h"
#include "client/rm_client.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr NodeState kAllStates[] = {NodeState::kNew,
                                    NodeState::kRunning,
                                    NodeState::kUnhealthy,
                                    NodeState::kLost,
                                    NodeState::kShutdown,
                                    NodeState::kDecommissioning,
                                    NodeState::kDecommissioned};

// Keeps the nodes whose state is named. kInvalidArgument for an unknown name.
Result<std::vector<NodeReport>> Select(const Arguments& arguments, std::vector<NodeReport> nodes) {
  if (arguments.Has("all")) return nodes;
  std::vector<NodeState> wanted;
  const std::string states = arguments.Get("states", "RUNNING");
  for (const std::string_view word : Split(states, ',')) {
    std::vector<std::string> names;
    const size_t before = wanted.size();
    for (const NodeState state : kAllStates) {
      names.emplace_back(NodeStateName(state));
      if (ToLower(word) == ToLower(names.back())) wanted.push_back(state);
    }
    if (wanted.size() == before) {
      return Error{ErrorCode::kInvalidArgument,
                   "'" + std::string(word) + "' is not a state of a node",
                   "the states are " + Join(names, ", ")};
    }
  }
  std::vector<NodeReport> selected;
  for (NodeReport& node : nodes) {
    for (const NodeState state : wanted) {
      if (node.state == state) {
        selected.push_back(std::move(node));
        break;
      }
    }
  }
  return selected;
}

std::string VcoresOf(int64_t milli) {
  constexpr int64_t kMilli = 1000;
  std::string fraction = std::to_string(milli % kMilli);
  fraction.insert(0, 3 - std::min<size_t>(3, fraction.size()), '0');
  return std::to_string(milli / kMilli) + "." + fraction;
}

// Nothing is said of what nobody has measured.
std::string UsedByNode(const NodeReport& node) {
  const NodeUtilization& used = node.utilization;
  if (used == NodeUtilization{}) return "";
  return "PMem:" + std::to_string(used.node_memory_mib) +
         " MB, VMem:0 MB, VCores:" + VcoresOf(used.node_milli_vcores);
}

std::string UsedByContainers(const NodeReport& node) {
  const NodeUtilization& used = node.utilization;
  if (used == NodeUtilization{}) return "";
  return "PMem:" + std::to_string(used.containers_memory_mib) +
         " MB, VMem:" + std::to_string(used.containers_virtual_mib) +
         " MB, VCores:" + VcoresOf(used.containers_milli_vcores);
}

void PrintDetails(const NodeReport& node) {
  std::printf("Detailed Node Information : %s\n", node.name.c_str());
  std::printf("\tConfigured Resources : %s\n", node.capacity.ToString().c_str());
  std::printf("\tAllocated Resources : %s\n", node.used.ToString().c_str());
  std::printf("\tResource Utilization by Node : %s\n", UsedByNode(node).c_str());
  std::printf("\tResource Utilization by Containers : %s\n", UsedByContainers(node).c_str());
  std::printf("\tNode-Labels : %s\n", node.label.c_str());
  std::printf("\tHealth-Report : %s\n", node.health_report.c_str());
}

ExitCode List(const Invocation& invocation, std::vector<NodeReport> all) {
  const auto nodes = Select(invocation.arguments, std::move(all));
  if (!nodes.ok()) return Fail(nodes.error());
  if (invocation.json) {
    std::fputs(NodesJson(*nodes).c_str(), stdout);
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const NodeReport& node : *nodes) {
    rows.push_back({node.name,
                    std::string(NodeStateName(node.state)),
                    node.http_address,
                    std::to_string(node.containers)});
  }
  std::printf("Total Nodes:%zu\n", rows.size());
  std::fputs(
      FormatTable({"Node-Id", "Node-State", "Node-Http-Address", "Number-of-Running-Containers"},
                  rows)
          .c_str(),
      stdout);
  if (invocation.arguments.Has("showDetails")) {
    for (const NodeReport& node : *nodes) PrintDetails(node);
  }
  return ExitCode::kOk;
}

// The node itself is asked, and may be gone.
void PrintNamedResources(const NodeReport& node) {
  if (node.capacity.named.empty() && node.used.named.empty()) return;
  const auto lines = NamedResourceLines(node.http_address);
  if (!lines.ok()) {
    std::printf("\tNamed-Resources : not known: %s\n", lines.error().message.c_str());
    return;
  }
  std::printf("\tNamed-Resources : \n");
  for (const std::string& line : *lines) std::printf("\t\t%s\n", line.c_str());
}

void PrintNode(const NodeReport& node) {
  std::printf("Node Report : \n");
  std::printf("\tNode-Id : %s\n\tUuid : %s\n", node.name.c_str(), node.id.uuid.c_str());
  std::printf("\tRack : %s\n", node.rack.c_str());
  std::printf("\tNode-State : %s\n", std::string(NodeStateName(node.state)).c_str());
  std::printf("\tNode-Http-Address : %s\n", node.http_address.c_str());
  std::printf("\tLast-Health-Update : %s\n", FormatTime(node.last_heartbeat).c_str());
  std::printf("\tHealth-Report : %s\n", node.health_report.c_str());
  std::printf("\tContainers : %d\n", node.containers);
  std::printf("\tMemory-Used : %lldMB\n\tMemory-Capacity : %lldMB\n",
              static_cast<long long>(node.used.memory_mib),
              static_cast<long long>(node.capacity.memory_mib));
  std::printf("\tCPU-Used : %lld vcores\n\tCPU-Capacity : %lld vcores\n",
              static_cast<long long>(node.used.vcores),
              static_cast<long long>(node.capacity.vcores));
  std::printf("\tResource-Used : %s\n\tResource-Capacity : %s\n",
              node.used.ToString().c_str(),
              node.capacity.ToString().c_str());
  PrintNamedResources(node);
  std::printf("\tNode-Labels : %s\n", node.label.c_str());
  std::printf("\tNode Attributes : \n");
  std::printf("\tResource Utilization by Node : %s\n", UsedByNode(node).c_str());
  std::printf("\tResource Utilization by Containers : %s\n", UsedByContainers(node).c_str());
  if (node.decommission_by != WallTime{}) {
    std::printf("\tDecommission-By : %s\n", FormatTime(node.decommission_by).c_str());
  }
}

ExitCode ShowStatus(const Invocation& invocation, const std::vector<NodeReport>& nodes) {
  const std::string name = invocation.arguments.Get("status");
  const NodeReport* found = nullptr;
  for (const NodeReport& node : nodes) {
    if (node.name != name && node.id.uuid != name) continue;
    // An address may have had other nodes before: the one that runs is meant.
    if (found == nullptr || node.state == NodeState::kRunning) found = &node;
  }
  if (found != nullptr) {
    if (invocation.json) {
      std::fputs(NodeJson(*found).c_str(), stdout);
    } else {
      PrintNode(*found);
    }
    return ExitCode::kOk;
  }
  return Fail(
      {ErrorCode::kNotFound, "there is no node '" + name + "'", "see 'weir node -list -all'"});
}

}  // namespace

ExitCode RunNodeCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare("node",
                                    {.options = {{"list", "", "", false},
                                                 {"status", "NODE", "", false},
                                                 {"all", "", "", false},
                                                 {"states", "STATES", "", false},
                                                 {"showDetails", "", "", false},
                                                 {"drain", "NODE", "", false},
                                                 {"timeout", "TIME", "", false},
                                                 {"undo", "", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  const int actions = (arguments.Has("list") ? 1 : 0) + (arguments.Has("status") ? 1 : 0) +
                      (arguments.Has("drain") ? 1 : 0);
  if (actions != 1) {
    return Fail({ErrorCode::kInvalidArgument,
                 "node needs one of -list, -status NODE, -drain NODE",
                 "see 'weir node --help'"});
  }
  Status fits = arguments.AllowOnly("node -status", {"status"}, 0);
  if (arguments.Has("list")) {
    fits = arguments.AllowOnly("node -list", {"list", "all", "states", "showDetails"}, 0);
  } else if (arguments.Has("drain")) {
    fits = arguments.AllowOnly("node -drain", {"drain", "timeout", "undo"}, 0);
  }
  if (!fits.ok()) return Fail(fits.error());
  if (arguments.Has("drain")) return DrainNode(*prepared.invocation);
  RmClient rm(prepared.invocation->config);
  auto nodes = rm.Nodes();
  if (!nodes.ok()) return Fail(nodes.error());
  if (arguments.Has("status")) return ShowStatus(*prepared.invocation, *nodes);
  return List(*prepared.invocation, std::move(nodes).value());
}

}  // namespace weir::cli
