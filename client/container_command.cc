#include "client/container_command.h"

#include <cstdio>
#include <optional>

#include "client/command.h"
#include "client/node_resources.h"
#include "client/output.h"
#include "client/rm_client.h"

namespace weir::cli {
namespace {

std::string LogUrl(const ContainerReport& container) {
  if (container.node_http_address.empty()) return "N/A";
  return "http://" + container.node_http_address + "/ws/v1/node/containers/" +
         container.id.ToString() + "/logs";
}

// Those of an attempt, or of all attempts when an application is named.
ExitCode List(const Invocation& invocation, RmClient& rm) {
  const std::string name = invocation.arguments.Get("list");
  std::optional<AttemptId> attempt;
  auto application = ApplicationId::Parse(name);
  if (!application.ok()) {
    const auto parsed = AttemptId::Parse(name);
    if (!parsed.ok()) {
      return Fail({ErrorCode::kInvalidArgument,
                   "'" + name + "' is no id of an attempt or an application",
                   "see 'weir application -list'"});
    }
    attempt = *parsed;
    application = parsed->application;
  }
  auto containers = rm.Containers(*application);
  if (!containers.ok()) return Fail(containers.error());
  if (attempt) {
    std::erase_if(*containers, [&](const auto& one) { return one.id.attempt != *attempt; });
  }
  if (invocation.json) {
    std::fputs(ContainersJson(*containers).c_str(), stdout);
    return ExitCode::kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const ContainerReport& container : *containers) {
    rows.push_back({container.id.ToString(),
                    FormatTime(container.started),
                    FormatTime(container.finished),
                    std::string(ContainerStateName(container.state)),
                    container.node_name,
                    container.node_http_address,
                    LogUrl(container)});
  }
  std::printf("Total number of containers :%zu\n", rows.size());
  std::fputs(FormatTable({"Container-Id",
                          "Start Time",
                          "Finish Time",
                          "State",
                          "Host",
                          "Node Http Address",
                          "LOG-URL"},
                         rows)
                 .c_str(),
             stdout);
  return ExitCode::kOk;
}

// Of its named resources, by the node's own word; "" when there is nothing to say.
std::string AssignedText(const ContainerReport& container) {
  const bool over = container.state == ContainerState::kComplete;
  if (over || container.resource.named.empty()) return "";
  const auto assigned = AssignedIndices(container.node_http_address, container.id);
  return assigned.ok() ? *assigned : "not known: " + assigned.error().message;
}

void PrintContainer(const ContainerReport& container) {
  const auto line = [](const char* label, const std::string& value) {
    std::printf("\t%s : %s\n", label, value.c_str());
  };
  std::printf("Container Report : \n");
  line("Container-Id", container.id.ToString());
  line("Start-Time", FormatTime(container.started));
  line("Finish-Time", FormatTime(container.finished));
  line("State", std::string(ContainerStateName(container.state)));
  line("Execution-Type", "GUARANTEED");
  line("LOG-URL", LogUrl(container));
  line("Host", container.node_name);
  line("NodeHttpAddress", container.node_http_address);
  line("Resource", container.resource.ToString());
  if (const std::string assigned = AssignedText(container); !assigned.empty()) {
    line("Assigned-Resources", assigned);
  }
  const bool over = container.state == ContainerState::kComplete;
  line("Exit-Code", over ? std::to_string(container.exit_code) : "N/A");
  line("Diagnostics", container.diagnostics);
}

ExitCode ShowStatus(const Invocation& invocation, RmClient& rm) {
  const std::string name = invocation.arguments.Get("status");
  const auto id = ContainerId::Parse(name);
  if (!id.ok()) return Fail(id.error());
  const auto containers = rm.Containers(id->attempt.application);
  if (!containers.ok()) return Fail(containers.error());
  for (const ContainerReport& container : *containers) {
    if (container.id != *id) continue;
    if (invocation.json) {
      std::fputs(ContainersJson({container}).c_str(), stdout);
    } else {
      PrintContainer(container);
    }
    return ExitCode::kOk;
  }
  return Fail({ErrorCode::kNotFound,
               "there is no container '" + name + "'",
               "see 'weir container -list " + id->attempt.application.ToString() + "'"});
}

}  // namespace

ExitCode RunContainerCommand(const std::vector<std::string>& words) {
  const Prepared prepared = Prepare(
      "container", {.options = {{"list", "ID", "", false}, {"status", "ID", "", false}}}, words);
  if (!prepared.invocation) return prepared.exit;
  const Arguments& arguments = prepared.invocation->arguments;
  if (arguments.Has("list") == arguments.Has("status")) {
    return Fail({ErrorCode::kInvalidArgument,
                 "container needs one of -list ID, -status ID",
                 "see 'weir container --help'"});
  }
  const std::string action = arguments.Has("list") ? "list" : "status";
  const Status fits = arguments.AllowOnly("container -" + action, {action}, 0);
  if (!fits.ok()) return Fail(fits.error());
  RmClient rm(prepared.invocation->config);
  return action == "list" ? List(*prepared.invocation, rm) : ShowStatus(*prepared.invocation, rm);
}

}  // namespace weir::cli
