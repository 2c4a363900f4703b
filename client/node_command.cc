// weir node: -list, -status.
#include <cstdio>

#include "client/command.h"
#include "client/output.h"
#include "client/rm_client.h"
#include "common/strings.h"

namespace weir::cli {
namespace {

constexpr NodeState kAllStates[] = {NodeState::kNew,
                                    NodeState::kRunning,
                                    NodeState::kUnhealthy,
                                    NodeState::kLost,
                                    NodeState::kShutdown};

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
  return ExitCode::kOk;
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
  std::printf("\tNode-Labels : %s\n", node.label.c_str());
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
                                                 {"states", "STATES", "", false}}},
                                    words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  if (arguments.Has("list") == arguments.Has("status")) {
    return Fail({ErrorCode::kInvalidArgument,
                 "node needs one of -list, -status NODE",
                 "see 'weir node --help'"});
  }
  const Status fits = arguments.Has("list")
                          ? arguments.AllowOnly("node -list", {"list", "all", "states"}, 0)
                          : arguments.AllowOnly("node -status", {"status"}, 0);
  if (!fits.ok()) return Fail(fits.error());
  RmClient rm(prepared.invocation->config);
  auto nodes = rm.Nodes();
  if (!nodes.ok()) return Fail(nodes.error());
  if (arguments.Has("status")) return ShowStatus(*prepared.invocation, *nodes);
  return List(*prepared.invocation, std::move(nodes).value());
}

}  // namespace weir::cli
